/** S7: a node shows a version only with the data of that version, also while it starts. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MEMBERS, NodeWorld } from '../support/node-world.js';
import { ServiceDisk } from '../support/service-disk.js';

const test = suite('node: served position');

test('S7: a node that starts again shows no version before it has the data of it', async () => {
  const world = new NodeWorld();
  const disks = new Map(MEMBERS.map((id) => [id, { store: new ServiceDisk() }]));
  for (const id of MEMBERS) void world.make(id, disks.get(id)).start();
  const leader = await world.leader();
  const task = leader.data.update((draft) => {
    draft.n = 7;
  });
  await world.settled(task);
  await world.clock.pass(500);
  const other = world.node(MEMBERS.find((id) => id !== leader.id) ?? '');
  const { position } = other;
  await world.settled(other.stop());
  world.nodes.delete(other.id);

  const again = world.make(other.id, disks.get(other.id));
  let isStarted = false;
  const started = again.start().then(() => {
    isStarted = true;
  });
  let looks = 0;
  while (!isStarted && looks < 1_000) {
    const shown = again.position;
    if (shown !== null) assert.is(again.data.get().n, 7, `at version ${shown.version}`);
    assert.equal(again.status.position, shown);
    looks += 1;
    // A look after each turn; the lease needs time to pass as well.
    await world.clock.pass(looks % 20 === 0 ? 1 : 0);
  }
  assert.is(await world.settled(started), undefined);
  assert.ok(looks > 1, `looked ${looks} times`);
  assert.equal(again.position, position);
  assert.is(again.data.get().n, 7);
  await world.end();
});

test.run();
