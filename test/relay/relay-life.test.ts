/** A relay's plain life: both methods, a veto below, catching up, and moving between parents. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError, Veto } from '../../lib/errors.js';
import { document } from '../../lib/layers/document/document.js';
import { killAt, RelayCluster } from '../support/relay-cluster.js';
import { setter } from '../support/service-changes.js';
import { ServiceDisk } from '../support/service-disk.js';
import type { Tree } from '../support/service-rules.js';

const test = suite('relay: a plain life');

const TWO_PHASE = { method: 'two-phase', ack: 'applied' } as const;

for (const hasDisk of [false, true]) {
  const kind = hasDisk ? 'with disks' : 'in memory';
  test(`claims 10-20 through a relay ${kind}: join, one-phase, two-phase`, async () => {
    const cluster = new RelayCluster();
    const disk = () => (hasDisk ? { disk: new ServiceDisk() } : {});
    const master = cluster.master(disk());
    const relay = cluster.relay('r1', disk());
    const leaves = ['s1', 's2', 's3'].map((id) => cluster.slave(id, { ...disk(), to: 'r1' }));
    await cluster.start(master, relay, ...leaves);
    await cluster.converge(master, leaves);
    await cluster.finish(master.node.data.update(setter('a')));
    await cluster.converge(master, leaves);
    const task = master.node.data.update(setter('b', 2), TWO_PHASE);
    const { participants, unconfirmed } = await cluster.finish(task);
    assert.equal(participants, ['r1'], 'the master knows the relay alone');
    assert.equal(unconfirmed, []);
    for (const { node } of leaves) assert.equal(node.data.get(), { a: 1, b: 2 }, node.id);
    await cluster.converge(master, leaves);
    assert.equal(relay.troubles, []);
    assert.equal(relay.node.status.below.slaves, 3);
    await cluster.until('all rows are current', () => relay.node.status.below.worst === null);
    await cluster.stop(...leaves, relay, master);
    assert.equal(cluster.clock.pending, [], 'nothing is left behind');
  });
}

test('S2: a veto at one leaf aborts the change everywhere, and names the leaf', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const relays = [cluster.relay('r1'), cluster.relay('r2')];
  const strict = document<Tree>(
    {},
    {
      prepare: (next) => {
        if ((next as Tree).bad !== undefined) throw new Veto('no room for that');
      },
    },
  );
  const vetoer = cluster.slave('strict', { to: 'r2', data: strict });
  const leaves = [...cluster.leaves('r1', 3), ...cluster.leaves('r2', 2), vetoer];
  await cluster.start(master, ...relays, ...leaves);
  await cluster.converge(master, leaves);
  const task = master.node.data.update(setter('bad'), { method: 'two-phase' });
  const error = await cluster.failure(task);
  assert.instance(error, ReplicationError);
  assert.is((error as ReplicationError).code, 'ABORTED');
  assert.match(String(task.status.slaves.r2?.reason), /strict: no room for that/);
  cluster.rules.aborted('bad');
  await cluster.finish(master.node.data.update(setter('good'), TWO_PHASE));
  await cluster.converge(master, leaves);
  for (const { node } of leaves) assert.equal(node.data.get(), { good: 1 }, node.id);
});

test('claims 32, 40: a leaf that was away gets the increments it lacks, in one go', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const relay = cluster.relay('r1');
  const disk = new ServiceDisk();
  const first = cluster.slave('s1', { to: 'r1', disk });
  await cluster.start(master, relay, first);
  await cluster.converge(master, [first]);
  await cluster.stop(first);
  for (let index = 0; index < 200; index += 1) {
    await cluster.finish(master.node.data.update(setter(`k${index}`)));
  }
  await cluster.finish(relay.node.current());
  const sent = { snapshot: 0, request: 0 };
  const back = cluster.slave('s1', { to: 'r1', disk });
  back.node.on('progress', ({ kind }) => {
    if (kind === 'snapshot') sent.snapshot += 1;
  });
  const unspy = relay.down.onReceive;
  relay.down.onReceive = (...args) => {
    sent.request += 1;
    unspy(...args);
  };
  await cluster.start(back);
  await cluster.converge(master, [back], 1_000);
  assert.is(sent.snapshot, 0, 'no whole state');
  assert.ok(sent.request < 20, `${sent.request} batches of frames came up`);
  assert.is(Object.keys(back.node.data.get() ?? {}).length, 200);
});

test('a leaf moves between relays and the master without a whole state', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const relays = [cluster.relay('r1'), cluster.relay('r2')];
  const disk = new ServiceDisk();
  await cluster.start(master, ...relays);
  let snapshots = 0;
  for (const [index, to] of ['r1', 'master', 'r2', 'r1', 'master'].entries()) {
    const leaf = cluster.slave('wanderer', { to, disk });
    leaf.node.on('progress', ({ kind }) => {
      if (kind === 'snapshot' && index > 0) snapshots += 1;
    });
    await cluster.start(leaf);
    await cluster.converge(master, [leaf]);
    await cluster.finish(master.node.data.update(setter(`one${index}`)));
    await cluster.finish(master.node.data.update(setter(`two${index}`), TWO_PHASE));
    await cluster.converge(master, [leaf]);
    await cluster.stop(leaf);
    await cluster.finish(master.node.data.update(setter(`away${index}`)));
  }
  assert.is(snapshots, 0);
});

test('relays of relays: depth three, all or nothing, and the leaf is named at the top', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const top = cluster.relay('top', { voteTimeout: 1500 });
  const middle = cluster.relay('middle', { to: 'top', voteTimeout: 1200 });
  const bottom = cluster.relay('bottom', { to: 'middle', voteTimeout: 900 });
  const leaves = [...cluster.leaves('bottom', 2), ...cluster.leaves('middle', 1)];
  await cluster.start(master, top, middle, bottom, ...leaves);
  await cluster.converge(master, leaves);
  await cluster.finish(master.node.data.update(setter('a')));
  await cluster.finish(master.node.data.update(setter('b'), TWO_PHASE));
  await cluster.converge(master, leaves);
  const [lost] = leaves;
  if (lost !== undefined) killAt(lost, 'prepare');
  const error = await cluster.failure(
    master.node.data.update(setter('c'), { method: 'two-phase' }),
  );
  cluster.rules.aborted('c');
  assert.match(String((error as Error).message), /bottom-s1/);
  await cluster.converge(master, leaves.slice(1));
});

test.run();
