/** Node's native hashing and UTF-8, several times faster than the portable ones. */
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import * as zlib from 'node:zlib';
import type { Platform } from './contract.js';
import { crc32Portable } from './crc32.js';

/** Node before 20.15 has no native one. */
const nativeCrc32 = (zlib as { crc32?: (data: Uint8Array, value?: number) => number }).crc32;

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function crc32(...parts: readonly Uint8Array[]): number {
  if (nativeCrc32 === undefined) return crc32Portable(...parts);
  let value = 0;
  for (const part of parts) {
    // Of an empty part without memory of its own zlib makes 0, whatever came before it.
    if (part.length > 0) value = nativeCrc32(part, value);
  }
  return value;
}

export const platform: Platform = {
  digest(...parts) {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest().subarray(0, 16).toString('base64url');
  },
  crc32,
  utf8Encode: (text) => Buffer.from(text, 'utf8'),
  utf8Decode: (bytes, start = 0, end = bytes.length) =>
    asBuffer(bytes).toString('utf8', start, end),
  utf8Length: (text) => Buffer.byteLength(text, 'utf8'),
  utf8Write: (target, text, offset) => asBuffer(target).write(text, offset, 'utf8'),
};
