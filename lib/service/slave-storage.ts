/** Carries out the slave machine's durable effects on its part of a store, or on none. */
import type { Point, Position } from '../../machines/protocol.js';
import type { Offer, RecoveredSlave, SlaveEffects } from '../../machines/slave-context.js';
import { ReplicationError } from '../errors.js';
import type { LayerStorage, MaybePromise } from '../layers/contract.js';
import type { ItemStorage, StoreOperation } from '../stores/contract.js';
import { promiseRecord, readSlave, SLAVE_RECORDS } from './slave-records.js';

export class SlaveStorage {
  readonly #storage: ItemStorage | null;
  readonly #failed: (error: unknown) => void;
  /** True once a write failed: then, and only then, a failed commit is the store's doing (F7). */
  hasFailed = false;

  /** @param failed told of a failed write; the store takes none after it (F7) */
  constructor(storage: ItemStorage | null, failed: (error: unknown) => void) {
    this.#storage = storage;
    this.#failed = failed;
  }

  get isDurable(): boolean {
    return this.#storage?.durable ?? false;
  }

  layerStorage(): LayerStorage | null {
    const storage = this.#storage;
    if (storage === null) return null;
    const position = storage.records().get(SLAVE_RECORDS.position) as Position | undefined;
    return { position: position ?? null, entries: () => storage.data() };
  }

  read(position: Position | null): RecoveredSlave {
    return readSlave(this.#storage?.records() ?? new Map(), position);
  }

  saveReign(reign: SlaveEffects['persistReign'], done: () => void): void {
    this.#save({ [SLAVE_RECORDS.reign]: reign }, done);
  }

  savePromise(offer: Offer, done: () => void): void {
    if (this.#storage === null) return done();
    this.#save({ [SLAVE_RECORDS.promise]: promiseRecord(offer) }, done);
  }

  dropPromise(done: () => void): void {
    this.#save({ [SLAVE_RECORDS.promise]: undefined }, done);
  }

  /** Data, version and the end of a held round in one durable step (P4). */
  commit(
    next: Position,
    firm: Point,
    endsRound: boolean,
    isSynced: boolean,
    data: readonly StoreOperation[],
  ): MaybePromise<void> {
    if (this.#storage === null) return undefined;
    const records: Record<string, unknown> = {
      [SLAVE_RECORDS.position]: next,
      [SLAVE_RECORDS.firm]: firm,
    };
    if (endsRound) records[SLAVE_RECORDS.promise] = undefined;
    return this.#watched(this.#storage.write({ records, data }, { sync: isSynced }));
  }

  /** Replaces all data; absent without a store, where there is nothing to replace. */
  replacer(next: Position, firm: Point) {
    const storage = this.#storage;
    if (storage === null) return undefined;
    const records = {
      [SLAVE_RECORDS.position]: next,
      [SLAVE_RECORDS.firm]: firm,
      [SLAVE_RECORDS.promise]: undefined,
    };
    return (batches: AsyncIterable<readonly StoreOperation[]>) =>
      this.#watched(storage.replace(batches, () => ({ records })));
  }

  async close(): Promise<void> {
    await this.#storage?.close();
  }

  /** What the source of a whole state throws is passed on as it is: that is not the store's. */
  async #watched(written: Promise<void>): Promise<void> {
    try {
      await written;
    } catch (error) {
      this.hasFailed ||= isStoreError(error);
      throw error;
    }
  }

  #save(records: Readonly<Record<string, unknown>>, done: () => void): void {
    if (this.#storage === null) return done();
    this.#storage.write({ records }, { sync: true }).then(done, this.#failed);
  }
}

function isStoreError(error: unknown): boolean {
  const code = error instanceof ReplicationError ? error.code : null;
  return code === 'STORE_FAILED' || code === 'CORRUPT';
}
