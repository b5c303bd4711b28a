/**
 * How keyValue lies in a store: one entry per key, tombstones included, the floor, and the newest
 * deltas whole (`DeltaLog`).
 */
import { platform } from '#platform';
import { ByteReader, ByteWriter } from '../../codec/bytes.js';
import { asReplicationError, ReplicationError } from '../../errors.js';
import type { StoreOperation } from '../../stores/contract.js';
import type { LayerStorage } from '../contract.js';
import { CellTable, ownText } from './cells.js';
import { decodeDelta } from './delta.js';

const KEY_PREFIX = 'k';
const LOG_PREFIX = 'l';
const FLOOR_KEY = 'f';
const LIVE = 1;
const TOMBSTONE = 2;

/** Version, place within its delta, and value; undefined is a tombstone. */
export function cellRecord(
  key: string,
  text: string | undefined,
  version: number,
  place: number,
): StoreOperation {
  const writer = new ByteWriter((text === undefined ? 0 : platform.utf8Length(text)) + 20);
  writer
    .byte(text === undefined ? TOMBSTONE : LIVE)
    .varint(version)
    .varint(place);
  // A copy to size: a store may keep the bytes, the room for growth shall not be kept with them.
  const value = writer
    .text(text ?? '')
    .finish()
    .slice();
  return { key: KEY_PREFIX + key, value };
}

/** Where a delta lies in the log. */
export function logKey(version: number): string {
  return LOG_PREFIX + version;
}

/** As `cellRecord`, of a value that was never decoded. */
export function packedRecord(
  key: string,
  text: Uint8Array,
  version: number,
  place: number,
): StoreOperation {
  const writer = new ByteWriter(text.length + 20);
  const value = writer.byte(LIVE).varint(version).varint(place).raw(text).finish().slice();
  return { key: KEY_PREFIX + key, value };
}

export function droppedRecord(key: string): StoreOperation {
  return { key: KEY_PREFIX + key };
}

export function floorRecord(floor: number): StoreOperation {
  return { key: FLOOR_KEY, value: new ByteWriter().varint(floor).finish().slice() };
}

interface Stored {
  readonly key: string;
  readonly text: string | undefined;
  readonly version: number;
  readonly place: number;
}

function readRecord(key: string, value: Uint8Array): Stored {
  const reader = new ByteReader(value, `The stored key ${JSON.stringify(key)}`);
  const kind = reader.byte();
  if (kind !== LIVE && kind !== TOMBSTONE) reader.fail(`its kind ${kind} is unknown`);
  const version = reader.varint();
  const place = reader.varint();
  const text = reader.text(reader.rest);
  return { key, text: kind === LIVE ? text : undefined, version, place };
}

/** The version a log entry is named by; what is no such name is damage. */
function loggedVersion(key: string): number {
  const version = Number(key.slice(LOG_PREFIX.length));
  if (logKey(version) === key && Number.isSafeInteger(version) && version > 0) return version;
  throw new ReplicationError('CORRUPT', `The store holds a foreign entry ${key}`);
}

/** What a delta of the log says, in the form of entries of single keys. */
function readLogged(key: string, value: Uint8Array, stored: Stored[]): LoggedDelta {
  const version = loggedVersion(key);
  const { keys, texts } = decodeDelta(value);
  for (let place = 0; place < keys.length; place += 1) {
    const text = texts[place];
    // What is a slice would keep the text of the whole delta alive.
    const own = text === undefined ? undefined : ownText(text);
    stored.push({ key: keys[place] as string, text: own, version, place });
  }
  return { version, keys, bytes: value.length };
}

function corrupt(error: unknown): ReplicationError {
  const problem = error instanceof Error ? error.message : String(error);
  const hint = 'restore the store from a backup, or delete it and let it be copied again';
  return new ReplicationError('CORRUPT', `${problem}; ${hint}`, { cause: error });
}

/** One delta of the log; its bytes are in the store. */
export interface LoggedDelta {
  readonly version: number;
  readonly keys: readonly string[];
  readonly bytes: number;
}

/** What a store holds. */
export interface StoredContent {
  readonly table: CellTable;
  /** The deltas of the log, oldest first. */
  readonly log: readonly LoggedDelta[];
}

/**
 * Rebuilds the content that a store holds.
 * @throws {ReplicationError} CORRUPT for an entry that is none of ours.
 */
export async function loadContent(storage: LayerStorage): Promise<StoredContent> {
  const stored: Stored[] = [];
  const log: LoggedDelta[] = [];
  const table = new CellTable();
  try {
    for await (const entries of storage.entries()) {
      for (const [key, value] of entries) {
        if (key === FLOOR_KEY) table.floor = new ByteReader(value, 'The stored floor').varint();
        else if (key.startsWith(KEY_PREFIX)) stored.push(readRecord(key.slice(1), value));
        else if (key.startsWith(LOG_PREFIX)) log.push(readLogged(key, value, stored));
        else throw new ReplicationError('CORRUPT', `The store holds a foreign entry ${key}`);
      }
    }
  } catch (error) {
    const foreign = error instanceof ReplicationError && error.code === 'PROTOCOL';
    throw foreign
      ? corrupt(error)
      : asReplicationError(error, 'CORRUPT', 'The store is unreadable');
  }
  log.sort((left, right) => left.version - right.version);
  stored.sort((left, right) => left.version - right.version || left.place - right.place);
  for (const { key, text, version, place } of stored) table.put(key, text, version, place);
  table.markSettled();
  return { table, log };
}
