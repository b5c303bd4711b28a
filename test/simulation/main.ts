/** `npm run check:simulation`: arguments.ts says what it takes, docs/guides/testing.md why. */
import { FAULT_NAMES } from '../../lib/testing/simulation/faults/catalogue.js';
import { type Arguments, readArguments, USAGE, WrongArgument } from './arguments.js';
import { BUGS } from './bugs.js';
import { commandOf, minimise } from './minimise.js';
import { runPool } from './pool.js';
import { recordSeed } from './record-seed.js';
import { runSeed, type SeedResult, type SeedRun } from './run-seed.js';
import { Totals } from './totals.js';

/** Every so many seeds are run a second time: 5 %. */
const REPEAT_EVERY = 20;
/** Below this a run is too short to demand that it came past everything. */
const SEEDS_FOR_MARKS = 300;
/** Kinds of faults that such a run must have seen strike. */
const KINDS_MIN = 26;
const FAILING_MAX = 3;
const PROGRESS_MS = 10_000;

const say = (line: string): void => console.log(line);

async function record(run: SeedRun, path: string | null): Promise<void> {
  if (path === null) return;
  const { lines } = await recordSeed(run, path);
  say(`  ${lines} lines in ${path}: replichart replay ${path}`);
}

async function explain(
  run: SeedRun,
  violations: readonly string[],
  recording: string | null,
): Promise<void> {
  for (const violation of violations) say(`  ${violation}`);
  say('  making it small ...');
  const small = await minimise(run, (line) => say(`    ${line}`));
  for (const violation of small.violations.slice(0, 3)) say(`  ${violation}`);
  say(`  ${commandOf(small.run)}`);
  await record(small.run, recording);
}

async function runSeeds(args: Arguments): Promise<boolean> {
  const { seeds, first, workers, common, recording } = args;
  const totals = new Totals();
  const startMs = performance.now();
  let given = 0;
  let toldMs = startMs;
  const next = (): SeedRun | null => {
    if (given >= seeds || totals.failing.length >= FAILING_MAX) return null;
    const seed = first + given;
    given += 1;
    return { ...common, seed, twice: given % REPEAT_EVERY === 0 || seeds < REPEAT_EVERY };
  };
  const done = (result: SeedResult): void => {
    totals.add(result);
    if (result.violations.length > 0) say(`seed ${result.seed}: ${result.violations[0]}`);
    const nowMs = performance.now();
    if (nowMs - toldMs < PROGRESS_MS) return;
    toldMs = nowMs;
    const seconds = Math.round((nowMs - startMs) / 1000);
    say(`${totals.seeds} of ${seeds} seeds, ${totals.failing.length} failed, ${seconds} s`);
  };
  await runPool({ workers: Math.min(workers, seeds), next, done });
  for (const { seed, violations } of totals.failing) {
    say(`seed ${seed} failed`);
    // The first one's: each is a file of its own when it is run alone.
    const path = seed === totals.failing[0]?.seed ? recording : null;
    await explain({ ...common, seed }, violations, path);
  }
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  say(`took ${seconds} s on ${workers} threads`);
  for (const line of totals.lines()) say(line);
  const isWide = common.faults === undefined && common.without === undefined;
  const mustHitAll = isWide && seeds >= SEEDS_FOR_MARKS && totals.failing.length === 0;
  const isWideEnough = totals.missed.length === 0 && totals.kinds >= KINDS_MIN;
  return totals.failing.length === 0 && (!mustHitAll || isWideEnough);
}

async function runOne({ first, common, recording }: Arguments): Promise<boolean> {
  const result = await runSeed({ ...common, seed: first, trace: true, twice: true });
  for (const line of result.trace) say(line);
  say(`faults on: ${result.faults.join(', ') || 'none'}`);
  for (const [name, count] of result.struck) say(`struck ${count} times: ${name}`);
  for (const [mark, count] of result.marks) say(`${count} times ${mark}`);
  say(`trace hash ${result.hash}, ${result.events} events, run twice`);
  for (const violation of result.violations) say(`VIOLATION ${violation}`);
  await record({ ...common, seed: first }, recording);
  say(`${result.violations.length} violations`);
  return result.violations.length === 0;
}

/** True when the bug shows within so many seeds. */
async function hunt(args: Arguments, bug: string): Promise<boolean> {
  const { seeds, first, workers, common } = args;
  let given = 0;
  let found: SeedResult | null = null;
  await runPool({
    workers,
    next: () => {
      if (given >= seeds || found !== null) return null;
      given += 1;
      return { ...common, bug, seed: first + given - 1 };
    },
    done: (result) => {
      const isFirst = found === null || result.seed < found.seed;
      if (result.violations.length > 0 && isFirst) found = result;
    },
  });
  const result = found as SeedResult | null;
  if (result === null) say(`NOT FOUND ${bug} in ${seeds} seeds`);
  else say(`found ${bug} after ${result.seed - first + 1} seeds: ${result.violations[0]}`);
  if (result !== null && args.mode === 'bug') {
    await explain({ ...common, bug, seed: result.seed }, [], args.recording);
  }
  return result !== null;
}

async function huntAll(args: Arguments): Promise<boolean> {
  let found = 0;
  for (const { name } of BUGS) if (await hunt(args, name)) found += 1;
  say(`bugs found ${found}/${BUGS.length}, each within ${args.seeds} seeds`);
  return found === BUGS.length;
}

function list(): boolean {
  say(`fault kinds: ${FAULT_NAMES.length}`);
  for (const name of FAULT_NAMES) say(`  ${name}`);
  for (const { name, what } of BUGS) say(`bug ${name}: ${what}`);
  return true;
}

async function run(args: Arguments): Promise<boolean> {
  switch (args.mode) {
    case 'help':
      say(USAGE);
      return true;
    case 'list':
      return list();
    case 'seed':
      return runOne(args);
    case 'bugs':
      return huntAll(args);
    case 'bug':
      return hunt(args, args.common.bug ?? '');
    case 'seeds':
      return runSeeds(args);
  }
}

try {
  process.exitCode = (await run(readArguments(process.argv.slice(2)))) ? 0 : 1;
} catch (error) {
  const isWrong = error instanceof WrongArgument;
  console.error(isWrong ? `${error.message}\n--help tells the rest` : error);
  process.exitCode = isWrong ? 2 : 1;
}
