/** Several items on one transport: each is its own, none harms another. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReplicationError } from '../../lib/errors.js';
import { document } from '../../lib/layers/document/document.js';
import { createMaster } from '../../lib/master.js';
import { hubOf } from '../../lib/service/hub.js';
import { createSlave } from '../../lib/slave.js';
import { setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';
import type { Tree } from '../support/service-rules.js';

const test = suite('service: several items on one transport');

async function twoItems() {
  const cluster = new ServiceCluster();
  const { clock } = cluster;
  const up = cluster.network.listen('master');
  const down = cluster.network.connect({ to: 'master', name: 's1' });
  const make = (item: string) => ({
    master: createMaster({ item, data: document<Tree>({}), transport: up, clock }),
    slave: createSlave({ item, id: 's1', data: document<Tree>({}), transport: down, clock }),
  });
  const a = make('a');
  const b = make('b');
  await cluster.finish(
    Promise.all([a, b].flatMap(({ master, slave }) => [master.start(), slave.start()])),
  );
  await cluster.finish(Promise.all([a.slave.current(), b.slave.current()]));
  return { cluster, a, b, up, down };
}

test('two items share a connection and keep apart', async () => {
  const { cluster, a, b } = await twoItems();
  await cluster.finish(a.master.data.update(setter('x')));
  await cluster.finish(b.master.data.update(setter('y'), TWO_PHASE));
  await cluster.finish(Promise.all([a.slave.waitFor(2), b.slave.waitFor(2)]));
  assert.equal(a.slave.data.get(), { x: 1 });
  assert.equal(b.slave.data.get(), { y: 1 });
});

test('stopping one item leaves the connection of the other alone', async () => {
  const { cluster, a, b } = await twoItems();
  const links: string[] = [];
  b.slave.on('status', ({ link }) => links.push(link));
  await cluster.finish(a.slave.stop());
  await cluster.finish(a.master.stop());
  await cluster.clock.pass(20_000);
  assert.equal(
    links.filter((link) => link !== 'live'),
    [],
    'b never noticed',
  );
  await cluster.finish(b.master.data.update(setter('y'), TWO_PHASE));
  await cluster.finish(b.slave.waitFor(2));
});

test('L3: an item whose hellos nobody answers leaves the connection of the other alone', async () => {
  const { cluster, a, up, down } = await twoItems();
  const { clock } = cluster;
  const nothing = () => {};
  const mute = {
    joined: nothing,
    left: nothing,
    received: nothing,
    drained: nothing,
    troubled: nothing,
  };
  await cluster.finish(hubOf(up).attach('c', mute));
  const data = document<Tree>({});
  const deaf = createSlave({ item: 'c', id: 's1', data, transport: down, clock });
  await cluster.finish(deaf.start());
  const links: string[] = [];
  a.slave.on('status', ({ link }) => links.push(link));
  await clock.pass(120_000);
  const lost = links.filter((link) => link !== 'live');
  assert.equal(lost, [], 'a never noticed');
});

test('stop of one item and start of another cross without harm', async () => {
  const { cluster, a, b, up, down } = await twoItems();
  await cluster.finish(Promise.all([b.slave.stop(), b.master.stop()]));
  const c = {
    master: createMaster({
      item: 'c',
      data: document<Tree>({}),
      transport: up,
      clock: cluster.clock,
    }),
    slave: createSlave({
      item: 'c',
      id: 's1',
      data: document<Tree>({}),
      transport: down,
      clock: cluster.clock,
    }),
  };
  const turns = [a.slave.stop(), a.master.stop(), c.master.start(), c.slave.start()];
  await cluster.finish(Promise.all(turns));
  await cluster.finish(c.slave.current());
  await cluster.finish(Promise.all([c.slave.stop(), c.master.stop()]));
  assert.equal(cluster.clock.pending, []);
});

test('INVALID_OPTION: one item served twice on one transport is refused, the first serves on', async () => {
  const { cluster, a, up } = await twoItems();
  const twice = createMaster({
    item: 'a',
    data: document<Tree>({}),
    transport: up,
    clock: cluster.clock,
  });
  const error = (await cluster.failure(twice.start())) as ReplicationError;
  assert.is(error.code, 'INVALID_OPTION');
  assert.match(error.message, 'served');
  assert.is(twice.status.state, 'stopped');
  await cluster.finish(a.master.data.update(setter('x')));
  await cluster.finish(a.slave.waitFor(2));
});

test('PROTOCOL: a slave of an item that nobody serves is told so, and waits for it', async () => {
  const { cluster, up, down } = await twoItems();
  const { clock } = cluster;
  const lost = createSlave({
    item: 'c',
    id: 's1',
    data: document<Tree>({}),
    transport: down,
    clock,
  });
  await cluster.finish(lost.start());
  await cluster.until('refused', () => lost.status.link === 'refused');
  assert.is(lost.status.problem?.code, 'PROTOCOL');
  assert.match(lost.status.problem?.reason ?? '', '"c"');
  const late = createMaster({ item: 'c', data: document<Tree>({}), transport: up, clock });
  await cluster.finish(late.start());
  await cluster.finish(lost.current());
});

test.run();
