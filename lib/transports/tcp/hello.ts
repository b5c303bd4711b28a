/** The first bytes of either side, read as they come: strangers are known by one byte. */
import { Buffer } from 'node:buffer';
import { ReplicationError } from '../../errors.js';
import { compareHello, type Hello, writeHello } from '../hello.js';

/** The first byte is no text and no TLS record type. */
const MAGIC = 0xab_52_43_54;
const MAGIC_BYTES = Buffer.from([0xab, 0x52, 0x43, 0x54]);
export const TRANSPORT_VERSION = 1;

export function encodeHello(hello: Hello): Buffer {
  return Buffer.from(writeHello(MAGIC, TRANSPORT_VERSION, hello).buffer);
}

/** Whether what arrived is one of us, of whatever version. */
export function startsWithMagic(bytes: Buffer): boolean {
  return bytes.length >= MAGIC_BYTES.length && bytes.compare(MAGIC_BYTES, 0, 4, 0, 4) === 0;
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
  const known = Math.min(bytes.length, MAGIC_BYTES.length);
  if (bytes.compare(MAGIC_BYTES, 0, known, 0, known) !== 0) {
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
  compareHello(bytes, mine, other);
}
