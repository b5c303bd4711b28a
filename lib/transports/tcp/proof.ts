/** Proofs that a side knows the shared secret, without sending it. */
import type { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Role } from '../hello.js';

export const PROOF_BYTES = 32;

/**
 * HMAC-SHA256 over the role and both hellos. The role keeps a proof from being sent back to its
 * maker; the hellos carry both nonces and everything negotiated, so nothing of that was altered.
 */
export function proofOf(
  key: Uint8Array,
  role: Role,
  slaveHello: Uint8Array,
  masterHello: Uint8Array,
): Buffer {
  return createHmac('sha256', key)
    .update(`replichart transport 1 ${role}\u0000`)
    .update(slaveHello)
    .update(masterHello)
    .digest();
}

export function sameProof(given: Uint8Array, wanted: Uint8Array): boolean {
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
