/** How keyValue lies in a store: one entry per key, tombstones included, and the floor. */
import { platform } from '#platform';
import { ByteReader, ByteWriter } from '../../codec/bytes.js';
import { asReplicationError, ReplicationError } from '../../errors.js';
import type { StoreOperation } from '../../stores/contract.js';
import type { LayerStorage } from '../contract.js';
import { CellTable } from './cells.js';

const KEY_PREFIX = 'k';
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

function corrupt(error: unknown): ReplicationError {
  const problem = error instanceof Error ? error.message : String(error);
  const hint = 'restore the store from a backup, or delete it and let it be copied again';
  return new ReplicationError('CORRUPT', `${problem}; ${hint}`, { cause: error });
}

/**
 * Rebuilds the content that a store holds.
 * @throws {ReplicationError} CORRUPT for an entry that is none of ours.
 */
export async function loadTable(storage: LayerStorage): Promise<CellTable> {
  const stored: Stored[] = [];
  const table = new CellTable();
  try {
    for await (const entries of storage.entries()) {
      for (const [key, value] of entries) {
        if (key === FLOOR_KEY) table.floor = new ByteReader(value, 'The stored floor').varint();
        else if (key.startsWith(KEY_PREFIX)) stored.push(readRecord(key.slice(1), value));
        else throw new ReplicationError('CORRUPT', `The store holds a foreign entry ${key}`);
      }
    }
  } catch (error) {
    const foreign = error instanceof ReplicationError && error.code === 'PROTOCOL';
    throw foreign
      ? corrupt(error)
      : asReplicationError(error, 'CORRUPT', 'The store is unreadable');
  }
  stored.sort((left, right) => left.version - right.version || left.place - right.place);
  for (const { key, text, version, place } of stored) table.put(key, text, version, place);
  table.markSettled();
  return table;
}
