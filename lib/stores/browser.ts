/** A store in a browser: IndexedDB through browser-level, one tab at a time. */
import type { BrowserLevel } from 'browser-level';
import { ReplicationError, reasonOf } from '../errors.js';
import { makeDatabase } from './browser-database.js';
import { holdLock } from './browser-lock.js';
import type { Store, StoreDefinition } from './contract.js';
import { LevelStore } from './level.js';
import { sharedStore } from './shared.js';
import { storeError } from './store-error.js';

async function loadEngine(): Promise<typeof BrowserLevel> {
  try {
    return (await import('browser-level')).BrowserLevel;
  } catch (thrown) {
    const message =
      'browserStore needs the optional package browser-level, which cannot be loaded here: run ' +
      `"npm install browser-level" and bundle again (${reasonOf(thrown)})`;
    throw new ReplicationError('STORE_FAILED', message, { cause: thrown });
  }
}

/** Whether this browser can be told to wait for the disk: Chromium 83, Firefox 126, Safari 15. */
function canSync(): boolean {
  return typeof IDBTransaction !== 'undefined' && 'durability' in IDBTransaction.prototype;
}

async function openBrowser(name: string, location: string, durable: boolean): Promise<Store> {
  const engine = await loadEngine();
  const release = await holdLock(name, location);
  try {
    const level = makeDatabase(engine, { name, location, released: release });
    await level.open();
    return new LevelStore(level, { durable, location });
  } catch (thrown) {
    release();
    throw storeError(thrown, 'open', location);
  }
}

/**
 * Keeps protocol records and data in the browser, by IndexedDB (the optional package
 * `browser-level`). Every write waits for the disk (`durability: 'strict'`, P19). In a browser that
 * knows no such promise the store is not `durable`. The browser may throw the whole store away when
 * space is short, unless the site called `navigator.storage.persist()`; the slave then starts empty.
 *
 * One tab at a time: a Web Lock is held while the store is open and goes with the page. It needs a
 * secure context (https, or localhost).
 *
 * @param name of the database, within the page's origin; one for each slave
 * @throws {ReplicationError} INVALID_OPTION at once. From `open`: STORE_FAILED when another tab has
 * it, where there is no IndexedDB or no Web Locks, or browser-level is not installed. Writing fails
 * with STORE_FAILED when the browser's quota is used up.
 */
export function browserStore(name: string): StoreDefinition {
  if (typeof name !== 'string' || name === '') {
    throw new ReplicationError('INVALID_OPTION', 'browserStore needs the name of a database');
  }
  const durable = canSync();
  const location = `IndexedDB ${JSON.stringify(name)}`;
  return sharedStore({ durable, location, open: () => openBrowser(name, location, durable) });
}
