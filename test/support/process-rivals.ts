/** Incidents with two processes where there should be one. */
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { freePort } from './free-port.js';
import type { Ground } from './process-ground.js';
import { type ProcessNode, Refused } from './process-node.js';
import { copyStore } from './store-folder.js';

async function refusalOf(node: ProcessNode): Promise<Refused> {
  try {
    await node.start();
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
  throw new Error(`${node.id} started on a folder that is in use`);
}

/** T41: a folder has one user; after kill -9 it is free at once. */
export async function sameFolder(ground: Ground): Promise<void> {
  const { master, slaves } = ground;
  const [one] = slaves;
  const load = ground.load();
  const { folder: taken } = master.settings;
  const port = await freePort();
  const second = ground.guest('master', 'second', { port, folder: taken });
  const other = ground.guest('slave', 'other', { port: master.port, folder: one.settings.folder });
  for (const node of [second, other]) {
    const { code, message } = await refusalOf(node);
    assert.is(code, 'STORE_FAILED');
    assert.match(message, /in use/);
  }
  await load;
  await ground.inStep();
  await Promise.all([master.kill(), one.kill()]);
  await Promise.all([master.start(), one.start()]);
  await ground.load();
  await ground.inStep();
}

/** T44: the second process with an id is told so, has no vote, and takes over from the first. */
export async function sameSlaveId(ground: Ground): Promise<void> {
  const { master, slaves } = ground;
  const [one] = slaves;
  await ground.load();
  await ground.inStep();
  const { port } = ground.proxyOf(one);
  const twin = ground.guest('slave', one.id, { name: 'twin', port });
  await twin.start();
  const isTold = ({ slave }: { slave: { problem: { code: string } | null } | null }) =>
    slave?.problem?.code === 'DUPLICATE_ID';
  await ground.until(twin, 'word of the other process', isTold);
  // How soon a vote is on a disk is not what this is about.
  const patient = { method: 'two-phase', ack: 'applied', timeout: 20_000 } as const;
  const outcome = await master.set('change:with-a-twin', patient);
  assert.equal([outcome.code, Object.keys(outcome.slaves).length], [null, slaves.length]);
  await ground.load();
  await ground.inStep();
  await one.kill();
  await ground.until(twin, 'place of the first', ({ slave }) => slave?.link === 'live');
  await ground.inStep([master, twin, ...slaves.slice(1)]);
  await twin.kill();
  await one.start();
  await ground.load();
  await ground.inStep();
}

/** S10, T39: a copy of the master's folder in the same reign gets no slave, changes nothing. */
export async function rivalSameReign(ground: Ground): Promise<void> {
  const { master, slaves } = ground;
  const [one] = slaves;
  await ground.load();
  await ground.inStep();
  await master.kill();
  const folder = join(ground.folder, 'clone');
  await copyStore(master.settings.folder, folder);
  await master.start();
  await ground.inStep();
  const clone = ground.guest('master', 'clone', { port: await freePort(), folder });
  await clone.start();
  const areKept = await ground.holding([one]);
  ground.proxyOf(one).reroute(clone.port);
  await ground.until(one, 'alarm', ({ slave }) => slave?.problem?.code === 'FENCED');
  await areKept('a rival of the same reign');
  await ground.load();
  await areKept('a rival of the same reign');
  ground.proxyOf(one).reroute(master.port);
  await ground.inStep();
  await clone.kill();
  await ground.load();
  await ground.inStep();
}

/** S10, T40: the later reign wins; the old master learns it from a slave and stops deciding. */
export async function rivalLaterReign(ground: Ground): Promise<void> {
  const { master, slaves } = ground;
  const [one, two, three] = slaves;
  await ground.load();
  await ground.inStep();
  await master.stop();
  const folder = join(ground.folder, 'clone');
  await copyStore(master.settings.folder, folder);
  await master.start();
  await ground.inStep();
  const clone = ground.guest('master', 'clone', { port: await freePort(), folder });
  await clone.start({ takeover: true });
  for (const slave of [two, three]) ground.proxyOf(slave).reroute(clone.port);
  await ground.inStep([clone, two, three]);
  await ground.load(clone);
  await ground.inStep([clone, two, three]);
  ground.proxyOf(three).reroute(master.port);
  await ground.until(master, 'fencing', (status) => status.master?.state === 'fenced');
  const { code } = await master.set('change:of-the-old', { method: 'one-phase' });
  assert.is(code, 'FENCED');
  for (const slave of [one, three]) ground.proxyOf(slave).reroute(clone.port);
  await master.kill();
  ground.members = [clone, ...slaves];
  await ground.inStep();
  await ground.load(clone);
  await ground.inStep();
}
