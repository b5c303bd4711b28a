/** The public objects in every state: options by name, before start, after stop, in between. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { createMaster } from '../../lib/master.js';
import { createSlave } from '../../lib/slave.js';
import { setter, slow, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';

const test = suite('service: public faces');

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return error instanceof ReplicationError ? error.code : `not coded: ${String(error)}`;
  }
  return 'nothing';
}

test('NOT_RUNNING: what needs a running master or slave says so, before start and after stop', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  const slave = cluster.slave('s1');
  const ask = async (hasStarted: boolean) => {
    const rejected = [
      master.node.slavesAt(1),
      slave.node.current(),
      slave.node.waitFor(1),
      ...(hasStarted ? [master.node.data.update(setter('a'))] : []),
    ];
    for (const work of rejected) Promise.resolve(work).catch(() => {});
    for (const work of rejected) {
      assert.is(((await cluster.failure(work)) as ReplicationError).code, 'NOT_RUNNING');
    }
    assert.is(
      codeOf(() => slave.node.resync()),
      'NOT_RUNNING',
    );
    assert.is(
      codeOf(() => slave.node.adoptLineage('l')),
      'NOT_RUNNING',
    );
    assert.is(
      codeOf(() => slave.node.resolve('r', 'aborted')),
      'NOT_RUNNING',
    );
    assert.is(master.node.forget('s1'), false);
    assert.equal(master.node.slaves(), []);
    assert.is(master.node.status.state, 'stopped');
    assert.is(slave.node.status.summary, 'stopped');
    assert.is(slave.node.age, Number.POSITIVE_INFINITY);
  };
  await ask(false);
  assert.is(
    codeOf(() => master.node.data.update(setter('a'))),
    'NOT_RUNNING',
  );
  await cluster.stop(master, slave);
  await cluster.start(master, slave);
  await cluster.finish(master.node.data.update(setter('x')));
  await cluster.converge(master, [slave]);
  await cluster.stop(master, slave);
  await cluster.stop(master, slave);
  await ask(true);
  assert.equal(slave.node.data.get(), { x: 1 }, 'reads go on');
  assert.is(master.node.position?.version, 2);
  assert.equal(cluster.clock.pending, []);
});

test('INVALID_OPTION: options are checked by name', () => {
  const cluster = new ServiceCluster();
  const { transport: up } = { transport: cluster.network.listen() };
  const down = cluster.network.connect();
  const data = slow('x');
  const badMaster = [
    ['item', { item: '' }],
    ['data', { data: {} }],
    ['transport', { transport: down }],
    ['heartbeat', { heartbeat: 0 }],
    ['voteTimeout', { voteTimeout: Number.NaN }],
    ['participants', { participants: 'all' }],
    ['atLeast', { atLeast: -1 }],
    ['unreachable', { unreachable: { exclude: 0 } }],
    ['heartbeet', { heartbeet: 1 }],
  ] as const;
  for (const [name, wrong] of badMaster) {
    const options = { item: 'i', data, transport: up, ...wrong };
    assert.throws(
      () => createMaster(options as never),
      (error: ReplicationError) => error.code === 'INVALID_OPTION' && error.message.includes(name),
    );
  }
  for (const [name, wrong] of [
    ['transport', { transport: up }],
    ['id', { id: 'x'.repeat(300) }],
    ['half characters', { id: 'x\ud83d' }],
    ['silence', { silence: -1 }],
    ['jitter', { jitter: 2 ** 40 }],
  ] as const) {
    const options = { item: 'i', data, transport: down, ...wrong };
    assert.throws(
      () => createSlave(options as never),
      (error: ReplicationError) => error.code === 'INVALID_OPTION' && error.message.includes(name),
    );
  }
});

test('ABORTED, TIMEOUT: waits and starts end by signal and time limit, with codes', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  const slave = cluster.slave('s1');
  const aborted = AbortSignal.abort();
  for (const { node } of [master, slave]) {
    const error = (await cluster.failure(node.start({ signal: aborted }))) as ReplicationError;
    assert.instance(error, ReplicationError);
    assert.is(error.code, 'ABORTED');
  }
  await cluster.start(slave);
  const late = (await cluster.failure(slave.node.current({ timeout: 300 }))) as ReplicationError;
  assert.is(late.code, 'TIMEOUT');
  const abort = new AbortController();
  const wait = slave.node.waitFor(5, { signal: abort.signal });
  wait.catch(() => {});
  abort.abort();
  assert.is(((await cluster.failure(wait)) as ReplicationError).code, 'ABORTED');
  await cluster.start(master);
  await cluster.converge(master, [slave]);
  const missing = (await cluster.failure(
    master.node.slavesAt(9, { timeout: 200 }),
  )) as ReplicationError;
  assert.is(missing.code, 'TIMEOUT');
  assert.match(missing.message, 's1');
  assert.is(
    ((await cluster.failure(master.node.start())) as ReplicationError).code,
    'INVALID_OPTION',
  );
  await cluster.stop(master, slave);
  assert.equal(cluster.clock.pending, []);
});

test('T56: a stop amid a round aborts it; one amid nothing is quick; both await what they own', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  const slave = cluster.slave('s1', { data: slow('a') });
  await cluster.start(master, slave);
  await cluster.converge(master, [slave]);
  const open = master.node.data.update(setter('a'), TWO_PHASE);
  await cluster.clock.pass(10);
  const waiting = master.node.data.update(setter('b'));
  await cluster.stop(master);
  assert.is(((await cluster.failure(open)) as ReplicationError).code, 'ABORTED');
  assert.is(((await cluster.failure(waiting)) as ReplicationError).code, 'NOT_RUNNING');
  assert.equal(master.node.data.get(), {});
  await cluster.start(master);
  cluster.rules.aborted('a');
  await cluster.finish(master.node.data.update(setter('c'), TWO_PHASE));
  await cluster.converge(master, [slave]);
});

test('Symbol.asyncDispose stops; age and inspect tell what they promise', async () => {
  const cluster = new ServiceCluster();
  const seen = new Set<string>();
  const inspect = (event: unknown) => void seen.add((event as { type: string }).type);
  const master = cluster.master({ inspect });
  const slave = cluster.slave('s1', { inspect });
  await cluster.start(master, slave);
  await cluster.converge(master, [slave]);
  assert.ok(seen.has('@xstate.event') && seen.has('@xstate.snapshot'), [...seen].join(', '));
  await cluster.clock.pass(500);
  const young = slave.node.age;
  assert.ok(young <= 1_000);
  cluster.network.partition('master', 's1');
  await cluster.clock.pass(10_000);
  assert.ok(slave.node.age >= 9_900);
  assert.is(slave.node.status.link, 'stale');
  assert.is(master.node.slaves()[0]?.link, 'stale');
  await cluster.finish(
    Promise.all([master.node[Symbol.asyncDispose](), slave.node[Symbol.asyncDispose]()]),
  );
  assert.is(master.node.status.state, 'stopped');
  assert.is(slave.node.status.summary, 'stopped');
});

test('claims 5, 6: states and stages of a task, from queued to applied', async () => {
  const cluster = new ServiceCluster();
  cluster.network.setFaults('master', 's1', { delayMsMin: 100 });
  const master = cluster.master();
  const slave = cluster.slave('s1');
  await cluster.start(master, slave);
  await cluster.converge(master, [slave]);
  const task = master.node.data.update(setter('a'), { ...TWO_PHASE, ack: 'applied' });
  const seen: string[] = [];
  const look = () => {
    const { state, slaves } = task.status;
    const now = `${state}/${slaves.s1?.stage ?? '-'}`;
    if (seen.at(-1) !== now) seen.push(now);
  };
  look();
  for (let step = 0; step < 40; step += 1) {
    await cluster.clock.pass(10);
    look();
  }
  await cluster.finish(task);
  look();
  assert.equal(seen, ['queued/-', 'preparing/sent', 'committed/committed', 'committed/applied']);
  assert.is(task.rollback(), false, 'too late');
  assert.is(task.id.length, 21);
});

test.run();
