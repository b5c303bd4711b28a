/** What a lease's record says, checked wherever it comes from. */
import type { LeaseRecord, LeaseValue } from './lease.js';

const VALUE_BYTES_MAX = 64 * 1024;

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isName(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && value.length <= 300);
}

/** Null for whatever no node wrote. */
export function asLeaseValue(value: unknown): LeaseValue | null {
  const { holder, fence, heir, successions } = (value ?? {}) as Partial<LeaseValue>;
  if (!isName(holder) || !isName(heir) || !isCount(fence) || !Array.isArray(successions)) {
    return null;
  }
  const isWhole = successions.every(
    (each: Partial<LeaseValue['successions'][number]> | null) =>
      isCount(each?.term) && isCount(each.version),
  );
  return isWhole ? { holder, fence, heir, successions } : null;
}

/** Null for whatever is no state of the record. */
export function asLeaseRecord(value: unknown): LeaseRecord | null {
  const said = asLeaseValue(value);
  const { revision } = (value ?? {}) as Partial<LeaseRecord>;
  return said !== null && isCount(revision) ? { ...said, revision } : null;
}

/** Of bytes of JSON; null for whatever no node wrote. */
export function readLeaseValue(bytes: Uint8Array): LeaseValue | null {
  if (bytes.length > VALUE_BYTES_MAX) return null;
  try {
    return asLeaseValue(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return null;
  }
}
