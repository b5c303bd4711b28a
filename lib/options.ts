/**
 * Options are validated by name where they enter: an unknown or ill-typed one is `INVALID_OPTION`,
 * because a misspelt option that is silently ignored is a default nobody chose.
 */
import { ReplicationError } from './errors.js';

/** Says what a value should have been, or null when it is fine. */
export type OptionCheck = (value: unknown) => string | null;

/** One check per known option. `required` refuses `undefined`, all others accept it. */
export type OptionChecks = Readonly<Record<string, OptionCheck>>;

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 80));
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

/**
 * Checks every own key of `given` against `checks`.
 * @param where the function people called, for the message
 * @param secrets names whose values never appear in a message
 * @throws {ReplicationError} INVALID_OPTION naming the option and what it should be
 */
export function checkOptions(
  where: string,
  given: unknown,
  checks: OptionChecks,
  secrets: readonly string[] = [],
): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ReplicationError('INVALID_OPTION', `${where} takes an object of options`);
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(checks, name)) continue;
    const known = Object.keys(checks).join(', ');
    const message = `${where} has no option "${name}"; it takes: ${known}`;
    throw new ReplicationError('INVALID_OPTION', message);
  }
  // Not by entries: options of a change are checked with every change.
  for (const name in checks) {
    const value = (given as Record<string, unknown>)[name];
    const wanted = checks[name]?.(value) ?? null;
    if (wanted === null) continue;
    const got = secrets.includes(name) ? '' : `, not ${shown(value)}`;
    const message = `option "${name}" of ${where} must be ${wanted}${got}`;
    throw new ReplicationError('INVALID_OPTION', message);
  }
}

function check(test: (value: unknown) => boolean, wanted: string): OptionCheck {
  return (value) => (value === undefined || test(value) ? null : wanted);
}

/** Refuses `undefined` too. */
export function required(inner: OptionCheck, wanted: string): OptionCheck {
  return (value) => (value === undefined ? wanted : inner(value));
}

export function integerOption(min: number, max = Number.MAX_SAFE_INTEGER): OptionCheck {
  const upTo = max === Number.MAX_SAFE_INTEGER ? ` from ${min}` : ` from ${min} to ${max}`;
  return check(
    (value) => Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max,
    `an integer${upTo}`,
  );
}

export function numberOption(min: number, max = Number.MAX_VALUE): OptionCheck {
  const upTo = max === Number.MAX_VALUE ? ` from ${min}` : ` from ${min} to ${max}`;
  return check(
    (value) => typeof value === 'number' && value >= min && value <= max,
    `a number${upTo}`,
  );
}

export const stringOption: OptionCheck = check(
  (value) => typeof value === 'string' && value.length > 0,
  'a string that is not empty',
);

export const booleanOption: OptionCheck = check(
  (value) => typeof value === 'boolean',
  'true or false',
);

export const functionOption: OptionCheck = check(
  (value) => typeof value === 'function',
  'a function',
);

export const objectOption: OptionCheck = check(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'an object',
);

export const signalOption: OptionCheck = check(
  (value) => value instanceof AbortSignal,
  'an AbortSignal',
);
