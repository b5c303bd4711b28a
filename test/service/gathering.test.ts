/** P17: a stream of changes goes out in few groups; nothing else waits. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serviceLimits } from '../../lib/limits.js';
import { Gathering } from '../../lib/service/gathering.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import { setter } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';

const test = suite('service: gathering a stream (P17)');
const { gatherFrom, gatherTo, gatherTurnsMax, inlineBytesMax } = serviceLimits;

/** Asks once per turn with so many changes waiting; the turns that the group was held for. */
async function turnsHeld(
  lastGroup: number,
  waiting: readonly number[],
  lastBytes = 1,
): Promise<number> {
  const clock = new VirtualClock();
  let resumed = 0;
  const gathering = new Gathering(clock, () => {
    resumed += 1;
  });
  gathering.began(lastGroup, lastBytes);
  let turns = 0;
  for (const count of waiting) {
    if (!gathering.holds(count)) break;
    assert.ok(gathering.holds(count), 'it goes on waiting within the turn');
    turns += 1;
    await clock.pass(0);
    assert.is(resumed, turns, 'it is asked again when the turn has passed');
  }
  return turns;
}

test('P17: a group after a small one leaves at once', async () => {
  assert.is(await turnsHeld(0, [gatherTo - 1]), 0);
  assert.is(await turnsHeld(gatherFrom - 1, [gatherTo - 1]), 0);
});

test('P17: a group of a stream waits as long as the stream goes on, within bounds', async () => {
  assert.is(await turnsHeld(gatherFrom, [10, 10, 10]), 1, 'nothing came in the turn it waited');
  assert.is(await turnsHeld(gatherFrom, [10, 20, 30, 30]), 3);
  assert.is(await turnsHeld(gatherFrom, [10, gatherTo]), 1);
  const endless = Array.from({ length: gatherTurnsMax * 2 }, (_, turn) => turn + 1);
  assert.is(await turnsHeld(gatherFrom, endless), gatherTurnsMax);
});

test('P17: a stream of large changes is not gathered past what an announce carries', async () => {
  const half = inlineBytesMax / 2;
  assert.is(await turnsHeld(gatherFrom, [gatherFrom, gatherFrom * 2 - 1, gatherFrom * 2], half), 2);
  assert.is(await turnsHeld(gatherFrom, [gatherFrom], inlineBytesMax), 0);
});

test('P17: a host that writes on and on makes few versions, and loses no change', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  const slave = cluster.slave('s1');
  await cluster.start(master, slave);
  const tasks: Array<PromiseLike<{ version: number }>> = [];
  const write = (turnsLeft: number): void => {
    for (let place = 0; place < gatherFrom; place += 1) {
      tasks.push(master.node.data.update(setter(`key-${place}`, tasks.length)));
    }
    if (turnsLeft > 1) cluster.clock.setImmediate(() => write(turnsLeft - 1));
  };
  write(12);
  await cluster.clock.pass(0);
  const results = await cluster.finish(Promise.all(tasks));
  const versions = new Set(results.map(({ version }) => version));
  assert.is(versions.size, 2, 'one for the first turn, one for all that came while it went on');
  await cluster.converge(master, [slave]);
  const last = tasks.length - 1;
  assert.is(slave.node.data.get()?.[`key-${gatherFrom - 1}`], last);
});

test('P17: one who awaits each change is not made to wait', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  await cluster.start(master);
  const burst = Array.from({ length: gatherFrom }, (_, place) =>
    master.node.data.update(setter(`key-${place}`)),
  );
  await cluster.finish(Promise.all(burst));
  const before = cluster.clock.now();
  for (let count = 0; count < 20; count += 1) {
    await cluster.finish(master.node.data.update(setter('one', count)));
  }
  assert.is(cluster.clock.now(), before, 'no timer was needed');
});

test.run();
