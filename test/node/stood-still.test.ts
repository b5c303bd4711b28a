/** S10: a node whose process stood still finds its lease over at its first breath, by its clock. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SimulatedProcess } from '../../lib/testing/simulation/process.js';
import { LEASE_MS, MEMBERS, NodeWorld } from '../support/node-world.js';

const test = suite('node: one that stood still');

test('past its lease it takes no change, though no timer told it and nobody else leads', async () => {
  const world = new NodeWorld();
  const processes = new Map(MEMBERS.map((id) => [id, new SimulatedProcess(world.clock)]));
  const leader = await world.begin((id) => {
    const clock = processes.get(id);
    return clock === undefined ? {} : { clock };
  });
  const change = (draft: { n: number }) => {
    draft.n += 1;
  };
  assert.type(await world.settled(leader.data.update(change)), 'object');
  processes.get(leader.id)?.pause();
  assert.ok(await world.clock.passUntil(() => leader.status.leaseMs === 0, LEASE_MS));
  assert.is(leader.role, 'leading', 'it was told already');
  const leading = [...world.nodes.values()].filter(({ role }) => role === 'leading');
  assert.equal(
    leading.map(({ id }) => id),
    [leader.id],
  );
  // Its slaves still answer it: they would confirm what it made.
  assert.is(await world.settled(leader.data.update(change)), 'FENCED');
  processes.get(leader.id)?.resume('arrivals-first');
  await world.clock.pass(LEASE_MS);
  await world.leader();
  await world.end();
});

test.run();
