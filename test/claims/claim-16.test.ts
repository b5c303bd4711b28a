import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { applyDelta, type DocumentDelta } from '../../lib/layers/document/delta.js';
import { first } from '../support/claims-journal.js';
import {
  INITIAL,
  type Settings,
  type SettingsCluster,
  setTheme,
  WIRE_BUDGET,
  withSettings,
} from '../support/claims-settings.js';

const test = suite('claim 16');

/** Every version of this test shows its own number. */
function stateAt(version: number): Settings {
  return { ...INITIAL, theme: `theme ${version}` };
}

async function change(cluster: SettingsCluster): Promise<void> {
  const version = cluster.version + 1;
  assert.is((await setTheme(cluster, `theme ${version}`)).version, version);
}

/** Makes `count` changes of which these slaves hear nothing. */
async function passBy(cluster: SettingsCluster, ids: readonly string[], count: number) {
  for (const id of ids) cluster.member(id).tap.block('drop', 'announce');
  for (let index = 0; index < count; index += 1) await change(cluster);
  await Promise.all(ids.map((id) => cluster.lost(id)));
}

/** The next word that reaches it makes it ask: for one delta, from where it is to the present. */
async function catchUp(cluster: SettingsCluster, id: string): Promise<number[]> {
  const { journal } = cluster;
  const { slave, tap } = cluster.member(id);
  const from = slave.position?.version ?? 0;
  journal.clear();
  tap.release();
  await change(cluster);
  await cluster.reached(id);
  assert.equal(slave.data.get(), stateAt(cluster.version));
  const { message } = first(journal.received(id, 'delta'), `delta for ${id}`);
  assert.equal([message.from.version, message.to.version], [from, cluster.version]);
  const made = first(journal.calls('master', 'createDelta'), 'delta of the user layer');
  assert.equal(made.args, [from, cluster.version]);
  assert.equal(journal.sent('master', 'snapshot'), []);
  return [from, cluster.version];
}

test('claim 16: a packet with a delta between arbitrary states', () =>
  withSettings(
    async (cluster) => {
      const start = cluster.version;
      await passBy(cluster, ['a', 'b', 'c'], 2);
      assert.equal(await catchUp(cluster, 'a'), [start, start + 3]);
      await passBy(cluster, ['a', 'b', 'c'], 3);
      assert.equal(await catchUp(cluster, 'b'), [start, start + 7]);
      await passBy(cluster, ['b'], 1);
      // Not from the first state, not between neighbours: from wherever a slave happens to be.
      assert.equal(await catchUp(cluster, 'a'), [start + 3, start + 9]);
      assert.equal(await catchUp(cluster, 'c'), [start, start + 10]);

      // The user layer makes them between any two states, backwards as well.
      for (const [from, to] of [[start + 2, start + 5] as const, [start + 9, start + 1] as const]) {
        const delta = (await cluster.masterLayer.createDelta(from, to)) as DocumentDelta;
        assert.equal(applyDelta(stateAt(from), delta, WIRE_BUDGET), stateAt(to));
      }
    },
    { slaves: ['a', 'b', 'c'] },
  ));

test.run();
