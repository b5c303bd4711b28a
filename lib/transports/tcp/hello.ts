/**
 * The first 44 bytes of either side: magic (4), transport protocol version (1), role (1),
 * flags (1), reserved (1), frameBytesMax (4), nonce (32). Magic and version stay where they are in
 * every later version, so that two versions can always tell each other apart.
 */
import { Buffer } from 'node:buffer';
import { ReplicationError } from '../../errors.js';

/** The first byte is no text and no TLS record type, so strangers are known by one byte. */
const MAGIC = Buffer.from([0xab, 0x52, 0x43, 0x54]);
export const TRANSPORT_VERSION = 1;
export const NONCE_BYTES = 32;
export const HELLO_BYTES = 12 + NONCE_BYTES;
const FLAG_SECRET = 1;
const ROLES = { master: 1, slave: 2 } as const;

export type Role = keyof typeof ROLES;

export interface Hello {
  readonly role: Role;
  /** Whether this side wants proofs of a shared secret. */
  readonly secret: boolean;
  readonly frameBytesMax: number;
  readonly nonce: Uint8Array;
}

export function encodeHello(hello: Hello): Buffer {
  const bytes = Buffer.alloc(HELLO_BYTES);
  bytes.set(MAGIC, 0);
  bytes[4] = TRANSPORT_VERSION;
  bytes[5] = ROLES[hello.role];
  bytes[6] = hello.secret ? FLAG_SECRET : 0;
  bytes.writeUInt32BE(hello.frameBytesMax, 8);
  bytes.set(hello.nonce, 12);
  return bytes;
}

/** Whether what arrived is one of us, of whatever version. */
export function startsWithMagic(bytes: Buffer): boolean {
  return bytes.length >= MAGIC.length && bytes.compare(MAGIC, 0, 4, 0, 4) === 0;
}

/** Names what strangers usually are; never repeats bytes of theirs. */
function strangerOf(bytes: Buffer): string {
  if (bytes[0] === 0x16 || bytes[0] === 0x15) {
    return 'it speaks TLS: give both sides the same "secret", or "tls", or neither';
  }
  if (/^(GET|POST|HEAD|PUT|OPTI|CONN|DELE|PATC|HTTP)/.test(bytes.toString('latin1', 0, 4))) {
    return 'it speaks HTTP: check the port';
  }
  return (
    'it sent other bytes: check host and port, and that both sides use the same "secret", ' +
    'or "tls", or neither'
  );
}

/**
 * Refuses a stranger or another version as early as its first bytes show it.
 * @param bytes the start of what the other side sent, however short
 * @param other who that is, for messages
 * @throws {ReplicationError} PROTOCOL
 */
export function checkPreamble(bytes: Buffer, other: string): void {
  const known = Math.min(bytes.length, MAGIC.length);
  if (bytes.compare(MAGIC, 0, known, 0, known) !== 0) {
    const message = `${other} does not speak this protocol; ${strangerOf(bytes)}`;
    throw new ReplicationError('PROTOCOL', message);
  }
  const version = bytes[4];
  if (version === undefined || version === TRANSPORT_VERSION) return;
  const message =
    `${other} speaks version ${version} of the transport protocol, this side ` +
    `version ${TRANSPORT_VERSION}: update the older one`;
  throw new ReplicationError('PROTOCOL', message);
}

/**
 * Reads a complete hello and holds it against our own.
 * @throws {ReplicationError} PROTOCOL for a wrong role, unknown flags or another `frameBytesMax`;
 * UNAUTHORIZED when one side uses a secret and the other does not (never a fallback).
 */
export function checkHello(bytes: Buffer, mine: Hello, other: string): void {
  checkPreamble(bytes, other);
  if (bytes[5] === ROLES[mine.role]) {
    const message = `${other} is a ${mine.role}, like this side: a master listens, slaves connect`;
    throw new ReplicationError('PROTOCOL', message);
  }
  const flags = bytes[6] as number;
  if (bytes[5] === 0 || (bytes[5] as number) > 2 || flags > FLAG_SECRET || bytes[7] !== 0) {
    const message = `${other} sent a damaged hello: its role or flags do not exist`;
    throw new ReplicationError('PROTOCOL', message);
  }
  const theirs = flags === FLAG_SECRET;
  if (theirs !== mine.secret) {
    const [has, lacks] = theirs ? [other, 'this side'] : ['this side', other];
    const message = `${has} uses a secret and ${lacks} none: give both sides the same "secret"`;
    throw new ReplicationError('UNAUTHORIZED', message);
  }
  const frameBytesMax = bytes.readUInt32BE(8);
  if (frameBytesMax === mine.frameBytesMax) return;
  const message =
    `${other} has frameBytesMax ${frameBytesMax}, this side ${mine.frameBytesMax}: ` +
    'give both sides the same';
  throw new ReplicationError('PROTOCOL', message);
}
