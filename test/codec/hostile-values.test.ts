import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { VALUE_BUDGET } from '../../lib/codec/budget.js';
import { decodeValue, encodeValue } from '../../lib/codec/values.js';
import { ReplicationError } from '../../lib/errors.js';
import { check, richValue } from '../support/layer-values.js';

const test = suite('codec: a hostile text is refused, quickly');

function isRefused(text: string): boolean {
  try {
    decodeValue(text);
    return false;
  } catch (error) {
    assert.instance(error, ReplicationError, `threw ${String(error)}`);
    assert.is((error as ReplicationError).code, 'PROTOCOL');
    return true;
  }
}

const rich = (json: unknown, meta: unknown): string => `s${JSON.stringify({ json, meta })}`;
const tower = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

const ATTACKS: ReadonlyArray<readonly [name: string, text: string]> = [
  ['nothing', ''],
  ['no tag', '{"a":1}'],
  ['no JSON', 'j{'],
  ['a number where an envelope belongs', 's5'],
  ['an empty envelope', 's{}'],
  ['an envelope with more', 's{"json":1,"more":1}'],
  ['own __proto__', 'j{"__proto__":{"admin":true}}'],
  ['own __proto__, escaped', 'j{"\\u005f_proto__":{"admin":true}}'],
  ['constructor.prototype', 'j[{"a":{"constructor":{"prototype":{"admin":true}}}}]'],
  ['own constructor in rich data', 's{"json":{"constructor":null},"meta":["undefined"]}'],
  ['__proto__ as a pair', rich([['__proto__', { admin: true }]], [['custom', 'pairs']])],
  [
    'constructor.prototype as pairs',
    rich(
      [['constructor', [['prototype', 1]]]],
      [['custom', 'pairs'], { '0.1': [['custom', 'pairs']] }],
    ),
  ],
  ['pairs that are none', rich([['a']], [['custom', 'pairs']])],
  ['own prototype in rich data', 's{"json":{"prototype":null},"meta":["undefined"]}'],
  ['own __proto__ in annotations', 's{"json":{},"meta":{"__proto__":["undefined"]}}'],
  ['a path to __proto__', rich({}, { 'a.__proto__': ['undefined'] })],
  ['16 GB in 60 bytes', rich(2e9, [['typed-array', 'Float64Array']])],
  ['16 GB in our own form', rich(2e9, [['custom', 'bytes']])],
  ['bytes of no known kind', rich('constructor:AAAA', [['custom', 'bytes']])],
  ['bytes that are no base64', rich('Uint8Array:A*AA', [['custom', 'bytes']])],
  ['bytes beyond ASCII', rich('Uint8Array:\u4e00AAA', [['custom', 'bytes']])],
  ['bytes that do not fill elements', rich('Int32Array:AAAA', [['custom', 'bytes']])],
  ['a regular expression', rich('/(a+)+$/', ['regexp'])],
  ['an error', rich({ name: 'x', message: 'y' }, ['Error'])],
  ['a class', rich({}, [['class', 'Account']])],
  ['a symbol', rich('x', [['symbol', 'x']])],
  ['another custom', rich('x', [['custom', 'constructor']])],
  ['a kind that is no text', rich('x', [['custom', { toString: 1, valueOf: 2 }]])],
  ['kind constructor', rich('x', ['constructor'])],
  ['an empty annotation', rich('x', [])],
  ['an annotation that is no table', rich('x', 'Date')],
  ['a number of 400,000 digits', rich('9'.repeat(400_000), ['bigint'])],
  ['a bigint that is none', rich('0x10', ['bigint'])],
  ['a date that is none', rich('yesterday', ['Date'])],
  ['a date that is a number', rich(5, ['Date'])],
  ['a URL that is none', rich('::', ['URL'])],
  ['a map of no pairs', rich([[1, 2, 3]], ['map'])],
  ['a map of a number', rich(5, ['map'])],
  ['a set of a text', rich('abc', ['set'])],
  ['an undefined with content', rich({ a: 1 }, ['undefined'])],
  ['a path to nowhere', rich({ a: 1 }, { b: ['undefined'] })],
  ['a path to the length', rich([1], { length: ['undefined'] })],
  ['a path into a Set', rich({ s: [[1]] }, { s: ['set'], 's.0': ['set'] })],
  ['a path into text', rich({ a: 'text' }, { 'a.0': ['undefined'] })],
  ['a badly escaped path', rich({ a: 1 }, { '\\a': ['undefined'] })],
  ['depth', `j${tower(5_000)}`],
  ['depth that overflows', `j${tower(1_000_000)}`],
  [
    'deep annotations',
    rich(1, JSON.parse(`${'["set",{"0":'.repeat(500)}["set"]${'}]'.repeat(500)}`)),
  ],
];

for (const [name, text] of ATTACKS) {
  test(name, () => assert.ok(isRefused(text), `was accepted: ${text.slice(0, 60)}`));
}

test('referential equalities (DAG bombs, cycles) are no part of the format', () => {
  const equal = { json: { a: {}, b: null }, meta: { referentialEqualities: { a: ['b'] } } };
  assert.ok(isRefused(`s${JSON.stringify(equal)}`));
});

test('budgets hold: text, parts, annotations', () => {
  const throwsAt = (text: string, budget: object): void =>
    assert.throws(() => decodeValue(text, { ...VALUE_BUDGET, ...budget }), /malformed/);
  throwsAt('j"12345"', { textLengthMax: 7 });
  throwsAt('j[1,2,3]', { nodesMax: 3 });
  throwsAt(encodeValue([1n, 2n, 3n]), { annotationsMax: 2 });
});

test('a mutated text is decoded or refused with PROTOCOL, and nothing global changes', () => {
  const property = fc.property(
    richValue,
    fc.nat(),
    fc.string({ maxLength: 3 }),
    (value, at, text) => {
      const encoded = encodeValue(value);
      const place = 1 + (at % encoded.length);
      isRefused(encoded.slice(0, place) + text + encoded.slice(place + text.length));
    },
  );
  check(property, 3000);
  assert.is(Object.keys(Object.prototype).length, 0);
});

test.run();
