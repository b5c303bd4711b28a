/** A store in a browser: IndexedDB, one tab at a time. */
import { ReplicationError } from '../errors.js';
import { holdLock } from './browser-lock.js';
import type { Store, StoreDefinition } from './contract.js';
import { IndexedDatabase } from './indexed-database.js';
import { LevelStore } from './level.js';
import { sharedStore } from './shared.js';

/** Databases of one origin are shared by everything that runs there. */
const PREFIX = 'replichart-';

/** Whether this browser can be told to wait for the disk: Chromium 83, Firefox 126, Safari 15. */
function canSync(): boolean {
  return typeof IDBTransaction !== 'undefined' && 'durability' in IDBTransaction.prototype;
}

async function openBrowser(name: string, location: string, durable: boolean): Promise<Store> {
  const release = await holdLock(name, location);
  try {
    const database = await IndexedDatabase.open(`${PREFIX}${name}`, location, release);
    return new LevelStore(database, { durable, location });
  } catch (thrown) {
    release();
    throw thrown;
  }
}

/**
 * Keeps protocol records and data in the browser, by its IndexedDB. Every write waits for the disk
 * (`durability: 'strict'`, P19). In a browser that knows no such promise the store is not
 * `durable`. The browser may throw the whole store away when space is short, unless the site called
 * `navigator.storage.persist()`; the slave then starts empty.
 *
 * One tab at a time: a Web Lock is held while the store is open and goes with the page. It needs a
 * secure context (https, or localhost).
 *
 * @param name of the database, within the page's origin; one for each slave
 * @throws {ReplicationError} INVALID_OPTION at once. From `open`: STORE_FAILED when another tab has
 * it, or where there is no IndexedDB or no Web Locks. Writing fails with STORE_FAILED when the
 * browser's quota is used up.
 */
export function browserStore(name: string): StoreDefinition {
  if (typeof name !== 'string' || name === '') {
    throw new ReplicationError('INVALID_OPTION', 'browserStore needs the name of a database');
  }
  const durable = canSync();
  const location = `IndexedDB ${JSON.stringify(name)}`;
  return sharedStore({ durable, location, open: () => openBrowser(name, location, durable) });
}
