import { inspect } from 'node:util';
import fc from 'fast-check';
import superjson from 'superjson';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeValue, encodeValue } from '../../lib/codec/values.js';
import { check, difference, plainValue, richValue } from '../support/layer-values.js';

const test = suite('codec: values survive the round trip');

/** Stock superjson throws at such keys; real data have them. */
function hasReservedKey(value: unknown): boolean {
  return inspect(value, { depth: null }).includes('constructor');
}

test('any value comes back equal, and equal to what stock superjson makes of it', () => {
  check(
    fc.property(richValue, (value) => {
      const decoded = decodeValue(encodeValue(value));
      assert.is(difference(decoded, value), null);
      // Stock superjson is the yardstick wherever it does not itself lose something.
      if (hasReservedKey(value)) return;
      const stock: unknown = superjson.parse(superjson.stringify(value));
      if (difference(stock, value) === null) assert.is(difference(decoded, stock), null);
    }),
    3000,
  );
});

test('plain data takes the fast path: its text is JSON behind one letter', () => {
  check(
    fc.property(plainValue, (value) => {
      assert.is(encodeValue(value), `j${JSON.stringify(value)}`);
      assert.is(difference(decodeValue(encodeValue(value)), value), null);
    }),
    1000,
  );
});

test('plain data large or small, with characters of every kind: the text is that of JSON', () => {
  const ends = [0x00, 0x1f, 0x20, 0x7f, 0x9f, 0xa0, 0xd7ff, 0xe000, 0xffff];
  const units = [
    ...ends.map((unit) => String.fromCharCode(unit)),
    '"',
    '\\',
    '\u{1f600}',
    '\ud800',
  ];
  const odd = Object.fromEntries(units.map((unit) => [`${unit}k`, `a${unit}`]));
  const numbers = [0, 1e21, 1e-7, 0.1, -1.5e300, 2 ** 53, Number.MIN_VALUE];
  const nested = { list: [[], {}, [null, true, false]], 2: 'b', 1: 'a', toJSON: 1, '': '' };
  const many = Array.from({ length: 500 }, (_, index) => ({ index }));
  const bare = Object.assign(Object.create(null), { a: 1 }) as object;
  for (const value of [odd, numbers, nested, many, bare, ...units, { a: many, b: odd }]) {
    assert.is(encodeValue(value), `j${JSON.stringify(value)}`);
  }
});

test('what somebody added to Object.prototype does not travel', () => {
  const prototype = Object.prototype as { added?: string };
  prototype.added = 'x';
  try {
    assert.is(encodeValue({ a: 1 }), 'j{"a":1}');
  } finally {
    delete prototype.added;
  }
});

test('an encoded text is a function of the value alone, however its parts are shared', () => {
  const part = { at: new Date(5), list: [1n] };
  const shared = encodeValue({ a: part, b: part, nan: [Number.NaN, Number.NaN] });
  const copied = { at: new Date(5), list: [1n] };
  assert.is(shared, encodeValue({ a: part, b: copied, nan: [Number.NaN, Number.NaN] }));
});

test('a part of a Set that also stands elsewhere is not lost (stock superjson loses it)', () => {
  const [a, b] = [{ name: 'a' }, { name: 'b' }];
  const value = { first: a, second: b, both: new Set([a, b]) };
  assert.is(difference(decodeValue(encodeValue(value)), value), null);
});

test('a Buffer arrives as a Uint8Array, every typed array bit for bit', () => {
  const decoded = decodeValue(encodeValue(Buffer.from('replica'))) as Uint8Array;
  assert.is(decoded.constructor, Uint8Array);
  assert.equal(decoded, new Uint8Array(Buffer.from('replica')));
  const views = [
    new Float64Array([Number.NaN, -0, Infinity, 1.5]),
    new BigInt64Array([-1n, 2n ** 62n]),
    new BigUint64Array([2n ** 64n - 1n]),
    new Uint8ClampedArray([255]),
    new Int32Array(0),
    new Uint16Array([1, 2, 3, 4]).subarray(1, 3),
  ];
  for (const view of views) assert.is(difference(decodeValue(encodeValue(view)), view), null);
});

test('every decode is a fresh value', () => {
  const text = encodeValue({ list: [1] });
  (decodeValue(text) as { list: number[] }).list.push(2);
  assert.equal(decodeValue(text), { list: [1] });
});

test.run();
