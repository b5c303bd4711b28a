/** IndexedDB, the database that every browser brings, as a store needs it. */
import { platform } from '#platform';
import { ReplicationError } from '../errors.js';
import type { Engine, EngineOperation, EnginePass, EngineRange } from './engine.js';

/** Of the one object store in a database. */
const ENTRIES = 'entries';
const FORMAT = 1;

/** A slow disk takes a second or two; a page that stands in the way is waited for without end. */
const OPEN_PATIENCE_MS = 10_000;

const IN_MEMORY = 'use memoryStore(), which starts empty with each page';

/** What to do, by the names of `DOMException`. */
const ADVICE: Readonly<Record<string, string>> = {
  QuotaExceededError:
    'the space this browser gives the site is used up; free some, or replicate less into it',
  InvalidStateError:
    'the browser closed the database, as when site data is cleared; load the page again',
  VersionError: 'a newer version of this site made it; load the page again',
  TimeoutError:
    'another page of this site has it open while it is to be deleted; close the other pages',
  NotFoundError: 'another program of this site made it; give this store another name',
  SecurityError: `the browser allows no storage here, as in a sandboxed frame; ${IN_MEMORY}`,
  UnknownError: 'the browser cannot use its files; free disk space, or clear the data of this site',
};

function failure(stage: string, location: string, thrown: unknown): ReplicationError {
  const { name = 'Error', message = '' } = (thrown ?? {}) as { name?: string; message?: string };
  const advice = ADVICE[name] ?? 'see the cause';
  const words = `Cannot ${stage} the store ${location}: ${name}, ${advice} (${message})`;
  return new ReplicationError('STORE_FAILED', words, { cause: thrown });
}

/** Keys are bytes: IndexedDB orders texts by UTF-16, in which astral characters come too early. */
function keyOf(text: string): BufferSource {
  return platform.utf8Encode(text) as Uint8Array<ArrayBuffer>;
}

function textOf(key: IDBValidKey): string {
  return platform.utf8Decode(new Uint8Array(key as ArrayBuffer));
}

function rangeOf({ gte, lt }: EngineRange): IDBKeyRange | null {
  if (gte === undefined) return lt === undefined ? null : IDBKeyRange.upperBound(keyOf(lt), true);
  if (lt === undefined) return IDBKeyRange.lowerBound(keyOf(gte));
  return IDBKeyRange.bound(keyOf(gte), keyOf(lt), false, true);
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** It waits behind whoever deletes the database, who waits for all that have it open. */
function openedInTime(request: IDBOpenDBRequest): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      // What comes after all would stand in the way of the next attempt.
      request.onsuccess = () => request.result.close();
      reject(new DOMException(`it did not open within ${OPEN_PATIENCE_MS} ms`, 'TimeoutError'));
    }, OPEN_PATIENCE_MS);
    resultOf(request)
      .then(resolve, reject)
      .finally(() => clearTimeout(late));
  });
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('it was aborted'));
  });
}

/** Hands out, part by part, what one transaction has read. */
class WholePass implements EnginePass {
  #entries: Promise<Array<[string, Uint8Array]>>;

  constructor(entries: Promise<Array<[string, Uint8Array]>>) {
    this.#entries = entries;
    // Told by the next read; a pass that is given up before has nobody to tell.
    entries.catch(() => undefined);
  }

  async nextv(size: number): Promise<Array<[string, Uint8Array]>> {
    // What was handed out is let go of.
    return (await this.#entries).splice(0, size);
  }

  async close(): Promise<void> {
    this.#entries = Promise.resolve([]);
  }
}

export class IndexedDatabase implements Engine {
  readonly #database: IDBDatabase;
  readonly #location: string;
  readonly #closed: () => void;

  private constructor(database: IDBDatabase, location: string, closed: () => void) {
    this.#database = database;
    this.#location = location;
    this.#closed = closed;
  }

  /**
   * Opens the database, made when missing.
   * @param location for messages
   * @param closed called when it was closed
   * @throws {ReplicationError} STORE_FAILED
   */
  static async open(name: string, location: string, closed: () => void): Promise<IndexedDatabase> {
    if (globalThis.indexedDB === undefined) {
      const words = `Cannot open the store ${location}: there is no IndexedDB here; ${IN_MEMORY}`;
      throw new ReplicationError('STORE_FAILED', words);
    }
    try {
      const request = indexedDB.open(name, FORMAT);
      request.onupgradeneeded = () => request.result.createObjectStore(ENTRIES);
      return new IndexedDatabase(await openedInTime(request), location, closed);
    } catch (thrown) {
      throw failure('open', location, thrown);
    }
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#attempt('read', () => {
      const entries = this.#database.transaction([ENTRIES], 'readonly').objectStore(ENTRIES);
      return resultOf<Uint8Array | undefined>(entries.get(keyOf(key)));
    });
  }

  /**
   * A transaction ends as soon as its reader waits for anything else, so all of the range is read
   * by one, at once: read in parts it would be of several states.
   */
  iterator(range: EngineRange): EnginePass {
    const read = async () => {
      const entries = this.#database.transaction([ENTRIES], 'readonly').objectStore(ENTRIES);
      const [keys, values] = await Promise.all([
        resultOf(entries.getAllKeys(rangeOf(range))),
        resultOf<Uint8Array[]>(entries.getAll(rangeOf(range))),
      ]);
      return values.map((value, at): [string, Uint8Array] => [
        textOf(keys[at] as IDBValidKey),
        value,
      ]);
    };
    return new WholePass(this.#attempt('read', read));
  }

  /**
   * On disk when it resolves, with and without `sync`: no browser promises that a later strict
   * transaction covers an earlier relaxed one, and a synced decision must (P19).
   */
  batch(operations: readonly EngineOperation[]): Promise<void> {
    return this.#attempt('write', async () => {
      const options = { durability: 'strict' } as const;
      const transaction = this.#database.transaction([ENTRIES], 'readwrite', options);
      const done = completed(transaction);
      const entries = transaction.objectStore(ENTRIES);
      for (const operation of operations) {
        if (operation.type === 'del') entries.delete(keyOf(operation.key));
        else entries.put(operation.value, keyOf(operation.key));
      }
      await done;
    });
  }

  clear(range: EngineRange): Promise<void> {
    return this.#attempt('write', async () => {
      const transaction = this.#database.transaction([ENTRIES], 'readwrite');
      const done = completed(transaction);
      const entries = transaction.objectStore(ENTRIES);
      const keys = rangeOf(range);
      if (keys === null) entries.clear();
      else entries.delete(keys);
      await done;
    });
  }

  /** What is being written is finished first, by the browser. */
  async close(): Promise<void> {
    this.#database.close();
    this.#closed();
  }

  async #attempt<T>(stage: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (thrown) {
      throw failure(stage, this.#location, thrown);
    }
  }
}
