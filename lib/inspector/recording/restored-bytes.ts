/** Values as a machine may look at them: bytes that were left out are as many zeros. */
import { LeftOutBytes } from '../lines/kept-value.js';

/** A recording says how many bytes there were; it may say anything, and all share these. */
const ZEROS = new Uint8Array(4 * 1024 * 1024);

/** What is longer stays a mark of its length: nothing is allocated because a file says so. */
export function restoredBytes(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof LeftOutBytes) {
    return value.length <= ZEROS.length ? ZEROS.subarray(0, value.length) : value;
  }
  if (Array.isArray(value)) return value.map(restoredBytes);
  if (value instanceof Map) {
    return new Map([...value].map(([key, each]) => [restoredBytes(key), restoredBytes(each)]));
  }
  if (value instanceof Set) return new Set([...value].map(restoredBytes));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const pairs = Object.entries(value).map(([key, each]) => [key, restoredBytes(each)] as const);
  return Object.fromEntries(pairs);
}
