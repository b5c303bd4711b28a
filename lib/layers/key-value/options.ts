/** Options of `keyValue`, shared by both roles. */
import type { Method } from '../../../machines/protocol.js';
import { budgetOf, type CodecBudget, VALUE_BUDGET } from '../../codec/budget.js';
import type { MaybePromise } from '../contract.js';
import type { ErrorHook } from '../listeners.js';
import { countOption, functionOption, refuseUnknown } from '../options.js';
import { assertSchema, type StandardSchema } from '../schema.js';
import type { KeyValueReader } from './view.js';

/** One change of one key. */
export type KeyValueOperation<V> =
  | { readonly op: 'set'; readonly key: string; readonly value: V }
  | { readonly op: 'delete'; readonly key: string };

export interface KeyValueOptions<V> {
  /**
   * Any Standard Schema; checks each value. On the master a value it refuses fails its own task
   * (`VETOED` with the issues); on a slave it is a veto. What it makes of a value is not used.
   */
  readonly schema?: StandardSchema<V>;
  /**
   * On slaves: can these changes be made? Throw `Veto` for no: in a two-phase round that is this
   * slave's vote, in one-phase it quarantines this slave. Must not depend on anything but its
   * arguments, for it may run again after a restart. Runs once over a whole snapshot, too.
   */
  readonly prepare?: (
    changes: ReadonlyArray<KeyValueOperation<V>>,
    current: KeyValueReader<V>,
  ) => MaybePromise<void>;
  /** On the master: the method for a change whose caller named none. */
  readonly methodFor?: (changes: ReadonlyArray<KeyValueOperation<V>>) => Method;
  /**
   * Deleted keys that are remembered, so that a slave behind learns of them; a slave from before
   * the oldest gets a snapshot. About 100 bytes each. @default 100000
   */
  readonly tombstonesMax?: number;
  /** Longest key in UTF-8. @default 1024 */
  readonly keyBytesMax?: number;
  /** What one value may cost. */
  readonly budget?: Partial<CodecBudget>;
  /** Told what subscribers throw. @default console.error */
  readonly onError?: ErrorHook;
}

export interface KeyValueSettings<V> extends KeyValueOptions<V> {
  readonly tombstonesMax: number;
  readonly keyBytesMax: number;
  readonly budget: CodecBudget;
  /**
   * Bytes of the newest deltas that a store holds whole; also bounds what is read again on open, a
   * few milliseconds, and the keys kept for it in memory. No option: it has one good value.
   */
  readonly logBytesMax: number;
}

const LOG_BYTES_MAX = 1024 * 1024;

const NAMES = [
  'schema',
  'prepare',
  'methodFor',
  'tombstonesMax',
  'keyBytesMax',
  'budget',
  'onError',
] as const satisfies ReadonlyArray<keyof KeyValueOptions<unknown>>;

/** @throws {ReplicationError} INVALID_OPTION by name. */
export function keyValueSettings<V>(options: KeyValueOptions<V>): KeyValueSettings<V> {
  refuseUnknown('keyValue', options, NAMES);
  if (options.schema !== undefined) assertSchema(options.schema);
  functionOption('prepare', options.prepare);
  functionOption('methodFor', options.methodFor);
  functionOption('onError', options.onError);
  return {
    ...options,
    tombstonesMax: countOption('tombstonesMax', options.tombstonesMax, 100_000),
    keyBytesMax: countOption('keyBytesMax', options.keyBytesMax, 1024, 1),
    budget: budgetOf(options.budget, VALUE_BUDGET),
    logBytesMax: LOG_BYTES_MAX,
  };
}
