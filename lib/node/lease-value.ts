/** What a lease's record says, checked wherever it comes from. */
import type { Succession } from '../../machines/succession.js';
import type { LeaseRecord, LeaseValue } from './lease.js';

const VALUE_BYTES_MAX = 64 * 1024;

/** Nodes write 64. */
const SUCCESSIONS_READ_MAX = 1000;

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isName(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && value.length <= 300);
}

function successionsOf(value: unknown): readonly Succession[] | null {
  if (!Array.isArray(value) || value.length > SUCCESSIONS_READ_MAX) return null;
  const successions = Array.from(value, (each: unknown) => {
    const { term, version } = (each ?? {}) as Partial<Succession>;
    return isCount(term) && isCount(version) ? { term, version } : null;
  });
  const whole = successions.filter((each) => each !== null);
  return whole.length === value.length ? whole : null;
}

/** A copy: whoever made it may go on to change it. Null for whatever no node wrote. */
export function asLeaseValue(value: unknown): LeaseValue | null {
  const { holder, fence, heir, successions } = (value ?? {}) as Partial<LeaseValue>;
  if (!isName(holder) || !isName(heir) || !isCount(fence)) return null;
  const terms = successionsOf(successions);
  return terms === null ? null : { holder, fence, heir, successions: terms };
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
