/** `npm run bench`: see `arguments.ts` for the options and README.md for what is measured. */
import { rmSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchArguments, HELP, parseArguments } from './arguments.js';
import { CONTESTANTS } from './contestants/catalogue.js';
import { judgeAll } from './goals.js';
import { cellsOf, inspectorCells } from './plan.js';
import { chartOf } from './report/chart.js';
import { profileLines } from './report/profile.js';
import { goalLines, tableOf } from './report/table.js';
import type { Entry, ResultLine } from './result.js';
import { runCell } from './run-cell.js';

const REFERENCE = 'limit-json';

const progress = (line: string): void => console.error(line);

/** Those of `names` that can take part here; the others are named with their reason. */
async function present(names: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  for (const [name, contestant] of Object.entries(CONTESTANTS)) {
    if (!names.includes(name) && name !== REFERENCE) continue;
    const reason = await contestant.missing();
    if (reason === null) found.add(name);
    else progress(`skipped: ${name}: ${reason}`);
  }
  return found;
}

/** A title as a folder is called. */
function slugOf(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
}

async function runAll(asked: BenchArguments, folder: string) {
  const contestants = await present(asked.contestants);
  const isWanted = (yardstick: string) => asked.only.includes(yardstick);
  // The reference alone is nothing to look at, unless somebody asked for it.
  const isAsked = ({ contestant }: Entry) =>
    contestants.has(contestant) && asked.contestants.includes(contestant);
  const planned = asked.isInspector ? inspectorCells(asked.sizes) : cellsOf(asked.sizes);
  const cells = planned.filter(({ title, yardsticks, entries }) => {
    if (!title.includes(asked.cell)) return false;
    return yardsticks.some(isWanted) && entries.some(isAsked);
  });
  if (cells.length === 0) throw new Error('no cell is left to run: see --only and --cell');
  const lines: ResultLine[] = [];
  const failures: string[] = [];
  const profiles: string[] = [];
  for (const [place, cell] of cells.entries()) {
    const profileFolder = asked.profile && join(asked.profile, slugOf(cell.title));
    const options = { sizes: asked.sizes, contestants, progress, profileFolder };
    const run = await runCell(cell, { ...options, folder: join(folder, String(place)) });
    const wanted = run.lines.filter(({ yardstick }) => isWanted(yardstick));
    lines.push(...wanted);
    failures.push(...run.failures);
    if (profileFolder !== null) {
      profiles.push('', `== ${cell.title}`, ...(await profileLines(profileFolder)));
    }
    for (const failure of run.failures) progress(`FAILED ${failure}`);
    if (asked.isJson) for (const line of wanted) console.log(JSON.stringify(line));
  }
  return { lines, failures, profiles };
}

async function bench(asked: BenchArguments): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'replichart-bench-'));
  // PostgreSQL runs as a user of its own, who has to get to its folder below.
  await chmod(folder, 0o711);
  // Its processes end with it, since their channel closes; the folder has to be thought of.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      rmSync(folder, { recursive: true, force: true });
      process.exit(1);
    });
  }
  try {
    const { lines, failures, profiles } = await runAll(asked, folder);
    const tell = asked.isJson ? progress : (line: string) => console.log(line);
    for (const line of tableOf(lines)) tell(line);
    tell('');
    for (const line of [...goalLines(judgeAll(lines)), ...profiles]) tell(line);
    if (asked.chart !== null) await writeFile(asked.chart, chartOf(lines));
    if (failures.length > 0) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function readArguments(): BenchArguments | null {
  try {
    return parseArguments(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    console.error('npm run bench -- --help tells what it takes');
    return null;
  }
}

const asked = readArguments();
if (asked === null) process.exitCode = 2;
else if (asked.isHelp) console.log(HELP);
else await bench(asked);
