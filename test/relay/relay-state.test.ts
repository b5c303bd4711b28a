/** What a tree does while a relay fetches a whole state: docs/guides/relays.md says the same. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { decodeFrame } from '../../lib/wire/frame.js';
import { RelayCluster } from '../support/relay-cluster.js';
import { refusing, setter, TWO_PHASE } from '../support/service-changes.js';
import type { SlaveLife } from '../support/service-cluster.js';

const test = suite('relay: a whole state is under way');

const STATE_BYTES = 200_000;
const BYTES_PER_SECOND = 40_000;
/** As the cluster's master has it. */
const HEARTBEAT_MS = 1000;

test('rounds wait for the relay up to the vote deadline; slaves below go on one-phase', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master({ history: 5 });
  const relay = cluster.relay('r1', { logBytesMax: 1_000 });
  const [early, late] = cluster.leaves('r1', 2) as [SlaveLife, SlaveLife];
  await cluster.start(master, relay, early);
  await cluster.converge(master, [early]);
  await cluster.finish(master.node.data.update(setter('large', 'x'.repeat(STATE_BYTES))));
  await cluster.converge(master, [early]);
  for (let index = 0; index < 20; index += 1) {
    await cluster.finish(master.node.data.update(setter(`key ${index}`, 'y'.repeat(100))));
  }
  await cluster.converge(master, [early]);
  cluster.network.setFaults('master', 'r1', { bytesPerSecond: BYTES_PER_SECOND });
  await cluster.start(late);
  await cluster.until('the relay fetches', () => relay.node.status.data === 'syncing');
  const onePhase = await cluster.finish(master.node.data.update(setter('meanwhile')));
  await cluster.until('one-phase got there', () => {
    return (early.node.position?.version ?? 0) >= onePhase.version;
  });
  assert.is(relay.node.status.data, 'syncing', 'past the relay, which still fetches');
  const task = master.node.data.update(setter('round'), TWO_PHASE);
  const error = await cluster.failure(task);
  assert.instance(error, ReplicationError);
  assert.is((error as ReplicationError).code, 'ABORTED');
  assert.match((error as ReplicationError).message, /r1/);
  assert.is(relay.node.status.data, 'syncing', 'it still fetches');
  await cluster.until('the state is here', () => relay.node.status.data === 'current');
  await cluster.finish(master.node.data.update(setter('round'), TWO_PHASE));
  await cluster.converge(master, [early, late]);
});

test('P22: a slave quarantined below relays goes on from a state fetched anew, by resync', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const relays = [cluster.relay('r1'), cluster.relay('r2', { to: 'r1' })] as const;
  const stuck = cluster.slave('stuck', { to: 'r2', data: refusing('bad'), retry: 100 });
  await cluster.start(master, ...relays, stuck);
  await cluster.converge(master, [stuck]);
  await cluster.finish(master.node.data.update(setter('bad')));
  const isStuck = () => stuck.node.status.data === 'quarantined';
  await cluster.until('it is quarantined', isStuck);
  await cluster.finish(master.node.data.update((draft) => void delete draft.bad));
  await cluster.clock.pass(30_000);
  assert.ok(isStuck(), 'increments come one by one: the refused one is still before the next');
  stuck.node.resync();
  await cluster.converge(master, [stuck]);
});

test('P18: slaves that can take no state do not keep their relay fetching, and go on once they can', async () => {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const relay = cluster.relay('r1');
  const data = refusing('bad');
  const stuck = ['s1', 's2', 's3'].map((id) => cluster.slave(id, { to: 'r1', data, retry: 100 }));
  const well = cluster.slave('well', { to: 'r1' });
  await cluster.start(master, relay, well, ...stuck);
  await cluster.converge(master, [well, ...stuck]);
  await cluster.finish(master.node.data.update(setter('bad')));
  for (const { node } of stuck) node.resync();
  let fetches = 0;
  relay.up.onReceive = (_, frames) => {
    const messages = frames.map((frame) => decodeFrame(frame));
    for (const message of messages) if (message.kind === 'snapshot' && message.last) fetches += 1;
  };
  for (let second = 0; second < 120; second += 1) {
    await cluster.finish(master.node.data.update(setter('second', second)));
    await cluster.clock.pass(1000);
  }
  assert.ok(stuck.every(({ node }) => node.status.data === 'quarantined'));
  // Three at once, then one in ten heartbeats.
  const most = 3 + 120_000 / (10 * HEARTBEAT_MS);
  assert.ok(fetches >= 3 && fetches <= most, `${fetches} whole states in 120 s`);
  await cluster.finish(master.node.data.update((draft) => void delete draft.bad));
  await cluster.converge(master, [well, ...stuck]);
});

test.run();
