/** Incidents with folders that are not what their node left behind: restored, emptied. */
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Ground } from './process-ground.js';
import { copyStore } from './store-folder.js';

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
/** Long enough for slaves to have met whoever is there. */
const MEET_MS = 1000;

/** T38: an old folder of a slave; it syncs from there. */
export async function slaveRestored(ground: Ground): Promise<void> {
  const [one] = ground.slaves;
  const backup = join(ground.folder, 'backup');
  await ground.load();
  await ground.inStep();
  await one.kill();
  await copyStore(one.settings.folder, backup);
  await one.start();
  await ground.load();
  await ground.inStep();
  await one.kill();
  await copyStore(backup, one.settings.folder);
  ground.note(one, { kind: 'restored' });
  const load = ground.load();
  await one.start();
  await load;
  await ground.inStep();
}

/**
 * T35: the master is started on a folder of before, without an order first: nobody may rewind.
 * @returns the version that the folder holds; every slave is regressed then, and says so
 */
async function restoreMaster(ground: Ground): Promise<number> {
  const { master, slaves } = ground;
  const backup = join(ground.folder, 'backup');
  await ground.load();
  await ground.inStep();
  const { version } = await master.status();
  await master.stop();
  await copyStore(master.settings.folder, backup);
  await master.start();
  await ground.inStep();
  await ground.load();
  await ground.inStep();
  const areKept = await ground.holding(slaves);
  await master.kill();
  await copyStore(backup, master.settings.folder);
  ground.note(master, { kind: 'restored' });
  await master.start();
  await pause(MEET_MS);
  await areKept('a restored master that claims an old reign');
  for (const slave of slaves) {
    const { slave: status } = await slave.status();
    assert.ok(status?.data !== 'current' || status.link !== 'live', `${slave.id} follows it`);
  }
  await master.stop();
  await master.start({ takeover: true });
  for (const slave of slaves) {
    await ground.until(
      slave,
      'word of the regress',
      (status) => status.slave?.data === 'regressed',
    );
  }
  const { slaves: rows } = await ground.until(master, 'row of each regressed slave', (status) =>
    status.slaves.every(({ stage }) => stage === 'regressed'),
  );
  assert.is(rows.length, slaves.length);
  await areKept('a regressed original');
  return version;
}

/** T35, decision 0012: the slaves are right; the one furthest ahead becomes the original. */
export async function masterRestoredSlavesRight(ground: Ground): Promise<void> {
  await restoreMaster(ground);
  const { master, slaves } = ground;
  const [one] = slaves;
  await master.kill();
  await one.kill();
  const folder = join(ground.folder, 'heir');
  await rename(one.settings.folder, folder);
  const heir = ground.guest('master', 'heir', { port: master.port, folder });
  await heir.start({ takeover: true });
  // Its folder went to the heir: it begins anew.
  ground.note(one, { kind: 'restored' });
  await one.start();
  ground.members = [heir, ...slaves];
  await ground.inStep();
  await ground.load(heir);
  await ground.inStep();
}

/** T35: the backup is right; what only the slaves had is given up by order. */
export async function masterRestoredBackupRight(ground: Ground): Promise<void> {
  const version = await restoreMaster(ground);
  const { master, slaves } = ground;
  for (const node of [master, ...slaves]) ground.note(node, { kind: 'rewound', to: version });
  await Promise.all(slaves.map((slave) => slave.order({ command: 'resync' })));
  await ground.inStep();
  await ground.load();
  await ground.inStep();
}

/** P16: the original as it is lives on under a new lineage, which slaves take by order. */
export async function masterRestoredNewLineage(ground: Ground): Promise<void> {
  const version = await restoreMaster(ground);
  const { master, slaves } = ground;
  ground.note(master, { kind: 'rewound', to: version });
  await master.order({ command: 'new-lineage' });
  const { master: status } = await master.status();
  const lineage = status?.position?.lineage ?? '';
  const areKept = await ground.holding(slaves);
  await pause(MEET_MS);
  await areKept('another lineage');
  for (const node of slaves) ground.note(node, { kind: 'rewound', to: version });
  await Promise.all(slaves.map((slave) => slave.order({ command: 'adopt', lineage })));
  await ground.inStep();
  await ground.load();
  await ground.inStep();
}

/** T37: a master that lost its folder and starts by itself must not wipe its slaves. */
export async function masterEmpty(ground: Ground): Promise<void> {
  const { master, slaves } = ground;
  await ground.load();
  await ground.inStep();
  const areKept = await ground.holding(slaves);
  await master.kill();
  const empty = ground.guest('master', 'empty', { port: master.port });
  await empty.start();
  for (const slave of slaves) {
    const { slave: status } = await ground.until(
      slave,
      'refusal',
      ({ slave: own }) => own?.link === 'refused',
    );
    assert.match(status?.problem?.reason ?? '', 'lineage');
  }
  await empty.set('change:of-the-empty', { method: 'one-phase' });
  await pause(MEET_MS);
  await areKept('an empty master');
  await empty.kill();
  await master.start();
  await ground.inStep();
  await ground.load();
  await ground.inStep();
}
