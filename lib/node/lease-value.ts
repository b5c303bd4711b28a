/** The lease's record as bytes of JSON, checked when it is read. */
import type { LeaseValue } from './lease.js';

const VALUE_BYTES_MAX = 64 * 1024;

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isName(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && value.length <= 300);
}

/** Null for whatever no node wrote. */
export function readLeaseValue(bytes: Uint8Array): LeaseValue | null {
  if (bytes.length > VALUE_BYTES_MAX) return null;
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Partial<LeaseValue> | null;
    const { holder, fence, heir, successions } = value ?? {};
    if (!isName(holder) || !isName(heir) || !isCount(fence) || !Array.isArray(successions)) {
      return null;
    }
    const isWhole = successions.every(
      (each: Partial<LeaseValue['successions'][number]> | null) =>
        isCount(each?.term) && isCount(each.version),
    );
    return isWhole ? { holder, fence, heir, successions } : null;
  } catch {
    return null;
  }
}
