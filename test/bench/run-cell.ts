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
    const plan = { contestant, layer, store, slaves, copies, valueBytes, folder };
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
  if (cell.prepare === undefined) return;
  try {
    const what = `preparing ${runner.entry.label}`;
    await withDeadline(cell.prepare(runner.cluster), cell, what);
  } catch (error) {
    runner.failure = tell(error);
  }
}

async function runRound(cell: Cell, runner: Runner, isWarmUp: boolean): Promise<void> {
  try {
    const what = `${cell.title}: a round of ${runner.entry.label}`;
    const readings = await withDeadline(cell.measure(runner.cluster), cell, what);
    if (!isWarmUp) runner.rounds.push(readings);
  } catch (error) {
    runner.failure = tell(error);
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
  const { warmUps, counting } = cell.rounds ?? { ...sizes, counting: sizes.rounds };
  const began = performance.now();
  const { runners, failures } = await startRunners(cell, options);
  try {
    for (let round = -warmUps; round < counting; round += 1) {
      progress(`${cell.title}: ${round < 0 ? 'warm-up' : `round ${round + 1}/${counting}`}`);
      for (const runner of runners.filter(({ failure }) => failure === null)) {
        await runRound(cell, runner, round < 0);
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
