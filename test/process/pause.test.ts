/**
 * T19, T20, P12, P14: processes that stand still (SIGSTOP) for longer than every time-out and go
 * on as if nothing had happened (SIGCONT). No connection is cut: to the system all looks well.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ProcessCluster } from '../support/process-cluster.js';
import type { HostStatus, SetOptions } from '../support/process-messages.js';
import type { ProcessNode } from '../support/process-node.js';
import { judge } from '../support/process-verdict.js';
import { withFolder } from '../support/store-folder.js';

const test = suite('processes: pauses');

const HEARTBEAT_MS = 200;
const VOTE_MS = 2500;
/** Above vote, silence (3 heartbeats) and the end of silent connections (10 heartbeats). */
const BEYOND_ALL_MS = 15 * HEARTBEAT_MS;
const RECOVERY_MS_MAX = 5000;
const TWO_PHASE: SetOptions = { method: 'two-phase' };

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function withCluster(
  use: (cluster: ProcessCluster, one: ProcessNode, two: ProcessNode) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    const settings = { folder, slaves: 2, heartbeatMs: HEARTBEAT_MS, voteMs: VOTE_MS };
    const cluster = await ProcessCluster.start(settings);
    try {
      const [one, two] = cluster.slaves;
      if (one === undefined || two === undefined) throw new Error('the cluster lacks slaves');
      await cluster.inStep(performance.now(), RECOVERY_MS_MAX);
      await use(cluster, one, two);
      await assertSound(cluster);
      await cluster.stop();
      assert.equal(cluster.faults(), []);
    } finally {
      await cluster.killAll();
    }
  });
}

/** Nothing fell, nothing differs, on any node at any time. */
async function assertSound(cluster: ProcessCluster): Promise<void> {
  const { diverged, violations } = judge(await cluster.evidence());
  assert.equal([...diverged, ...violations], []);
}

async function until(node: ProcessNode, what: string, holds: (status: HostStatus) => boolean) {
  const deadline = performance.now() + RECOVERY_MS_MAX;
  while (!holds(await node.status())) {
    if (performance.now() > deadline) throw new Error(`${node.id}: no ${what} in time`);
    await pause(5);
  }
}

const changesOf = async (node: ProcessNode) => (await node.content()).changes;

test('T20, P14: a slave that stands still makes its round fail by name, and nobody else changes', () =>
  withCluster(async (cluster, one, two) => {
    await cluster.master.set('change:before', TWO_PHASE);
    two.signal('SIGSTOP');
    const failed = await cluster.master.set('change:aborted', TWO_PHASE);
    assert.is(failed.code, 'ABORTED', failed.message);
    assert.is(failed.causeCode, 'TIMEOUT', failed.message);
    assert.match(failed.message, 'slave-2');
    assert.is(failed.slaves['slave-2']?.stage, 'lost');
    assert.is(failed.slaves['slave-1']?.stage, 'aborted');
    await until(one, 'end of its round', ({ slave }) => slave?.round === 'none');
    assert.equal(await changesOf(one), ['before']);
    assert.equal(await changesOf(cluster.master), ['before']);

    // While it stands still the others go on, in one phase and in two (P14: it is not reachable).
    await pause(BEYOND_ALL_MS);
    const gone = (await cluster.master.status()).slaves.find(({ id }) => id === 'slave-2');
    assert.is(gone?.link, 'stale');
    const oneStep = await cluster.master.set('change:one', { method: 'one-phase' });
    const twoStep = await cluster.master.set('change:two', TWO_PHASE);
    assert.is(oneStep.code, null, oneStep.message);
    assert.is(twoStep.code, null, twoStep.message);
    await until(one, 'both changes', ({ version }) => version >= (twoStep.version ?? 0));

    two.signal('SIGCONT');
    const ms = await cluster.inStep(performance.now(), RECOVERY_MS_MAX);
    console.log(`    in step ${ms.toFixed(0)} ms after SIGCONT of a slave`);
    assert.equal(await changesOf(two), ['before', 'one', 'two']);
    const again = await cluster.master.set('change:again', { ...TWO_PHASE, ack: 'applied' });
    assert.equal([again.code, again.unconfirmed], [null, []], again.message);
    assert.is(again.slaves['slave-2']?.stage, 'applied');
  }));

test('T19, T20, P12: votes that came while the master stood still count before its deadline does', () =>
  withCluster(async (cluster, one, two) => {
    // Its vote is held back until the master stands still, too.
    two.signal('SIGSTOP');
    const outcome = cluster.master.set('change:decided', TWO_PHASE);
    await until(one, 'yes', ({ slave }) => slave?.round !== 'none');
    cluster.master.signal('SIGSTOP');
    two.signal('SIGCONT');
    await pause(BEYOND_ALL_MS);
    const doubtful = await one.status();
    assert.is(doubtful.slave?.round, 'in-doubt', 'P11: it waits, whatever the time');
    assert.is(doubtful.slave?.link, 'stale');
    assert.equal(await changesOf(one), [], 'and serves what it had');
    cluster.master.signal('SIGCONT');
    const { code, message, version } = await outcome;
    assert.is(code, null, message);
    const ms = await cluster.inStep(performance.now(), RECOVERY_MS_MAX);
    console.log(`    in step ${ms.toFixed(0)} ms after SIGCONT of the master`);
    for (const node of cluster.nodes) {
      assert.equal(await changesOf(node), ['decided']);
      assert.is((await node.status()).version, version);
    }
  }));

test('T20: a master that stood still without a round goes on as the same master', () =>
  withCluster(async (cluster) => {
    await cluster.master.set('change:before', TWO_PHASE);
    const before = await cluster.master.status();
    cluster.master.signal('SIGSTOP');
    await pause(BEYOND_ALL_MS);
    for (const slave of cluster.slaves) {
      const { slave: status, version } = await slave.status();
      assert.is(status?.link, 'stale', slave.id);
      assert.is(version, before.version, slave.id);
    }
    cluster.master.signal('SIGCONT');
    await cluster.inStep(performance.now(), RECOVERY_MS_MAX);
    const after = await cluster.master.status();
    assert.equal(after.master?.position, before.master?.position, 'no new epoch, no new version');
    const next = await cluster.master.set('change:next', { ...TWO_PHASE, ack: 'applied' });
    assert.equal([next.code, next.unconfirmed], [null, []], next.message);
    assert.equal(Object.keys(next.slaves).sort(), ['slave-1', 'slave-2']);
  }));

test.run();
