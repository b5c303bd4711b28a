/** A store over any abstract-level database: checked values, group commit, fail-stop. */
import type { AbstractLevel } from 'abstract-level';
import { ReplicationError } from '../errors.js';
import { openValue, sealValue } from './checked-value.js';
import type { Store, StoreDefinition, StoreOperation } from './contract.js';
import type { Engine, EngineOperation, EngineRange } from './engine.js';
import { checkKey, prefixEnd } from './key-range.js';
import { sharedStore } from './shared.js';

export { sharedStore };

import { corrupt, type StoreStage, storeError } from './store-error.js';
import { WriteQueue } from './write-queue.js';

/** How many entries one array of `entries` holds at most; more gain nothing measurable. */
const ENTRIES_PER_ARRAY = 1000;
/** What LevelDB may read ahead for one array; its default of 16 KiB makes many small arrays. */
const READ_AHEAD_BYTES = 256 * 1024;
/**
 * What an entry takes of LevelDB's memory table beside key and value, at most: two lengths (10),
 * the sequence number (8), a node of the skip list of full height (104), alignment (8).
 */
const OPERATION_BYTES = 130;
/** A UTF-16 unit takes at most so many bytes of UTF-8. */
const UNIT_BYTES_MAX = 3;

const ENCODINGS = { keyEncoding: 'utf8', valueEncoding: 'view' } as const;

export interface LevelStoreOptions {
  /** False where the content ends with the process (P19). */
  readonly durable: boolean;
  /** For people: a folder, a database name. */
  readonly location: string;
  /** Told of each batch how large it is at most, in bytes, overhead included. */
  readonly writing?: (sizeBytes: number) => void;
  /** Makes earlier unsynced writes durable where a synced one alone does not; `OlderLogs`. */
  readonly completeSync?: () => Promise<void>;
  /** Runs after each synced write, before it is acknowledged. */
  readonly afterSync?: () => Promise<void>;
}

function rangeOf(prefix: string): EngineRange {
  const end = prefixEnd(prefix);
  return { ...(prefix === '' ? {} : { gte: prefix }), ...(end === undefined ? {} : { lt: end }) };
}

function levelOperation({ key, value }: StoreOperation): EngineOperation {
  checkKey(key);
  if (value === undefined) return { type: 'del', key };
  return { type: 'put', key, value: sealValue(key, value) };
}

function sizeOf(operations: readonly EngineOperation[]): number {
  let sizeBytes = 0;
  for (const operation of operations) {
    const valueBytes = operation.type === 'put' ? operation.value.length : 0;
    sizeBytes += operation.key.length * UNIT_BYTES_MAX + valueBytes + OPERATION_BYTES;
  }
  return sizeBytes;
}

/** An open store over an open database. */
export class LevelStore implements Store {
  readonly durable: boolean;
  readonly location: string;
  readonly #level: Engine;
  readonly #options: LevelStoreOptions;
  readonly #queue: WriteQueue<EngineOperation>;
  #failure: ReplicationError | undefined;
  #closing: Promise<void> | undefined;
  #unsynced = false;

  constructor(level: Engine, options: LevelStoreOptions) {
    this.#level = level;
    this.#options = options;
    this.durable = options.durable;
    this.location = options.location;
    this.#queue = new WriteQueue(
      (operations, sync, sizeBytes) => this.#writeJoined(operations, sync, sizeBytes),
      (thrown) => this.#fail(thrown),
    );
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#check();
    checkKey(key);
    const sealed = await this.#attempt('read', () => this.#level.get(key, ENCODINGS));
    return sealed === undefined ? undefined : this.#open(key, sealed);
  }

  async *entries(prefix: string) {
    this.#check();
    // The iterator sees the state of this moment: made before anything is awaited.
    const iterator = this.#level.iterator({
      ...rangeOf(prefix),
      ...ENCODINGS,
      ...{ highWaterMarkBytes: READ_AHEAD_BYTES },
    });
    const read = () => this.#attempt('read', () => iterator.nextv(ENTRIES_PER_ARRAY));
    let next = read();
    try {
      for (let part = await next; part.length > 0; part = await next) {
        // Read on in the engine's thread while this part is checked and used here.
        next = read();
        next.catch(() => undefined);
        for (const entry of part) entry[1] = this.#open(entry[0], entry[1]);
        yield part;
      }
    } finally {
      await this.#attempt('read', () => iterator.close());
    }
  }

  async batch(
    operations: readonly StoreOperation[],
    { sync }: { readonly sync: boolean },
  ): Promise<void> {
    this.#check();
    const encoded = operations.map(levelOperation);
    await this.#queue.add(encoded, sizeOf(encoded), sync);
  }

  async clear(prefix: string): Promise<void> {
    this.#check();
    await this.#queue.drained();
    this.#check();
    try {
      await this.#level.clear({ ...rangeOf(prefix), keyEncoding: 'utf8' });
      // How much the engine wrote for it is not known here.
      this.#options.writing?.(Number.POSITIVE_INFINITY);
      this.#unsynced = true;
    } catch (thrown) {
      throw this.#fail(thrown);
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#queue.drained();
    await this.#attempt('close', () => this.#level.close());
  }

  async #writeJoined(
    operations: EngineOperation[],
    sync: boolean,
    sizeBytes: number,
  ): Promise<void> {
    this.#options.writing?.(sizeBytes);
    const options = { ...ENCODINGS, sync };
    await this.#level.batch(operations, options);
    if (sync && this.#unsynced) await this.#options.completeSync?.();
    this.#unsynced = !sync;
    if (sync) await this.#options.afterSync?.();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing === undefined) return;
    throw new ReplicationError(
      'STORE_FAILED',
      `The store ${this.location} is closed; open it again`,
    );
  }

  #fail(thrown: unknown): ReplicationError {
    // A fresh STORE_FAILED whatever the reason: after it nothing on this store can succeed.
    const reason = storeError(thrown, 'write', this.location);
    const message = `${reason.message}. Nothing more is written to it until it is opened again`;
    this.#failure ??= new ReplicationError('STORE_FAILED', message, { cause: thrown });
    return this.#failure;
  }

  async #attempt<T>(stage: StoreStage, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (thrown) {
      throw storeError(thrown, stage, this.location);
    }
  }

  #open(key: string, sealed: Uint8Array): Uint8Array {
    const value = openValue(key, sealed);
    if (value !== undefined) return value;
    throw corrupt(this.location, `the value of ${JSON.stringify(key)} fails its checksum`);
  }
}

/**
 * A store over any `abstract-level` database, which reads one state in one pass. It is opened
 * with the store and closed with it; it can be opened again. Values are views into what the
 * database handed out: they must not be written to.
 *
 * @param level a database of its own for this store; its default encodings do not matter
 * @param options whether its content outlives the process, and its name for people
 * @throws {ReplicationError} from `open`: STORE_FAILED, CORRUPT
 */
export function levelStore<TFormat, TKey, TValue>(
  level: AbstractLevel<TFormat, TKey, TValue>,
  { durable, location }: Pick<LevelStoreOptions, 'durable' | 'location'>,
): StoreDefinition {
  // Every call names its encodings, so the defaults in the type are without effect.
  const database = level as unknown as AbstractLevel<TFormat, string, Uint8Array>;
  return sharedStore({
    durable,
    location,
    async open() {
      try {
        await database.open();
      } catch (thrown) {
        throw storeError(thrown, 'open', location);
      }
      return new LevelStore(database, { durable, location });
    },
  });
}
