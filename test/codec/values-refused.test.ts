import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { VALUE_BUDGET } from '../../lib/codec/budget.js';
import { encodeValue } from '../../lib/codec/values.js';
import { ReplicationError } from '../../lib/errors.js';

const test = suite('codec: what nothing can carry is refused with its path');

class Account {
  balance = 1;
}

function refusal(value: unknown, code = 'INVALID_OPTION', budget = VALUE_BUDGET): string {
  try {
    encodeValue(value, budget);
  } catch (error) {
    assert.instance(error, ReplicationError);
    assert.is((error as ReplicationError).code, code);
    return (error as ReplicationError).message;
  }
  throw new Error('it was encoded');
}

const cyclic: { self?: unknown } = {};
cyclic.self = [cyclic];
const withHole = [1, 2, 3];
delete withHole[1];

const CASES: ReadonlyArray<readonly [name: string, value: unknown, message: RegExp]> = [
  ['a function', { on: { change: () => 1 } }, /value\.on\.change: a function/],
  ['a symbol', [1, Symbol('x')], /value\[1\]: a symbol/],
  ['a symbol as key', { a: { [Symbol('x')]: 1 } }, /value\.a: a key that is a symbol/],
  ['a class instance', { account: new Account() }, /value\.account: an instance of Account/],
  ['a subclass of Map', new (class Registry extends Map {})(), /an instance of Registry/],
  ['a subclass of Array', [new (class List extends Array {})()], /value\[0\]: .*array class/],
  ['a regular expression', { rule: /x/ }, /value\.rule: an instance of RegExp/],
  ['an error', new Map([['why', new Error('x')]]), /value\["why"\]: an instance of Error/],
  ['a promise', Promise.resolve(1), /an instance of Promise/],
  ['an invalid date', { when: new Date(Number.NaN) }, /value\.when: the Date is invalid/],
  ['a DataView', new DataView(new ArrayBuffer(1)), /a DataView/],
  ['a boxed string', [Object('text')], /value\[0\]: an instance of String/],
  ['a hole', { list: withHole }, /value\.list: the array has holes/],
  ['a key on an array', Object.assign([1], { extra: 2 }), /keys that are no indices/],
  ['a cycle', cyclic, /value\.self\[0\]: the value contains itself/],
  ['a function in a Set', new Set([() => 1]), /value\[#0\]: a function/],
  ['a function as Map key', new Map([[() => 1, 1]]), /value\[key #0\]: a function/],
  ['__proto__ as own key', JSON.parse('{"a":{"__proto__":1}}'), /value\.a\.__proto__: this key/],
  [
    'prototype below constructor',
    { a: { constructor: { prototype: {} } } },
    /value\.a\.constructor: this key/,
  ],
  ['an endless bigint', { n: 10n ** 1000n }, /value\.n: the bigint has more than 1000 digits/],
];

for (const [name, value, message] of CASES) {
  test(name, () => assert.match(refusal(value), message));
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = { in: value };
  return value;
}

test('the depth is bounded: 65 levels pass, 66 are refused, a million do not overflow', () => {
  encodeValue(nested(65));
  assert.match(refusal(nested(66)), /levels deep/);
  assert.match(refusal(nested(1_000_000)), /levels deep/);
});

test('the number of parts is bounded, also where sharing hides them', () => {
  let bomb: unknown = [1];
  for (let level = 0; level < 40; level += 1) bomb = [bomb, bomb];
  assert.match(refusal(bomb, 'TOO_LARGE'), /nodesMax/);
  const few = { ...VALUE_BUDGET, annotationsMax: 2 };
  assert.match(refusal([1n, 2n, 3n], 'TOO_LARGE', few), /annotationsMax/);
  assert.match(refusal('xxxxx', 'TOO_LARGE', { ...VALUE_BUDGET, textLengthMax: 7 }), /textLength/);
});

test.run();
