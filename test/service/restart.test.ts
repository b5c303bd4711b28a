/** Masters and slaves that stop, die and come back: with a disk, without, and amid a round. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReplicationError } from '../../lib/errors.js';
import { setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';
import { ServiceDisk } from '../support/service-disk.js';

const test = suite('service: restarts');

test('P16: a master without a store may stop and start again, as often as it likes', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  const slave = cluster.slave('s1');
  await cluster.start(master, slave);
  await cluster.converge(master, [slave]);
  for (let life = 0; life < 3; life += 1) {
    await cluster.stop(master);
    await cluster.start(master);
    await cluster.until('follows', () => slave.node.status.summary === 'current', 20_000);
    if (life !== 1) await cluster.finish(master.node.data.update(setter(`k${life}`), TWO_PHASE));
    await cluster.converge(master, [slave], 20_000);
  }
});

test('P2: slaves adopt the successor of a volatile lineage, and never go back to one they left', async () => {
  const cluster = new ServiceCluster();
  const old = cluster.master();
  const slaves = [cluster.slave('s1'), cluster.slave('s2', { disk: new ServiceDisk() })];
  await cluster.start(old, ...slaves);
  await cluster.finish(old.node.data.update(setter('a')));
  await cluster.converge(old, slaves);
  old.kill();
  await cluster.clock.pass(2_000);
  const next = cluster.master();
  await cluster.start(next);
  await cluster.converge(next, slaves, 20_000);
  await cluster.finish(next.node.data.update(setter('b'), TWO_PHASE));
  await cluster.converge(next, slaves);
  for (const { node } of slaves) assert.equal(node.data.get(), { b: 1 });
});

test('T56: a hundred starts and stops leave no timer, no store, no listener', async () => {
  const cluster = new ServiceCluster();
  const disks = [new ServiceDisk(), new ServiceDisk()];
  const master = cluster.master({ disk: disks[0] as ServiceDisk });
  const slave = cluster.slave('s1', { disk: disks[1] as ServiceDisk });
  for (let life = 0; life < 100; life += 1) {
    await cluster.start(master, slave);
    if (life % 10 === 0) {
      await cluster.finish(master.node.data.update(setter(`k${life}`), TWO_PHASE));
      await cluster.converge(master, [slave]);
    }
    await cluster.stop(master, slave);
    assert.equal(cluster.clock.pending, [], `life ${life}`);
    assert.equal(
      disks.map(({ opened }) => opened),
      [0, 0],
    );
  }
  await cluster.start(master, slave);
  await cluster.converge(master, [slave]);
  assert.is(Object.keys(slave.node.data.get()).length, 10);
});

test('P11, T10: a slave in doubt waits for its master, and then obeys', async () => {
  for (const decided of [true, false]) {
    const cluster = new ServiceCluster();
    const disk = new ServiceDisk();
    const master = cluster.master({ disk });
    const slave = cluster.slave('s1', { disk: new ServiceDisk() });
    await cluster.start(master, slave);
    await cluster.converge(master, [slave]);
    const isDecision = (keys: readonly string[]) => keys.some((key) => key.includes('decision'));
    // The process dies right after its decision is on disk, or right before.
    disk.after = ({ keys }) => void (decided && isDecision(keys) && master.kill());
    disk.before = ({ keys }) => void (!decided && isDecision(keys) && master.kill());
    void master.node.data.update(setter('a'), TWO_PHASE);
    await cluster.until('prepared', () => slave.node.status.round !== 'none');
    await cluster.clock.pass(10 * 60_000);
    assert.is(slave.node.status.round, 'in-doubt');
    assert.ok(slave.node.status.inDoubtFor > 9 * 60_000);
    assert.equal(slave.node.data.get(), {}, 'it serves the old version');
    const again = cluster.master({ disk });
    await cluster.start(again);
    await cluster.until('resolved', () => slave.node.status.round === 'none', 5_000);
    await cluster.converge(again, [slave]);
    assert.equal(slave.node.data.get(), decided ? { a: 1 } : {});
  }
});

test('P22: doubt that nobody resolves is forced by the host, and reported as heuristic', async () => {
  const cluster = new ServiceCluster();
  const disk = new ServiceDisk();
  const master = cluster.master({ disk });
  const slave = cluster.slave('s1', { disk: new ServiceDisk() });
  await cluster.start(master, slave);
  await cluster.converge(master, [slave]);
  disk.before = ({ keys }) => void (keys.some((key) => key.includes('decision')) && master.kill());
  void master.node.data.update(setter('a'), TWO_PHASE);
  await cluster.until('in doubt', () => slave.node.status.round === 'in-doubt');
  const round = slave.node.status.roundId ?? '';
  assert.is(slave.node.resolve('another', 'aborted'), false);
  assert.is(slave.node.resolve(round, 'aborted'), true);
  await cluster.until('resolved', () => slave.node.status.round === 'none');
  assert.ok(slave.troubles.some(({ heuristic }) => heuristic));
  assert.is(slave.node.resolve(round, 'aborted'), false);
});

test('S3: what was acknowledged survives the power cut of everybody', async () => {
  const cluster = new ServiceCluster();
  const disk = new ServiceDisk();
  const slaveDisk = new ServiceDisk();
  const master = cluster.master({ disk });
  const slave = cluster.slave('s1', { disk: slaveDisk });
  await cluster.start(master, slave);
  await cluster.finish(master.node.data.update(setter('a')));
  await cluster.finish(master.node.data.update(setter('b'), { ...TWO_PHASE, ack: 'applied' }));
  master.kill('power');
  slave.kill('power');
  const second = cluster.master({ disk });
  const copy = cluster.slave('s1', { disk: slaveDisk });
  await cluster.start(second, copy);
  assert.equal(second.node.data.get(), { a: 1, b: 1 });
  await cluster.converge(second, [copy]);
});

test('P19: after a power cut of the master, slaves are reset to what was promised on disk, told so', async () => {
  const cluster = new ServiceCluster();
  const disk = new ServiceDisk();
  const master = cluster.master({ disk });
  const slave = cluster.slave('s1', { disk: new ServiceDisk() });
  await cluster.start(master, slave);
  await cluster.finish(master.node.data.update(setter('a')));
  await cluster.finish(master.node.data.update(setter('b'), { durability: 'os' }));
  await cluster.converge(master, [slave]);
  master.kill('power');
  const resets: unknown[] = [];
  slave.node.on('reset', (reset) => resets.push(reset));
  const again = cluster.master({ disk });
  await cluster.start(again);
  assert.equal(again.node.data.get(), { a: 1 });
  await cluster.converge(again, [slave]);
  assert.is(resets.length, 1);
  await cluster.finish(again.node.data.update(setter('c'), TWO_PHASE));
  assert.ok(
    (again.node.position?.version ?? 0) > 3,
    'a number that was shown is never issued again',
  );
  await cluster.converge(again, [slave]);
});

test('P16, P22: a restored backup leaves the slaves as they are, until the host says resync', async () => {
  const cluster = new ServiceCluster();
  const disk = new ServiceDisk();
  const master = cluster.master({ disk });
  const slaves = [cluster.slave('s1', { disk: new ServiceDisk() }), cluster.slave('s2')];
  await cluster.start(master, ...slaves);
  await cluster.finish(master.node.data.update(setter('a')));
  await cluster.converge(master, slaves);
  const backup = disk.backup();
  await cluster.finish(master.node.data.update(setter('b')));
  await cluster.converge(master, slaves);
  master.kill();
  const restored = cluster.master({ disk: backup });
  await cluster.start(restored);
  await cluster.until('regressed', () =>
    slaves.every(({ node }) => node.status.data === 'regressed'),
  );
  assert.ok(restored.troubles.some(({ code }) => code === 'REGRESSED'));
  await cluster.finish(restored.node.data.update(setter('c')));
  await cluster.clock.pass(10_000);
  for (const { node } of slaves) {
    assert.equal(node.data.get(), { a: 1, b: 1 }, 'it keeps and serves its data');
    assert.is(node.status.data, 'regressed');
  }
  for (const { node } of slaves) node.resync();
  await cluster.converge(restored, slaves);
  for (const { node } of slaves) assert.equal(node.data.get(), { a: 1, c: 1 });
});

test('T37, P2: a master of another lineage is refused with a clear problem; adoptLineage is the exit', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master({ disk: new ServiceDisk() });
  const slave = cluster.slave('s1', { disk: new ServiceDisk() });
  await cluster.start(master, slave);
  await cluster.finish(master.node.data.update(setter('a')));
  await cluster.converge(master, [slave]);
  master.kill();
  const empty = cluster.master({ disk: new ServiceDisk() });
  await cluster.start(empty);
  await cluster.until('refused', () => slave.node.status.link === 'refused');
  assert.is(slave.node.status.problem?.code, 'PROTOCOL');
  assert.match(slave.node.status.problem?.reason ?? '', 'lineage');
  await cluster.clock.pass(30_000);
  assert.equal(slave.node.data.get(), { a: 1 });
  slave.node.adoptLineage(empty.node.position?.lineage ?? '');
  await cluster.converge(empty, [slave]);
  assert.equal(slave.node.data.get(), {});
});

test('S10, T40: a takeover fences the old master; its tasks and its slaves learn of it', async () => {
  const cluster = new ServiceCluster();
  const disk = new ServiceDisk();
  const old = cluster.master({ id: 'old', disk });
  const slave = cluster.slave('s1', { to: 'old' });
  await cluster.start(old, slave);
  await cluster.finish(old.node.data.update(setter('a')));
  await cluster.converge(old, [slave]);
  const next = cluster.master({ id: 'next', disk: disk.backup(), takeover: true });
  const roaming = cluster.slave('s2', { to: 'next' });
  await cluster.start(next, roaming);
  await cluster.converge(next, [roaming]);
  // The copy that knows the later reign meets the old master.
  const transport = cluster.network.connect({ to: 'old', name: 'moved' });
  const moved = cluster.slave('s3', { to: 'next', disk: new ServiceDisk() });
  await cluster.start(moved);
  await cluster.converge(next, [moved]);
  await cluster.stop(moved);
  const lost = cluster.slave('s3', { transport, disk: moved.disk as ServiceDisk });
  await cluster.start(lost);
  await cluster.until('fenced', () => old.node.status.state === 'fenced');
  const error = (await cluster.failure(old.node.data.update(setter('z')))) as ReplicationError;
  assert.is(error.code, 'FENCED');
  await cluster.until('not live', () => slave.node.status.link !== 'live', 20_000);
  await cluster.clock.pass(20_000);
  assert.is(slave.node.status.link, 'refused', 'a fenced master serves nobody');
  assert.is(slave.node.status.problem?.code, 'FENCED');
  const newcomer = cluster.slave('s4', { to: 'old' });
  await cluster.start(newcomer);
  await cluster.clock.pass(5_000);
  assert.is(newcomer.node.position, null);
  assert.is(newcomer.node.status.problem?.code, 'FENCED');
});

test.run();
