/** Changes of a context by path lead from the old one to the new one, whatever its keys are. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { changedPaths, keysOf, withChanges } from '../../lib/inspector/context-paths.js';

const test = suite('paths of a context');

test('only what changed is told, at most two keys deep', () => {
  const held: readonly string[] = [];
  const before = { facts: { position: { version: 1 }, held, id: 's1' }, other: 1 };
  const after = { facts: { ...before.facts, position: { version: 2 } }, other: 1 };
  assert.equal(changedPaths(before, after), { 'facts.position': { version: 2 } });
  assert.is(changedPaths(before, { ...before }), undefined);
  assert.equal(withChanges(before, changedPaths(before, after) ?? {}), after);
  assert.is(before.facts.position.version, 1);
});

test('odd keys, keys that come and go, and contexts that are no objects', () => {
  const cases: ReadonlyArray<readonly [unknown, unknown]> = [
    [
      { 'a.b': 1, a: { b: 1 } },
      { 'a.b': 2, a: { b: 3 } },
    ],
    [{ '': { '': 1 } }, { '': { '': 2 } }],
    [{ 'a\\': { '.\\.': 1 } }, { 'a\\': { '.\\.': 2 } }],
    [JSON.parse('{"__proto__":{"x":1}}'), JSON.parse('{"__proto__":{"x":2}}')],
    [{ gone: 1, kept: { gone: 1 } }, { kept: { come: 2 } }],
    [{ list: [1] }, { list: [2] }],
    [5, { a: 1 }],
    [{ a: 1 }, null],
    [{ a: { b: 1 } }, { a: 7 }],
  ];
  for (const [before, after] of cases) {
    const changed = changedPaths(before, after);
    assert.ok(changed);
    assert.equal(withChanges(before, changed), after);
    for (const path of Object.keys(changed)) assert.ok(keysOf(path).length <= 2);
  }
});

test.run();
