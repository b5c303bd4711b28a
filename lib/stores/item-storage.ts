/** Records, data and journal of one item in one role, in atomic batches on a store. */
import { asReplicationError, ReplicationError } from '../errors.js';
import type { ItemStorage, StorageChange, Store, StoreOperation } from './contract.js';
import { checkOperations, type EntrySum, RunningSum, sameSum } from './entry-sum.js';
import type { ItemKeys } from './item-keys.js';
import { itemDamage, type JournalEntry, journalOperation, nextEntry } from './journal.js';
import { encodeRecords, type RecordChange, type RecordSet } from './record-set.js';

export interface ItemStorageParts {
  readonly store: Store;
  readonly keys: ItemKeys;
  /** Item and role, for people. */
  readonly who: string;
  readonly head: JournalEntry;
  readonly records: RecordSet;
}

/**
 * Steps run one after the other in `#turn`, but do not wait there for the disk: that would undo
 * the group commit of the store below. After a failed batch the memory is ahead of the disk, so
 * the storage fails every later call, whatever the store below does (F7).
 */
export class StoredItem implements ItemStorage {
  readonly durable: boolean;
  readonly location: string;
  readonly #store: Store;
  readonly #keys: ItemKeys;
  readonly #who: string;
  readonly #records: RecordSet;
  #head: JournalEntry;
  /** Of the data; known once all entries were read, or there are none. */
  #sum: RunningSum | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #lastBatch: Promise<unknown> = Promise.resolve();
  #replacing: Promise<unknown> = Promise.resolve();
  #failure: unknown;
  #closing: Promise<void> | undefined;

  constructor(parts: ItemStorageParts) {
    this.durable = parts.store.durable;
    this.location = parts.store.location;
    this.#store = parts.store;
    this.#keys = parts.keys;
    this.#who = parts.who;
    this.#records = parts.records;
    this.#head = parts.head;
  }

  records(): ReadonlyMap<string, unknown> {
    return this.#records.values;
  }

  async *data() {
    const { head, pass } = await this.#inTurn(async () => {
      await this.#lastBatch;
      return { head: this.#head, pass: this.#startPass() };
    });
    const sum = new RunningSum();
    try {
      for (let step = await pass.first; !step.done; step = await pass.next()) {
        for (const [key, value] of step.value) sum.set(key, value);
        yield step.value;
      }
    } finally {
      await pass.stop();
    }
    this.#checkSum(head, sum.state);
    // A write that came meanwhile has read the data for itself, and its sum is the newer one.
    this.#sum ??= sum;
  }

  async write(change: StorageChange, options: { readonly sync: boolean }): Promise<void> {
    const data = change.data ?? [];
    checkOperations(data);
    const records = encodeRecords(change.records ?? {});
    const { done } = await this.#inTurn(async () => {
      if (data.length > 0) this.#sum ??= await this.#readSum();
      return { done: this.#append({ records, data, sync: options.sync }) };
    });
    await done;
  }

  replace(
    batches: AsyncIterable<readonly StoreOperation[]>,
    change: () => StorageChange,
  ): Promise<void> {
    const run = this.#replacing.then(() => this.#replace(batches, change));
    // The old generation goes in the background, and before the next replacement begins.
    this.#replacing = run.then(
      (stale) => this.#clearQuietly(stale),
      () => undefined,
    );
    return run.then(() => undefined);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#replacing;
    await this.#turn;
    await this.#lastBatch;
    await this.#store.close();
  }

  /** Returns the generation that is no longer valid. */
  async #replace(
    batches: AsyncIterable<readonly StoreOperation[]>,
    change: () => StorageChange,
  ): Promise<number> {
    this.#check();
    const old = this.#head.generation;
    const generation = old + 1;
    const sum = new RunningSum();
    // One batch is written while the next one is made.
    let writing: Promise<void> = Promise.resolve();
    try {
      for await (const operations of batches) {
        this.#check();
        checkOperations(operations);
        sum.apply(operations);
        const prefixed = this.#dataOperations(generation, operations);
        await writing;
        writing = this.#store.batch(prefixed, { sync: false });
        writing.catch(() => undefined);
      }
      await writing;
    } catch (thrown) {
      await writing.catch(() => undefined);
      await this.#clearQuietly(generation);
      throw thrown;
    }
    // From here on nothing is cleared on failure: which generation is valid only the disk knows.
    const { done } = await this.#inTurn(async () => ({
      done: this.#flip(generation, sum, change()),
    }));
    await done;
    return old;
  }

  #flip(generation: number, sum: RunningSum, change: StorageChange): Promise<void> {
    const data = change.data ?? [];
    checkOperations(data);
    const records = encodeRecords(change.records ?? {});
    this.#sum = sum;
    return this.#append({ records, data, sync: true, generation });
  }

  /** The next open clears what is left here; a failed store is told by its next write. */
  async #clearQuietly(generation: number): Promise<void> {
    await this.#store.clear(this.#keys.data(generation)).catch(() => undefined);
  }

  #append(batch: {
    readonly records: readonly RecordChange[];
    readonly data: readonly StoreOperation[];
    readonly sync: boolean;
    readonly generation?: number;
  }): Promise<void> {
    this.#check();
    const generation = batch.generation ?? this.#head.generation;
    const recordContent = this.#records.count(batch.records);
    const dataContent = this.#sum?.apply(batch.data) ?? 0;
    const entry = nextEntry(this.#head, {
      generation,
      records: this.#records.sum,
      data: this.#sum?.state ?? this.#head.data,
      content: (Math.imul(recordContent, 31) + dataContent) >>> 0,
    });
    this.#head = entry;
    const operations = [
      ...batch.records.map(({ name, bytes }) => recordOperation(this.#keys, name, bytes)),
      ...this.#dataOperations(generation, batch.data),
      journalOperation(this.#keys, entry),
    ];
    const written = this.#store.batch(operations, { sync: batch.sync });
    const done = written.then(() => this.#records.show(batch.records));
    this.#lastBatch = done.catch((thrown: unknown) => {
      this.#failure ??= thrown;
    });
    return done;
  }

  #dataOperations(generation: number, operations: readonly StoreOperation[]): StoreOperation[] {
    const prefix = this.#keys.data(generation);
    return operations.map((operation) => ({ ...operation, key: prefix + operation.key }));
  }

  /** Runs one step after those before it; its failure is its caller's alone. */
  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => {
      this.#check();
      return step();
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Reads all data; only before the first write of data, when nothing has read it yet. */
  async #readSum(): Promise<RunningSum> {
    await this.#lastBatch;
    const sum = new RunningSum();
    const prefix = this.#keys.data(this.#head.generation);
    for await (const part of this.#store.entries(prefix)) {
      for (const [key, value] of part) sum.set(key.slice(prefix.length), value);
    }
    this.#checkSum(this.#head, sum.state);
    return sum;
  }

  /** Starts to read now: what is written from here on does not show. */
  #startPass() {
    const prefix = this.#keys.data(this.#head.generation);
    const iterator = this.#store.entries(prefix)[Symbol.asyncIterator]();
    const next = async () => {
      const step = await iterator.next();
      if (step.done) return { done: true as const };
      const part = step.value.map(([key, value]) => [key.slice(prefix.length), value] as const);
      return { done: false as const, value: part };
    };
    const first = next();
    // Awaited by the caller a little later; not to count as unhandled until then.
    first.catch(() => undefined);
    return { first, next, stop: async () => void (await iterator.return?.()) };
  }

  #checkSum(head: JournalEntry, found: EntrySum): void {
    if (sameSum(head.data, found)) return;
    const counts = `${found.count} data entries were read, ${head.data.count} belong there`;
    const what = found.count === head.data.count ? 'the data is not that of this entry' : counts;
    throw itemDamage(this.#who, this.location, head.number, what);
  }

  #check(): void {
    if (this.#failure !== undefined) {
      throw asReplicationError(this.#failure, 'STORE_FAILED', `${this.#who} failed before`);
    }
    if (this.#closing === undefined) return;
    throw new ReplicationError('STORE_FAILED', `The storage of ${this.#who} is closed`);
  }
}

export function recordOperation(
  keys: ItemKeys,
  name: string,
  bytes: Uint8Array | undefined,
): StoreOperation {
  const key = keys.records + name;
  return bytes === undefined ? { key } : { key, value: bytes };
}
