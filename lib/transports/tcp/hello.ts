/** The first bytes of either side, read as they come: strangers are known by one byte. */
import { Buffer } from 'node:buffer';
import { ReplicationError } from '../../errors.js';
import { compareHello, type Hello, type Role, writeHello } from '../hello.js';
import type { StreamKind } from './stream-of.js';

/** The first byte is no text and no TLS record type; those of pages and of datagrams differ. */
const MAGICS: Readonly<Record<StreamKind, number>> = { tcp: 0xab_52_43_54, udp: 0xab_52_43_53 };
const MAGIC_BYTES = 4;
/** What people call, by kind and role. */
const NAMES = {
  tcp: { master: 'tcpListen', slave: 'tcpConnect' },
  udp: { master: 'udpListen', slave: 'udpConnect' },
} as const;
export const TRANSPORT_VERSION = 1;

export function encodeHello(hello: Hello, kind: StreamKind = 'tcp'): Buffer {
  return Buffer.from(writeHello(MAGICS[kind], TRANSPORT_VERSION, hello).buffer);
}

function kindOf(bytes: Buffer): StreamKind | null {
  if (bytes.length < MAGIC_BYTES) return null;
  const magic = bytes.readUInt32BE(0);
  return magic === MAGICS.tcp ? 'tcp' : magic === MAGICS.udp ? 'udp' : null;
}

/** Whether what arrived is one of us, of whatever version and kind: it can read an answer. */
export function startsWithMagic(bytes: Buffer): boolean {
  return kindOf(bytes) !== null;
}

function couldBeOurs(bytes: Buffer): boolean {
  const known = Math.min(bytes.length, MAGIC_BYTES);
  return Object.values(MAGICS).some((magic) => {
    const wanted = Buffer.alloc(MAGIC_BYTES);
    wanted.writeUInt32BE(magic);
    return bytes.compare(wanted, 0, known, 0, known) === 0;
  });
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

/** One of us that is no peer of this side: both hosts hear what to call instead. */
function refuseKind(theirs: StreamKind, mine: StreamKind, role: Role, other: string): void {
  if (theirs === mine) return;
  const [master, slave] = role === 'master' ? [mine, theirs] : [theirs, mine];
  const otherName = role === 'master' ? NAMES[theirs].slave : NAMES[theirs].master;
  const message =
    `${other} is a ${otherName}, this side a ${NAMES[mine][role]}: connect with ` +
    `${NAMES[master].slave}, or listen with ${NAMES[slave].master}`;
  throw new ReplicationError('PROTOCOL', message);
}

/**
 * Refuses a stranger or another version as early as its first bytes show it.
 * @param bytes the start of what the other side sent, however short
 * @param other who that is, for messages
 * @throws {ReplicationError} PROTOCOL
 */
export function checkPreamble(bytes: Buffer, role: Role, kind: StreamKind, other: string): void {
  if (!couldBeOurs(bytes)) {
    const message = `${other} does not speak this protocol; ${strangerOf(bytes)}`;
    throw new ReplicationError('PROTOCOL', message);
  }
  refuseKind(kindOf(bytes) ?? kind, kind, role, other);
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
export function checkHello(bytes: Buffer, mine: Hello, kind: StreamKind, other: string): void {
  checkPreamble(bytes, mine.role, kind, other);
  compareHello(bytes, mine, other);
}
