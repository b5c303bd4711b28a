/** A relay's log as entries of its store: parts of the whole state, and increments by version. */
import { platform } from '#platform';
import type { Durability, Point, Position } from '../../machines/protocol.js';
import { ReplicationError, reasonOf } from '../errors.js';
import type { LayerStorage } from '../layers/contract.js';
import type { StoreOperation } from '../stores/contract.js';
import type { Base, LoggedDelta, Trimmed } from './relay-log.js';

const BASE = 'base/';
const LOG = 'log/';
/** Digits of a version in a key, so that the order of keys is that of versions. */
const DIGITS = 16;

const digits = (value: number) => String(value).padStart(DIGITS, '0');
const logKey = ({ to }: LoggedDelta) => `${LOG}${digits(to.version)}`;
const partKey = (index: number) => `${BASE}${digits(index)}`;
/** Sorts behind all parts. */
const BASE_END = `${BASE}end`;

interface DeltaHead {
  readonly from: Point;
  readonly to: Point;
  readonly durability: Durability;
}

interface BaseEnd {
  readonly position: Position;
  readonly parts: number;
}

function encodeDelta({ from, to, durability, body }: LoggedDelta): Uint8Array {
  const head = platform.utf8Encode(JSON.stringify({ from, to, durability }));
  const value = new Uint8Array(4 + head.length + body.length);
  new DataView(value.buffer).setUint32(0, head.length);
  value.set(head, 4);
  value.set(body, 4 + head.length);
  return value;
}

function decodeDelta(value: Uint8Array): LoggedDelta {
  const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
  const end = 4 + view.getUint32(0);
  const head = JSON.parse(platform.utf8Decode(value.subarray(4, end))) as DeltaHead;
  return { ...head, body: value.subarray(end) };
}

export function appended(delta: LoggedDelta, trimmed: Trimmed): readonly StoreOperation[] {
  const { base, deltas } = trimmed;
  const parts = base === null ? [] : base.parts.map((_, index) => ({ key: partKey(index) }));
  const end = base === null ? [] : [{ key: BASE_END }];
  const old = deltas.map((each) => ({ key: logKey(each) }));
  return [...parts, ...end, ...old, { key: logKey(delta), value: encodeDelta(delta) }];
}

export function partEntry(index: number, value: Uint8Array): StoreOperation {
  return { key: partKey(index), value };
}

export function endEntry(end: BaseEnd): StoreOperation {
  return { key: BASE_END, value: platform.utf8Encode(JSON.stringify(end)) };
}

export interface ReadLog {
  readonly base: Base | null;
  readonly deltas: readonly LoggedDelta[];
}

/**
 * Reads what an earlier process kept.
 * @throws {ReplicationError} CORRUPT when an entry is none of a relay's
 */
export async function readLog(storage: LayerStorage): Promise<ReadLog> {
  const parts: Uint8Array[] = [];
  const deltas: LoggedDelta[] = [];
  let end: BaseEnd | null = null;
  for await (const entries of storage.entries()) {
    for (const [key, value] of entries) {
      try {
        if (key === BASE_END) end = JSON.parse(platform.utf8Decode(value)) as BaseEnd;
        else if (key.startsWith(BASE)) parts.push(value);
        else deltas.push(decodeDelta(value));
      } catch (error) {
        const message = `entry ${key} of a relay's store cannot be read: ${reasonOf(error)}`;
        throw new ReplicationError('CORRUPT', message, { cause: error });
      }
    }
  }
  if (end === null || end.parts !== parts.length) return { base: null, deltas };
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  return { base: { position: end.position, parts, bytes }, deltas };
}
