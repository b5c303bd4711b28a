/**
 * The first message of either side, 44 bytes: magic (4), protocol version (1), role (1), flags (1),
 * reserved (1), frameBytesMax (4), nonce (32). Magic and version stay where they are in every later
 * version. Portable: pages make and read it, too.
 */
import { ReplicationError } from '../../errors.js';

/** TCP's hello differs in the last of these: a port mixed up is noticed. */
const MAGIC = 0xab_52_43_57;
export const WEBSOCKET_VERSION = 1;
export const NONCE_BYTES = 32;
const HEAD_BYTES = 12;
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

export function encodeHello({ role, secret, frameBytesMax, nonce }: Hello): Uint8Array {
  const bytes = new Uint8Array(HELLO_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  view.setUint8(4, WEBSOCKET_VERSION);
  view.setUint8(5, ROLES[role]);
  view.setUint8(6, secret ? FLAG_SECRET : 0);
  view.setUint32(8, frameBytesMax);
  bytes.set(nonce, HEAD_BYTES);
  return bytes;
}

function refuse(message: string): never {
  throw new ReplicationError('PROTOCOL', message);
}

function checkVersion(bytes: Uint8Array, view: DataView, other: string): void {
  if (bytes.length < HEAD_BYTES || view.getUint32(0) !== MAGIC) {
    refuse(`${other} does not speak this protocol: check the address and its path`);
  }
  const version = view.getUint8(4);
  if (version !== WEBSOCKET_VERSION) {
    refuse(
      `${other} speaks version ${version} of the WebSocket transport, this side ` +
        `version ${WEBSOCKET_VERSION}: update the older one`,
    );
  }
  if (bytes.length !== HELLO_BYTES) refuse(`${other} sent a hello of ${bytes.length} bytes`);
}

/**
 * Reads a hello and holds it against our own.
 * @throws {ReplicationError} PROTOCOL for other bytes, another version, a wrong role, unknown flags
 * or another `frameBytesMax`; UNAUTHORIZED when one side uses a secret and the other does not.
 */
export function checkHello(bytes: Uint8Array, mine: Hello, other: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  checkVersion(bytes, view, other);
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
