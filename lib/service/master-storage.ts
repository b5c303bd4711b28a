/** Carries out the master machine's durable effects on its part of a store, or on none. */
import type { RoundGroup } from '../../machines/master-context.js';
import type { Reign } from '../../machines/outcome.js';
import { pointOf } from '../../machines/position.js';
import type { Durability, Position } from '../../machines/protocol.js';
import type { CommitContext, LayerStorage } from '../layers/contract.js';
import type { ItemStorage, StorageChange, StoreOperation } from '../stores/contract.js';
import { checkOperations } from '../stores/entry-sum.js';
import type { History } from './history.js';
import { decisionRecord, MASTER_RECORDS } from './master-records.js';

export class MasterStorage {
  readonly #storage: ItemStorage | null;
  readonly #failed: (error: unknown) => void;
  /** True once a write failed: then, and only then, a failed commit is the store's doing (F7). */
  hasFailed = false;
  #extra: Readonly<Record<string, unknown>> = {};
  /** Decision records that may go, with the next write whatever it is. */
  #settled: string[] = [];

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

  /**
   * Rides with the next write, at the latest with the last one: at worst a restart asks for
   * confirmations again (P20). A write of its own cost a fifth of a round's work on the store.
   */
  forgetDecisions(rounds: readonly string[]): void {
    if (this.#storage !== null) this.#settled.push(...rounds);
  }

  saveKnown(ids: readonly string[]): void {
    this.#save({ [MASTER_RECORDS.known]: ids }, false, () => {});
  }

  /**
   * The context of one commit: the layer's data and the position in one batch (P4). It does not
   * wait for the next write: a killed process would show the version before on its return (S7).
   */
  commitContext(
    next: Position,
    durability: Durability,
    isDecided: boolean,
    history: History,
  ): CommitContext & { readonly isWritten: () => boolean } {
    let isWritten = false;
    const write = (data: readonly StoreOperation[]) => {
      isWritten = true;
      if (this.#storage === null) return undefined;
      // Not left to the write: what is refused there would be blamed on the store.
      checkOperations(data);
      const change = { records: this.#commitRecords(next, durability, history), data };
      // A decided round is redone from its decision, so its data need not be synced (P9).
      return this.#write(this.#storage, change, !isDecided && durability === 'disk');
    };
    return { durability, write, isWritten: () => isWritten };
  }

  async close(): Promise<void> {
    const storage = this.#storage;
    if (storage === null) return;
    const isWaiting = this.#settled.length > 0;
    try {
      // A closing storage takes no writes any more, so this one is waited for.
      if (isWaiting && !this.hasFailed) await this.#write(storage, {}, false);
    } finally {
      await storage.close();
    }
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
    this.#write(this.#storage, { records }, sync).then(done, this.#failed);
  }

  /** One batch with all that waited for a write. */
  async #write(storage: ItemStorage, change: StorageChange, sync: boolean): Promise<void> {
    const records = { ...this.#takeSettled(), ...change.records };
    const data = change.data ?? [];
    try {
      await storage.write({ records, data }, { sync });
    } catch (error) {
      this.hasFailed = true;
      throw error;
    }
  }

  #takeSettled(): Record<string, undefined> {
    const records: Record<string, undefined> = {};
    for (const round of this.#settled) records[MASTER_RECORDS.decision(round)] = undefined;
    this.#settled = [];
    return records;
  }
}
