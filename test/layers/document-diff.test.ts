import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeValue, encodeValue } from '../../lib/codec/values.js';
import { ReplicationError } from '../../lib/errors.js';
import { diff } from '../../lib/layers/document/diff.js';
import { patch } from '../../lib/layers/document/patch.js';
import type { PatchNode } from '../../lib/layers/document/patch-node.js';
import { deepFreeze } from '../../lib/layers/freeze.js';
import { check, difference, richValue } from '../support/layer-values.js';

const test = suite('document: diff and patch');

/** As it goes over the wire: nothing may hang on references. */
function travelled(node: PatchNode | undefined): unknown {
  return node === undefined ? ['k'] : decodeValue(encodeValue(node));
}

function assertExact(old: unknown, next: unknown): void {
  const before = encodeValue(old);
  const node = diff(old, next);
  const result = patch(old, travelled(node));
  assert.is(difference(result, next), null);
  assert.is(encodeValue(result), encodeValue(next));
  assert.is(encodeValue(old), before);
}

/** A variation of a tree that shares what it did not change, as drafts leave it. */
function vary(value: unknown, random: () => number, fresh: unknown): unknown {
  if (random() < 0.15) return fresh;
  if (Array.isArray(value)) {
    const list: unknown[] = value.flatMap((member) => {
      const dice = random();
      if (dice < 0.15) return [];
      if (dice < 0.3) return [fresh, member];
      return [dice < 0.6 ? vary(member, random, fresh) : member];
    });
    return random() < 0.2 ? list.reverse() : list;
  }
  if (value instanceof Map) {
    const entries = vary([...value], random, [fresh, 1]);
    return Array.isArray(entries)
      ? new Map(entries.filter((pair) => Array.isArray(pair)) as Array<[unknown, unknown]>)
      : fresh;
  }
  if (value instanceof Set) {
    const members = vary([...value], random, fresh);
    return Array.isArray(members) ? new Set(members) : fresh;
  }
  if (
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) === Object.prototype
  ) {
    const entries = Object.entries(value).flatMap(([key, member]): Array<[string, unknown]> => {
      const dice = random();
      if (dice < 0.15) return [];
      return [[key, dice < 0.5 ? vary(member, random, fresh) : member]];
    });
    if (random() < 0.3) entries.reverse();
    if (random() < 0.4) entries.splice(Math.floor(random() * 3), 0, ['added', fresh]);
    if (random() < 0.2) entries.push(['7', fresh]);
    return Object.fromEntries(entries);
  }
  return value;
}

test('patch(old, diff(old, next)) is next to the byte, for any two values', () => {
  check(
    fc.property(richValue, richValue, (old, next) => assertExact(old, next)),
    2000,
  );
});

test('the same for trees that share most of their parts, forwards and backwards', () => {
  const dice = fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true }));
  const property = fc.property(richValue, richValue, dice, (old, fresh, stream) => {
    const random = (): number => stream.next().value;
    const next = vary(old, random, fresh);
    assertExact(old, next);
    assertExact(next, old);
  });
  check(property, 1500);
});

test('shared subtrees are never entered', () => {
  const trap = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('it was entered');
      },
    },
  );
  const node = diff({ big: trap, n: 1, list: [trap, 1] }, { big: trap, n: 2, list: [trap, 2] });
  assert.equal(node, [
    'o',
    [],
    [
      ['n', ['=', 2]],
      ['list', ['a', [[1, ['=', 2]]], []]],
    ],
    [],
  ]);
});

const CASES: ReadonlyArray<readonly [name: string, old: unknown, next: unknown, node: unknown]> = [
  ['equal trees', { a: [1, { b: new Date(3) }] }, { a: [1, { b: new Date(3) }] }, undefined],
  ['-0 is not 0', [0], [-0], ['a', [[0, ['=', -0]]], []]],
  ['NaN is NaN', [Number.NaN], [Number.NaN], undefined],
  ['undefined is not missing', {}, { a: undefined }, ['o', [], [], [['a', ['=', undefined]]]]],
  ['missing is not undefined', { a: undefined }, {}, ['o', ['a'], [], []]],
  ['a moved key keeps its value', { a: 1, b: 2 }, { b: 2, a: 1 }, ['o', [], [], [['a', ['k']]]]],
  [
    'an index key moves nothing',
    { 1: 1, 3: 3, z: 0 },
    { 1: 1, 2: 2, 3: 3, z: 0 },
    ['o', [], [], [['2', ['=', 2]]]],
  ],
  ['an insertion in the middle', ['a', 'b'], ['a', 'x', 'b'], ['a', [], [[1, 0, ['x']]]]],
  [
    'order of keys within a list',
    [{ a: 1, b: 2 }],
    [{ b: 2, a: 1 }],
    ['a', [[0, ['o', [], [], [['a', ['k']]]]]], []],
  ],
  [
    'a queue',
    ['a', 'b', 'c'],
    ['b', 'c', 'd'],
    [
      'a',
      [],
      [
        [0, 1, []],
        [3, 0, ['d']],
      ],
    ],
  ],
  [
    'a Map entry',
    new Map([
      ['a', 1],
      ['b', 2],
    ]),
    new Map([
      ['a', 1],
      ['b', 3],
    ]),
    ['m', [], [[1, ['=', 3]]], []],
  ],
  ['a Set member', new Set(['a', 'b']), new Set(['b', 'c']), ['s', [0], [['c']]]],
];

for (const [name, old, next, node] of CASES) {
  test(name, () => {
    assert.is(difference(diff(old, next), node), null);
    assertExact(old, next);
  });
}

test('the difference is small where the change is', () => {
  const list = Array.from({ length: 10_000 }, (_, id) => ({ id, name: `name ${id}` }));
  const next = list.filter(({ id }) => id % 1000 !== 7);
  next[50] = { id: 50, name: 'changed' };
  assertExact(list, next);
  assert.ok(encodeValue(diff(list, next)).length < 400);
  // Without a shared reference, as a file read anew: one insertion costs one element.
  const copy = structuredClone(list);
  copy.splice(5000, 0, { id: -1, name: 'new' });
  assertExact(list, copy);
  assert.ok(encodeValue(diff(list, copy)).length < 100);
});

test('a node that does not fit is refused with PROTOCOL, and the old tree stays as it was', () => {
  const old = deepFreeze({ list: [1, 2], map: new Map([[1, 1]]), set: new Set([1]), text: 'x' });
  const hostile: unknown[] = [
    null,
    5,
    [],
    ['x'],
    ['='],
    ['o'],
    ['o', ['none'], [], []],
    ['o', [], [['none', ['=', 1]]], []],
    ['o', [], [], [['__proto__', ['=', { polluted: true }]]]],
    ['o', [], [['list', ['o', [], [], []]]], []],
    ['o', ['text'], [['text', ['=', 1]]], []],
    ['o', [5], [], []],
    ['a', [], []],
    ['m', [], [], []],
    ...[
      ['a', [[2, ['=', 1]]], []],
      ['a', [], [[3, 0, []]]],
      ['a', [], [[0, 3, []]]],
      [
        'a',
        [],
        [
          [1, 0, []],
          [0, 0, []],
        ],
      ],
      ['a', [], [[-1, 0, []]]],
      ['a', [], [[0, 0, 'text']]],
      ['a', [[0.5, ['=', 1]]], []],
    ].map((node) => ['o', [], [['list', node]], []]),
    ...[
      ['m', [1], [], []],
      ['m', [], [[1, ['=', 1]]], []],
      ['m', [], [], [[[1], ['=', 1]]]],
    ].map((node) => ['o', [], [['map', node]], []]),
    ...[
      ['s', [1], []],
      ['s', [], [1]],
    ].map((node) => ['o', [], [['set', node]], []]),
  ];
  for (const node of hostile) {
    try {
      patch(old, node);
      assert.unreachable(`accepted ${JSON.stringify(node)}`);
    } catch (error) {
      assert.instance(error, ReplicationError, `${JSON.stringify(node)}: ${String(error)}`);
      assert.is((error as ReplicationError).code, 'PROTOCOL', JSON.stringify(node));
    }
  }
  let deep: unknown = ['k'];
  for (let level = 0; level < 10_000; level += 1) deep = ['o', [], [['text', deep]], []];
  assert.throws(() => patch(old, deep), /does not fit/);
  assert.is(Object.hasOwn(Object.prototype, 'polluted'), false);
  assert.equal(old, { list: [1, 2], map: new Map([[1, 1]]), set: new Set([1]), text: 'x' });
});

test('what nothing can carry is refused where it enters, by its path', () => {
  assert.throws(
    () => diff({ a: {} }, { a: { [Symbol('s')]: 1 } }),
    /value\.a: a key that is a symbol/,
  );
  const withHole = [1, 2, 3];
  delete withHole[1];
  assert.throws(() => diff({ a: [1] }, { a: withHole }), /value\.a: the array has holes/);
  assert.throws(
    () => diff({ a: {} }, { a: { constructor: { prototype: 1 } } }),
    /value\.a\.constructor: this key/,
  );
});

test.run();
