/** What must not cost the square of the slaves: lists of ids, gathered words, states under way. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type ReplicationError, Veto } from '../../lib/errors.js';
import { document } from '../../lib/layers/document/document.js';
import { serviceLimits } from '../../lib/limits.js';
import { GatheringBox } from '../../lib/service/gathering-box.js';
import { KnownIds } from '../../lib/service/known-ids.js';
import { Landing } from '../../lib/service/landing.js';
import { SlaveRoster } from '../../lib/service/slave-roster.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import { decodeFrame } from '../../lib/wire/frame.js';
import { setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';
import { ServiceDisk } from '../support/service-disk.js';
import type { Tree } from '../support/service-rules.js';

const test = suite('service: crowds');

function boxOf(awaited: () => number) {
  const clock = new VirtualClock();
  const delivered: number[] = [];
  const box = new GatheringBox<number>({
    clock,
    awaited,
    isUrgent: (word) => word < 0,
    deliver: (words) => delivered.push(words.length),
  });
  return { clock, box, delivered };
}

test('words of a few wait for a turn at the most, the last one for nothing', async () => {
  const { clock, box, delivered } = boxOf(() => 3);
  box.add(1);
  await clock.pass(0);
  assert.equal(delivered, [1]);
  for (const word of [1, 2, 3]) box.add(word);
  assert.equal(delivered, [1, 3]);
});

test('words of many wait some milliseconds for each other, but a no for nothing', async () => {
  const { clock, box, delivered } = boxOf(() => 1000);
  for (let word = 0; word < 5; word += 1) {
    box.add(word);
    await clock.pass(1);
  }
  assert.equal(delivered, []);
  await clock.pass(10);
  assert.equal(delivered, [5]);
  box.add(1);
  box.add(-1);
  assert.equal(delivered, [5, 2]);
  box.add(1);
  box.close();
  assert.is(clock.pending.length, 0, 'its timer ends with it');
});

test('slaves that become known together are written together', async () => {
  const clock = new VirtualClock();
  const roster = new SlaveRoster();
  const written: number[] = [];
  const known = new KnownIds(roster, clock, (ids) => written.push(ids.length));
  for (let index = 0; index < 500; index += 1) {
    roster.know(`s${index}`, 0);
    known.save();
    if (index % 10 === 0) await clock.pass(1);
  }
  await clock.pass(1000);
  assert.is(written.at(-1), 500);
  assert.ok(written.length <= 3, `${written.length} lists`);
  known.save();
  assert.ok(written.length <= 3, 'nothing new, nothing written');
  roster.forget('s7');
  known.save();
  known.flush();
  assert.is(written.at(-1), 499);
  assert.is(clock.pending.length, 0);
});

test('P14: a slave that joins and a master that stops at once: known after the restart', async () => {
  const cluster = new ServiceCluster();
  const disk = new ServiceDisk();
  const master = cluster.master({ disk });
  const slaves = ['s1', 's2', 's3'].map((id) => cluster.slave(id));
  await cluster.start(master, ...slaves);
  await cluster.converge(master, slaves);
  await cluster.stop(master, ...slaves);
  const again = cluster.master({ disk });
  await cluster.start(again);
  assert.equal(
    again.node.slaves().map(({ id }) => id),
    ['s1', 's2', 's3'],
  );
});

test('P13: a yes that waits for others is void when its giver comes again', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master({ voteTimeout: 5_000 });
  const slaves = Array.from({ length: 80 }, (_, index) => cluster.slave(`s${index}`));
  const { clock, network } = cluster;
  await cluster.start(master, ...slaves);
  await cluster.converge(master, slaves);
  // The last vote takes long enough for all that follows to happen while the round is open.
  network.setFaults('s79', 'master', { delayMsMin: 300 });
  const task = master.node.data.update(setter('a', 1), TWO_PHASE);
  await clock.pass(3);
  slaves[0]?.kill();
  const prepare = async (next: Tree): Promise<void> => {
    if (!('a' in next)) return;
    await new Promise<void>((done) => clock.setTimeout(done, 1_000));
    throw new Veto('not in this life');
  };
  const again = cluster.slave('s0', { data: document<Tree>({}, { prepare }) });
  await again.node.start();
  const error = (await cluster.failure(task)) as ReplicationError;
  assert.is(error.code, 'ABORTED');
  assert.match(`${error.cause}`, /not in this life/);
});

test('P18: states that left but did not arrive keep others waiting, up to a limit', async () => {
  const clock = new VirtualClock();
  const landing = new Landing(clock);
  const half = serviceLimits.landingBytesMax / 2;
  const flight = { version: 7, bytes: half, crossedUntilMs: 500 };
  landing.left('s1', flight);
  landing.left('s2', flight);
  assert.ok(landing.isCrossed('s1'), 'what it asks for may be on its way');
  assert.ok(landing.isFull);
  assert.not(landing.stands('s1', 6), 'it is not there yet');
  assert.ok(landing.stands('s1', 7));
  assert.not(landing.stands('s1', 8), 'told once');
  assert.not(landing.isFull);
  landing.left('s3', flight);
  landing.left('s3', { ...flight, version: 9 });
  assert.ok(landing.isFull, 'one state of a slave counts once');
  await clock.pass(500);
  assert.not(landing.isCrossed('s3'), 'it asks for good');
  assert.not(landing.isCrossed('s9'), 'nothing is under way to it');
  await clock.pass(serviceLimits.landingMsMax);
  assert.ok(landing.sweep(), 'those that never answer are given up');
  assert.not(landing.isFull);
  assert.not(landing.sweep());
});

test('P14: a prepare names nobody where only its participants get it', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  const slaves = ['s1', 's2'].map((id) => cluster.slave(id));
  const named: Array<readonly string[]> = [];
  master.wire.onSend = (frame) => {
    const message = decodeFrame(frame);
    if (message.kind === 'prepare') named.push(message.participants);
  };
  await cluster.start(master, ...slaves);
  await cluster.converge(master, slaves);
  const task = master.node.data.update(setter('a', 1), { ...TWO_PHASE, ack: 'applied' });
  const { participants, unconfirmed } = await cluster.finish(task);
  assert.equal([[...participants].sort(), unconfirmed], [['s1', 's2'], []]);
  assert.equal(named, [[]]);
});

test('P14: with true multicast a prepare names its participants, and the others do not vote', async () => {
  const cluster = new ServiceCluster();
  const transport = cluster.network.listen('master', { multicast: true });
  const master = cluster.master({ transport, participants: ['s1'] });
  const slaves = ['s1', 's2'].map((id) => cluster.slave(id));
  let asked = 0;
  for (const { wire, node } of slaves) {
    wire.onSend = (frame) => {
      if (decodeFrame(frame).kind !== 'vote') return;
      assert.is(node.id, 's1');
      asked += 1;
    };
  }
  await cluster.start(master, ...slaves);
  await cluster.converge(master, slaves);
  await cluster.finish(master.node.data.update(setter('a', 1), TWO_PHASE));
  await cluster.converge(master, slaves);
  assert.is(asked, 1);
});

test.run();
