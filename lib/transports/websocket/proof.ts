/** Proofs that a side knows a shared secret, without sending it; the same in pages and in Node. */
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { Role } from '../hello.js';

export const PROOF_BYTES = 32;

const encoder = new TextEncoder();

/**
 * HMAC-SHA256 over the role and both hellos. The role keeps a proof from being sent back to its
 * maker; the hellos carry both nonces and everything negotiated, so nothing of that was altered.
 */
export function proofOf(
  key: Uint8Array,
  role: Role,
  slaveHello: Uint8Array,
  masterHello: Uint8Array,
): Uint8Array {
  return hmac
    .create(sha256, key)
    .update(encoder.encode(`replichart websocket 1 ${role}\u0000`))
    .update(slaveHello)
    .update(masterHello)
    .digest();
}

/** Takes as long wherever they differ, so that a proof cannot be found byte by byte. */
export function sameProof(given: Uint8Array, wanted: Uint8Array): boolean {
  if (given.length !== wanted.length) return false;
  let difference = 0;
  for (let at = 0; at < wanted.length; at += 1) {
    difference |= (given[at] as number) ^ (wanted[at] as number);
  }
  return difference === 0;
}
