/** What a durable two-phase round writes, and what a crash between two of them leaves (P9, P20). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { document } from '../../lib/layers/document/document.js';
import { History } from '../../lib/service/history.js';
import { MasterStorage } from '../../lib/service/master-storage.js';
import { openItemStorage } from '../../lib/stores/open-item-storage.js';
import { setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';
import { type DiskBatch, ServiceDisk } from '../support/service-disk.js';
import type { Tree } from '../support/service-rules.js';

const test = suite('service: writes of a round');

const APPLIED = { ...TWO_PHASE, ack: 'applied' } as const;

async function scene() {
  const cluster = new ServiceCluster();
  const disks = { master: new ServiceDisk(), slave: new ServiceDisk() };
  const master = cluster.master({ disk: disks.master, heartbeat: 300 });
  const slave = cluster.slave('s1', { disk: disks.slave, silence: 900 });
  await cluster.start(master, slave);
  const change = (key: string) =>
    cluster.finish(master.node.data.update(setter(key), APPLIED).then(() => key));
  await change('base');
  await cluster.clock.pass(3_000);
  return { cluster, disks, master, slave, change };
}

function recorded(disk: ServiceDisk): DiskBatch[] {
  const batches: DiskBatch[] = [];
  disk.after = (batch) => void batches.push(batch);
  return batches;
}

const named = (batch: DiskBatch, part: string) => batch.keys.some((key) => key.includes(part));

test('P9: a round costs the master a synced decision, and an unsynced commit', async () => {
  const { disks, change } = await scene();
  const batches = recorded(disks.master);
  for (const key of ['a', 'b', 'c']) await change(key);
  assert.equal(
    batches.map((batch) => [named(batch, '/r/position'), batch.sync]),
    [false, true, false, true, false, true].map((isCommit) => [isCommit, !isCommit]),
  );
});

test('P4, P8: a round costs a slave two synced writes, its promise and its commit', async () => {
  const { disks, change } = await scene();
  const batches = recorded(disks.slave);
  for (const key of ['a', 'b', 'c']) await change(key);
  assert.equal(
    batches.map((batch) => [named(batch, '/r/position'), batch.sync]),
    [false, true, false, true, false, true].map((isCommit) => [isCommit, true]),
  );
});

test('P9: what was acknowledged is there after a crash before the next write', async () => {
  for (const kind of ['process', 'power'] as const) {
    const { cluster, disks, master, slave, change } = await scene();
    await change('kept');
    master.kill(kind);
    const again = cluster.master({ disk: disks.master });
    await cluster.start(again);
    assert.is(again.node.data.get().kept, 1);
    await cluster.converge(again, [slave]);
  }
});

test('S7: a killed master shows on its return no version before the last one it showed', async () => {
  const { cluster, disks, master, change } = await scene();
  await change('shown');
  const version = Number(master.node.position?.version);
  master.kill('process');
  const again = cluster.master({ disk: disks.master });
  const shown: unknown[] = [];
  again.node.data.subscribe(() => shown.push(again.node.data.get().shown));
  const started = cluster.start(again);
  await cluster.until('it shows something', () => again.node.position !== null);
  assert.is(again.node.position?.version, version);
  await started;
  assert.ok(
    shown.every((value) => value === 1),
    JSON.stringify(shown),
  );
});

/** A tree whose master keeps it elsewhere, and writes nothing into the store of the item. */
function keptElsewhere() {
  const definition = document<Tree>({});
  return {
    ...definition,
    createMasterLayer: () => {
      const layer = definition.createMasterLayer();
      const commit = layer.commit.bind(layer);
      layer.commit = (delta, next, context) =>
        commit(delta, next, { ...context, write: () => undefined });
      return layer;
    },
  };
}

test('P4, P16: a layer with a store of its own is never ahead of a record that waits', async () => {
  const cluster = new ServiceCluster();
  const disk = new ServiceDisk();
  const master = cluster.master({ disk, data: keptElsewhere() });
  await cluster.start(master);
  const batches = recorded(disk);
  await cluster.finish(master.node.data.update(setter('a'), TWO_PHASE).then(() => 'done'));
  await cluster.clock.pass(10);
  const version = master.node.position?.version;
  assert.ok(
    batches.some((batch) => named(batch, `/r/history/${version}`)),
    `version ${version}`,
  );
});

test('P4: what a layer reads of its store has what it was told is there', async () => {
  const store = await new ServiceDisk().open();
  const storage = await openItemStorage(store, { role: 'master', item: 'item' });
  const kept = new MasterStorage(storage, (error) => assert.unreachable(String(error)));
  const next = { lineage: 'l', epoch: { term: 0, start: 0 }, version: 2, digest: 'd' };
  const { write } = kept.commitContext(next, 'disk', true, new History(10));
  await write([{ key: 'a', value: new Uint8Array([1]) }]);
  const found: string[] = [];
  for await (const entries of kept.layerStorage()?.entries() ?? []) {
    found.push(...entries.map(([key]) => key));
  }
  assert.equal(found, ['a']);
});

test('P20: an orderly end leaves nothing to be redone, and no decision all confirmed', async () => {
  const { cluster, disks, master, change } = await scene();
  await change('a');
  await cluster.clock.pass(3_000);
  const batches = recorded(disks.master);
  await cluster.stop(master);
  assert.ok(batches.length <= 1);
  assert.not.ok(disks.master.keys().some((key) => key.includes('/r/decision/')));
});

test('P9, P22: a decided change that a failed store never wrote outlives its lineage', async () => {
  const { cluster, disks, master, change } = await scene();
  await change('kept');
  disks.master.before = () => {
    throw new ReplicationError('STORE_FAILED', 'the disk is gone');
  };
  const told = await cluster.finish(
    master.node.data.update(setter('lost'), TWO_PHASE).then(
      () => 'committed',
      (error: ReplicationError) => error.code,
    ),
  );
  assert.is(told, 'OUTCOME_UNKNOWN');
  disks.master.before = () => {};
  await cluster.finish(master.node.resolveRegressed('new-lineage').then(() => 'done'));
  assert.is(master.node.data.get().kept, 1);
  assert.not.ok(disks.master.keys().some((key) => key.includes('/r/decision/')));
});

test.run();
