/**
 * What a store owes: an ordered map from text keys to bytes with atomic batches. Any
 * `abstract-level` database is one through `levelStore`; the engines are others' well-kept work.
 */

/** One step of an atomic batch. A missing value deletes the key. */
export interface StoreOperation {
  readonly key: string;
  readonly value?: Uint8Array;
}

/** What a host hands to `createMaster` or `createSlave`; opened by it, and closed by its stop. */
export interface StoreDefinition {
  /** False where the content ends with the process: promises stay at level `memory` (P19). */
  readonly durable: boolean;
  /** For people: a folder, a database name. */
  readonly location: string;
  /**
   * The part of the store that either role of an item uses; `node` is one part for both, so that a
   * change of role copies nothing. @default a part for each role
   */
  readonly part?: 'node';
  /**
   * @throws {ReplicationError} STORE_FAILED when another process holds it or the disk refuses,
   * CORRUPT when the engine cannot read it.
   */
  open(): Promise<Store>;
}

/** An open store. After one failed write every later write fails: fail-stop (reliability F7). */
export interface Store {
  readonly durable: boolean;
  readonly location: string;
  /** @throws {ReplicationError} STORE_FAILED; CORRUPT when the value fails its checksum. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Entries whose key starts with `prefix`, in order of keys, in arrays of bounded size. */
  entries(prefix: string): AsyncIterable<ReadonlyArray<readonly [key: string, value: Uint8Array]>>;
  /** All or nothing; with `sync` it is on disk when the promise resolves. */
  batch(operations: readonly StoreOperation[], options: { readonly sync: boolean }): Promise<void>;
  /** Deletes every key that starts with `prefix`. */
  clear(prefix: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * The part of a store that belongs to one item in one role: small protocol records beside the
 * data of the user layer, written in the same atomic batches. Every batch appends to a numbered
 * journal chained by hash, so a batch that an engine dropped in the middle shows as a hole.
 */
export interface ItemStorage {
  readonly durable: boolean;
  readonly location: string;
  /** Protocol records by name, as of the last batch. Values are plain data, see `write`. */
  records(): ReadonlyMap<string, unknown>;
  /** Data entries of the user layer, in order of keys. */
  data(): AsyncIterable<ReadonlyArray<readonly [key: string, value: Uint8Array]>>;
  /** One atomic batch; resolves when it reached `sync ? disk : os`. */
  write(change: StorageChange, options: { readonly sync: boolean }): Promise<void>;
  /** Replaces all data by what `batches` yields; visible only once `change` flipped it (S13). */
  replace(
    batches: AsyncIterable<readonly StoreOperation[]>,
    change: () => StorageChange,
  ): Promise<void>;
  close(): Promise<void>;
}

/**
 * What one batch changes. A record is plain data (JSON), of which one direct property may be a
 * `Uint8Array`; set to `undefined` it is deleted.
 */
export interface StorageChange {
  readonly records?: Readonly<Record<string, unknown>>;
  readonly data?: readonly StoreOperation[];
}
