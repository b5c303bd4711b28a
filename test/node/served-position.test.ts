/** S7: a node shows a version only with the data of that version, also while it starts. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type DocumentMasterData, type DocumentSlaveData, document } from '../../lib/index.js';
import type { LayerDefinition, LayerStorage } from '../../lib/layers/contract.js';
import { MEMBERS, NodeWorld, type Tree } from '../support/node-world.js';
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

/** Knows where it stands once it was opened, as one that reads it from its storage. */
function unknowing(): LayerDefinition<DocumentMasterData<Tree>, DocumentSlaveData<Tree>> {
  const inner = document<Tree>({ n: 0 });
  const createSlaveLayer = () => {
    const layer = inner.createSlaveLayer();
    const open = layer.open?.bind(layer);
    const position = layer.position.bind(layer);
    let isOpen = false;
    return Object.assign(layer, {
      open: (storage: LayerStorage | null) => {
        isOpen = true;
        return open?.(storage);
      },
      position: () => {
        if (!isOpen) throw new Error('not open yet');
        return position();
      },
    });
  };
  return { ...inner, createSlaveLayer };
}

test('T50: a node is looked at before its layer is open, which cannot tell where it stands', async () => {
  const world = new NodeWorld();
  const node = world.make('a', { data: unknowing() });
  const told: unknown[] = [];
  node.on('status', ({ position }) => told.push(position));
  assert.equal([node.position, node.status.position], [null, null]);
  const started = node.start();
  assert.is(node.position, null);
  assert.is(await world.settled(started), undefined);
  assert.is(node.position, null);
  assert.ok(told.every((position) => position === null));
  await world.end();
});

test.run();
