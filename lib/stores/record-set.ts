/** The protocol records of one item: small, all in memory, with the sum that proves them. */
import { ReplicationError } from '../errors.js';
import { type EntrySum, RunningSum } from './entry-sum.js';
import { checkKey } from './key-range.js';
import { decodeRecord, encodeRecord } from './record-value.js';

export interface RecordChange {
  readonly name: string;
  readonly value: unknown;
  /** The value in its stored form; undefined deletes the record. */
  readonly bytes: Uint8Array | undefined;
}

/**
 * @throws {ReplicationError} INVALID_OPTION for what is no plain data; nothing is changed then.
 */
export function encodeRecords(records: Readonly<Record<string, unknown>>): RecordChange[] {
  return Object.entries(records).map(([name, value]) => {
    checkKey(name);
    if (value === undefined) return { name, value, bytes: undefined };
    try {
      return { name, value, bytes: encodeRecord(value) };
    } catch (thrown) {
      const message = `The record ${name} is not plain data`;
      throw new ReplicationError('INVALID_OPTION', message, { cause: thrown });
    }
  });
}

export class RecordSet {
  readonly #sum = new RunningSum();
  readonly #values = new Map<string, unknown>();

  /** What the last finished batch left. */
  get values(): ReadonlyMap<string, unknown> {
    return this.#values;
  }

  /** What the last started batch will leave. */
  get sum(): EntrySum {
    return this.#sum.state;
  }

  /** Takes in a record as it was read; false when it is none. */
  load(name: string, bytes: Uint8Array): boolean {
    try {
      this.#values.set(name, decodeRecord(bytes));
    } catch {
      return false;
    }
    this.#sum.set(name, bytes);
    return true;
  }

  /** Counts a batch when it starts; returns a checksum over it. */
  count(changes: readonly RecordChange[]): number {
    return this.#sum.apply(
      changes.map(({ name, bytes }) =>
        bytes === undefined ? { key: name } : { key: name, value: bytes },
      ),
    );
  }

  /** Shows a batch once it is written. */
  show(changes: readonly RecordChange[]): void {
    for (const { name, value } of changes) {
      if (value === undefined) this.#values.delete(name);
      else this.#values.set(name, value);
    }
  }
}
