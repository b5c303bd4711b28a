/** Options of `document`, shared by both roles. */
import type { Method } from '../../../machines/protocol.js';
import { budgetOf, type CodecBudget } from '../../codec/budget.js';
import type { MaybePromise } from '../contract.js';
import type { ErrorHook } from '../listeners.js';
import { countOption, functionOption, refuseUnknown } from '../options.js';
import { assertSchema, type StandardSchema } from '../schema.js';

export interface DocumentOptions<T> {
  /**
   * Any Standard Schema; checks the whole tree. On the master a change that makes it refuse fails
   * its own task (`VETOED` with the issues); on a slave it is a veto. What it makes of the tree
   * (defaults, transforms) is not used.
   */
  readonly schema?: StandardSchema<T>;
  /**
   * On slaves: can the tree become `next`? Throw `Veto` for no: in a two-phase round that is this
   * slave's vote, in one-phase it quarantines this slave. Must not depend on anything but its
   * arguments, for it may run again after a restart. `previous` is undefined for the first copy.
   */
  readonly prepare?: (next: T, previous: T | undefined) => MaybePromise<void>;
  /** On the master: the method for a change whose caller named none. */
  readonly methodFor?: (next: T, previous: T | undefined) => Method;
  /** Versions that deltas can start from; a slave from before gets a snapshot. @default 1000 */
  readonly statesMax?: number;
  /** The same in bytes of the deltas between those versions. @default 16 MiB */
  readonly historyBytesMax?: number;
  /** What the tree may cost. Depth and bigint digits hold for every change, the rest for each. */
  readonly budget?: Partial<CodecBudget>;
  /** Told what subscribers throw. @default console.error */
  readonly onError?: ErrorHook;
}

export interface DocumentSettings<T> extends DocumentOptions<T> {
  readonly statesMax: number;
  readonly historyBytesMax: number;
  /** For values that come in: the depth is that of the tree. */
  readonly budget: CodecBudget;
  /** For encoded trees and patches: a patch has several levels for each of the tree. */
  readonly wireBudget: CodecBudget;
}

/** A whole tree may be a JSON file of tens of megabytes. */
const DOCUMENT_BUDGET: CodecBudget = Object.freeze({
  textLengthMax: 256 * 1024 * 1024,
  depthMax: 64,
  nodesMax: 10_000_000,
  annotationsMax: 1_000_000,
  bigintDigitsMax: 1_000,
});
/**
 * An `o` node, its list, its pair: three levels of patch for one of the tree, and some to spare.
 */
const PATCH_LEVELS = 4;

const NAMES = [
  'schema',
  'prepare',
  'methodFor',
  'statesMax',
  'historyBytesMax',
  'budget',
  'onError',
] as const satisfies ReadonlyArray<keyof DocumentOptions<unknown>>;

/** @throws {ReplicationError} INVALID_OPTION by name. */
export function documentSettings<T>(options: DocumentOptions<T>): DocumentSettings<T> {
  refuseUnknown('document', options, NAMES);
  if (options.schema !== undefined) assertSchema(options.schema);
  functionOption('prepare', options.prepare);
  functionOption('methodFor', options.methodFor);
  functionOption('onError', options.onError);
  const budget = budgetOf(options.budget, DOCUMENT_BUDGET);
  const { historyBytesMax } = options;
  return {
    ...options,
    statesMax: countOption('statesMax', options.statesMax, 1000, 1),
    historyBytesMax: countOption('historyBytesMax', historyBytesMax, 16 * 1024 * 1024),
    budget,
    wireBudget: { ...budget, depthMax: budget.depthMax * PATCH_LEVELS },
  };
}
