/** Carries out the master machine's durable effects on its part of a store, or on none. */
import type { RoundGroup } from '../../machines/master-context.js';
import type { Reign } from '../../machines/outcome.js';
import { pointOf } from '../../machines/position.js';
import type { Durability, Position } from '../../machines/protocol.js';
import type { CommitContext, LayerStorage } from '../layers/contract.js';
import type { ItemStorage, StoreOperation } from '../stores/contract.js';
import type { History } from './history.js';
import { decisionRecord, MASTER_RECORDS } from './master-records.js';

export class MasterStorage {
  readonly #storage: ItemStorage | null;
  readonly #failed: (error: unknown) => void;
  /** True once a write failed: then, and only then, a failed commit is the store's doing (F7). */
  hasFailed = false;
  #extra: Readonly<Record<string, unknown>> = {};

  /** @param failed told of the first failed write; the store takes none after it (F7) */
  constructor(storage: ItemStorage | null, failed: (error: unknown) => void) {
    this.#storage = storage;
    this.#failed = failed;
  }

  get isDurable(): boolean {
    return this.#storage?.durable ?? false;
  }

  get records(): ReadonlyMap<string, unknown> {
    return this.#storage?.records() ?? new Map();
  }

  /** What the user layer kept here, for its `open`. */
  layerStorage(): LayerStorage | null {
    const storage = this.#storage;
    if (storage === null) return null;
    const position = storage.records().get(MASTER_RECORDS.position) as Position | undefined;
    return { position: position ?? null, entries: () => storage.data() };
  }

  saveReign(lineage: string, reigns: readonly Reign[], reserved: number, done: () => void): void {
    const { lineage: lineageKey, reigns: reignsKey, reserved: reservedKey } = MASTER_RECORDS;
    this.#save({ [lineageKey]: lineage, [reignsKey]: reigns, [reservedKey]: reserved }, true, done);
  }

  /** Records that have to reach the store in the same batch as the next commit (P16). */
  withNextCommit(records: Readonly<Record<string, unknown>>): void {
    this.#extra = records;
  }

  /** Keys of what is true of this lineage only. */
  ofThisLineage(): readonly string[] {
    const { reigns, firm } = MASTER_RECORDS;
    const keys = [...this.records.keys()];
    return keys.filter(
      (key) =>
        key === reigns || key === firm || key.startsWith('history/') || key.startsWith('decision/'),
    );
  }

  saveReserved(upTo: number, done: () => void): void {
    this.#save({ [MASTER_RECORDS.reserved]: upTo }, true, done);
  }

  saveDecision(group: RoundGroup, done: () => void): void {
    if (this.#storage === null) return done();
    this.#save({ [MASTER_RECORDS.decision(group.id)]: decisionRecord(group) }, true, done);
  }

  /** Unsynced: at worst a restart asks for confirmations again (P20). */
  forgetDecisions(rounds: readonly string[]): void {
    if (this.#storage === null) return;
    const records = rounds.map((round) => [MASTER_RECORDS.decision(round), undefined]);
    this.#save(Object.fromEntries(records), false, () => {});
  }

  saveKnown(ids: readonly string[]): void {
    this.#save({ [MASTER_RECORDS.known]: ids }, false, () => {});
  }

  /** The context of one commit: the layer's data and the position in one batch (P4). */
  commitContext(
    next: Position,
    durability: Durability,
    isSynced: boolean,
    history: History,
  ): CommitContext & { readonly isWritten: () => boolean } {
    let isWritten = false;
    const write = (operations: readonly StoreOperation[]) => {
      isWritten = true;
      if (this.#storage === null) return undefined;
      const records = this.#commitRecords(next, durability, history);
      return this.#storage
        .write({ records, data: operations }, { sync: isSynced })
        .catch((error) => {
          this.hasFailed = true;
          throw error;
        });
    };
    return { durability, write, isWritten: () => isWritten };
  }

  async close(): Promise<void> {
    await this.#storage?.close();
  }

  #commitRecords(next: Position, durability: Durability, history: History) {
    const point = pointOf(next);
    const records: Record<string, unknown> = {
      ...this.#extra,
      [MASTER_RECORDS.position]: next,
      [MASTER_RECORDS.history(next.version)]: point,
    };
    this.#extra = {};
    if (durability === 'disk') records[MASTER_RECORDS.firm] = point;
    for (const version of history.add(point)) records[MASTER_RECORDS.history(version)] = undefined;
    return records;
  }

  #save(records: Readonly<Record<string, unknown>>, sync: boolean, done: () => void): void {
    if (this.#storage === null) return done();
    this.#storage.write({ records }, { sync }).then(done, this.#failed);
  }
}
