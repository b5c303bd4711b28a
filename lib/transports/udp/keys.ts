/** Keys of one start of a master, from the secret that all nodes share. */
import { Buffer } from 'node:buffer';
import {
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';

const KEY_BYTES = 32;
export const MAC_BYTES = 32;

/** Without a secret the same path is run under a key that everybody knows: it keeps out noise. */
const PUBLIC_KEY = Buffer.from('replichart datagrams without a secret');

/** The keys to try, the one to seal with first. */
export function ringOf(keys: readonly Uint8Array[]): readonly Uint8Array[] {
  return keys.length === 0 ? [PUBLIC_KEY] : keys;
}

function derive(secret: Uint8Array, salt: Uint8Array, purpose: string): Buffer {
  const info = `replichart udp 1 ${purpose}`;
  return Buffer.from(hkdfSync('sha256', secret, salt, info, KEY_BYTES));
}

/** A key object, because it prints nothing when it is logged (A11). */
export function datagramKey(secret: Uint8Array, salt: Uint8Array): KeyObject {
  return createSecretKey(derive(secret, salt, 'datagrams'));
}

/** Proves that the greeting of a master is its own and answers this very challenge. */
export function greetingMac(
  secret: Uint8Array,
  challenge: Uint8Array,
  greeting: Uint8Array,
): Buffer {
  const key = derive(secret, challenge, 'greeting');
  return createHmac('sha256', key).update(greeting).digest();
}

export function sameMac(given: Uint8Array, wanted: Uint8Array): boolean {
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
