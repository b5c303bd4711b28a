/** A thread of `npm run check:model`: checks what it is given, one after the other. */
import { parentPort } from 'node:worker_threads';
import type { Job } from './arguments.js';
import { check, hunt, type Report } from './check.js';
import { FULL, SHORT } from './configurations.js';
import { MUTANTS } from './mutants.js';

export type Told =
  | {
      readonly kind: 'progress';
      readonly name: string;
      readonly states: number;
      readonly edges: number;
    }
  | { readonly kind: 'report'; readonly job: Job; readonly report: Report }
  | { readonly kind: 'failed'; readonly job: Job; readonly reason: string };

const PROGRESS_EVERY_MS = 10_000;
const port = parentPort;
if (port === null) throw new Error('this module runs as a thread of main.js');

const tell = (told: Told): void => port.postMessage(told);

function run({ kind, name, records }: Job): Report {
  let last = performance.now();
  const progress = (states: number, edges: number) => {
    if (performance.now() - last < PROGRESS_EVERY_MS) return;
    last = performance.now();
    tell({ kind: 'progress', name, states, edges });
  };
  const mutant = MUTANTS.find((each) => each.name === name);
  if (kind === 'mutant' && mutant !== undefined) return hunt(mutant, { progress, records });
  const bounds = [...SHORT, ...FULL].find((each) => each.name === name);
  if (bounds === undefined) throw new Error(`no ${kind} is called "${name}"`);
  return check(bounds, { progress, records });
}

port.on('message', (job: Job) => {
  try {
    tell({ kind: 'report', job, report: run(job) });
  } catch (error) {
    tell({ kind: 'failed', job, reason: error instanceof Error ? `${error.stack}` : `${error}` });
  }
});
