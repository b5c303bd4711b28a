/**
 * Values that JSON does not know, as objects of one key that begins with `$`:
 *
 *     {"$bytes": 12}  twelve bytes that were left out     {"$bytes": "aGk="}  bytes, as base64
 *     {"$undefined": true}   {"$number": "NaN"}   {"$bigint": "1"}   {"$date": 0}
 *     {"$map": [[1, 2]]}     {"$set": [1]}        {"$unshown": "function f"}
 *     {"$$x": 1}      the host's own object {"$x": 1}
 */
import { fromBase64, toBase64 } from '../../codec/base64.js';
import { ReplicationError } from '../../errors.js';
import { LeftOutBytes, Unshown } from './kept-value.js';

/** Nothing this package wrote is deeper, and a stranger's line must not end the process. */
const DEPTH_MAX = 200;

function markedNumber(value: number): unknown {
  if (Object.is(value, -0)) return { $number: '-0' };
  return Number.isFinite(value) ? value : { $number: String(value) };
}

function markInstance(value: object): unknown {
  if (value instanceof LeftOutBytes) return { $bytes: value.length };
  if (value instanceof Unshown) return { $unshown: value.text };
  if (value instanceof Uint8Array) return { $bytes: toBase64(value) };
  if (value instanceof Set) return { $set: [...value].map(marked) };
  if (value instanceof Map) {
    return { $map: [...value].map(([key, member]) => [marked(key), marked(member)]) };
  }
  if (value instanceof Date) {
    const ms = value.getTime();
    return { $date: Number.isNaN(ms) ? null : ms };
  }
  return { $unshown: value.constructor?.name ?? 'object' };
}

/** The same array when nothing in it is marked: most are as they are. */
function markArray(value: readonly unknown[]): readonly unknown[] {
  let changed: unknown[] | null = null;
  for (let index = 0; index < value.length; index += 1) {
    const member = marked(value[index]);
    if (changed === null && member === value[index]) continue;
    changed ??= value.slice();
    changed[index] = member;
  }
  return changed ?? value;
}

function markObject(value: Readonly<Record<string, unknown>>): unknown {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return markInstance(value);
  const keys = Object.keys(value);
  let changed: Record<string, unknown> | null = null;
  for (const key of keys) {
    const member = marked(value[key]);
    if (member === value[key]) continue;
    changed ??= { ...value };
    changed[key] = member;
  }
  const [only] = keys;
  if (keys.length === 1 && only?.startsWith('$') === true) {
    return { [`$${only}`]: (changed ?? value)[only] };
  }
  return changed ?? value;
}

/** The value as JSON can hold it. */
export function marked(value: unknown): unknown {
  switch (typeof value) {
    case 'number':
      return markedNumber(value);
    case 'undefined':
      return { $undefined: true };
    case 'bigint':
      return { $bigint: String(value) };
    case 'function':
      return { $unshown: `function ${value.name}` };
    case 'symbol':
      return { $unshown: String(value) };
    case 'object':
      if (value === null) return null;
      if (Array.isArray(value)) return markArray(value);
      return markObject(value as Readonly<Record<string, unknown>>);
    default:
      return value;
  }
}

function refuse(problem: string): never {
  throw new ReplicationError('CORRUPT', problem);
}

const NUMBERS = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
]);

function readBytes(value: unknown): unknown {
  if (typeof value === 'string') return fromBase64(value) ?? refuse('$bytes is no base64');
  const isLength = Number.isSafeInteger(value) && (value as number) >= 0;
  return isLength ? new LeftOutBytes(value as number) : refuse('$bytes is no length');
}

function arrayOf(name: string, value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(`${name} is no array`);
}

function pairOf(value: unknown): readonly [unknown, unknown] {
  const isPair = Array.isArray(value) && value.length === 2;
  return isPair ? [value[0], value[1]] : refuse('$map has what is no pair');
}

/** Of parts that were read already. */
const READERS: Readonly<Record<string, (value: unknown) => unknown>> = {
  $bytes: readBytes,
  $undefined: () => undefined,
  $number: (value) => NUMBERS.get(String(value)) ?? refuse('$number is none'),
  // Length first: the time to read a bigint grows with its square.
  $bigint: (value) =>
    typeof value === 'string' && /^-?\d{1,4000}$/.test(value)
      ? BigInt(value)
      : refuse('$bigint is none'),
  $date: (value) =>
    value === null || typeof value === 'number'
      ? new Date(value ?? Number.NaN)
      : refuse('$date is no time'),
  $map: (value) => new Map(arrayOf('$map', value).map(pairOf)),
  $set: (value) => new Set(arrayOf('$set', value)),
  $unshown: (value) => new Unshown(String(value)),
};

function unmarkObject(value: Record<string, unknown>, depth: number): unknown {
  const keys = Object.keys(value);
  for (const key of keys) {
    const member = value[key];
    const plain = unmarked(member, depth + 1);
    // The key is its own, even `__proto__`: JSON.parse makes it so.
    if (plain !== member) value[key] = plain;
  }
  const [only] = keys;
  if (keys.length !== 1 || only === undefined || !only.startsWith('$')) return value;
  if (only.startsWith('$$')) return { [only.slice(1)]: value[only] };
  const read = Object.hasOwn(READERS, only) ? READERS[only] : undefined;
  return read === undefined ? refuse(`${only} is no known mark`) : read(value[only]);
}

/**
 * The value that was marked; takes what `JSON.parse` gave and may change it.
 * @throws {ReplicationError} CORRUPT, saying which mark is wrong
 */
export function unmarked(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEPTH_MAX) refuse('it is nested too deep');
  if (!Array.isArray(value)) return unmarkObject(value as Record<string, unknown>, depth);
  for (let index = 0; index < value.length; index += 1) {
    const member: unknown = value[index];
    const plain = unmarked(member, depth + 1);
    if (plain !== member) value[index] = plain;
  }
  return value;
}
