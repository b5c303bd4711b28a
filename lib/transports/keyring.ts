/**
 * The option `secret` of every transport: one key, or a keyring while keys are rotated. A side
 * proves and seals with its first key and accepts any of them, so that a key is installed (last)
 * everywhere, then used (first), then removed, and two neighbouring steps always understand each
 * other (threat A17). Runs in browsers too.
 */
import { ReplicationError } from '../errors.js';
import type { OptionCheck } from '../options.js';

/** A shared key: text or bytes, best 32 random characters. Text stands for its UTF-8 bytes. */
export type SecretKey = string | Uint8Array;

/** One key, or a keyring of 1 to 16: the first one proves, any of them is accepted. */
export type Secret = SecretKey | readonly SecretKey[];

/** What a stranger's proof is held against at most, so that refusing one stays cheap. */
export const KEYS_MAX = 16;

const WANTED = `a string or Uint8Array that is not empty, or a list of 1 to ${KEYS_MAX} of them`;

function isKey(value: unknown): boolean {
  return (typeof value === 'string' || value instanceof Uint8Array) && value.length > 0;
}

/** Name the option among the `secrets` of `checkOptions`, so that no message repeats it. */
export const secretOption: OptionCheck = (value) => {
  if (value === undefined || isKey(value)) return null;
  const isRing = Array.isArray(value) && value.length > 0 && value.length <= KEYS_MAX;
  return isRing && value.every(isKey) ? null : WANTED;
};

/**
 * The keys as bytes, the one to prove with first; an empty list without a secret. They are copies:
 * what the host does to its own bytes later changes nothing.
 * @throws {ReplicationError} INVALID_OPTION for what `secretOption` refuses
 */
export function keysOf(secret: Secret | undefined): readonly Uint8Array[] {
  if (secret === undefined) return [];
  const wanted = secretOption(secret);
  if (wanted !== null) {
    throw new ReplicationError('INVALID_OPTION', `option "secret" must be ${wanted}`);
  }
  const keys = typeof secret === 'string' || secret instanceof Uint8Array ? [secret] : secret;
  const encoder = new TextEncoder();
  return keys.map((key) => (typeof key === 'string' ? encoder.encode(key) : Uint8Array.from(key)));
}
