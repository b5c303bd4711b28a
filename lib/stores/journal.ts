/**
 * The journal: one entry for each batch of an item, numbered, chained by hash, and holding the
 * sums of all records and data as they are after that batch. The newest entry is the head.
 *
 * Entries live in a ring, so one put per batch both appends and trims. A batch that an engine
 * dropped out of the middle leaves an older entry in its place of the ring: a hole. What was
 * dropped longer ago than the ring reaches needs no hole to be seen: the head holds the sums
 * of the state as it must be, so either later batches overwrote all that the lost one did, and
 * nothing is missing, or the sums of records (on open) or data (when loaded) do not match. A tail
 * lost as a whole is an older, complete state with its own head.
 */
import { platform } from '#platform';
import { ReplicationError } from '../errors.js';
import type { Store, StoreOperation } from './contract.js';
import { EMPTY_SUM, type EntrySum } from './entry-sum.js';
import type { ItemKeys } from './item-keys.js';
import { DAMAGE_ADVICE } from './store-error.js';

/** 1024 entries of about 110 bytes; reading them back takes a few milliseconds on open. */
export const JOURNAL_ENTRIES = 1024;

export interface JournalEntry {
  /** Of this batch; the first is 1. */
  readonly number: number;
  /** Over the entry before and all below. */
  readonly hash: string;
  /** Which data keys are valid; raised by each `replace` (S13). */
  readonly generation: number;
  readonly records: EntrySum;
  readonly data: EntrySum;
  /** A checksum over the operations of this batch. */
  readonly content: number;
}

/** The head before the first batch. */
export const GENESIS: JournalEntry = {
  number: 0,
  hash: '',
  generation: 0,
  records: EMPTY_SUM,
  data: EMPTY_SUM,
  content: 0,
};

type EntryContent = Omit<JournalEntry, 'number' | 'hash'>;

/** The damage of one item, with the number of the journal entry where it shows. */
export function itemDamage(who: string, location: string, number: number, what: string) {
  const where = `${who} in ${location} is damaged at journal entry ${number}`;
  const message = `${where}: ${what}. ${DAMAGE_ADVICE}`;
  return new ReplicationError('CORRUPT', message);
}

function textOf(number: number, { generation, records, data, content }: EntryContent): string {
  return [number, generation, records.count, records.sum, data.count, data.sum, content].join(',');
}

/** The entry that follows `head`. */
export function nextEntry(head: JournalEntry, content: EntryContent): JournalEntry {
  const number = head.number + 1;
  const hash = platform.digest(`${head.hash}\n${textOf(number, content)}`);
  return { ...content, number, hash };
}

/** The write that puts an entry into its place of the ring. */
export function journalOperation(keys: ItemKeys, entry: JournalEntry): StoreOperation {
  const value = platform.utf8Encode(`${entry.hash},${textOf(entry.number, entry)}`);
  return { key: ringKey(keys, entry.number), value };
}

function ringKey(keys: ItemKeys, number: number): string {
  return `${keys.journal}${String(number % JOURNAL_ENTRIES).padStart(4, '0')}`;
}

function parseEntry(value: Uint8Array): JournalEntry | undefined {
  const [hash = '', ...rest] = platform.utf8Decode(value).split(',');
  const numbers = rest.map(Number);
  if (numbers.length !== 7 || !numbers.every((each) => Number.isSafeInteger(each) && each >= 0)) {
    return undefined;
  }
  const [number = 0, generation = 0, recordCount = 0, recordSum = 0] = numbers;
  const [dataCount = 0, dataSum = 0, content = 0] = numbers.slice(4);
  const records = { count: recordCount, sum: recordSum };
  return { number, hash, generation, records, data: { count: dataCount, sum: dataSum }, content };
}

/**
 * Reads the ring and returns the head.
 *
 * @param who names item and role for people
 * @throws {ReplicationError} CORRUPT for a hole, a broken chain or an entry out of place
 */
export async function readJournal(
  store: Store,
  keys: ItemKeys,
  who: string,
): Promise<JournalEntry> {
  const ring = new Map<number, JournalEntry>();
  let head = GENESIS;
  for await (const part of store.entries(keys.journal)) {
    for (const [key, value] of part) {
      const entry = parseEntry(value);
      if (entry === undefined || key !== ringKey(keys, entry.number)) {
        throw itemDamage(
          who,
          store.location,
          entry?.number ?? 0,
          `${key} holds no entry of its place`,
        );
      }
      ring.set(entry.number, entry);
      if (entry.number > head.number) head = entry;
    }
  }
  checkChain(ring, head, (number, what) => itemDamage(who, store.location, number, what));
  return head;
}

function checkChain(
  ring: ReadonlyMap<number, JournalEntry>,
  head: JournalEntry,
  damage: (number: number, what: string) => ReplicationError,
): void {
  const first = Math.max(1, head.number - JOURNAL_ENTRIES + 1);
  let before = first === 1 ? GENESIS : undefined;
  for (let number = first; number <= head.number; number += 1) {
    const entry = ring.get(number);
    if (entry === undefined) {
      throw damage(
        number,
        `that batch is missing, while later ones up to ${head.number} are there`,
      );
    }
    if (before !== undefined && nextEntry(before, entry).hash !== entry.hash) {
      throw damage(number, 'it does not follow from the entry before it');
    }
    before = entry;
  }
}
