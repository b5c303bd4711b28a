/** P16: a term that came to nothing makes no fork of those who stand on what it had not seen. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LEASE_MS, MEMBERS, NodeWorld, type Tree, type TreeNode } from '../support/node-world.js';
import { ServiceDisk } from '../support/service-disk.js';

const test = suite('node: terms that came to nothing');

const to = (n: number) => (draft: Tree) => {
  draft.n = n;
};

/**
 * The first leader makes a change that nobody else sees. A second one leads a term from below it,
 * and makes nothing. Then the first one leads again, and its change is history: the others take it
 * as a whole state, which has the stamp of the term it was made in.
 */
async function withTermOfNothing() {
  const world = new NodeWorld();
  // On disk, so that a copy that may not follow is set aside, and not merely reset (P19).
  const disks = new Map(MEMBERS.map((id) => [id, { store: new ServiceDisk() }]));
  const remake = (id: string) => world.make(id, disks.get(id));
  for (const id of MEMBERS) void remake(id).start();
  const first = await world.leader();
  await world.settled(first.data.update(to(1)));
  await world.clock.pass(500);
  world.isolate(first.id);
  await world.settled(first.data.update(to(2), { ack: 'decided' }));
  assert.ok(await world.clock.passUntil(() => first.role !== 'leading', 2 * LEASE_MS));
  const second = await world.leader();
  assert.is.not(second, first);
  assert.is(await world.settled(second.stop()), undefined);
  world.nodes.delete(second.id);
  world.rejoin(first.id);
  assert.is(await world.leader(), first);
  const again = remake(second.id);
  assert.is(await world.settled(again.start()), undefined);
  const third = world.node(MEMBERS.find((id) => id !== first.id && id !== again.id) ?? '');
  const haveIt = () => [again, third].every(({ data }) => data.get().n === 2);
  assert.ok(await world.clock.passUntil(haveIt, LEASE_MS));
  return { world, first, again, third, remake };
}

/** Whatever this node complains of as a copy that may not follow. */
function complaints(node: TreeNode): string[] {
  const told: string[] = [];
  node.on('conflict', ({ id }) => told.push(`conflict ${id}`));
  node.on('trouble', ({ code, reason }) => code === 'REGRESSED' && told.push(reason));
  return told;
}

test('its leader leads again: who stands where it goes on from is no fork', async () => {
  const { world, first, again, third } = await withTermOfNothing();
  const told = [complaints(first), complaints(third)];
  const { position } = first;
  assert.is(await world.settled(again.promote({ timeout: 3 * LEASE_MS })), undefined);
  await world.clock.pass(2 * LEASE_MS);
  assert.is(again.role, 'leading');
  assert.is(first.status.copy?.summary, 'current');
  assert.equal(told, [[], []]);
  assert.is(first.position?.digest, position?.digest);
  // Its last change was made in the first term: its stamp is below that of the term in between.
  assert.is(first.position?.epoch.term, 1);
  await world.end();
});

test('nor is one that comes back when the history went on from there', async () => {
  const { world, first, again, third, remake } = await withTermOfNothing();
  assert.is(await world.settled(third.stop()), undefined);
  await world.settled(first.data.update(to(3)));
  assert.is(await world.settled(again.promote({ timeout: 3 * LEASE_MS })), undefined);
  const back = remake(third.id);
  const told = complaints(back);
  assert.is(await world.settled(back.start()), undefined);
  assert.ok(await world.clock.passUntil(() => back.data.get().n === 3, 3 * LEASE_MS));
  assert.is(again.role, 'leading');
  assert.equal([told, back.status.conflicts], [[], []]);
  await world.end();
});

test.run();
