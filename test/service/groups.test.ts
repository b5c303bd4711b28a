/** P17: what waits goes out together; vetoes split, roll-backs rebuild, time-outs do neither. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { document } from '../../lib/layers/document/document.js';
import { refusing, setter, slow, TWO_PHASE as TWO } from '../support/service-changes.js';
import { ServiceCluster, type SlaveLife } from '../support/service-cluster.js';
import { ServiceDisk } from '../support/service-disk.js';
import type { Tree } from '../support/service-rules.js';

const test = suite('service: groups (P17)');
async function clusterOf(slaveOptions: Parameters<ServiceCluster['slave']>[1] = {}) {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  const slaves: SlaveLife[] = [cluster.slave('s1', slaveOptions), cluster.slave('s2')];
  await cluster.start(master, ...slaves);
  await cluster.converge(master, slaves);
  return { cluster, master, slaves };
}

test('P17: changes of one tick become one version', async () => {
  const { cluster, master, slaves } = await clusterOf();
  const tasks = ['a', 'b', 'c'].map((key) => master.node.data.update(setter(key)));
  const results = await cluster.finish(Promise.all(tasks));
  assert.is(new Set(results.map(({ version }) => version)).size, 1);
  assert.is(results[0]?.version, 2);
  await cluster.converge(master, slaves);
});

test('P17: what comes while a group is under way goes out as the next one', async () => {
  const cluster = new ServiceCluster();
  const disk = new ServiceDisk();
  const master = cluster.master({ disk });
  await cluster.start(master);
  disk.before = () => new Promise((resolve) => cluster.clock.setTimeout(resolve, 10));
  const first = master.node.data.update(setter('a'));
  await cluster.clock.pass(5);
  const later = ['b', 'c', 'd'].map((key) => master.node.data.update(setter(key)));
  await cluster.clock.pass(1);
  assert.is(master.node.status.queued, 3);
  const results = await cluster.finish(Promise.all([first, ...later]));
  assert.equal(
    results.map(({ version }) => version),
    [2, 3, 3, 3],
  );
});

test('P17: a change of method ends a group, and nothing overtakes', async () => {
  const { cluster, master, slaves } = await clusterOf();
  const order: string[] = [];
  const make = (key: string, method: 'one-phase' | 'two-phase') =>
    master.node.data.update(setter(key), { method }).then(({ version }) => {
      order.push(key);
      return version;
    });
  const versions = await cluster.finish(
    Promise.all([
      make('a', 'one-phase'),
      make('b', 'one-phase'),
      make('c', 'two-phase'),
      make('d', 'two-phase'),
      make('e', 'one-phase'),
    ]),
  );
  assert.equal(versions, [2, 2, 3, 3, 4]);
  assert.equal(order, ['a', 'b', 'c', 'd', 'e']);
  await cluster.converge(master, slaves);
});

test('P17: a veto splits the group until only the unwanted change is refused', async () => {
  const { cluster, master, slaves } = await clusterOf({ data: refusing('c') });
  const keys = ['a', 'b', 'c', 'd', 'e'];
  const ends = await cluster.finish(
    Promise.all(
      keys.map((key) =>
        master.node.data.update(setter(key), TWO).then(
          () => 'committed',
          (error: ReplicationError) => (error.cause as ReplicationError).code,
        ),
      ),
    ),
  );
  assert.equal(ends, ['committed', 'committed', 'VETOED', 'committed', 'committed']);
  cluster.rules.aborted('c');
  await cluster.converge(master, slaves);
  assert.equal(Object.keys(slaves[0]?.node.data.get() ?? {}).sort(), ['a', 'b', 'd', 'e']);
});

test('P17: a time-out does not split: all members learn of it at once', async () => {
  const { cluster, master } = await clusterOf({
    data: slow('a'),
  });
  const tasks = ['a', 'b', 'c'].map((key) => master.node.data.update(setter(key), TWO));
  const before = cluster.clock.now();
  for (const task of tasks) {
    const error = (await cluster.failure(task)) as ReplicationError;
    assert.is(error.code, 'ABORTED');
    assert.is((error.cause as ReplicationError).code, 'TIMEOUT');
    assert.is(error.retryable, true);
    assert.is(error.slaves.s1?.stage, 'lost');
    assert.is(error.slaves.s2?.stage, 'aborted');
  }
  assert.ok(cluster.clock.now() - before < 2_100, 'one deadline for all');
});

test('P17: the roll-back of one member rebuilds the rest without it', async () => {
  let passed = (): void => {};
  const { cluster, master, slaves } = await clusterOf({
    data: document<Tree>(
      {},
      {
        prepare: (next) =>
          Object.keys(next).length === 0
            ? undefined
            : new Promise<void>((resolve) => {
                passed = resolve;
              }),
      },
    ),
  });
  const [a, b, c] = ['a', 'b', 'c'].map((key) => master.node.data.update(setter(key), TWO));
  await cluster.clock.pass(10);
  assert.is(b?.status.state, 'preparing');
  assert.is(b?.rollback('not this one'), true);
  assert.is(b?.rollback('twice'), false);
  const error = (await cluster.failure(b as never)) as ReplicationError;
  assert.is((error.cause as ReplicationError).code, 'ROLLED_BACK');
  await cluster.clock.pass(10);
  passed();
  await cluster.finish(Promise.all([a, c]));
  cluster.rules.aborted('b');
  await cluster.converge(master, slaves);
  assert.equal(Object.keys(master.node.data.get()).sort(), ['a', 'c']);
});

test('claim 5: a roll-back says true although other changes wait behind it', async () => {
  const { cluster, master } = await clusterOf({
    data: slow('a'),
  });
  const task = master.node.data.update(setter('a'), TWO);
  await cluster.clock.pass(1);
  const behind = master.node.data.update(setter('b'));
  assert.is(task.rollback('changed my mind'), true);
  await cluster.failure(task);
  await cluster.finish(behind);
});

test('claim 5: a change is taken back while its group is being built', async () => {
  const cluster = new ServiceCluster();
  let release = (): void => {};
  const schema = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: (value: unknown) =>
        Object.keys(value as object).length === 0
          ? { value: value as Tree }
          : new Promise<{ value: Tree }>((resolve) => {
              release = () => resolve({ value: value as Tree });
            }),
    },
  };
  const master = cluster.master({ data: document<Tree>({}, { schema }) });
  await cluster.start(master);
  const abort = new AbortController();
  const taken = master.node.data.update(setter('a'), { signal: abort.signal });
  const kept = master.node.data.update(setter('b'));
  await cluster.clock.settle();
  abort.abort();
  const error = (await cluster.failure(taken)) as ReplicationError;
  assert.is((error.cause as ReplicationError).code, 'ROLLED_BACK');
  for (let turn = 0; turn < 6; turn += 1) {
    release();
    await cluster.clock.settle();
  }
  await cluster.finish(kept);
  assert.equal(master.node.data.get(), { b: 1 }, 'it was not made with the others (S9)');
});

test('T51: three thousand changes of alternating methods end, each in its turn', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  await cluster.start(master);
  const tasks = Array.from({ length: 3_000 }, (_, index) =>
    master.node.data.update(setter('n', index), index % 2 === 0 ? TWO : {}),
  );
  const results = await cluster.finish(Promise.all(tasks));
  const versions = results.map(({ version }) => version);
  assert.equal(
    versions,
    [...versions].sort((left, right) => left - right),
  );
  assert.equal(master.node.data.get(), { n: 2_999 });
});

test('OVERLOADED: the queue is bounded, and takes changes again', async () => {
  const cluster = new ServiceCluster();
  const disk = new ServiceDisk();
  const master = cluster.master({ disk, queueMax: 3 });
  await cluster.start(master);
  const tasks = ['a', 'b', 'c', 'd'].map((key) => master.node.data.update(setter(key)));
  const error = (await cluster.failure(tasks[3] as never)) as ReplicationError;
  assert.is(error.code, 'OVERLOADED');
  assert.is(error.retryable, true);
  await cluster.finish(Promise.all(tasks.slice(0, 3)));
  await cluster.finish(master.node.data.update(setter('d')));
  assert.equal(Object.keys(master.node.data.get()).sort(), ['a', 'b', 'c', 'd']);
});

test('an update that changes nothing resolves at once with the version there is', async () => {
  const { cluster, master } = await clusterOf();
  await cluster.finish(master.node.data.update(setter('a')));
  const result = await cluster.finish(master.node.data.update(setter('a'), TWO));
  assert.is(result.version, 2);
  assert.is(master.node.position?.version, 2);
});

test('a change that throws fails alone, with what it threw', async () => {
  const { cluster, master } = await clusterOf();
  const good = master.node.data.update(setter('a'));
  const bad = master.node.data.update(() => {
    throw new Error('no such luck');
  });
  const error = (await cluster.failure(bad)) as ReplicationError;
  assert.instance(error, ReplicationError);
  assert.match(error.message, 'no such luck');
  await cluster.finish(good);
});

test('bad options reject the task by name and change nothing', async () => {
  const { cluster, master } = await clusterOf();
  const bad: ReadonlyArray<readonly [string, object]> = [
    ['method', { method: 'three-phase' }],
    ['timeout', { timeout: Number.NaN }],
    ['timeout', { timeout: 0 }],
    ['ack', { ack: 'maybe' }],
    ['durability', { durability: 'tape' }],
    ['signal', { signal: {} }],
    ['metod', { metod: 'two-phase' }],
  ];
  for (const [name, options] of bad) {
    const task = master.node.data.update(setter('x'), options as never);
    const error = (await cluster.failure(task)) as ReplicationError;
    assert.is(error.code, 'INVALID_OPTION', name);
    assert.match(error.message, name);
  }
  assert.equal(master.node.data.get(), {});
});

test.run();
