/** The command line of `npm run check:model`. */
import { parseArgs } from 'node:util';
import { FULL, SHORT } from './configurations.js';
import { MUTANTS } from './mutants.js';

export const HELP = `npm run check:model -- [options]

Explores the real master and slave machines in every configuration, walks back from rest for
liveness, and lets each mutant loose. Exit code 0 without violation and with all mutants killed,
1 otherwise, 2 for bad arguments. Nothing in it is random, so there is no seed.

  --only TEXT     only configurations whose name contains TEXT, and no mutants
  --mutant TEXT   only mutants whose name contains TEXT, and no configurations
  --short         only the small configurations (with all mutants)
  --trace         print the sequence diagram of each killed mutant, too
  --recording F   write the first violation, or the first killed mutant, to this file, which
                  "replichart replay" opens
  --workers N     configurations explored at once, each in a thread (default 2)
  --list          print the names of configurations and mutants
  --help          print this`;

/** A configuration or a mutant to be checked, by name: threads look it up themselves. */
export interface Job {
  readonly kind: 'configuration' | 'mutant';
  readonly name: string;
  /** With a recording of what is found. */
  readonly records: boolean;
}

export interface Arguments {
  readonly jobs: readonly Job[];
  readonly workers: number;
  readonly withTraces: boolean;
  readonly recording: string | null;
  readonly mode: 'run' | 'help' | 'list';
}

const OPTIONS = {
  only: { type: 'string' },
  mutant: { type: 'string' },
  short: { type: 'boolean', default: false },
  recording: { type: 'string' },
  trace: { type: 'boolean', default: false },
  workers: { type: 'string', default: '2' },
  list: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

function named(
  kind: Job['kind'],
  all: readonly { readonly name: string }[],
  text: string,
  records: boolean,
): Job[] {
  const found = all.filter(({ name }) => name.includes(text));
  return found.map(({ name }) => ({ kind, name, records }));
}

/** Throws what is wrong, in words, with arguments that cannot be meant. */
export function argumentsOf(words: readonly string[]): Arguments {
  const { values } = parseArgs({ args: [...words], options: OPTIONS, allowPositionals: false });
  const workers = Number(values.workers);
  if (!Number.isSafeInteger(workers) || workers < 1) {
    throw new Error(`--workers takes a whole number from 1, not "${values.workers}"`);
  }
  const { only, mutant } = values;
  const records = values.recording !== undefined;
  const all = values.short ? SHORT : FULL;
  const configurations = named('configuration', all, only ?? '', records);
  const mutants = named('mutant', MUTANTS, mutant ?? '', records);
  if (configurations.length === 0) throw new Error(`no configuration contains "${only}"`);
  if (mutants.length === 0) throw new Error(`no mutant contains "${mutant}"`);
  const isWhole = only === undefined && mutant === undefined;
  return {
    jobs: [
      ...(isWhole || only !== undefined ? configurations : []),
      ...(isWhole || mutant !== undefined ? mutants : []),
    ],
    workers,
    recording: values.recording ?? null,
    withTraces: values.trace,
    mode: values.help ? 'help' : values.list ? 'list' : 'run',
  };
}
