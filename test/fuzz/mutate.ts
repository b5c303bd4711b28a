/** Changes to bytes and to JSON values, from careless to hostile. */
import type { Random } from '../../lib/runtime/random.js';

export function below(random: Random, limit: number): number {
  return Math.floor(random() * limit);
}

export function pick<T>(list: readonly T[], random: Random): T {
  const found = list[below(random, list.length)];
  if (found === undefined && list.length === 0) throw new Error('nothing to pick from');
  return found as T;
}

type Change = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

function spliced(bytes: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length - removed + added.length);
  result.set(bytes.subarray(0, at));
  result.set(added, at);
  result.set(bytes.subarray(at + removed), at + added.length);
  return result;
}

const EDGES = [0, 1, 0x7f, 0x80, 0xff];

const CHANGES: readonly Change[] = [
  (bytes, random) => {
    const copy = bytes.slice();
    const at = below(random, copy.length);
    if (copy.length > 0) copy[at] = (copy[at] as number) ^ (1 << below(random, 8));
    return copy;
  },
  (bytes, random) => {
    const copy = bytes.slice();
    if (copy.length > 0) copy[below(random, copy.length)] = pick(EDGES, random);
    return copy;
  },
  (bytes, random) => bytes.slice(0, below(random, bytes.length + 1)),
  (bytes, random) => {
    const added = Uint8Array.from({ length: 1 + below(random, 8) }, () => below(random, 256));
    return spliced(bytes, below(random, bytes.length + 1), 0, added);
  },
  (bytes, random) => {
    const at = below(random, bytes.length);
    const removed = Math.min(bytes.length - at, 1 + below(random, 16));
    return spliced(bytes, at, removed, new Uint8Array());
  },
  (bytes, random) => {
    const from = below(random, bytes.length);
    const part = bytes.slice(from, from + 1 + below(random, 64));
    return spliced(bytes, below(random, bytes.length + 1), 0, part);
  },
  // The head of one and the tail of another.
  (bytes, random, other) => {
    const head = bytes.subarray(0, below(random, bytes.length + 1));
    const tail = other.subarray(below(random, other.length + 1));
    return spliced(head, head.length, 0, tail);
  },
  // Four bytes as a length: where the input has one, this makes it lie.
  (bytes, random) => {
    const copy = bytes.slice();
    if (copy.length < 4) return copy;
    const value = pick([0, 1, 0x7fffffff, 0x80000000, 0xffffffff, copy.length], random);
    new DataView(copy.buffer).setUint32(below(random, copy.length - 3), value);
    return copy;
  },
];

/** One to a few changes; `other` is another input of the same corpus. */
export function mutate(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let result = bytes;
  do result = pick(CHANGES, random)(result, random, other);
  while (random() < 0.4);
  return result;
}

const HOSTILE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53,
  -(2 ** 53),
  1e308,
  '',
  '__proto__',
  'constructor',
  '\u0000',
  '\ud800',
  'x'.repeat(300),
  [],
  {},
  [[[[]]]],
  { length: 1e9 },
  { toString: 1, valueOf: 2 },
];

function hostileKey(random: Random): string {
  return pick(['__proto__', 'constructor', 'prototype', 'kind', 'payload', 'links', ''], random);
}

/** A copy in which one place is another value, is gone, is doubled, or has a key of ill repute. */
export function mutateJson(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random() < 0.15) return pick(HOSTILE, random);
  if (Array.isArray(value)) {
    const list: unknown[] = [...value];
    const at = below(random, list.length + 1);
    if (at < list.length && random() < 0.7) list[at] = mutateJson(list[at], random);
    else list.splice(at, below(random, 2), list[below(random, list.length)] ?? null);
    return list;
  }
  const entries = Object.entries(value);
  const at = below(random, entries.length);
  const [key = '', old] = entries[at] ?? [];
  const roll = random();
  if (roll < 0.7) entries[at] = [key, mutateJson(old, random)];
  else if (roll < 0.85) entries.splice(at, 1);
  else entries.push([hostileKey(random), pick(HOSTILE, random)]);
  // Unlike a literal or an assignment, this makes `__proto__` a key like any other.
  return Object.fromEntries(entries);
}

/** Text that is deep, long or both: what costs a careless parser its stack or its time. */
export function extreme(random: Random, lengthMax: number): string {
  const length = 1 + below(random, lengthMax);
  switch (below(random, 6)) {
    case 0:
      return '['.repeat(length >> 1) + ']'.repeat(length >> 1);
    case 1:
      return `${'{"a":'.repeat(length >> 3)}1${'}'.repeat(length >> 3)}`;
    case 2:
      return `[${'1,'.repeat(length >> 1)}1]`;
    case 3:
      return `"${'\\u0061'.repeat(length >> 3)}"`;
    case 4:
      return '9'.repeat(length);
    default:
      return `[${Array.from({ length: length >> 4 }, (_, at) => `{"k${at}":"v"}`).join(',')}]`;
  }
}
