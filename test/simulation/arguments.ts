/** The command line of `npm run check:simulation`. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { FAULT_NAMES } from '../../lib/testing/simulation/faults/catalogue.js';
import { BUGS, bugOf } from './bugs.js';
import type { SeedRun } from './run-seed.js';

export const USAGE = `npm run check:simulation -- [options]

  --seeds N       how many seeds to run (default 1000)
  --first N       the first of them (default 1)
  --workers N     threads (default: one for each core)
  --seed N        run this one alone and print its trace
  --slaves N      slaves of each cluster (default 3)
  --steps N       steps before everything heals (default 40)
  --faults A,B    these kinds of faults instead of those the seed draws; "none" for none
  --without A,B   all but these
  --bug NAME      with this bug put in; succeeds when it is found
  --recording F   writes the run that fails, made small (with --seed: that run), to this file,
                  which "replichart replay" opens
  --bugs          every bug, and after how many seeds it was found (at most 200)
  --list          the kinds of faults and the bugs
  --help          this text

Exit code: 0 all well, 1 a broken promise, a missed coverage mark or a bug that was not found, 2 a
wrong argument. A failing seed is made small and printed as one command.`;

export class WrongArgument extends Error {}

export interface Arguments {
  readonly mode: 'help' | 'list' | 'seed' | 'seeds' | 'bug' | 'bugs';
  readonly seeds: number;
  readonly first: number;
  readonly workers: number;
  /** File for a recording of the run that fails, or of the one that is asked for. */
  readonly recording: string | null;
  /** What every run has in common. */
  readonly common: Omit<SeedRun, 'seed'>;
}

const OPTIONS = {
  seeds: { type: 'string' },
  first: { type: 'string' },
  workers: { type: 'string' },
  seed: { type: 'string' },
  slaves: { type: 'string' },
  steps: { type: 'string' },
  faults: { type: 'string' },
  without: { type: 'string' },
  bug: { type: 'string' },
  bugs: { type: 'boolean' },
  recording: { type: 'string' },
  list: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

function count(name: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
  throw new WrongArgument(`--${name} takes a whole number from 1 to ${most}, not "${text}"`);
}

function faultNames(name: string, text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  if (text === 'none') return [];
  const names = text.split(',');
  const unknown = names.find((one) => !FAULT_NAMES.includes(one));
  if (unknown === undefined) return names;
  throw new WrongArgument(`--${name}: there is no fault "${unknown}"; --list names them`);
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw new WrongArgument(error instanceof Error ? error.message : String(error));
  }
}

function modeOf(values: ReturnType<typeof parsed>): Arguments['mode'] {
  if (values.help) return 'help';
  if (values.list) return 'list';
  if (values.bugs) return 'bugs';
  if (values.seed !== undefined) return 'seed';
  return values.bug === undefined ? 'seeds' : 'bug';
}

/** @throws {WrongArgument} naming the argument and what it takes */
export function readArguments(args: readonly string[]): Arguments {
  const values = parsed(args);
  const { bug } = values;
  if (bug !== undefined && bugOf(bug) === undefined) {
    const names = BUGS.map(({ name }) => name).join(', ');
    throw new WrongArgument(`--bug takes one of ${names}, not "${bug}"`);
  }
  const slaves = count('slaves', values.slaves, 20);
  const steps = count('steps', values.steps, 10_000);
  const faults = faultNames('faults', values.faults);
  const without = faultNames('without', values.without);
  const seed = count('seed', values.seed, Number.MAX_SAFE_INTEGER);
  const first = seed ?? count('first', values.first, Number.MAX_SAFE_INTEGER) ?? 1;
  const isHunt = bug !== undefined || values.bugs === true;
  return {
    mode: modeOf(values),
    seeds: count('seeds', values.seeds, 10_000_000) ?? (isHunt ? 200 : 1000),
    first,
    recording: values.recording ?? null,
    workers: count('workers', values.workers, 64) ?? availableParallelism(),
    common: {
      ...(slaves === undefined ? {} : { slaves }),
      ...(steps === undefined ? {} : { steps }),
      ...(faults === undefined ? {} : { faults }),
      ...(without === undefined ? {} : { without }),
      ...(bug === undefined ? {} : { bug }),
    },
  };
}
