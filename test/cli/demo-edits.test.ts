/** The demo's changes fit any JSON document, and the comparison finds any difference. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compareCopies, type NodeCopy } from '../../lib/cli/demo/compare.js';
import {
  changedWhole,
  changeLeaf,
  countLeaves,
  editedLeaf,
  pickLeaves,
} from '../../lib/cli/demo/edits.js';
import { findNonJson } from '../../lib/cli/non-json.js';
import { withFolder } from '../support/cli-folder.js';

const test = suite('command: demo');

test('leaves are spread over the whole tree, and each is another one', () => {
  const tree = { a: Array.from({ length: 90 }, (_, index) => index), b: { c: 'x', d: null } };
  assert.is(countLeaves(tree), 92);
  const picked = pickLeaves(tree, 9);
  assert.is(picked.length, 9);
  assert.is(new Set(picked.map((path) => path.join('/'))).size, 9);
  assert.equal(picked[0], ['a', 0]);
  assert.equal(picked[8], ['a', 80]);
  assert.equal(pickLeaves({ only: 1 }, 5), [['only']]);
});

test('trees without leaves below the root are changed as a whole', () => {
  for (const tree of [{}, [], { a: {} }, 1, 'x', null]) {
    if (pickLeaves(tree, 3).length > 0) throw new Error('it has leaves');
    const changed = changedWhole(tree, (value) => editedLeaf(value, 1));
    assert.not.equal(changed, tree);
  }
});

test('an edit changes one leaf, keeps its type, and never says the same again', () => {
  const draft = { a: [{ b: 1 }, 'x'] };
  changeLeaf(draft, ['a', 0, 'b'], (value) => editedLeaf(value, 1));
  assert.equal(draft, { a: [{ b: 2 }, 'x'] });
  for (const value of [0, 'x', true, null]) {
    assert.is.not(editedLeaf(value, 1), value);
    assert.is.not(editedLeaf(value, 2), editedLeaf(editedLeaf(value, 1), 3));
  }
  assert.throws(() => changeLeaf(draft, [], () => 1));
});

test('the comparison is about bytes, version and digest, and needs a copy', async () => {
  await withFolder(async (folder) => {
    const node = async (
      name: string,
      text: string,
      version = 3,
      digest = 'd',
    ): Promise<NodeCopy> => {
      const path = join(folder, name);
      await writeFile(path, text);
      return { name, path, version, digest };
    };
    const master = await node('master', 'same');
    const good = await node('good', 'same');
    assert.is((await compareCopies(master, [good])).equal, true);
    assert.is((await compareCopies(master, [])).equal, false);
    for (const [copy, what] of [
      [await node('bytes', 'sama'), 'bytes'],
      [await node('version', 'same', 2), 'version'],
      [await node('digest', 'same', 3, 'e'), 'digest'],
    ] as const) {
      const { equal, table } = await compareCopies(master, [good, copy]);
      assert.is(equal, false, what);
      assert.match(table, new RegExp(`DIFFERENT: ${what}`));
      assert.match(table, /good .*equal, byte for byte/);
    }
  });
});

test('what a JSON file cannot hold is found with its path; shared parts are skipped', () => {
  assert.is(findNonJson({ a: [1, 'x', null, true, { b: -0 }] }, undefined), null);
  assert.match(findNonJson({ a: [new Date(0)] }, undefined) ?? '', /a Date at \$\.a\.0/);
  assert.match(findNonJson(new Map(), undefined) ?? '', /a Map at \$/);
  assert.match(findNonJson({ a: undefined }, undefined) ?? '', /type undefined at \$\.a/);
  assert.match(findNonJson([Number.NaN], undefined) ?? '', /NaN at \$\.0/);
  assert.match(findNonJson({ a: 1n }, undefined) ?? '', /bigint at \$\.a/);
  const shared = { deep: new Date(0) };
  assert.is(findNonJson({ shared }, { shared }), null);
  assert.match(findNonJson({ moved: shared }, { shared }) ?? '', /\$\.moved\.deep/);
});

test.run();
