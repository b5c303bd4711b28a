/** Says why nothing can carry a value, and where in it the offending part stands. */
import { ReplicationError } from '../errors.js';
import type { CodecBudget } from './budget.js';
import { isHostileKey } from './keys.js';

/** The typed arrays that travel; the name is what stands on the wire. */
export const TYPED_ARRAYS = new Map<string, (bytes: ArrayBuffer) => ArrayBufferView>([
  ['Int8Array', (bytes) => new Int8Array(bytes)],
  ['Uint8Array', (bytes) => new Uint8Array(bytes)],
  ['Uint8ClampedArray', (bytes) => new Uint8ClampedArray(bytes)],
  ['Int16Array', (bytes) => new Int16Array(bytes)],
  ['Uint16Array', (bytes) => new Uint16Array(bytes)],
  ['Int32Array', (bytes) => new Int32Array(bytes)],
  ['Uint32Array', (bytes) => new Uint32Array(bytes)],
  ['Float32Array', (bytes) => new Float32Array(bytes)],
  ['Float64Array', (bytes) => new Float64Array(bytes)],
  ['BigInt64Array', (bytes) => new BigInt64Array(bytes)],
  ['BigUint64Array', (bytes) => new BigUint64Array(bytes)],
]);

/** The kind of a typed array whatever its subclass: a Node Buffer is a Uint8Array. */
export function typedArrayName(value: ArrayBufferView): string {
  const tag: unknown = Reflect.get(value, Symbol.toStringTag);
  return typeof tag === 'string' ? tag : 'DataView';
}

function reasonAgainstInstance(value: object): string | null {
  if (ArrayBuffer.isView(value)) {
    const name = typedArrayName(value);
    return TYPED_ARRAYS.has(name) ? null : `a ${name} cannot be replicated, use a Uint8Array`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Map.prototype || prototype === Set.prototype) return null;
  if (prototype === Date.prototype) {
    return Number.isNaN((value as Date).getTime()) ? 'the Date is invalid' : null;
  }
  if (prototype === URL.prototype) return null;
  const name = (value as { constructor?: { name?: string } }).constructor?.name ?? 'a class';
  return `an instance of ${name} would arrive as a plain object; turn it into plain data first`;
}

/** Null when the value itself, its members aside, can travel. */
export function reasonAgainst(value: unknown, budget: CodecBudget): string | null {
  switch (typeof value) {
    case 'function':
      return 'a function cannot be replicated';
    case 'symbol':
      return 'a symbol cannot be replicated';
    case 'bigint': {
      const tooLong = value.toString().replace('-', '').length > budget.bigintDigitsMax;
      return tooLong ? `the bigint has more than ${budget.bigintDigitsMax} digits` : null;
    }
    case 'object': {
      if (value === null) return null;
      if (Array.isArray(value)) return reasonAgainstArray(value);
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype !== Object.prototype && prototype !== null) return reasonAgainstInstance(value);
      const symbols = Object.getOwnPropertySymbols(value).length > 0;
      return symbols ? 'a key that is a symbol cannot be replicated' : null;
    }
    default:
      return null;
  }
}

function reasonAgainstArray(value: readonly unknown[]): string | null {
  if (Object.getPrototypeOf(value) !== Array.prototype) {
    return 'an instance of an array class would arrive as a plain array';
  }
  const count = Object.keys(value).length;
  if (count < value.length) return 'the array has holes; put null or undefined into them';
  return count > value.length ? 'the array has keys that are no indices' : null;
}

function* membersOf(value: object): Generator<readonly [name: string, member: unknown]> {
  if (value instanceof Map) {
    let place = 0;
    for (const [key, member] of value) {
      const name = typeof key === 'string' ? JSON.stringify(key) : `#${place}`;
      yield [`[key ${name}]`, key];
      yield [`[${name}]`, member];
      place += 1;
    }
  } else if (value instanceof Set) {
    let place = 0;
    for (const member of value) {
      yield [`[#${place}]`, member];
      place += 1;
    }
  } else if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) yield [`[${index}]`, value[index]];
  } else if (!ArrayBuffer.isView(value)) {
    for (const [key, member] of Object.entries(value)) yield [`.${key}`, member];
  }
}

function findRefusal(
  value: unknown,
  path: string,
  budget: CodecBudget,
  ancestors: object[],
): string | null {
  const reason = reasonAgainst(value, budget);
  if (reason !== null) return `${path}: ${reason}`;
  if (typeof value !== 'object' || value === null) return null;
  if (ancestors.includes(value)) return `${path}: the value contains itself`;
  if (ancestors.length > budget.depthMax) {
    return `${path}: more than ${budget.depthMax} levels deep (budget.depthMax)`;
  }
  ancestors.push(value);
  for (const [name, member] of membersOf(value)) {
    if (name.startsWith('.') && isHostileKey(name.slice(1), member)) {
      return `${path}${name}: this key could change a prototype, rename it`;
    }
    const found = findRefusal(member, path + name, budget, ancestors);
    if (found !== null) return found;
  }
  ancestors.pop();
  return null;
}

/** The error for a value that `surveyValue` refused. */
export function explainRefusal(value: unknown, budget: CodecBudget, depth = 0): ReplicationError {
  const shallower = { ...budget, depthMax: budget.depthMax - depth };
  const found = findRefusal(value, 'value', shallower, []);
  return new ReplicationError('INVALID_OPTION', found ?? 'value: it changed while it was read');
}
