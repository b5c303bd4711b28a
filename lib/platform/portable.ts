/** For browsers: WebCrypto only hashes asynchronously, so the hash is a well-kept library's. */
import { sha256 } from '@noble/hashes/sha2.js';
import type { Platform } from './contract.js';
import { crc32Portable } from './crc32.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function base64url(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < bytes.length; index += 3) {
    const left = bytes.length - index;
    const word =
      ((bytes[index] as number) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
    for (let place = 0; place <= Math.min(left, 3); place += 1) {
      text += ALPHABET[(word >>> (18 - 6 * place)) & 63];
    }
  }
  return text;
}

/** No decoder does this: to the web, `latin1` is Windows-1252. */
function latin1Decode(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let at = start; at < end; at += 1) text += String.fromCharCode(bytes[at] as number);
  return text;
}

export const platform: Platform = {
  digest(...parts) {
    const hash = sha256.create();
    for (const part of parts) hash.update(typeof part === 'string' ? encoder.encode(part) : part);
    return base64url(hash.digest().subarray(0, 16));
  },
  crc32: crc32Portable,
  utf8Encode: (text) => encoder.encode(text),
  utf8Decode: (bytes, start = 0, end = bytes.length) => decoder.decode(bytes.subarray(start, end)),
  utf8Length: (text) => encoder.encode(text).length,
  latin1Decode,
  utf8Write: (target, text, offset) => encoder.encodeInto(text, target.subarray(offset)).written,
};
