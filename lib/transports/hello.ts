/**
 * The first 44 bytes of either side of a connection: magic (4), transport protocol version (1),
 * role (1), flags (1), reserved (1), frameBytesMax (4), nonce (32). Magic and version stay where
 * they are in every later version, so that two versions can always tell each other apart. The
 * magic is the transport's: a port mixed up is noticed. Portable: pages make and read it, too.
 */
import { ReplicationError } from '../errors.js';

const HEAD_BYTES = 12;
export const NONCE_BYTES = 32;
export const HELLO_BYTES = HEAD_BYTES + NONCE_BYTES;
const FLAG_SECRET = 1;
const ROLES = { master: 1, slave: 2 } as const;

export type Role = keyof typeof ROLES;

export interface Hello {
  readonly role: Role;
  /** Whether this side wants proofs of a shared secret. */
  readonly secret: boolean;
  readonly frameBytesMax: number;
  /** 32 random bytes, fresh for every connection. */
  readonly nonce: Uint8Array;
}

/** @param magic and version of the transport */
export function writeHello(magic: number, version: number, hello: Hello): Uint8Array {
  const bytes = new Uint8Array(HELLO_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, magic);
  view.setUint8(4, version);
  view.setUint8(5, ROLES[hello.role]);
  view.setUint8(6, hello.secret ? FLAG_SECRET : 0);
  view.setUint32(8, hello.frameBytesMax);
  bytes.set(hello.nonce, HEAD_BYTES);
  return bytes;
}

function refuse(message: string): never {
  throw new ReplicationError('PROTOCOL', message);
}

/**
 * Holds a whole hello, whose magic and version were right, against our own.
 * @throws {ReplicationError} PROTOCOL for a wrong role, unknown flags or another `frameBytesMax`;
 * UNAUTHORIZED when one side uses a secret and the other does not (never a fallback).
 */
export function compareHello(bytes: Uint8Array, mine: Hello, other: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const role = view.getUint8(5);
  if (role === ROLES[mine.role]) {
    refuse(`${other} is a ${mine.role}, like this side: a master listens, slaves connect`);
  }
  const flags = view.getUint8(6);
  if (role < 1 || role > 2 || flags > FLAG_SECRET || view.getUint8(7) !== 0) {
    refuse(`${other} sent a damaged hello: its role or flags do not exist`);
  }
  const theirs = flags === FLAG_SECRET;
  if (theirs !== mine.secret) {
    const [has, lacks] = theirs ? [other, 'this side'] : ['this side', other];
    const message = `${has} uses a secret and ${lacks} none: give both sides the same "secret"`;
    throw new ReplicationError('UNAUTHORIZED', message);
  }
  const frameBytesMax = view.getUint32(8);
  if (frameBytesMax === mine.frameBytesMax) return;
  refuse(
    `${other} has frameBytesMax ${frameBytesMax}, this side ${mine.frameBytesMax}: ` +
      'give both sides the same',
  );
}
