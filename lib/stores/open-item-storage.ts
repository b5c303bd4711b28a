/** Opens the part of a store that belongs to one item in one role, and checks it whole. */
import { platform } from '#platform';
import { ReplicationError } from '../errors.js';
import type { ItemStorage, Store } from './contract.js';
import { sameSum } from './entry-sum.js';
import { FORMAT_KEY, type ItemKeys, itemKeys, type StorageRole } from './item-keys.js';
import { StoredItem } from './item-storage.js';
import { itemDamage, type JournalEntry, readJournal } from './journal.js';
import { checkKey } from './key-range.js';
import { RecordSet } from './record-set.js';
import { canClaim } from './shared.js';
import { corrupt } from './store-error.js';

/** Raised with every change that older code would misread (T53). */
export const STORE_FORMAT = 2;

/** Which part of a store to open. */
export interface ItemStorageOptions {
  readonly item: string;
  readonly role: StorageRole;
}

/**
 * Opens the storage of one item in one role. The store handle becomes the storage's own: it is
 * closed with it, and closed at once when opening fails. Several items and both roles may share
 * one store; open its definition once for each (`sharedStore`).
 *
 * Checked before anything is written: the format; the journal, for holes and for its chain; all
 * records, against the sum in the journal's head. The data is checked against its sum by the
 * first pass of `data()` to its end, which throws there, or before the first write of data.
 *
 * @param store an open handle
 * @param options item and role, which name the part of the key space
 * @throws {ReplicationError} CORRUPT naming item, location and journal entry; STORE_FAILED for
 * another format, a storage that is already open in this process, and what the store throws
 */
export async function openItemStorage(
  store: Store,
  { item, role }: ItemStorageOptions,
): Promise<ItemStorage> {
  try {
    checkKey(item);
    const keys = itemKeys(role, item);
    const who = `The ${role} storage of item ${JSON.stringify(item)}`;
    if (canClaim(store) && !store.claim(keys.prefix)) {
      const message = `${who} in ${store.location} is already open in this process: stop it`;
      throw new ReplicationError('STORE_FAILED', message);
    }
    await checkFormat(store);
    const head = await readJournal(store, keys, who);
    const records = await readRecords(store, keys, who, head);
    await clearLeftovers(store, keys, head);
    return new StoredItem({ store, keys, who, head, records });
  } catch (thrown) {
    // The reason to give up is the first error; a failing close adds nothing to it.
    await store.close().catch(() => undefined);
    throw thrown;
  }
}

async function checkFormat(store: Store): Promise<void> {
  const value = (await store.get(FORMAT_KEY)) ?? (await newFormat(store));
  if (value === undefined) return;
  const format = formatOf(value);
  if (format === undefined) throw corrupt(store.location, 'its format record is no such record');
  if (format === STORE_FORMAT) return;
  const [age, advice] =
    format > STORE_FORMAT
      ? ['a newer', 'upgrade replichart or use another folder']
      : ['an older', 'use another folder, which is filled anew, or the version that wrote it'];
  const message =
    `The store ${store.location} was written by ${age} version of replichart (format ${format}, ` +
    `this one knows ${STORE_FORMAT}): ${advice}. Nothing was changed`;
  throw new ReplicationError('STORE_FAILED', message);
}

/** Marks an empty store with the format; returns the record if another user was faster. */
async function newFormat(store: Store): Promise<Uint8Array | undefined> {
  for await (const [first] of store.entries('')) {
    const value = await store.get(FORMAT_KEY);
    if (value !== undefined) return value;
    throw corrupt(store.location, `it has no format record, but ${JSON.stringify(first?.[0])}`);
  }
  const text = JSON.stringify({ format: STORE_FORMAT });
  await store.batch([{ key: FORMAT_KEY, value: platform.utf8Encode(text) }], { sync: true });
  return undefined;
}

function formatOf(value: Uint8Array): number | undefined {
  try {
    const { format } = JSON.parse(platform.utf8Decode(value)) as { format?: unknown };
    return Number.isSafeInteger(format) && (format as number) > 0 ? (format as number) : undefined;
  } catch {
    return undefined;
  }
}

async function readRecords(
  store: Store,
  keys: ItemKeys,
  who: string,
  head: JournalEntry,
): Promise<RecordSet> {
  const records = new RecordSet();
  for await (const part of store.entries(keys.records)) {
    for (const [key, value] of part) {
      const name = key.slice(keys.records.length);
      if (records.load(name, value)) continue;
      throw itemDamage(who, store.location, head.number, `the record ${name} cannot be read`);
    }
  }
  if (sameSum(records.sum, head.records)) return records;
  const what = 'its records are not those of this entry; one is lost, or an older one is back';
  throw itemDamage(who, store.location, head.number, what);
}

/** A `replace` that was cut leaves the generation before or after the valid one, never others. */
async function clearLeftovers(store: Store, keys: ItemKeys, head: JournalEntry): Promise<void> {
  await clearWhatIsThere(store, keys.data(head.generation + 1));
  if (head.generation > 0) await clearWhatIsThere(store, keys.data(head.generation - 1));
}

/** A `clear` counts as a write of unknown size; mostly there is nothing to clear. */
async function clearWhatIsThere(store: Store, prefix: string): Promise<void> {
  for await (const part of store.entries(prefix)) {
    if (part.length > 0) return store.clear(prefix);
  }
}
