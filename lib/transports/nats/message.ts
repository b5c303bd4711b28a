/**
 * What a NATS message of ours holds: 40 bytes, then its body. Magic (1), version (1), kind (1),
 * nothing (1), the master's instance (8), the connection (8), two numbers (8 each), the length of
 * the whole frame (4). Magic and version stay where they are in every later version.
 */
import { ReplicationError } from '../../errors.js';

const MAGIC = 0xac;
export const NATS_VERSION = 1;
export const HEADER_BYTES = 40;

/**
 * Numbers of a kind, in order: what the fields `first` and `second` hold.
 * hello: frameBytesMax, acknowledgeBytes. welcome: sequence of the stream to all, acknowledgeBytes;
 * its body is the interval of pings and the slave's number. refused: a code. frame, part: its
 * sequence, and from a master to one slave that of the stream to all; in a frame to all how many
 * slaves it is not for. ping, pong, bye: what was sent last, alike.
 * acknowledge, and the body of ping and pong: bytes taken of what came to it, and came to all.
 */
const KINDS = [
  'hello',
  'welcome',
  'refused',
  'frame',
  'part',
  'acknowledge',
  'ping',
  'pong',
  'bye',
  'gone',
  'here',
] as const;

export type Kind = (typeof KINDS)[number];

export interface Message {
  readonly kind: Kind;
  /** Of the master that speaks or is spoken to; 0 in a hello. */
  readonly master: bigint;
  /** Which of a slave's connections it belongs to; 0 where it is for all. */
  readonly link: bigint;
  readonly first: number;
  readonly second: number;
  /** Bytes of the frame that `body` begins or is; 0 in other kinds. */
  readonly frameBytes: number;
  readonly body: Uint8Array;
}

const NOTHING = new Uint8Array(0);

type Fields = Pick<Message, 'kind' | 'master' | 'link'> & Partial<Message>;

export function encodeMessage(message: Fields): Uint8Array {
  const body = message.body ?? NOTHING;
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = MAGIC;
  bytes[1] = NATS_VERSION;
  bytes[2] = KINDS.indexOf(message.kind);
  view.setBigUint64(4, message.master);
  view.setBigUint64(12, message.link);
  view.setFloat64(20, message.first ?? 0);
  view.setFloat64(28, message.second ?? 0);
  view.setUint32(36, message.frameBytes ?? 0);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/**
 * The body is a view of `bytes`.
 * @throws {ReplicationError} PROTOCOL for what is not of this protocol and version
 */
export function decodeMessage(bytes: Uint8Array): Message {
  if (bytes[0] !== MAGIC || bytes.length < HEADER_BYTES) {
    throw new ReplicationError('PROTOCOL', 'it is no message of this protocol');
  }
  if (bytes[1] !== NATS_VERSION) {
    const message = `it is of version ${bytes[1]}, not ${NATS_VERSION}: update the older side`;
    throw new ReplicationError('PROTOCOL', message);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = KINDS[bytes[2] as number];
  const first = view.getFloat64(20);
  const second = view.getFloat64(28);
  if (kind === undefined || bytes[3] !== 0 || !isCount(first) || !isCount(second)) {
    throw new ReplicationError('PROTOCOL', 'it is damaged: its fields cannot be');
  }
  return {
    kind,
    master: view.getBigUint64(4),
    link: view.getBigUint64(12),
    first,
    second,
    frameBytes: view.getUint32(36),
    body: bytes.subarray(HEADER_BYTES),
  };
}

/** Two counts as a body: bytes taken of what came to one, and to all. */
export function countsBody(own: number, all: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, own);
  view.setFloat64(8, all);
  return bytes;
}

/** @throws {ReplicationError} PROTOCOL */
export function readCounts(body: Uint8Array): readonly [own: number, all: number] {
  if (body.length === 16) {
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const counts = [view.getFloat64(0), view.getFloat64(8)] as const;
    if (counts.every(isCount)) return counts;
  }
  throw new ReplicationError('PROTOCOL', 'it is damaged: its counts cannot be');
}

/** A name for an instance or a connection that nobody else has and nobody guesses. */
export function freshId(): bigint {
  return new DataView(crypto.getRandomValues(new Uint8Array(8)).buffer).getBigUint64(0) | 1n;
}
