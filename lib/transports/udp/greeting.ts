/**
 * The first frame of either side on the stream, before any frame of the services:
 *
 *     slave  -> challenge
 *     master -> where its datagrams come from and under which salt and counter, with a proof
 *
 * The proof covers the slave's challenge, so that no capture of an earlier start of the master can
 * make a slave take the datagrams of that start, not even where others can write into the stream.
 */
import { Buffer } from 'node:buffer';
import { ReplicationError } from '../../errors.js';
import { SALT_BYTES } from './datagram.js';
import { greetingMac, MAC_BYTES, sameMac } from './keys.js';

const MAGIC = Buffer.from([0xab, 0x52, 0x43, 0x47, 1]);
const PREAMBLE_BYTES = 8;
export const CHALLENGE_BYTES = 32;
export const MARK_BYTES = 16;
const ASK_BYTES = PREAMBLE_BYTES + CHALLENGE_BYTES;

const GROUP_AT = PREAMBLE_BYTES;
const PORT_AT = GROUP_AT + 4;
const SEAT_AT = PORT_AT + 4;
const COUNTER_AT = SEAT_AT + 4;
const SALT_AT = COUNTER_AT + 8;
const MARK_AT = SALT_AT + SALT_BYTES;
const MAC_AT = MARK_AT + MARK_BYTES;
export const TERMS_BYTES = MAC_AT + MAC_BYTES;

/** What a master tells one slave. */
export interface Terms {
  /** IPv4 address of the group. */
  readonly group: string;
  readonly port: number;
  /** The number of this connection, by which datagrams name it. */
  readonly seat: number;
  /** Of the last datagram that left: this one and those before are none of the slave's business. */
  readonly counter: number;
  readonly salt: Buffer;
  /** Begins every word of the transports themselves on this stream. */
  readonly mark: Uint8Array;
}

export function encodeChallenge(challenge: Uint8Array): Buffer {
  const frame = Buffer.alloc(ASK_BYTES);
  frame.set(MAGIC, 0);
  frame.set(challenge, PREAMBLE_BYTES);
  return frame;
}

function isGreeting(frame: Buffer, bytes: number): boolean {
  return frame.length === bytes && frame.compare(MAGIC, 0, MAGIC.length, 0, MAGIC.length) === 0;
}

function asBuffer(frame: Uint8Array): Buffer {
  return Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
}

/** @throws {ReplicationError} PROTOCOL when the other side is no `udpConnect` of this version */
export function readChallenge(frame: Uint8Array, other: string): Buffer {
  const bytes = asBuffer(frame);
  if (isGreeting(bytes, ASK_BYTES)) return bytes.subarray(PREAMBLE_BYTES);
  const message =
    `${other} did not greet as udpConnect of this version does: connect slaves of a udpListen ` +
    'with udpConnect, and give both sides the same version';
  throw new ReplicationError('PROTOCOL', message);
}

export function encodeTerms(terms: Terms, challenge: Uint8Array, secret: Uint8Array): Buffer {
  const frame = Buffer.alloc(TERMS_BYTES);
  frame.set(MAGIC, 0);
  frame.set(terms.group.split('.').map(Number), GROUP_AT);
  frame.writeUInt32BE(terms.port, PORT_AT);
  frame.writeUInt32BE(terms.seat, SEAT_AT);
  frame.writeBigUInt64BE(BigInt(terms.counter), COUNTER_AT);
  frame.set(terms.salt, SALT_AT);
  frame.set(terms.mark, MARK_AT);
  frame.set(greetingMac(secret, challenge, frame.subarray(0, MAC_AT)), MAC_AT);
  return frame;
}

/**
 * The terms and the key of the ring under which the master proved and seals.
 * @throws {ReplicationError} PROTOCOL when the other side is no `udpListen` of this version,
 * UNAUTHORIZED when its proof fits no key of the ring
 */
export function readTerms(
  frame: Uint8Array,
  challenge: Uint8Array,
  ring: readonly Uint8Array[],
  other: string,
): { readonly terms: Terms; readonly secret: Uint8Array } {
  const bytes = asBuffer(frame);
  if (!isGreeting(bytes, TERMS_BYTES)) {
    const message =
      `${other} did not greet as udpListen of this version does: a udpConnect needs a udpListen ` +
      'of the same version on the other side';
    throw new ReplicationError('PROTOCOL', message);
  }
  const told = bytes.subarray(0, MAC_AT);
  const mac = bytes.subarray(MAC_AT);
  const secret = ring.find((key) => sameMac(mac, greetingMac(key, challenge, told)));
  if (secret === undefined) {
    const message =
      `${other} could not prove what it said of its datagrams: the key it seals with ` +
      '(the first of its "secret") must be in the "secret" of this slave';
    throw new ReplicationError('UNAUTHORIZED', message);
  }
  const terms = {
    group: [...bytes.subarray(GROUP_AT, PORT_AT)].join('.'),
    port: bytes.readUInt32BE(PORT_AT),
    seat: bytes.readUInt32BE(SEAT_AT),
    counter: Number(bytes.readBigUInt64BE(COUNTER_AT)),
    // Copies: the frame is a view of memory that others share.
    salt: Buffer.from(bytes.subarray(SALT_AT, MARK_AT)),
    mark: Buffer.from(bytes.subarray(MARK_AT, MAC_AT)),
  };
  return { terms, secret };
}
