/** The command line of the bench. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CONTESTANTS } from './contestants/catalogue.js';
import { YARDSTICKS } from './plan.js';
import { FULL, QUICK, type Sizes, TINY } from './sizes.js';

export const HELP = `npm run bench -- [options]: replichart against limit programs and peers

  --quick               smaller loads; ends within 3 minutes
  --only W1,W1b         these yardsticks: ${YARDSTICKS.join(', ')}
  --cell TEXT           only cells whose title contains this; progress names them
  --contestants a,b     these: ${Object.keys(CONTESTANTS).join(', ')}
                        (limit-json always runs: ratios are to it)
  --inspector           only W1 with the inspector off, attached, and recording
  --rounds N            rounds that count, after the warm-up; default 5 (W5 has its own)
  --json                one JSON object per result on stdout, everything else on stderr
                        (npm prints a heading of its own: npm run --silent bench -- --json)
  --profile FOLDER      every process writes a CPU profile there; shares are told at the end
  --chart FILE          also writes an SVG chart of the ratios
  --tiny                only to see that everything runs: its figures say nothing
  --help                this text

Exit code 0 when everything ran, 1 when a contestant failed, 2 for bad arguments. Goals that
were missed do not change it.`;

export interface BenchArguments {
  readonly sizes: Sizes;
  readonly only: readonly string[];
  readonly cell: string;
  readonly contestants: readonly string[];
  readonly isInspector: boolean;
  readonly isJson: boolean;
  readonly chart: string | null;
  readonly profile: string | null;
  readonly isHelp: boolean;
}

function listOf(name: string, text: string | undefined, known: readonly string[]): string[] {
  if (text === undefined) return [...known];
  const words = text.split(',').map((word) => word.trim());
  const strange = words.filter((word) => !known.includes(word));
  if (strange.length === 0) return words;
  throw new Error(`--${name} knows ${known.join(', ')}, but not "${strange.join('", "')}"`);
}

function roundsOf(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const rounds = Number(text);
  if (Number.isSafeInteger(rounds) && rounds > 0) return rounds;
  throw new Error(`--rounds takes a number from 1, not "${text}"`);
}

/** @throws {Error} saying what is wrong with the words */
export function parseArguments(words: readonly string[]): BenchArguments {
  const { values } = parseArgs({
    args: [...words],
    options: {
      quick: { type: 'boolean', default: false },
      tiny: { type: 'boolean', default: false },
      only: { type: 'string' },
      contestants: { type: 'string' },
      inspector: { type: 'boolean', default: false },
      cell: { type: 'string', default: '' },
      rounds: { type: 'string' },
      json: { type: 'boolean', default: false },
      chart: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.quick && values.tiny) throw new Error('--quick and --tiny exclude each other');
  const sizes = values.quick ? QUICK : values.tiny ? TINY : FULL;
  return {
    sizes: { ...sizes, rounds: roundsOf(values.rounds, sizes.rounds) },
    only: listOf('only', values.only, YARDSTICKS),
    cell: values.cell,
    contestants: listOf('contestants', values.contestants, Object.keys(CONTESTANTS)),
    isInspector: values.inspector,
    isJson: values.json,
    chart: values.chart ?? null,
    profile: values.profile === undefined ? null : resolve(values.profile),
    isHelp: values.help,
  };
}
