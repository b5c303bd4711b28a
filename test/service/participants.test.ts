/** P14: who votes is chosen once, by policy; T42, T43: who comes or goes meanwhile. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReplicationError } from '../../lib/errors.js';
import { quorum } from '../../lib/master-options.js';
import { refusing, setter, slow, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';
import { ServiceDisk } from '../support/service-disk.js';

const test = suite('service: participants (P14)');

type Options = NonNullable<Parameters<ServiceCluster['master']>[0]>;

/** Three slaves, of which `s3` went away without a word. */
async function withOneGone(options: Options) {
  const cluster = new ServiceCluster();
  const master = cluster.master(options);
  const slaves = ['s1', 's2', 's3'].map((id) => cluster.slave(id));
  await cluster.start(master, ...slaves);
  await cluster.converge(master, slaves);
  slaves[2]?.kill();
  await cluster.clock.pass(5_000);
  return { cluster, master, slaves };
}

async function choice(options: Options): Promise<readonly string[] | string> {
  const { cluster, master } = await withOneGone(options);
  return cluster.finish(
    master.node.data.update(setter('a'), TWO_PHASE).then(
      ({ participants }): readonly string[] => participants,
      (error: ReplicationError) =>
        `${(error.cause as ReplicationError | undefined)?.code ?? error.code}`,
    ),
  );
}

test('P14: connected, known, lists, predicates, quorums and bounds choose as they say', async () => {
  const rows: ReadonlyArray<readonly [Options, readonly string[] | string]> = [
    [{}, ['s1', 's2']],
    [{ participants: 'connected' }, ['s1', 's2']],
    [{ participants: 'known' }, 'TIMEOUT'],
    [{ participants: 'known', unreachable: 'defer' }, ['s1', 's2']],
    [{ participants: ['s2'] }, ['s2']],
    [{ participants: ['s1', 'never-seen'] }, 'TIMEOUT'],
    [{ participants: ['s1', 'never-seen'], unreachable: 'defer' }, ['s1']],
    [{ participants: ({ id }) => id === 's1' }, ['s1']],
    [{ participants: quorum(1) }, ['s1']],
    [{ participants: quorum(3) }, 'ABORTED'],
    [{ atLeast: 2 }, ['s1', 's2']],
    [{ atLeast: 3 }, 'ABORTED'],
    [
      {
        participants: () => {
          throw new Error('no idea');
        },
      },
      'ABORTED',
    ],
  ];
  for (const [options, expected] of rows) {
    const chosen = await choice(options);
    assert.equal(chosen, expected, JSON.stringify(options));
  }
});

test('P14: exclude leaves an unreachable one out after k failures, and takes it back when synced', async () => {
  const { cluster, master, slaves } = await withOneGone({
    participants: 'known',
    unreachable: { exclude: 2 },
    voteTimeout: 500,
  });
  for (const key of ['a', 'b']) {
    await cluster.failure(master.node.data.update(setter(key), TWO_PHASE));
    cluster.rules.aborted(key);
  }
  const third = await cluster.finish(master.node.data.update(setter('c'), TWO_PHASE));
  assert.equal(third.participants, ['s1', 's2']);
  const again = cluster.slave('s3');
  await cluster.start(again);
  await cluster.converge(master, [...slaves.slice(0, 2), again]);
  await cluster.clock.pass(2_000);
  const fourth = await cluster.finish(master.node.data.update(setter('d'), TWO_PHASE));
  assert.equal(fourth.participants, ['s1', 's2', 's3']);
});

test('P13, T42: one who joins during a round neither votes nor waits, and has it afterwards', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master({ voteTimeout: 3_000 });
  let answer = (): void => {};
  const data = slow('never');
  const hooked = {
    ...data,
    createSlaveLayer: () => {
      const layer = data.createSlaveLayer();
      const prepare = layer.prepare.bind(layer);
      layer.prepare = (...args) =>
        new Promise<void>((resolve) => {
          answer = resolve;
        }).then(() => prepare(...args));
      return layer;
    },
  };
  const first = cluster.slave('s1', { data: hooked });
  await cluster.start(master, first);
  await cluster.converge(master, [first]);
  const task = master.node.data.update(setter('a'), TWO_PHASE);
  await cluster.clock.pass(100);
  const late = cluster.slave('s2');
  await cluster.start(late);
  await cluster.until('it has the old version', () => late.node.position?.version === 1);
  assert.equal(late.node.data.get(), {});
  assert.is(late.node.status.round, 'none');
  answer();
  const { participants } = await cluster.finish(task);
  assert.equal(participants, ['s1']);
  await cluster.converge(master, [first, late], 3_000);
});

test('T43: one who says goodbye before its vote aborts the round; after its vote the vote stands', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  const quick = cluster.slave('s1');
  const stuck = cluster.slave('s2', { data: slow('a') });
  await cluster.start(master, quick, stuck);
  await cluster.converge(master, [quick, stuck]);
  const before = master.node.data.update(setter('a'), TWO_PHASE);
  await cluster.clock.pass(50);
  await cluster.stop(stuck);
  const error = (await cluster.failure(before, 500)) as ReplicationError;
  assert.match(error.message, 's2');
  cluster.rules.aborted('a');
  await cluster.converge(master, [quick]);
});

test('P13: a slave without a disk that restarts amid the round is asked again; its old yes is void', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master({ voteTimeout: 8_000 });
  const first = cluster.slave('s1');
  const stuck = cluster.slave('s2', { data: slow('a'), prepareTimeout: 5_000 });
  await cluster.start(master, first, stuck);
  await cluster.converge(master, [first, stuck]);
  const task = master.node.data.update(setter('a'), TWO_PHASE);
  await cluster.clock.pass(500);
  assert.is(task.status.slaves.s1?.stage, 'prepared');
  first.kill();
  const again = cluster.slave('s1');
  await cluster.start(again);
  await cluster.until('prepared anew', () => again.node.status.round === 'prepared', 4_000);
  await cluster.failure(task);
  cluster.rules.aborted('a');
  await cluster.converge(master, [again, stuck]);
  assert.is(again.node.status.round, 'none');
});

test('P8, P11: a slave that restarts while prepared still holds the round, and obeys', async () => {
  const cluster = new ServiceCluster();
  const disk = new ServiceDisk();
  const master = cluster.master({ voteTimeout: 8_000, participants: 'known' });
  const first = cluster.slave('s1', { disk });
  const second = cluster.slave('s2');
  await cluster.start(master, first, second);
  await cluster.converge(master, [first, second]);
  cluster.network.partition('master', 's2');
  const task = master.node.data.update(setter('a'), TWO_PHASE);
  await cluster.until('prepared', () => first.node.status.round === 'prepared');
  first.kill('power');
  const again = cluster.slave('s1', { disk });
  await cluster.start(again);
  assert.is(again.node.status.round, 'in-doubt');
  assert.equal(again.node.data.get(), {});
  cluster.network.heal();
  const { participants } = await cluster.finish(task);
  assert.equal(participants, ['s1', 's2']);
  await cluster.converge(master, [again, second]);
});

test('P21: applied waits for confirmations, and names who gave none in time', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  const slaves = [cluster.slave('s1'), cluster.slave('s2')];
  await cluster.start(master, ...slaves);
  await cluster.converge(master, slaves);
  let isOut = false;
  (slaves[1] as (typeof slaves)[number]).wire.onSend = () => {
    // Its vote gets through, nothing after it does.
    if (isOut) cluster.network.partition('s2', 'master', { oneWay: true });
    isOut = true;
  };
  const task = master.node.data.update(setter('a'), { ...TWO_PHASE, ack: 'applied', timeout: 900 });
  const { unconfirmed, version } = await cluster.finish(task);
  assert.equal(unconfirmed, ['s2']);
  assert.is(task.status.slaves.s1?.stage, 'applied');
  assert.is(task.status.slaves.s2?.stage, 'committed');
  assert.is(task.status.version, version);
  cluster.network.heal();
  assert.equal(await cluster.finish(master.node.slavesAt(version, { timeout: 5_000 })), [
    's1',
    's2',
  ]);
});

test('P14, P16: a regressed slave is not asked, so that rounds of the others go on', async () => {
  const cluster = new ServiceCluster();
  const disk = new ServiceDisk();
  const before = cluster.master({ disk });
  const ahead = cluster.slave('ahead', { disk: new ServiceDisk() });
  await cluster.start(before, ahead);
  await cluster.finish(before.node.data.update(setter('a')));
  await cluster.converge(before, [ahead]);
  const backup = disk.backup();
  await cluster.finish(before.node.data.update(setter('b'), { ...TWO_PHASE, ack: 'applied' }));
  before.kill();
  const restored = cluster.master({ disk: backup });
  const fresh = cluster.slave('fresh');
  await cluster.start(restored, fresh);
  const stages = () => restored.node.slaves().map(({ id, stage }) => `${id} ${stage}`);
  const expected = ['ahead regressed', 'fresh current'];
  await cluster.until(expected.join(), () => expected.every((row) => stages().includes(row)));
  const { participants } = await cluster.finish(restored.node.data.update(setter('c'), TWO_PHASE));
  assert.equal(participants, ['fresh']);
  assert.equal(ahead.node.data.get(), { a: 1, b: 1 }, 'what it had stays readable');
});

test('P14: who had not voted was too late, had left, or was not waited for any more', async () => {
  const stagesWith = async (end: 'veto' | 'goodbye' | 'deadline' | 'rollback') => {
    const cluster = new ServiceCluster();
    const master = cluster.master({ voteTimeout: 1_000 });
    const other = cluster.slave('s1', end === 'veto' ? { data: refusing('a') } : {});
    const stuck = cluster.slave('s2', { data: slow('a') });
    await cluster.start(master, other, stuck);
    await cluster.converge(master, [other, stuck]);
    const task = master.node.data.update(setter('a'), TWO_PHASE);
    await cluster.clock.pass(50);
    if (end === 'goodbye') await cluster.stop(stuck);
    if (end === 'rollback') task.rollback('changed my mind');
    const { slaves } = (await cluster.failure(task, 3_000)) as ReplicationError;
    return Object.entries(slaves).map(([id, { stage, reason }]) => [id, stage, reason ?? '']);
  };
  assert.equal(await stagesWith('veto'), [
    ['s1', 'vetoed', 'a is not wanted here'],
    ['s2', 'aborted', 'not waited for any more'],
  ]);
  assert.equal(await stagesWith('goodbye'), [
    ['s1', 'aborted', ''],
    ['s2', 'lost', 'it left before it voted'],
  ]);
  assert.equal(await stagesWith('deadline'), [
    ['s1', 'aborted', ''],
    ['s2', 'lost', 'no vote in time'],
  ]);
  assert.equal((await stagesWith('rollback'))[1], ['s2', 'aborted', 'not waited for any more']);
});

test.run();
