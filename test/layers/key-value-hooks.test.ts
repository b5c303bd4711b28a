import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Veto } from '../../lib/errors.js';
import { textOf } from '../../lib/layers/key-value/cell.js';
import { CellTable } from '../../lib/layers/key-value/cells.js';
import { keyValue } from '../../lib/layers/key-value/key-value.js';
import { outcome } from '../support/layer-outcome.js';
import { LayerReplication } from '../support/layer-replication.js';

const test = suite('keyValue: the prepare hook, and what cells keep in memory');

test('prepare sees the changes beside the copy, once a round, and again where there was none', async () => {
  const calls: unknown[] = [];
  const definition = keyValue<number>({
    prepare(changes, current) {
      calls.push(changes.map((change) => [change.op, change.key, current.get(change.key)]));
      for (const change of changes) {
        if (change.op === 'set' && change.value < 0) throw new Veto(`${change.key} is negative`);
      }
    },
  });
  const replication = await new LayerReplication(definition).start();
  const copy = await replication.addCopy();
  await replication.sync(copy);
  calls.length = 0;
  replication.master.set('a', 1);
  await replication.flush([copy], true);
  replication.master.batch([
    { op: 'set', key: 'a', value: 2 },
    { op: 'set', key: 'b', value: 3 },
  ]);
  await replication.flush([copy]);
  assert.equal(calls, [
    [['set', 'a', undefined]],
    [
      ['set', 'a', 1],
      ['set', 'b', undefined],
    ],
  ]);
  const vetoed = replication.master.set('b', -1);
  await replication.flush([copy], true);
  assert.is(await outcome(() => vetoed), 'Veto: b is negative');
  replication.master.set('b', -1);
  assert.is(await outcome(() => replication.flush([copy])), 'Veto: b is negative');
  assert.equal(
    [...copy.layer.entries()],
    [
      ['a', 2],
      ['b', 3],
    ],
  );
});

test('an asynchronous hook that rejects is a veto as well', async () => {
  const definition = keyValue<number>({
    prepare: async () => {
      throw new Veto('not now');
    },
  });
  const replication = await new LayerReplication(definition).start();
  const slave = definition.createSlaveLayer();
  const next = { ...replication.position, version: 2 };
  replication.master.set('a', 1);
  const delta = await replication.buildNext();
  assert.is(await outcome(() => slave.prepare('r', delta, next)), 'Veto: not now');
  assert.is(slave.position(), null);
});

test('what outlives the last few megabytes of deltas is cut loose from their texts', () => {
  const table = new CellTable();
  const units = 1024 * 1024;
  const versions = 40;
  // One value in a megabyte of text, 40 times: slices would keep 40 MB alive for 2 KB.
  for (let version = 1; version <= versions; version += 1) {
    const text = Buffer.alloc(units, 97 + (version % 26)).toString('latin1');
    table.put(`key number ${version}`, text.slice(0, 50), version, 0);
    table.addSliced(version, units);
  }
  assert.is(table.size, versions);
  assert.ok(table.unsettled <= 9, `${table.unsettled} cells still hang on the texts of deltas`);
  const texts = [...table.cellsAt(versions)].map((cell) => textOf(cell)?.length);
  assert.ok(texts.every((length) => length === 50));
});

test.run();
