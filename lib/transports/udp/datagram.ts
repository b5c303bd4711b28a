/**
 * The outside of a datagram, which is read before it is known who sent it: magic (4), version (1),
 * kind (1), reserved (2), salt of the sender's start (16), counter (8). All of it is sealed along
 * with the body, so that none of it can be changed; the seal's tag stands at the end.
 */
import { Buffer } from 'node:buffer';

const MAGIC = Buffer.from([0xab, 0x52, 0x43, 0x55]);
export const DATAGRAM_VERSION = 1;
export const SALT_BYTES = 16;
export const HEADER_BYTES = 32;
export const TAG_BYTES = 16;
const SALT_AT = 8;
const COUNTER_AT = 24;

/** The longest UDP over IPv4 carries. */
export const DATAGRAM_BYTES_CEILING = 65_507;

/** A frame for slaves, or nothing but the proof that datagrams arrive. */
export const KINDS = { frame: 1, beacon: 2 } as const;
export type Kind = (typeof KINDS)[keyof typeof KINDS];

export function encodeHeader(kind: Kind, salt: Uint8Array, counter: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.set(MAGIC, 0);
  header[4] = DATAGRAM_VERSION;
  header[5] = kind;
  header.set(salt, SALT_AT);
  header.writeBigUInt64BE(BigInt(counter), COUNTER_AT);
  return header;
}

/** Whether this looks like one of ours: cheap, and proves nothing. */
export function isOurs(datagram: Buffer): boolean {
  if (datagram.length < HEADER_BYTES + TAG_BYTES) return false;
  if (datagram.compare(MAGIC, 0, 4, 0, 4) !== 0 || datagram[4] !== DATAGRAM_VERSION) return false;
  const kind = datagram[5];
  const isKind = kind === KINDS.frame || kind === KINDS.beacon;
  // Half of the counter's upper word is out of use, so that it stays a safe integer.
  return isKind && datagram.readUInt16BE(6) === 0 && datagram.readUInt16BE(COUNTER_AT) === 0;
}

export function isOfSalt(datagram: Buffer, salt: Uint8Array): boolean {
  return datagram.compare(salt, 0, SALT_BYTES, SALT_AT, SALT_AT + SALT_BYTES) === 0;
}

export const kindOf = (datagram: Buffer): number => datagram[5] as number;

export const counterOf = (datagram: Buffer): number => Number(datagram.readBigUInt64BE(COUNTER_AT));
