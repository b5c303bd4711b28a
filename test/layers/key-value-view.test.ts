import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { textOf } from '../../lib/layers/key-value/cell.js';
import { CellTable } from '../../lib/layers/key-value/cells.js';
import { keyValue } from '../../lib/layers/key-value/key-value.js';
import { outcome } from '../support/layer-outcome.js';
import { LayerReplication } from '../support/layer-replication.js';
import { check } from '../support/layer-values.js';

const test = suite('keyValue: views are consistent while changes go on');

const KEYS = ['a', 'b', 'c', 'd', 'e'];

interface OpenView {
  readonly version: number;
  readonly model: ReadonlyMap<string, string>;
}

type Step =
  | { readonly act: 'put'; readonly key: string; readonly text: string | undefined }
  | { readonly act: 'open' | 'close' | 'expire' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constant('put' as const),
      key: fc.constantFrom(...KEYS),
      text: fc.option(fc.constantFrom('j1', 'j2', 'j3'), { nil: undefined }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constantFrom('open' as const, 'close' as const, 'expire' as const),
    }),
  },
);

function seen(table: CellTable, version: number): Array<[string, string | undefined]> {
  return [...table.cellsAt(version)].map((cell) => [cell.key, textOf(cell)]);
}

test('any number of views see what a copy of the map made then would hold, in its order', () => {
  const property = fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (steps, salt) => {
    const table = new CellTable();
    const model = new Map<string, string>();
    let views: OpenView[] = [];
    let version = 0;
    for (const each of steps) {
      if (each.act === 'put') {
        version += 1;
        model.delete(each.key);
        if (each.text !== undefined) model.set(each.key, each.text);
        table.put(each.key, each.text, version, 0);
      } else if (each.act === 'expire') table.drop(table.expired(1));
      else if (each.act === 'open') {
        table.openView(version);
        views.push({ version, model: new Map(model) });
      } else {
        const closed = views[salt % Math.max(1, views.length)];
        if (closed !== undefined) table.closeView(closed.version);
        views = views.filter((view) => view !== closed);
      }
      assert.is(table.size, model.size);
      assert.equal(seen(table, Number.POSITIVE_INFINITY), [...model]);
      for (const view of views) {
        assert.equal(seen(table, view.version), [...view.model]);
        for (const key of KEYS) {
          assert.is(table.cellAt(key, view.version)?.text, view.model.get(key));
        }
      }
    }
    for (const view of views) table.closeView(view.version);
    assert.is(table.ghosts, 0);
    assert.equal(seen(table, Number.POSITIVE_INFINITY), [...model]);
    const changed = [...table.changedSince(0)].filter(({ text }) => text !== undefined);
    assert.equal(
      changed.reverse().map(({ key, text }) => [key, text]),
      [...model],
    );
  });
  check(property, 1500);
});

test('a view that stays open keeps one value per key, however often the key changes', () => {
  const table = new CellTable();
  table.put('k', 'j0', 1, 0);
  table.openView(1);
  for (let version = 2; version < 1000; version += 1) table.put('k', `j${version}`, version, 0);
  assert.is(table.ghosts, 1);
  assert.is(table.cellAt('k', 1)?.text, 'j0');
  table.closeView(1);
  assert.is(table.ghosts, 0);
});

test('a cell lets go of what only closed views needed, whichever closes first', () => {
  const table = new CellTable();
  for (const version of [1, 2, 3]) {
    table.put('k', `j${version}`, version, 0);
    if (version < 3) table.openView(version);
  }
  assert.is(table.cell('k')?.older?.version, 2);
  table.closeView(2);
  assert.is(table.cell('k')?.older?.version, 1);
  assert.is(table.cellAt('k', 1)?.text, 'j1');
  table.closeView(1);
  assert.is(table.cell('k')?.older, undefined);
});

test('a deletion is not forgotten while a view still sees the key', () => {
  const table = new CellTable();
  table.put('gone before', undefined, 1, 0);
  table.put('a', 'j1', 2, 0);
  table.put('b', 'j1', 2, 1);
  table.openView(2);
  table.put('a', undefined, 3, 0);
  table.put('b', undefined, 4, 0);
  for (let count = 0; count < 2; count += 1) {
    table.drop(table.expired(1));
    assert.is(table.tombstones, 2);
    assert.is(table.floor, 1);
    assert.is(table.cellAt('a', 2)?.text, 'j1');
  }
  table.closeView(2);
  table.drop(table.expired(1));
  assert.is(table.tombstones, 0);
  assert.is(table.floor, 4);
});

test('deleting and setting a key for ever keeps one tombstone', () => {
  const table = new CellTable();
  for (let version = 1; version < 10_000; version += 1) {
    table.put('k', version % 2 === 0 ? undefined : 'j1', version, 0);
  }
  assert.is(table.tombstones, 0);
  assert.is(table.size, 1);
});

test('iterating while every visited key is set again ends, with the values of its beginning', async () => {
  const replication = await new LayerReplication(keyValue<number>()).start();
  const { master } = replication;
  for (let index = 0; index < 10; index += 1) master.set(`k${index}`, index);
  await replication.flush();
  const visited: number[] = [];
  for (const [key, value] of master.entries()) {
    visited.push(value);
    master.set(key, value + 100);
    master.set('new', 1);
    master.delete('k9');
    await replication.flush();
  }
  assert.equal(visited, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.is(master.size, 10);
});

test('a closed view says so, also to an iterator that is under way', async () => {
  const replication = await new LayerReplication(keyValue<number>()).start();
  const { master } = replication;
  master.batch([
    { op: 'set', key: 'a', value: 1 },
    { op: 'set', key: 'b', value: 2 },
  ]);
  await replication.flush();
  const view = master.view();
  assert.is(view.size, 2);
  assert.equal(view.position, master.position());
  const keys = view.keys();
  keys.next();
  view.close();
  view.close();
  assert.match(await outcome(() => keys.next()), /^NOT_RUNNING/);
  assert.match(await outcome(() => view.get('a')), /^NOT_RUNNING/);
});

test.run();
