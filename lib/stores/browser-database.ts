/** What a store needs of IndexedDB that browser-level alone does not give. */
import { AbstractIterator, type AbstractLevel } from 'abstract-level';
import type { BrowserLevel } from 'browser-level';
import { ReplicationError } from '../errors.js';

type Entry = [key: Uint8Array, value: Uint8Array];
type Operation =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: Uint8Array };

/** The part of browser-level for those who extend it, which its declarations leave out. */
interface Inside {
  readonly db: IDBDatabase;
  _iterator(options: object): { _all(options: object): Promise<Entry[]> };
  _close(): Promise<void>;
}

/** What to do, by the names of `DOMException`. */
const ADVICE: Readonly<Record<string, string>> = {
  QuotaExceededError:
    'the space this browser gives the site is used up; free some, or replicate less into it',
  InvalidStateError:
    'the browser closed the database, as when site data is cleared; load the page again',
  VersionError: 'another version of this site made it; use another name',
};

function failure(stage: string, location: string, thrown: unknown): ReplicationError {
  const { name = 'Error', message = '' } = (thrown ?? {}) as { name?: string; message?: string };
  const advice = ADVICE[name] ?? 'see the cause';
  const words = `Cannot ${stage} the store ${location}: ${name}, ${advice} (${message})`;
  return new ReplicationError('STORE_FAILED', words, { cause: thrown });
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('it was aborted'));
  });
}

/** Hands out, part by part, what one transaction had read. */
class WholeIterator<TDatabase> extends AbstractIterator<TDatabase, Uint8Array, Uint8Array> {
  readonly #whole: Promise<Entry[]>;

  constructor(database: TDatabase, options: object, whole: Promise<Entry[]>) {
    super(database, options as ConstructorParameters<typeof AbstractIterator>[1] as never);
    this.#whole = whole;
    // Told by the next read; a pass that is given up before has nobody to tell.
    whole.catch(() => undefined);
  }

  async _nextv(size: number): Promise<Entry[]> {
    // What was handed out is let go of.
    return (await this.#whole).splice(0, size);
  }
}

export interface DatabaseOptions {
  readonly name: string;
  /** Of the store, for messages. */
  readonly location: string;
  /** Called when the database is closed. */
  readonly released: () => void;
}

/** Databases of one origin are shared by everything that runs there. */
const PREFIX = 'replichart-';

/**
 * A database of browser-level with what is missing to keep a store's contract:
 *
 * - A batch is on disk when it is acknowledged (`durability: 'strict'`), also an unsynced one: no
 *   browser promises that a later strict transaction covers an earlier relaxed one, and a synced
 *   decision must make durable what came before it (P19).
 * - A pass sees one state: a transaction ends when its reader waits for anything else, so all of
 *   the range is read by one, at once. browser-level would read each part by a new transaction.
 * - Errors say what to do.
 *
 * @param Level the class, loaded when a store is opened
 */
export function makeDatabase(
  Level: typeof BrowserLevel,
  { name, location, released }: DatabaseOptions,
): AbstractLevel<Uint8Array, string, Uint8Array> {
  const inside = Level.prototype as unknown as Inside;

  class Database extends Level<string, Uint8Array> {
    async _batch(operations: readonly Operation[]): Promise<void> {
      try {
        const { db } = this as unknown as Inside;
        const transaction = db.transaction([name], 'readwrite', { durability: 'strict' });
        const done = completed(transaction);
        const store = transaction.objectStore(name);
        for (const operation of operations) {
          if (operation.type === 'del') store.delete(operation.key as BufferSource);
          else store.put(operation.value, operation.key as BufferSource);
        }
        await done;
      } catch (thrown) {
        throw failure('write', location, thrown);
      }
    }

    _iterator(options: object): WholeIterator<this> {
      const read = async () => {
        try {
          return await inside._iterator.call(this, options)._all({});
        } catch (thrown) {
          throw failure('read', location, thrown);
        }
      };
      return new WholeIterator(this, options, read());
    }

    async _close(): Promise<void> {
      try {
        await inside._close.call(this);
      } finally {
        released();
      }
    }
  }

  return new Database(name, { prefix: PREFIX });
}
