/** P13: one slave id, one living process; a second is refused until the first is dead. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';

const test = suite('service: duplicate ids (P13)');

async function twins() {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  const first = cluster.slave('s1');
  await cluster.start(master, first);
  await cluster.converge(master, [first]);
  const transport = cluster.network.connect({ to: 'master', name: 'elsewhere' });
  const second = cluster.slave('s1', { transport });
  await cluster.start(second);
  return { cluster, master, first, second };
}

test('P13: the second process is refused with DUPLICATE_ID while the first answers', async () => {
  const { cluster, master, first, second } = await twins();
  await cluster.until('refused', () => second.node.status.link === 'refused');
  assert.is(second.node.status.problem?.code, 'DUPLICATE_ID');
  assert.match(second.node.status.problem?.reason ?? '', 's1');
  assert.ok(
    master.troubles.some(({ code }) => code === 'DUPLICATE_ID'),
    'both hosts are told',
  );
  for (let round = 0; round < 10; round += 1) {
    await cluster.clock.pass(1700);
    await cluster.finish(master.node.data.update(setter(`k${round}`), TWO_PHASE));
    await cluster.converge(master, [first], 500);
    assert.is(second.node.position, null, 'the refused one gets nothing');
  }
  assert.is(first.node.status.summary, 'current');
  assert.is(master.node.slaves()[0]?.incarnation.length, 21);
});

test('P13: the second one is accepted once the first is dead', async () => {
  const { cluster, master, first, second } = await twins();
  await cluster.clock.pass(10_000);
  first.kill();
  await cluster.finish(master.node.data.update(setter('a')));
  await cluster.converge(master, [second], 15_000);
  assert.is(second.node.status.summary, 'current');
  const { participants } = await cluster.finish(master.node.data.update(setter('b'), TWO_PHASE));
  assert.equal(participants, ['s1']);
});

test('P13: the second one is accepted when the first falls silent on a connection that stays', async () => {
  const { cluster, master, first, second } = await twins();
  await cluster.clock.pass(5_000);
  cluster.network.partition('master', 's1');
  await cluster.until(
    'the second one follows',
    () => second.node.status.summary === 'current',
    30_000,
  );
  await cluster.finish(master.node.data.update(setter('a')));
  await cluster.converge(master, [second]);
  assert.is(first.node.data.get().a, undefined);
});

test('P13: a restarted process with the same id is taken over at once', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  const first = cluster.slave('s1');
  await cluster.start(master, first);
  await cluster.converge(master, [first]);
  await cluster.stop(first);
  const again = cluster.slave('s1');
  await cluster.start(again);
  await cluster.converge(master, [again], 200);
});

test('P13, T44: votes of a refused twin are not counted', async () => {
  const { cluster, master, first, second } = await twins();
  await cluster.until('refused', () => second.node.status.link === 'refused');
  first.wire.onSend = () => {};
  cluster.network.partition('s1', 'master', { oneWay: true });
  const task = master.node.data.update(setter('a'), { ...TWO_PHASE, timeout: 500 });
  const error = (await cluster.failure(task)) as { cause: { code: string } };
  assert.is(error.cause.code, 'TIMEOUT');
  cluster.rules.aborted('a');
  cluster.network.heal();
  await cluster.clock.pass(5_000);
  cluster.rules.check();
});

test.run();
