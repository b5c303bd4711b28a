import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { first } from '../support/claims-journal.js';
import {
  HEARTBEAT,
  type SettingsCluster,
  setTheme,
  withSettings,
} from '../support/claims-settings.js';

const test = suite('claim 16');

/** Makes `count` changes of which this slave hears nothing. */
async function passBy(cluster: SettingsCluster, ids: readonly string[], count: number) {
  for (const id of ids) cluster.member(id).tap.block('drop', 'announce');
  for (let index = 0; index < count; index += 1) {
    await setTheme(cluster, `${cluster.version}`);
  }
  await Promise.all(ids.map((id) => cluster.lost(id)));
}

async function catchUp(cluster: SettingsCluster, id: string): Promise<number[]> {
  const { slave, tap } = cluster.member(id);
  cluster.journal.clear();
  tap.release();
  await cluster.reached(id);
  assert.equal(slave.data.get(), cluster.master.data.get());
  const { from, to } = first(cluster.journal.received(id, 'delta'), `delta for ${id}`).message;
  assert.is(from.version, (slave.position?.version ?? 0) - (to.version - from.version));
  assert.equal(first(cluster.journal.calls('master', 'createDelta'), 'made for it').args, [
    from.version,
    to.version,
  ]);
  return [from.version, to.version];
}

test('claim 16: a packet with a delta between arbitrary states', () =>
  withSettings(
    async (cluster) => {
      const start = cluster.version;
      await passBy(cluster, ['a', 'b', 'c'], 2);
      assert.equal(await catchUp(cluster, 'a'), [start, start + 2]);
      await passBy(cluster, ['a', 'b', 'c'], 3);
      assert.equal(await catchUp(cluster, 'b'), [start, start + 5]);
      await passBy(cluster, ['b'], 1);
      // Not from the first state, not between neighbours: from wherever a slave happens to be.
      assert.equal(await catchUp(cluster, 'a'), [start + 2, start + 6]);
      assert.equal(await catchUp(cluster, 'c'), [start, start + 6]);

      // The user layer makes them between any two states, backwards as well.
      const layer = cluster.masterLayer;
      const there = await layer.createDelta(start + 1, start + 4);
      const back = await layer.createDelta(start + 4, start + 1);
      assert.is(typeof there, 'object');
      assert.is(typeof back, 'object');
      assert.equal(cluster.journal.sent('master', 'snapshot'), []);
    },
    { slaves: ['a', 'b', 'c'], ...HEARTBEAT },
  ));

test.run();
