/** The secret of one inspector: who knows it may read, nobody else (A12). */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const TOKEN_BYTES = 32;
/** 22 characters of 64 kinds are the first that hold 128 bits. */
export const TOKEN_PATTERN = /^[A-Za-z0-9_-]{22,200}$/;

export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Of equal length whatever was sent, so that the time of the comparison tells nothing. */
export function isBearer(authorization: string | undefined, token: string): boolean {
  return timingSafeEqual(digestOf(authorization ?? ''), digestOf(`Bearer ${token}`));
}
