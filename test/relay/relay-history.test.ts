/** What a relay can prove of the master's history, and what it asks before it says anything. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeFrame } from '../../lib/wire/frame.js';
import { RelayCluster, type RelayLife } from '../support/relay-cluster.js';
import { setter, TWO_PHASE } from '../support/service-changes.js';
import type { SlaveLife } from '../support/service-cluster.js';
import { ServiceDisk } from '../support/service-disk.js';

const test = suite('relay: history');

/** Counts whole states that the master sends, each by its last part. */
function statesOf(wire: { onSend: (frame: Uint8Array, peers: never) => void }) {
  const seen = { count: 0 };
  wire.onSend = (frame) => {
    const message = decodeFrame(frame);
    if (message.kind === 'snapshot' && message.last) seen.count += 1;
  };
  return seen;
}

async function updates(
  cluster: RelayCluster,
  master: { node: SlaveOrMaster },
  from: number,
  to: number,
) {
  for (let index = from; index < to; index += 1) {
    await cluster.finish(master.node.data.update(setter(`key ${index}`, 'x'.repeat(50))));
  }
}
type SlaveOrMaster = ReturnType<RelayCluster['master']>['node'];

test('P3: past its log a relay asks for a whole state once, and only when one needs it', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master({ history: 5 });
  const relay = cluster.relay('r1', { logBytesMax: 1_000 });
  await cluster.start(master, relay);
  await cluster.finish(relay.node.current());
  const snapshots = statesOf(master.wire);
  await updates(cluster, master, 0, 60);
  await cluster.finish(relay.node.current());
  assert.is(snapshots.count, 0, 'nobody needed one');
  const leaves = cluster.leaves('r1', 5);
  await cluster.start(...leaves);
  await cluster.converge(master, leaves);
  assert.is(snapshots.count, 1, 'five newcomers, one state from above');
  await updates(cluster, master, 60, 65);
  await cluster.converge(master, leaves);
});

test('S7, P19: nobody is given a whole state that is older than what it showed', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master({ disk: new ServiceDisk() });
  const relay = cluster.relay('r1');
  const [leaf] = cluster.leaves('r1', 1) as [SlaveLife];
  await cluster.start(master, relay, leaf);
  await cluster.converge(master, [leaf]);
  await updates(cluster, master, 0, 20);
  await cluster.converge(master, [leaf]);
  const shown: number[] = [];
  leaf.node.data.subscribe(({ position }) => shown.push(position.version));
  leaf.node.resync();
  await cluster.until('a state came', () => shown.length > 0);
  await updates(cluster, master, 20, 22);
  await cluster.converge(master, [leaf]);
  assert.ok(Math.min(...shown) >= 21, `it went back to ${Math.min(...shown)}`);
});

test('P2: a leaf ahead of a relay that lags is neither regressed nor copied anew', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master({ disk: new ServiceDisk() });
  const relay = cluster.relay('r1');
  const disk = new ServiceDisk();
  const direct = cluster.slave('leaf', { disk });
  await cluster.start(master, relay, direct);
  await cluster.finish(relay.node.current());
  // Words to the relay take two seconds from now on; the leaf hears at once.
  cluster.network.setFaults('master', 'r1', { delayMsMin: 2_000 });
  await updates(cluster, master, 0, 5);
  await cluster.converge(master, [direct]);
  direct.kill();
  const moved = cluster.slave('leaf', { disk, to: 'r1' });
  const summaries = new Set<string>();
  moved.node.on('status', ({ summary }) => summaries.add(summary));
  let chunks = 0;
  moved.node.on('progress', () => {
    chunks += 1;
  });
  await cluster.start(moved);
  await cluster.until('it is current', () => moved.node.status.summary === 'current');
  assert.not.ok(summaries.has('regressed'), [...summaries].join(' '));
  assert.is(chunks, 0);
  await updates(cluster, master, 5, 6);
  await cluster.converge(master, [moved]);
});

test('P16: a master that lost what a leaf holds makes it regressed, through a relay as well', async () => {
  const cluster = new RelayCluster();
  const disk = new ServiceDisk();
  const master = cluster.master({ disk });
  const relay = cluster.relay('r1');
  const leafDisk = new ServiceDisk();
  const leaf = cluster.slave('leaf', { disk: leafDisk, to: 'r1' });
  await cluster.start(master, relay, leaf);
  await updates(cluster, master, 0, 2);
  await cluster.converge(master, [leaf]);
  const backup = disk.backup();
  await cluster.finish(master.node.data.update(setter('lost'), TWO_PHASE));
  await cluster.converge(master, [leaf]);
  for (const life of [leaf, relay, master]) life.kill();
  const restored = cluster.master({ disk: backup, takeover: true });
  const again = cluster.relay('r1');
  const back = cluster.slave('leaf', { disk: leafDisk, to: 'r1' });
  await cluster.start(restored, again, back);
  await cluster.until('it is regressed', () => back.node.status.data === 'regressed');
  assert.is(back.node.data.get()?.lost, 1, 'it keeps and serves what it has');
  assert.ok(again.troubles.some(({ code }) => code === 'REGRESSED'));
});

test('P2: a volatile master that starts anew is followed by its relays and their leaves', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const relays = [cluster.relay('r1'), cluster.relay('r2', { to: 'r1' })];
  const leaves = [...cluster.leaves('r1', 2), ...cluster.leaves('r2', 2)];
  await cluster.start(master, ...relays, ...leaves);
  await updates(cluster, master, 0, 3);
  await cluster.converge(master, leaves);
  master.kill();
  const next = cluster.master();
  await cluster.start(next);
  await cluster.finish(next.node.data.update(setter('new')));
  await cluster.until('all follow', () =>
    leaves.every(({ node }) => node.position?.lineage === next.node.position?.lineage),
  );
  await cluster.finish(next.node.data.update(setter('newer'), { ...TWO_PHASE, ack: 'applied' }));
  await cluster.converge(next, leaves);
});

test('P15: a slow leaf lags alone, and catches up with increments', async () => {
  const cluster = new RelayCluster({ highWaterBytes: 20_000 });
  const master = cluster.master();
  const relay: RelayLife = cluster.relay('r1');
  const [slow, ...others] = cluster.leaves('r1', 3) as [SlaveLife, SlaveLife, SlaveLife];
  await cluster.start(master, relay, slow, ...others);
  await cluster.converge(master, [slow, ...others]);
  cluster.network.setFaults('r1', 'r1-s1', { bytesPerSecond: 2_000 });
  for (let index = 0; index < 40; index += 1) {
    await cluster.finish(master.node.data.update(setter(`big ${index}`, 'y'.repeat(2_000))));
    await cluster.clock.pass(10);
  }
  await cluster.converge(master, others, 2_000);
  const row = relay.node.slaves().find(({ id }) => id === 'r1-s1');
  assert.is(row?.link, 'lagging');
  assert.is(relay.node.status.below.worst?.id, 'r1-s1', 'the person on call finds it');
  cluster.network.setFaults('r1', 'r1-s1', {});
  await cluster.converge(master, [slow, ...others]);
});

test('P11: a relay restarted in doubt asks, and its leaves hear what it hears', async () => {
  const cluster = new RelayCluster();
  const [masterDisk, disk] = [new ServiceDisk(), new ServiceDisk()];
  const master = cluster.master({ disk: masterDisk });
  const relay = cluster.relay('r1', { disk });
  const leaves = cluster.leaves('r1', 2);
  await cluster.start(master, relay, ...leaves);
  await cluster.converge(master, leaves);
  relay.up.onSend = (frame) => {
    if (decodeFrame(frame).kind === 'vote') cluster.clock.setImmediate(() => master.kill());
  };
  master.node.data.update(setter('doubtful'), TWO_PHASE).catch(() => undefined);
  await cluster.until('all are in doubt', () =>
    leaves.every(({ node }) => node.status.round === 'in-doubt'),
  );
  relay.kill('power');
  const again = cluster.relay('r1', { disk });
  await cluster.start(again);
  await cluster.clock.pass(5_000);
  for (const { node } of leaves) assert.is(node.status.round, 'in-doubt', 'nobody decides alone');
  const restarted = cluster.master({ disk: masterDisk });
  await cluster.start(restarted);
  await cluster.until('the doubts are resolved', () =>
    leaves.every(({ node }) => node.status.round === 'none'),
  );
  await cluster.finish(restarted.node.data.update(setter('next'), TWO_PHASE));
  await cluster.converge(restarted, leaves);
});

test.run();
