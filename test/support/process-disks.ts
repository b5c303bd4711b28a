/** Incidents with disks: really full ones, on small file systems of their own, and slow ones. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { appendFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Ground } from './process-ground.js';
import type { SetOptions } from './process-messages.js';
import type { ProcessNode } from './process-node.js';
import { VOTE_MS } from './process-plan.js';
import { copyStore } from './store-folder.js';

const SIZE_MIB = 24;
const PIECE = Buffer.alloc(64 * 1024);
const ONE_STEP: SetOptions = { method: 'one-phase' };
const TWO_STEP: SetOptions = { method: 'two-phase' };
/** Longer than a vote may take; shorter than it takes a slave to be silent. */
const SLOW_SYNC_MS = VOTE_MS + 150;

function mount(folder: string): boolean {
  const options = ['-t', 'tmpfs', '-o', `size=${SIZE_MIB}m,mode=0700`, 'replichart', folder];
  return spawnSync('mount', options).status === 0;
}

function unmount(folder: string): void {
  const { status, stderr } = spawnSync('umount', ['-l', folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot unmount ${folder}: ${stderr}`);
}

/** Whether this user may mount a small file system; needs an empty folder to try. */
export async function canMount(folder: string): Promise<boolean> {
  await mkdir(folder, { recursive: true });
  const isMounted = mount(folder);
  if (isMounted) unmount(folder);
  rmSync(folder, { recursive: true });
  return isMounted;
}

/** Takes every byte that is left. */
async function fill(path: string): Promise<void> {
  for (let bytes = PIECE.length; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    try {
      for (;;) await appendFile(path, PIECE.subarray(0, bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}

/** Moves a node onto a small disk, fills it, and frees it once `whileFull` is through. */
async function withFullDisk(
  ground: Ground,
  node: ProcessNode,
  whileFull: () => Promise<void>,
): Promise<void> {
  const { folder } = node.settings;
  await node.stop();
  const aside = join(ground.folder, 'aside');
  await copyStore(folder, aside);
  if (!mount(folder)) throw new Error(`cannot mount a small file system at ${folder}`);
  try {
    // The root of a file system holds nothing but the store and what fills it.
    const ballast = join(folder, 'ballast.tmp');
    await copyInto(aside, folder);
    await node.start();
    await ground.inStep();
    await fill(ballast);
    await whileFull();
    await rm(ballast);
    await node.stop();
    await node.start();
    await ground.inStep();
    await ground.load();
    await ground.inStep();
    // Back on the disk of all: the small one goes with this incident.
    await node.stop();
    await copyStore(folder, aside);
  } finally {
    await node.kill();
    unmount(folder);
  }
  await copyStore(aside, folder);
  await node.start();
  await ground.inStep();
}

async function copyInto(source: string, folder: string): Promise<void> {
  const { status, stderr } = spawnSync('cp', ['-a', `${source}/.`, folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot copy to the small disk: ${stderr}`);
}

/** T24: the others go on; the slave says why it does not, and confirms nothing. */
export async function slaveDiskFull(ground: Ground): Promise<void> {
  const { master, slaves } = ground;
  const [one, ...others] = slaves;
  await ground.load();
  await ground.inStep();
  await withFullDisk(ground, one, async () => {
    const before = await one.status();
    const outcome = await master.set('change:while-full', ONE_STEP);
    assert.is(outcome.code, null, outcome.message);
    const status = await ground.until(
      one,
      'word of its disk',
      ({ slave }) => slave?.problem != null,
    );
    assert.match(JSON.stringify(status.slave?.problem), /STORE_FAILED|ENOSPC/);
    assert.is(status.version, before.version, 'it confirms nothing that it cannot keep');
    const isThere = ({ version }: { version: number }) => version >= (outcome.version ?? 0);
    for (const other of others) await ground.until(other, 'change', isThere);
  });
}

/** T25: changes fail with a code, none is acknowledged, and the process lives. */
export async function masterDiskFull(ground: Ground): Promise<void> {
  const { master } = ground;
  await ground.load();
  await ground.inStep();
  await withFullDisk(ground, master, async () => {
    await ground.load(master, 40);
    const { code, message } = await master.set('change:while-full', ONE_STEP);
    assert.match(code ?? 'none', /STORE_FAILED|OUTCOME_UNKNOWN|ABORTED|NOT_RUNNING/);
    const status = await ground.until(master, 'halt', (each) => each.master?.state === 'halted');
    assert.match(`${JSON.stringify(status.master?.problem)} ${message}`, /ENOSPC/);
  });
}

/** T22: a slave that syncs too slowly to vote costs its rounds, nothing else. */
export async function slaveDiskSlow(ground: Ground): Promise<void> {
  const { master, slaves } = ground;
  const [one] = slaves;
  await ground.load();
  await one.stop();
  await one.start({ slowSyncMs: SLOW_SYNC_MS });
  await ground.inStep();
  const slow = await master.set('change:slow', TWO_STEP);
  assert.is(slow.code, 'ABORTED', slow.message);
  assert.match(slow.message, one.id);
  const outcome = await master.set('change:at-once', ONE_STEP);
  assert.is(outcome.code, null, outcome.message);
  await ground.until(one, 'change', ({ version }) => version >= (outcome.version ?? 0));
  await ground.inStep();
  await one.stop();
  await one.start();
  await ground.load();
  await ground.inStep();
}

/** T23: nothing is decided before it is on the disk, and the slaves hear the master meanwhile. */
export async function masterDiskSlow(ground: Ground): Promise<void> {
  const { master, slaves } = ground;
  await ground.load();
  await master.stop();
  await master.start({ slowSyncMs: SLOW_SYNC_MS });
  await ground.inStep();
  const askedAt = performance.now();
  const answer = master.set('change:slow', ONE_STEP).then(({ code, message }) => {
    assert.is(code, null, message);
    return performance.now() - askedAt;
  });
  const wasLive = async () => {
    const statuses = await Promise.all(slaves.map((each) => each.status()));
    return statuses.every(({ slave }) => slave?.link === 'live');
  };
  while (performance.now() - askedAt < SLOW_SYNC_MS) assert.ok(await wasLive(), 'not heard');
  assert.ok((await answer) >= SLOW_SYNC_MS, 'acknowledged before it was synced');
  await ground.load(master, 10);
  await master.stop();
  await master.start();
  await ground.load();
  await ground.inStep();
}
