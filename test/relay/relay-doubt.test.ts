/** A relay, a leaf or the way up is lost at each stage of a round: nothing is decided alone. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReplicationError } from '../../lib/errors.js';
import { decodeFrame } from '../../lib/wire/frame.js';
import type { MessageKind } from '../../machines/protocol.js';
import { killAt, RelayCluster, type RelayLife } from '../support/relay-cluster.js';
import { setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceDisk } from '../support/service-disk.js';

const test = suite('relay: stages of a round');

/** The relay dies when the first frame of this kind goes by, before or after it. */
function killRelayAt(relay: RelayLife, way: 'in' | 'out', from: 'up' | 'down', kind: MessageKind) {
  let isDead = false;
  const look = (frame: Uint8Array): void => {
    if (isDead || decodeFrame(frame).kind !== kind) return;
    isDead = true;
    relay.kill();
  };
  const wire = relay[from];
  if (way === 'out') wire.onSend = look;
  else wire.onReceive = (_, frames) => frames.forEach(look);
}

const STAGES: readonly ['in' | 'out', 'up' | 'down', MessageKind, string][] = [
  ['in', 'up', 'prepare', 'before the prepare is handled'],
  ['out', 'down', 'prepare', 'before the prepare is passed on'],
  ['in', 'down', 'vote', 'with the first vote from below'],
  ['out', 'up', 'vote', 'with its own vote on its lips'],
  ['in', 'up', 'commit', 'before the commit is handled'],
  ['out', 'down', 'commit', 'before the commit is passed on'],
  ['in', 'down', 'ack', 'with the first confirmation from below'],
];

for (const hasDisk of [true, false]) {
  for (const [way, from, kind, when] of STAGES) {
    const store = hasDisk ? 'with a store' : 'without a store';
    test(`T01, T02: a relay ${store} dies ${when}`, async () => {
      const cluster = new RelayCluster();
      const disk = new ServiceDisk();
      const own = hasDisk ? { disk } : {};
      const master = cluster.master({ disk: new ServiceDisk(), voteTimeout: 2000 });
      const relay = cluster.relay('r1', own);
      const leaves = ['s1', 's2'].map((id) =>
        cluster.slave(id, { to: 'r1', disk: new ServiceDisk() }),
      );
      await cluster.start(master, relay, ...leaves);
      await cluster.converge(master, leaves);
      await cluster.clock.pass(500);
      killRelayAt(relay, way, from, kind);
      let outcome = 'open';
      master.node.data.update(setter('round'), TWO_PHASE).then(
        () => {
          outcome = 'committed';
        },
        (error: ReplicationError) => {
          outcome = error.code;
          cluster.rules.aborted('round');
        },
      );
      await cluster.clock.pass(700);
      const again = cluster.relay('r1', own);
      await cluster.start(again);
      await cluster.until('the round is decided', () => outcome !== 'open');
      await cluster.converge(master, leaves);
      await cluster.until('nobody is in doubt', () =>
        leaves.every(({ node }) => node.status.summary === 'current'),
      );
      const isCommitted = outcome === 'committed';
      for (const { node } of leaves) assert.is('round' in (node.data.get() ?? {}), isCommitted);
      // Whoever did not hear the yes of the whole subtree must not commit (S2).
      const wasPromised = kind === 'commit' || kind === 'ack' || (hasDisk && kind === 'vote');
      if (!wasPromised || (kind === 'vote' && from === 'down')) assert.not.ok(isCommitted, outcome);
      if (kind === 'commit' || kind === 'ack') assert.ok(isCommitted, outcome);
      await cluster.finish(
        master.node.data.update(setter('next'), { ...TWO_PHASE, ack: 'applied' }),
      );
      await cluster.converge(master, leaves);
    });
  }
}

test('S2, P14: a leaf that dies in a round is a no, with its name', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const relay = cluster.relay('r1');
  const leaves = cluster.leaves('r1', 3);
  await cluster.start(master, relay, ...leaves);
  await cluster.converge(master, leaves);
  const [lost, ...others] = leaves;
  if (lost === undefined) throw new Error('no leaf');
  killAt(lost, 'prepare');
  const error = await cluster.failure(master.node.data.update(setter('x'), TWO_PHASE));
  cluster.rules.aborted('x');
  assert.match((error as Error).message, /r1: no vote in time from r1-s1/);
  await cluster.finish(master.node.data.update(setter('y'), TWO_PHASE));
  await cluster.converge(master, others);
});

test('P11, T15: with the way up lost in a round, leaves keep their promise and look stale', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master({ disk: new ServiceDisk() });
  const relay = cluster.relay('r1');
  const leaves = cluster.leaves('r1', 2);
  await cluster.start(master, relay, ...leaves);
  await cluster.converge(master, leaves);
  let isVoted = false;
  relay.up.onSend = (frame) => {
    if (decodeFrame(frame).kind !== 'vote') return;
    isVoted = true;
    cluster.network.partition('master', 'r1');
  };
  const task = master.node.data.update(setter('x'), TWO_PHASE);
  task.catch(() => cluster.rules.aborted('x'));
  await cluster.until('the relay voted', () => isVoted);
  await cluster.clock.pass(12_000);
  for (const { node } of leaves) {
    assert.is(node.status.link, 'stale', 'no heartbeat of a relay alone makes it live');
    assert.is(node.status.round, 'in-doubt');
    assert.ok(node.age > 10_000, `age ${node.age}`);
  }
  relay.up.onSend = () => {};
  cluster.network.heal();
  await cluster.until('all doubts are resolved', () =>
    leaves.every(({ node }) => node.status.summary === 'current'),
  );
  await cluster.converge(master, leaves);
});

test('T15: a newcomer is not let in by a relay whose master is silent', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const relay = cluster.relay('r1');
  await cluster.start(master, relay);
  await cluster.until('the relay is current', () => relay.node.status.summary === 'current');
  cluster.network.partition('master', 'r1');
  await cluster.until('the relay is stale', () => relay.node.status.link === 'stale');
  const late = cluster.slave('late', { to: 'r1' });
  await cluster.start(late);
  await cluster.clock.pass(10_000);
  assert.is(late.node.status.link, 'joining');
  assert.is(late.node.position, null);
  cluster.network.heal();
  await cluster.converge(master, [late]);
});

test.run();
