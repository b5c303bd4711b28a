/**
 * A caller's change, encoded and checked at the moment of the call: what the caller does to the
 * value afterwards cannot reach the original. A problem travels with the change and comes out of
 * `build`, so that it fails its own task and no other of the group.
 */
import { platform } from '#platform';
import { encodeValue } from '../../codec/values.js';
import { asReplicationError, ReplicationError } from '../../errors.js';
import type { BuiltGroup, MaybePromise } from '../contract.js';
import { isPending } from '../maybe.js';
import { findProblem, schemaRefusal } from '../schema.js';
import { textOf } from './cell.js';
import type { CellTable } from './cells.js';
import { deltaOf, isWellFormed, type KeyValueDelta } from './delta.js';
import type { KeyValueOperation, KeyValueSettings } from './options.js';

/** One `set`, `delete` or `batch`. */
export interface KeyValueChange {
  readonly delta: KeyValueDelta;
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

const NOTHING = deltaOf([], []);

/** Never throws: what is wrong with the operations is the change's `problem`. */
export function makeChange<V>(
  operations: ReadonlyArray<KeyValueOperation<V>>,
  settings: KeyValueSettings<V>,
): KeyValueChange {
  try {
    if (!Array.isArray(operations)) {
      throw new ReplicationError('INVALID_OPTION', 'batch takes an array of operations');
    }
    const delta = encodeOperations(operations, settings);
    const checks = checkValues(operations, settings);
    const settle = (problems: ReadonlyArray<string | null>): unknown => {
      const found = problems.filter((problem) => problem !== null);
      return found.length === 0 ? null : schemaRefusal(found.join('; '));
    };
    if (!checks.some(isPending)) {
      return { delta, problem: settle(checks as Array<string | null>), pending: null };
    }
    const change: { -readonly [K in keyof KeyValueChange]: KeyValueChange[K] } = {
      delta,
      problem: null,
      pending: null,
    };
    // `findProblem` never rejects, so neither does this, whether anybody awaits it or not.
    change.pending = Promise.all(checks).then((problems) => {
      change.problem = settle(problems);
    });
    return change;
  } catch (error) {
    return { delta: NOTHING, problem: error, pending: null };
  }
}

function fold(changes: readonly KeyValueChange[], table: CellTable): BuiltGroup<KeyValueDelta> {
  const rejected: Array<{ index: number; error: unknown }> = [];
  const newest = new Map<string, string | undefined>();
  changes.forEach(({ delta, problem }, index) => {
    if (problem !== null) {
      rejected.push({ index, error: problem });
      return;
    }
    for (let place = 0; place < delta.keys.length; place += 1) {
      const key = delta.keys[place] as string;
      // In order of last change, which is the order that copies iterate in.
      newest.delete(key);
      newest.set(key, delta.texts[place]);
    }
  });
  for (const [key, text] of newest) {
    const cell = table.cell(key);
    if ((cell && textOf(cell)) === text) newest.delete(key);
  }
  if (newest.size === 0) return { rejected };
  return { delta: deltaOf([...newest.keys()], [...newest.values()]), rejected };
}

/**
 * One delta of a group: the last write to a key wins, what changes nothing is left out. A change
 * with a problem is rejected by its place and harms no other.
 */
export function buildGroup(
  changes: readonly KeyValueChange[],
  table: () => CellTable,
): MaybePromise<BuiltGroup<KeyValueDelta>> {
  const pending = changes.filter((change) => change.pending !== null);
  if (pending.length === 0) return fold(changes, table());
  return Promise.all(pending.map((change) => change.pending)).then(() => fold(changes, table()));
}
