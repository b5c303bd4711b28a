/** T25, T26: a store that fails at its n-th write stops its owner and harms nobody else. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';
import { ServiceDisk } from '../support/service-disk.js';

const test = suite('service: stores that fail (T25, T26)');

/** Fails this write and, as a real store does, every later one. */
function failFrom(disk: ServiceDisk, number: number): void {
  const first = disk.batches + number;
  disk.before = (batch) => {
    if (batch.number >= first) throw new ReplicationError('STORE_FAILED', 'the disk is gone');
  };
}

test('T25: a master whose n-th write fails tells its caller the truth and restarts', async () => {
  for (const method of ['one-phase', 'two-phase'] as const) {
    const codes: string[] = [];
    for (let number = 1; number <= 4; number += 1) {
      const cluster = new ServiceCluster();
      const disk = new ServiceDisk();
      const master = cluster.master({ disk });
      const slave = cluster.slave('s1', { disk: new ServiceDisk() });
      await cluster.start(master, slave);
      await cluster.finish(
        master.node.data.update(setter('base'), { ...TWO_PHASE, ack: 'applied' }),
      );
      await cluster.clock.pass(3_000);
      failFrom(disk, number);
      const told = await cluster.finish(
        master.node.data.update(setter('a'), { method }).then(
          () => 'committed',
          (error: ReplicationError) => error.code,
        ),
      );
      codes.push(told);
      await cluster.clock.pass(5_000);
      const wasHalted = master.node.status.state === 'halted';
      const later = await cluster.finish(
        master.node.data.update(setter('b')).then(
          () => 'committed',
          (error: ReplicationError) => error.code,
        ),
      );
      if (master.node.status.state === 'halted') {
        if (wasHalted) assert.is(later, 'STORE_FAILED');
        assert.ok(master.troubles.some(({ code }) => code === 'STORE_FAILED'));
        await cluster.until('refused', () => slave.node.status.link === 'refused', 20_000);
        assert.is(slave.node.status.problem?.code, 'STORE_FAILED', 'slaves show why');
      }
      await cluster.stop(master).catch(() => {});
      master.kill('power');
      const again = cluster.master({ disk });
      await cluster.start(again);
      await cluster.converge(again, [slave]);
      const value = again.node.data.get();
      if (told === 'committed') assert.is(value.a, 1);
      if (told === 'ABORTED') assert.is(value.a, undefined);
      await cluster.finish(again.node.data.update(setter('c'), TWO_PHASE));
      await cluster.converge(again, [slave]);
    }
    assert.ok(codes.includes('OUTCOME_UNKNOWN'), `${method}: ${codes.join(', ')}`);
  }
});

test('T26: a slave whose n-th write fails votes no or fails, visibly; the others go on', async () => {
  for (let number = 1; number <= 4; number += 1) {
    const cluster = new ServiceCluster();
    const master = cluster.master();
    const disk = new ServiceDisk();
    const slave = cluster.slave('s1', { disk });
    const good = cluster.slave('s2');
    await cluster.start(master, slave, good);
    await cluster.converge(master, [slave, good]);
    await cluster.clock.pass(2_000);
    failFrom(disk, number);
    const wait = slave.node.waitFor(99);
    wait.catch(() => {});
    for (let step = 0; step < 3; step += 1) {
      const key = `k${step}`;
      await cluster.finish(
        master.node.data
          .update(setter(key), TWO_PHASE)
          .then(undefined, () => cluster.rules.aborted(key)),
      );
      await cluster.clock.pass(4_000);
    }
    assert.is(slave.node.status.summary, 'failed', `write ${number}`);
    assert.ok(
      slave.troubles.some(({ code }) => code === 'STORE_FAILED'),
      `write ${number}`,
    );
    assert.is(((await cluster.failure(wait)) as ReplicationError).code, 'STORE_FAILED');
    const late = (await cluster.failure(slave.node.waitFor(99))) as ReplicationError;
    assert.is(late.code, 'STORE_FAILED', 'a wait that cannot end is refused');
    await cluster.stop(slave).catch(() => {});
    slave.kill('power');
    const again = cluster.slave('s1', { disk });
    await cluster.start(again);
    await cluster.finish(master.node.data.update(setter('last')));
    await cluster.converge(master, [again, good]);
  }
});

test('P14: a slave whose store failed leaves, says why, and no round waits for it', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  const disk = new ServiceDisk();
  const slave = cluster.slave('s1', { disk });
  const good = cluster.slave('s2');
  await cluster.start(master, slave, good);
  await cluster.converge(master, [slave, good]);
  await cluster.clock.pass(2_000);
  failFrom(disk, 1);
  const before = cluster.clock.now();
  const lost = master.node.data.update(setter('a'), TWO_PHASE);
  const { message } = (await cluster.failure(lost)) as ReplicationError;
  cluster.rules.aborted('a');
  assert.match(message, /s1 left: the store of slave "s1" failed: the disk is gone; restart it/);
  await cluster.finish(master.node.data.update(setter('b'), TWO_PHASE));
  assert.ok(cluster.clock.now() - before < 1_000, 'no vote deadline passed');
  const gone = master.node.slaves().find(({ id }) => id === 's1');
  assert.is(gone?.stage, 'gone');
  assert.match(gone?.problem?.reason ?? '', /the disk is gone/);
  await cluster.converge(master, [good]);
});

test('T22, T23: slow disks delay votes and decisions, and nothing leaves before they are done', async () => {
  const cluster = new ServiceCluster();
  const disks = [new ServiceDisk(), new ServiceDisk()] as const;
  const master = cluster.master({ disk: disks[0] });
  const slave = cluster.slave('s1', { disk: disks[1] });
  await cluster.start(master, slave);
  await cluster.finish(master.node.data.update(setter('base'), { ...TWO_PHASE, ack: 'applied' }));
  await cluster.clock.pass(2_000);
  for (const disk of disks) {
    disk.before = () => new Promise((resolve) => cluster.clock.setTimeout(resolve, 300));
  }
  const before = cluster.clock.now();
  const task = master.node.data.update(setter('a'), {
    ...TWO_PHASE,
    ack: 'applied',
    timeout: 5_000,
  });
  await cluster.clock.pass(200);
  assert.is(task.status.slaves.s1?.stage, 'sent', 'no vote before the promise is on disk');
  await cluster.clock.pass(250);
  assert.is(task.status.slaves.s1?.stage, 'prepared');
  assert.is(slave.node.status.round, 'prepared', 'no commit before the decision is on disk');
  const { unconfirmed } = await cluster.finish(task);
  assert.equal(unconfirmed, []);
  assert.ok(cluster.clock.now() - before >= 900, 'promise, decision, apply: three writes');
  await cluster.converge(master, [slave]);
});

test.run();
