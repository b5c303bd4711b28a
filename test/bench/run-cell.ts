/** Runs one cell: all its contestants up at once, their rounds one after the other in turn. */
import { join } from 'node:path';
import type { Cell } from './cell.js';
import { Cluster } from './cluster.js';
import { type Entry, lineOf, type Reading, type ResultLine, withRatios } from './result.js';
import type { Sizes } from './sizes.js';

/** For one round of one contestant; a load that hangs must not hang the bench. */
const ROUND_MS_MAX = 180_000;

interface Runner {
  readonly entry: Entry;
  readonly cluster: Cluster;
  readonly rounds: Array<readonly Reading[]>;
  failure: string | null;
}

export interface CellRun {
  readonly lines: readonly ResultLine[];
  /** Contestants that could not finish, and why. */
  readonly failures: readonly string[];
}

export interface RunOptions {
  readonly sizes: Sizes;
  /** Contestants that take part. */
  readonly contestants: ReadonlySet<string>;
  readonly folder: string;
  /** Where CPU profiles go; null for none. */
  readonly profileFolder: string | null;
  readonly progress: (line: string) => void;
}

async function withDeadline<T>(work: Promise<T>, cell: Cell, what: string): Promise<T> {
  const { roundMsMax = ROUND_MS_MAX } = cell;
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    const message = `${what} took longer than ${roundMsMax / 1000} s`;
    timer = setTimeout(() => reject(new Error(message)), roundMsMax);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

const tell = (error: unknown): string => (error instanceof Error ? error.message : String(error));

interface Started {
  readonly runners: Runner[];
  readonly failures: string[];
}

/** One that does not start is a failure of its own; the others go on without it. */
async function startRunners(cell: Cell, options: RunOptions): Promise<Started> {
  const runners: Runner[] = [];
  const failures: string[] = [];
  const { layer, copies, valueBytes } = cell;
  const slaves = cell.startsEmpty === true ? 0 : cell.slaves;
  for (const entry of cell.entries) {
    if (!options.contestants.has(entry.contestant)) continue;
    const { contestant, store } = entry;
    const folder = join(options.folder, `${entry.label}-${store}`);
    const { profileFolder } = options;
    const shape = { layer, slaves, copies, valueBytes };
    const plan = { contestant, store, ...shape, folder, profileFolder };
    try {
      const cluster = await Cluster.start(plan);
      const runner: Runner = { entry, cluster, rounds: [], failure: null };
      runners.push(runner);
      await prepare(cell, runner);
    } catch (error) {
      failures.push(`${entry.label} did not start: ${tell(error)}`);
    }
  }
  return { runners, failures };
}

async function prepare(cell: Cell, runner: Runner): Promise<void> {
  const { prepare: work } = cell;
  if (work !== undefined)
    await attempt(cell, runner, 'the preparation', () => work(runner.cluster));
}

/** Whoever fails is out, and says why; the others go on. */
async function attempt(cell: Cell, runner: Runner, what: string, work: () => Promise<unknown>) {
  if (runner.failure !== null) return;
  try {
    await withDeadline(work(), cell, `${cell.title}: ${what} of ${runner.entry.label}`);
  } catch (error) {
    runner.failure = tell(error);
  }
}

/** Contestants take turns here, too: what disturbs the machine disturbs all of them. */
async function warmUp(cell: Cell, runners: readonly Runner[], warmMs: number): Promise<void> {
  const { warmUp: work = cell.measure } = cell;
  if (work === null) return;
  const worked = new Map(runners.map((runner) => [runner, 0]));
  for (;;) {
    const cold = runners.filter((runner) => {
      const workedMs = worked.get(runner) ?? 0;
      return runner.failure === null && (workedMs === 0 || workedMs < warmMs);
    });
    if (cold.length === 0) return;
    for (const runner of cold) {
      const began = performance.now();
      await attempt(cell, runner, 'the warm-up', () => work(runner.cluster));
      worked.set(runner, (worked.get(runner) ?? 0) + performance.now() - began);
    }
  }
}

function linesOf(cell: Cell, runners: readonly Runner[]): ResultLine[] {
  const lines = runners.flatMap(({ entry, rounds, failure }) => {
    if (failure !== null) return [];
    return (rounds[0] ?? []).map((_, place) => {
      const readings = rounds.flatMap((round) => round.slice(place, place + 1));
      return lineOf({ entry, readings }, cell.slaves, cell.valueBytes);
    });
  });
  return withRatios(lines, cell.reference);
}

export async function runCell(cell: Cell, options: RunOptions): Promise<CellRun> {
  const { sizes, progress } = options;
  const rounds = cell.rounds ?? sizes.rounds;
  const began = performance.now();
  const { runners, failures } = await startRunners(cell, options);
  try {
    progress(`${cell.title}: warm-up`);
    await warmUp(cell, runners, sizes.warmMs);
    for (let round = 1; round <= rounds; round += 1) {
      progress(`${cell.title}: round ${round}/${rounds}`);
      for (const runner of runners) {
        await attempt(cell, runner, 'a round', async () => {
          runner.rounds.push(await cell.measure(runner.cluster));
        });
      }
    }
  } finally {
    await Promise.all(runners.map(({ cluster }) => cluster.stop()));
  }
  progress(`${cell.title}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  for (const { entry, failure } of runners) {
    if (failure !== null) failures.push(`${entry.label}: ${failure}`);
  }
  const lines = linesOf(cell, runners);
  return { lines, failures: failures.map((failure) => `${cell.title}: ${failure}`) };
}
