/**
 * `npm run check:chaos -- --rounds 200 --seed 7`: the long form of kill-rounds.test.ts. Exit code
 * 0 only if nothing was lost, nothing diverged and nothing got stuck; a failure keeps its folder.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { figuresOf, runChaos } from '../support/process-chaos.js';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now()) },
    changes: { type: 'string', default: '150' },
    quiet: { type: 'boolean', default: false },
  },
});

function count(name: 'rounds' | 'changes'): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`--${name} takes a number from 1`);
}

const rounds = count('rounds');
const calmChanges = count('changes');
const folder = await mkdtemp(join(tmpdir(), 'replichart-chaos-'));
console.log(`seed ${values.seed}`);
try {
  const progress = values.quiet ? {} : { progress: (line: string) => console.log(line) };
  const figures = await runChaos({ seed: values.seed, rounds, calmChanges, folder, ...progress });
  for (const line of figuresOf(figures)) console.log(line);
  const { lost, diverged, violations, faults } = figures;
  const wrong = [...lost, ...diverged, ...violations, ...faults];
  for (const line of wrong.slice(0, 50)) console.log(`WRONG ${line}`);
  if (wrong.length > 0) throw new Error(`${wrong.length} violations, seed ${values.seed}`);
  await rm(folder, { recursive: true, force: true });
} catch (error) {
  console.log(error instanceof Error ? error.message : String(error));
  console.log(`the logs and stores of the nodes are kept in ${folder}`);
  process.exitCode = 1;
}
