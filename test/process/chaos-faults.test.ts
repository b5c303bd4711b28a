/**
 * The short form of `npm run check:chaos` beside kills: links that fail in every way (T12-T16),
 * processes that stand still (T20), and the incidents that need no waiting (T24, T37, T38, T41).
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runChaos } from '../support/process-chaos.js';
import { canMount } from '../support/process-disks.js';
import { linesOf, totalOf, wrongsOf } from '../support/process-figures.js';
import { INCIDENTS, type Incident } from '../support/process-incidents.js';
import { planRun, type Stretch } from '../support/process-plan.js';
import { LINK_FAULT_KINDS } from '../support/process-proxy.js';
import { withFolder } from '../support/store-folder.js';

const test = suite('processes: links, pauses and incidents');
const NETWORK_ROUNDS = 6;
const SHORT = ['master-restored-slaves-right', 'master-empty', 'same-slave-id', 'slave-disk-full'];

async function sound(stretches: readonly Stretch[], incidents: readonly Incident[]) {
  const seed = process.env.SEED ?? String(Date.now());
  let total: ReturnType<typeof totalOf> | null = null;
  await withFolder(async (folder) => {
    const settings = { seed, stretches, incidents, lanes: 2, calmChanges: 60, folder };
    const figures = await runChaos(settings);
    for (const line of [`seed ${seed}`, ...linesOf(figures)]) console.log(`    ${line}`);
    assert.equal(wrongsOf(figures), [], `seed ${seed}`);
    total = totalOf(figures);
  });
  return total as ReturnType<typeof totalOf> | null;
}

test('T12-T16, T20: broken links and pauses: nothing is lost, all are soon in step again', async () => {
  const seed = process.env.SEED ?? String(Date.now());
  const links = planRun(seed, NETWORK_ROUNDS, 'network');
  const kinds = links.flatMap(({ rounds }) => rounds.flatMap((round) => round.links));
  const missing = LINK_FAULT_KINDS.filter((kind) => !kinds.some((link) => link.kind === kind));
  const pauses = planRun(seed, 2, 'pause').map((each) => ({ ...each, number: 2 }));
  const done = await sound([...links, ...pauses], []);
  assert.ok(done !== null && done.partitions >= NETWORK_ROUNDS / 2 && done.pauses >= 4);
  assert.ok(missing.length < LINK_FAULT_KINDS.length / 2, `no ${missing.join(', ')} was tried`);
});

for (const name of SHORT) {
  const incident = INCIDENTS.find((each) => each.name === name);
  if (incident === undefined) throw new Error(`no incident ${name}`);
  const isPossible = !incident.needsMount || process.env.CI !== undefined || (await mayMount());
  const title = `incident ${name}`;
  if (isPossible) test(title, async () => void (await sound([], [incident])));
  else test.skip(`${title} (skipped: this user may not mount)`);
}

async function mayMount(): Promise<boolean> {
  let isAble = false;
  await withFolder(async (folder) => {
    isAble = await canMount(`${folder}/mount`);
  });
  return isAble;
}

test.run();
