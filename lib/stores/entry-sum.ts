/**
 * An order-independent sum over a set of entries: it tells when one was lost, came back or was
 * replaced by an older one, which no checksum of a single entry can.
 */
import { ReplicationError } from '../errors.js';
import { entryChecksum } from './checked-value.js';
import { ChecksumTable } from './checksum-table.js';
import type { StoreOperation } from './contract.js';
import { checkKey } from './key-range.js';

/** Sums stay exact in a double: 2^48 and one CRC-32 are far below 2^53. */
const MODULUS = 2 ** 48;

export interface EntrySum {
  readonly count: number;
  /** Sum of the CRC-32 of all entries, modulo 2^48. */
  readonly sum: number;
}

export const EMPTY_SUM: EntrySum = { count: 0, sum: 0 };

export function sameSum(left: EntrySum, right: EntrySum): boolean {
  return left.count === right.count && left.sum === right.sum;
}

/** Refuses what cannot be stored before anything was counted or written. */
export function checkOperations(operations: readonly StoreOperation[]): void {
  for (const { key, value } of operations) {
    if (typeof key !== 'string' || (value !== undefined && !(value instanceof Uint8Array))) {
      throw new ReplicationError('INVALID_OPTION', 'A store takes text keys and Uint8Array values');
    }
    checkKey(key);
  }
}

/** The sum of a set that changes, with what it needs to know to take an old entry out. */
export class RunningSum {
  readonly #table = new ChecksumTable();
  #sum = 0;

  get state(): EntrySum {
    return { count: this.#table.size, sum: this.#sum };
  }

  /** Applies the operations in order; returns a checksum over them, deletions included. */
  apply(operations: readonly StoreOperation[]): number {
    let content = 0;
    for (const { key, value } of operations) {
      const checksum = value === undefined ? this.#delete(key) : this.set(key, value);
      content = (Math.imul(content, 31) + checksum) >>> 0;
    }
    return content;
  }

  /** Counts one entry; returns its checksum. */
  set(key: string, value: Uint8Array): number {
    const checksum = entryChecksum(key, value);
    const before = this.#table.set(key, checksum) ?? 0;
    this.#sum = (this.#sum + checksum - before + MODULUS) % MODULUS;
    return checksum;
  }

  #delete(key: string): number {
    const before = this.#table.delete(key) ?? 0;
    this.#sum = (this.#sum - before + MODULUS) % MODULUS;
    return before ^ 0xffffffff;
  }
}
