/** Arbitrary values that the codec carries, and their comparison part by part. */
import fc from 'fast-check';

const key = fc
  .oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom(
      'a',
      'b',
      'a.b',
      'a\\.b',
      '',
      '0',
      '12',
      'length',
      'json',
      'meta',
      'constructor',
      '\ud800',
    ),
  )
  .filter((text) => text !== '__proto__');

const plainLeaf = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((x) => !Object.is(x, -0)),
  fc.boolean(),
  fc.constant(null),
);

const richLeaf = fc.oneof(
  fc.date({ noInvalidDate: true }),
  fc.bigInt(),
  fc.constantFrom(undefined, Number.NaN, Infinity, -Infinity, -0, 0),
  fc.uint8Array({ maxLength: 7 }),
  fc.int16Array({ maxLength: 3 }),
  fc
    .float32Array({ maxLength: 3, noNaN: true, noDefaultInfinity: true })
    .map((list) => list.map((x) => (Object.is(x, -0) ? 0 : x))),
  fc.webUrl().map((text) => new URL(text)),
);

/** Trees of JSON data only. */
export const plainValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    plainLeaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

/** Trees of everything that superjson and we carry alike. */
export const richValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    plainLeaf,
    richLeaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 3 }).map((list) => new Map(list)),
    fc.array(tie('value'), { maxLength: 3 }).map((list) => new Set(list)),
  ),
})).value;

/**
 * Where two values differ, as a path, or null: order of keys, -0, NaN, holes and missing keys
 * included, which common deep comparisons leave out.
 */
export function difference(left: unknown, right: unknown, path = '$'): string | null {
  if (Object.is(left, right)) return null;
  if (typeof left !== 'object' || typeof right !== 'object' || !left || !right) return path;
  if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return `${path} (kind)`;
  if (left instanceof Date || left instanceof URL) {
    return JSON.stringify(left) === JSON.stringify(right) ? null : path;
  }
  if (ArrayBuffer.isView(left)) {
    const [first, second] = [left, right].map((view) => {
      const { buffer, byteOffset, byteLength } = view as Uint8Array;
      return [...new Uint8Array(buffer, byteOffset, byteLength)].join();
    });
    return first === second ? null : path;
  }
  const [first, second] = [left, right].map(
    (value): Array<readonly [unknown, unknown]> =>
      value instanceof Map || value instanceof Set ? [...value.entries()] : Object.entries(value),
  ) as [Array<readonly [unknown, unknown]>, Array<readonly [unknown, unknown]>];
  if (first.length !== second.length) return `${path} (size)`;
  for (let index = 0; index < first.length; index += 1) {
    const [leftKey, leftValue] = first[index] as readonly [unknown, unknown];
    const [rightKey, rightValue] = second[index] as readonly [unknown, unknown];
    const below = `${path}.${String(typeof leftKey === 'object' ? index : leftKey)}`;
    const found =
      difference(leftKey, rightKey, `${below} (key)`) ?? difference(leftValue, rightValue, below);
    if (found !== null) return found;
  }
  return null;
}

/** Runs a property and fails with its seed, path and counterexample. */
export function check<T>(property: fc.IProperty<T>, runs = 300): void {
  fc.assert(property, { numRuns: runs });
}
