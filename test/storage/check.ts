/** The whole storage check: record lives of stores, then judge images of their files. */
import { access, constants, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serialize } from 'node:v8';
import { BUGS, type Bug, switchChecks } from './bugs.js';
import { RecordedCluster, type Shown } from './cluster.js';
import type { Evidence } from './judge-process.js';
import { Plan } from './plan.js';
import { judgeAll } from './pool.js';
import type { FolderRecording } from './recorder.js';
import { Tally } from './tally.js';
import { Workload } from './workload.js';

export interface CheckOptions {
  readonly seed: string;
  /** 1 for the whole number of images; below it, shorter lives too. */
  readonly scale: number;
  readonly processes: number;
  readonly bug?: string | undefined;
  /** Stops at the first violation: for seeded bugs. */
  readonly stopsEarly?: boolean;
  readonly only?: number | undefined;
  readonly say?: (line: string) => void;
}

export interface CheckResult {
  readonly tally: Tally;
  readonly operations: number;
}

const SHARED_MEMORY = '/dev/shm';
const PROGRESS_EVERY = 2000;
const LIVES_PER_HUNT = 15;

/** Images are simulated power cuts: a file system in memory makes them no less true, but fast. */
async function imageFolder(): Promise<string> {
  const parent = await access(SHARED_MEMORY, constants.W_OK).then(
    () => SHARED_MEMORY,
    () => tmpdir(),
  );
  return mkdtemp(join(parent, 'replichart-images-'));
}

async function recordLife(name: string, folder: string, seed: string, scale: number, bug?: Bug) {
  const cluster = new RecordedCluster({
    name,
    folder,
    distortion: bug?.distortion,
    skipsFileSync: bug?.skipsFileSync,
  });
  await cluster.open();
  const workload = new Workload(cluster, `${seed} ${name}`);
  try {
    await workload.run(scale);
  } finally {
    cluster.close();
  }
  return { recordings: cluster.close(), shown: cluster.shown, tally: workload.tally };
}

/** Two lives of different lineages, so that files of one can be put into the other. */
async function record(folder: string, options: CheckOptions, bug?: Bug) {
  const recordings: FolderRecording[] = [];
  const shown: Shown = new Map();
  const lifeScale = Math.min(1, Math.max(0.2, options.scale * 4));
  let operations = 0;
  const needsOther = bug === undefined || bug.kinds.includes('file of another lineage');
  const lives = [['first', lifeScale] as const, ['second', lifeScale * 0.3] as const];
  for (const [name, scale] of needsOther ? lives : lives.slice(0, 1)) {
    const life = await recordLife(name, join(folder, name), options.seed, scale, bug);
    recordings.push(...life.recordings);
    for (const [key, text] of life.shown) shown.set(key, text);
    operations += life.tally.operations;
    const { committed, aborted, restarts } = life.tally;
    const moments = life.recordings.reduce((sum, { moments: { length } }) => sum + length, 0);
    const said = `${life.tally.operations} operations, ${committed} committed, ${aborted} aborted`;
    options.say?.(`${name} life: ${said}, ${restarts} restarts, ${moments} moments`);
  }
  return { recordings, shown, operations } satisfies Evidence & { operations: number };
}

async function judge(evidence: Evidence, folder: string, options: CheckOptions): Promise<Tally> {
  const { seed, scale, processes, only, say } = options;
  const file = join(folder, 'evidence');
  await writeFile(file, serialize(evidence));
  const { count } = new Plan(evidence.recordings, seed, scale);
  const bug = options.bug === undefined ? undefined : BUGS[options.bug];
  const tally = new Tally();
  let said = 0;
  const numbers = only === undefined ? { from: 0, to: count } : { from: only, to: only + 1 };
  for (const range of bug === undefined ? [numbers] : rangesOf(evidence, options, bug, count)) {
    await judgeAll({
      evidence: file,
      seed,
      scale,
      bug: options.bug ?? null,
      processes: Math.min(processes, range.to - range.from),
      folder,
      numbers: range,
      onFigures: (figures) => {
        tally.merge(figures);
        if (tally.images - said < PROGRESS_EVERY) return;
        said = tally.images;
        say?.(`${said} of ${count} images, ${tally.violations.length} violations`);
      },
      goesOn: () => options.stopsEarly !== true || tally.violations.length === 0,
    });
  }
  return tally;
}

/** The numbers of the kinds of image a seeded bug shows in. */
function rangesOf(evidence: Evidence, { seed, scale }: CheckOptions, bug: Bug, count: number) {
  const plan = new Plan(evidence.recordings, seed, scale);
  const ranges = bug.kinds.map((kind) => plan.rangeOf(kind));
  return ranges.map(({ from, to }) => ({ from, to: Math.min(to, count) }));
}

export async function checkStorage(options: CheckOptions): Promise<CheckResult> {
  const bug = options.bug === undefined ? undefined : BUGS[options.bug];
  const live = await mkdtemp(join(tmpdir(), 'replichart-storage-'));
  const images = await imageFolder();
  const giveBack = switchChecks(bug);
  try {
    await mkdir(live, { recursive: true });
    const { operations, ...evidence } = await record(live, options, bug);
    return { tally: await judge(evidence, images, options), operations };
  } finally {
    giveBack();
    await rm(live, { recursive: true, force: true });
    await rm(images, { recursive: true, force: true });
  }
}

export interface Hunt {
  readonly bug: string;
  /** Images it took; null when it lives. */
  readonly images: number | null;
  readonly first: string;
}

/** Looks for a seeded bug where it has to show. */
export async function huntBug(bug: string, options: CheckOptions): Promise<Hunt> {
  const { say: _, ...quiet } = options;
  let images = 0;
  // Whether a log changes just before a sync is up to LevelDB's threads: several lives are tried.
  for (let life = 1; life <= LIVES_PER_HUNT; life += 1) {
    const seed = `${options.seed} ${life}`;
    const { tally } = await checkStorage({ ...quiet, seed, bug, stopsEarly: true });
    images += tally.images;
    const [violation] = tally.violations;
    if (violation !== undefined) return { bug, images, first: violation.wrong };
  }
  return { bug, images: null, first: '' };
}
