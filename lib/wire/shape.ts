/**
 * Checks of what a peer sent, field by field: a wrong type, an unsafe number or an endless text
 * is refused, unknown fields are dropped, so that nothing unchecked reaches a machine (A14, T52).
 */
import { ReplicationError } from '../errors.js';

/** Characters of a name, id, digest or code. */
const NAME_LENGTH_MAX = 256;
/** Characters of a reason for people; longer ones are cut, not refused. */
const REASON_LENGTH_MAX = 4096;

/** Turns an untrusted value into a checked one, or throws `PROTOCOL` naming the field. */
export type Shape<T> = (value: unknown, path: string) => T;

function refuse(path: string, wanted: string): never {
  throw new ReplicationError('PROTOCOL', `a peer sent ${path}, which must be ${wanted}`);
}

export const name: Shape<string> = (value, path) =>
  typeof value === 'string' && value.length <= NAME_LENGTH_MAX
    ? value
    : refuse(path, `a text of at most ${NAME_LENGTH_MAX} characters`);

export const reason: Shape<string> = (value, path) =>
  typeof value === 'string' ? value.slice(0, REASON_LENGTH_MAX) : refuse(path, 'a text');

export const count: Shape<number> = (value, path) =>
  Number.isSafeInteger(value) && (value as number) >= 0
    ? (value as number)
    : refuse(path, 'a safe integer of at least 0');

export const flag: Shape<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : refuse(path, 'true or false');

export function oneOf<const T extends string>(...allowed: readonly T[]): Shape<T> {
  return (value, path) =>
    allowed.includes(value as T) ? (value as T) : refuse(path, `one of ${allowed.join(', ')}`);
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => (value === null ? null : shape(value, path));
}

export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, path) => (value === undefined ? undefined : shape(value, path));
}

export function list<T>(shape: Shape<T>, lengthMax: number): Shape<readonly T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > lengthMax) {
      return refuse(path, `a list of at most ${lengthMax}`);
    }
    return value.map((element, index) => shape(element, `${path}[${index}]`));
  };
}

type Fields<T> = { readonly [K in keyof T]-?: Shape<T[K]> };

/** Absent optional fields stay absent, so that `exactOptionalPropertyTypes` holds at run time. */
export function record<T extends object>(fields: Fields<T>): Shape<T> {
  const entries = Object.entries(fields) as [string, Shape<unknown>][];
  return (value, path) => {
    if (typeof value !== 'object' || value === null) return refuse(path, 'an object');
    const checked: Record<string, unknown> = {};
    for (const [key, shape] of entries) {
      const field = shape((value as Record<string, unknown>)[key], `${path}.${key}`);
      if (field !== undefined) checked[key] = field;
    }
    return checked as T;
  };
}
