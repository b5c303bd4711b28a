/** Encoded changes as the host's hooks and schema see them. */
import { decodeValue } from '../../codec/values.js';
import { Veto } from '../../errors.js';
import type { MaybePromise } from '../contract.js';
import { deepFreeze } from '../freeze.js';
import { chain, isPending } from '../maybe.js';
import { findProblem } from '../schema.js';
import type { KeyValueDelta } from './delta.js';
import type { KeyValueOperation, KeyValueSettings } from './options.js';
import type { KeyValueReader } from './view.js';

/** Decodes all values of a delta, once: the cells that it makes take them over. */
export function operationsOf<V>(
  delta: KeyValueDelta,
  settings: KeyValueSettings<V>,
): Array<KeyValueOperation<V>> {
  delta.values ??= delta.texts.map((text) =>
    text === undefined ? undefined : deepFreeze(decodeValue(text, settings.budget)),
  );
  const { values, texts } = delta;
  return delta.keys.map((key, place) =>
    texts[place] === undefined
      ? { op: 'delete', key }
      : { op: 'set', key, value: values[place] as V },
  );
}

function refuse(problems: ReadonlyArray<string | null>): void {
  const found = problems.filter((problem) => problem !== null);
  if (found.length > 0) throw new Veto(`the schema does not accept this: ${found.join('; ')}`);
}

function checkSchema<V>(
  operations: ReadonlyArray<KeyValueOperation<V>>,
  { schema }: KeyValueSettings<V>,
): MaybePromise<void> {
  if (schema === undefined) return undefined;
  const checks = operations.map((operation) =>
    operation.op === 'set' ? findProblem(schema, operation.value, operation.key) : null,
  );
  if (checks.some(isPending)) return Promise.all(checks).then(refuse);
  return refuse(checks as Array<string | null>);
}

/**
 * Asks schema and `prepare` hook of a slave. Without either it costs nothing.
 * @throws {Veto} from the schema; whatever the hook throws; PROTOCOL when a value is none.
 */
export function checkDelta<V>(
  delta: KeyValueDelta,
  current: KeyValueReader<V>,
  settings: KeyValueSettings<V>,
): MaybePromise<void> {
  const { schema, prepare } = settings;
  if (schema === undefined && prepare === undefined) return undefined;
  const operations = operationsOf(delta, settings);
  return chain(checkSchema(operations, settings), () => prepare?.(operations, current));
}
