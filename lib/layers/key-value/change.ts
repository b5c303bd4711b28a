/**
 * A caller's change, encoded and checked at the moment of the call: what the caller does to the
 * value afterwards cannot reach the original. A problem travels with the change and comes out of
 * `build`, so that it fails its own task and no other of the group.
 */

import { platform } from '#platform';
import { encodeValue } from '../../codec/values.js';
import { isWellFormed } from '../../codec/well-formed.js';
import { asReplicationError, ReplicationError } from '../../errors.js';
import type { MaybePromise } from '../contract.js';
import { isPending } from '../maybe.js';
import { findProblem, schemaRefusal } from '../schema.js';
import { deltaOf, type KeyValueDelta } from './delta.js';
import type { KeyValueOperation, KeyValueSettings } from './options.js';

/**
 * One `set`, `delete` or `batch`. Most are of one key and come by the thousand: those have it in
 * place, without lists of one (W1: a third of what the master allocates).
 */
export interface KeyValueChange {
  /** Of a `set` or `delete`. */
  readonly key: string;
  readonly text: string | undefined;
  /** Of a `batch`; null for the others. */
  readonly delta: KeyValueDelta | null;
  /** Why it cannot be made; null when it can. Pending while an asynchronous schema thinks. */
  problem: unknown;
  readonly pending: Promise<void> | null;
}

function assertKey(key: unknown, bytesMax: number): asserts key is string {
  const refuse = (problem: string): never => {
    throw new ReplicationError('INVALID_OPTION', `The key ${problem}`);
  };
  if (typeof key !== 'string') refuse(`must be a string, not ${typeof key}`);
  const text = key as string;
  // Three bytes are the most a UTF-16 unit can take: most keys need no exact count.
  if (text.length * 3 > bytesMax && platform.utf8Length(text) > bytesMax) {
    refuse(`${JSON.stringify(text.slice(0, 40))}... is over ${bytesMax} bytes (keyBytesMax)`);
  }
  if (!isWellFormed(text)) refuse(`${JSON.stringify(text)} holds half a character`);
}

function problemOfOperation(operation: unknown): string | null {
  if (typeof operation !== 'object' || operation === null) return 'is no object';
  const op = (operation as { op?: unknown }).op;
  return op === 'set' || op === 'delete' ? null : `has op ${String(op)}, not 'set' or 'delete'`;
}

function named(key: string, error: unknown): ReplicationError {
  const cause = asReplicationError(error, 'INVALID_OPTION', 'cannot be encoded');
  return new ReplicationError(cause.code, `Key ${JSON.stringify(key)}: ${cause.message}`, {
    cause,
  });
}

function encodeText<V>(key: string, value: V, settings: KeyValueSettings<V>): string {
  try {
    return encodeValue(value, settings.budget);
  } catch (error) {
    throw named(key, error);
  }
}

function encodeOperations<V>(
  operations: ReadonlyArray<KeyValueOperation<V>>,
  settings: KeyValueSettings<V>,
): KeyValueDelta {
  const keys: string[] = [];
  const texts: Array<string | undefined> = [];
  operations.forEach((operation, index) => {
    const problem = problemOfOperation(operation);
    if (problem !== null) {
      throw new ReplicationError('INVALID_OPTION', `batch operation ${index} ${problem}`);
    }
    assertKey(operation.key, settings.keyBytesMax);
    keys.push(operation.key);
    const text =
      operation.op === 'set' ? encodeText(operation.key, operation.value, settings) : undefined;
    texts.push(text);
  });
  return deltaOf(keys, texts);
}

function checkValues<V>(
  operations: ReadonlyArray<KeyValueOperation<V>>,
  settings: KeyValueSettings<V>,
): ReadonlyArray<MaybePromise<string | null>> {
  const { schema } = settings;
  if (schema === undefined) return [];
  return operations.map((operation) =>
    operation.op === 'set' ? findProblem(schema, operation.value, operation.key) : null,
  );
}

const settle = (problems: ReadonlyArray<string | null>): unknown => {
  const found = problems.filter((problem) => problem !== null);
  return found.length === 0 ? null : schemaRefusal(found.join('; '));
};

/** Adds what a schema says, now or once it has thought. */
function checked<V>(
  change: KeyValueChange,
  operations: ReadonlyArray<KeyValueOperation<V>>,
  settings: KeyValueSettings<V>,
): KeyValueChange {
  const checks = checkValues(operations, settings);
  if (!checks.some(isPending)) {
    return { ...change, problem: settle(checks as Array<string | null>) };
  }
  // `findProblem` never rejects, so neither does this, whether anybody awaits it or not.
  const pending = Promise.all(checks).then((problems) => {
    asking.problem = settle(problems);
  });
  const asking: KeyValueChange = { ...change, pending };
  return asking;
}

const NOTHING = deltaOf([], []);

function failed(problem: unknown): KeyValueChange {
  return { key: '', text: undefined, delta: NOTHING, problem, pending: null };
}

/** A `batch`. Never throws: what is wrong with the operations is the change's `problem`. */
export function makeChange<V>(
  operations: ReadonlyArray<KeyValueOperation<V>>,
  settings: KeyValueSettings<V>,
): KeyValueChange {
  try {
    if (!Array.isArray(operations)) {
      throw new ReplicationError('INVALID_OPTION', 'batch takes an array of operations');
    }
    const delta = encodeOperations(operations, settings);
    const change = { key: '', text: undefined, delta, problem: null, pending: null };
    return settings.schema === undefined ? change : checked(change, operations, settings);
  } catch (error) {
    return failed(error);
  }
}

/** As `makeChange`, of one key. */
export function makeSet<V>(key: string, value: V, settings: KeyValueSettings<V>): KeyValueChange {
  try {
    assertKey(key, settings.keyBytesMax);
    const text = encodeText(key, value, settings);
    const change = { key, text, delta: null, problem: null, pending: null };
    if (settings.schema === undefined) return change;
    return checked(change, [{ op: 'set', key, value }], settings);
  } catch (error) {
    return failed(error);
  }
}

/** As `makeChange`, of one key. */
export function makeDelete<V>(key: string, settings: KeyValueSettings<V>): KeyValueChange {
  try {
    assertKey(key, settings.keyBytesMax);
    return { key, text: undefined, delta: null, problem: null, pending: null };
  } catch (error) {
    return failed(error);
  }
}
