/** 0022: a node whose store failed promises nothing, so it is not counted as one that could. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LEASE_MS, MEMBERS, NodeWorld } from '../support/node-world.js';
import { ServiceDisk } from '../support/service-disk.js';

const test = suite('node: one whose store failed');

test('with nobody else but such a node the lease is left alone', async () => {
  const world = new NodeWorld();
  const disks = new Map(MEMBERS.map((id) => [id, new ServiceDisk()]));
  const first = await world.begin((id) => {
    const store = disks.get(id);
    return store === undefined ? {} : { store };
  });
  await world.settled(
    first.data.update((draft) => {
      draft.n = 1;
    }),
  );
  await world.clock.pass(LEASE_MS);
  const disk = disks.get(first.id);
  assert.ok(disk !== undefined);
  disk.before = () => {
    throw new Error('the disk is full');
  };
  first.data
    .update((draft) => {
      draft.n = 2;
    })
    .catch(() => {});
  assert.ok(await world.clock.passUntil(() => first.role === 'failed', 5 * LEASE_MS), first.role);
  const second = await world.leader();
  await world.settled(second.stop());
  world.nodes.delete(second.id);
  const [last] = [...world.nodes.values()].filter(({ id }) => id !== first.id);
  assert.ok(last !== undefined);
  const before = world.lease.record('tree');
  await world.clock.pass(5 * LEASE_MS);
  assert.equal(world.lease.record('tree'), before);
  assert.match(last.status.problem?.reason ?? '', '2 of 3 nodes have to answer, 1 did');
  await world.end();
});

test.run();
