/**
 * What a store takes of the database below it. Every `abstract-level` database has it, and the
 * browser's own (indexed-database.ts).
 */

export type EngineOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string };

/** Keys from `gte`, below `lt`, in the order of their UTF-8 bytes. */
export interface EngineRange {
  readonly gte?: string;
  readonly lt?: string;
}

/** For `abstract-level`, whose databases may have other encodings by default. */
export interface EngineEncodings {
  readonly keyEncoding: 'utf8';
  readonly valueEncoding: 'view';
}

export interface EnginePass {
  /** The next entries, at most so many; none at the end. */
  nextv(size: number): Promise<Array<[key: string, value: Uint8Array]>>;
  close(): Promise<void>;
}

export interface Engine {
  get(key: string, options: EngineEncodings): Promise<Uint8Array | undefined>;
  /** A pass sees the state of this moment, however long it takes. */
  iterator(options: EngineRange & EngineEncodings): EnginePass;
  /** All or nothing; with `sync` on disk when it resolves, and all that was written before, too. */
  batch(
    operations: EngineOperation[],
    options: EngineEncodings & { readonly sync: boolean },
  ): Promise<void>;
  clear(options: EngineRange & { readonly keyEncoding: 'utf8' }): Promise<void>;
  close(): Promise<void>;
}
