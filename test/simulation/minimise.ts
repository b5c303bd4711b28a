/** Makes a failing run small: fewer kinds of faults first, then fewer steps. */
import { runSeed, type SeedRun } from './run-seed.js';

export interface Minimal {
  readonly run: SeedRun;
  readonly violations: readonly string[];
  readonly tries: number;
}

/** The promise a violation names, so that shrinking does not wander off to another one. */
const kindOf = (violation: string | undefined): string => violation?.split(':')[0] ?? '';

/** @param progress told of each thing that turned out not to be needed */
export async function minimise(
  failing: SeedRun,
  progress: (line: string) => void = () => {},
): Promise<Minimal> {
  const { twice: _, ...first } = failing;
  let best = await runSeed(first);
  let run: SeedRun = { ...first, faults: best.faults, without: [] };
  const kind = kindOf(best.violations[0]);
  let tries = 1;
  const stillFails = async (candidate: SeedRun): Promise<boolean> => {
    tries += 1;
    const result = await runSeed(candidate);
    if (kindOf(result.violations[0]) !== kind) return false;
    best = result;
    run = candidate;
    return true;
  };
  for (const fault of best.faults) {
    const faults = (run.faults ?? []).filter((name) => name !== fault);
    if (await stillFails({ ...run, faults })) progress(`not needed: ${fault}`);
  }
  for (let steps = run.steps ?? 40, cut = steps >> 1; cut > 0; cut >>= 1) {
    while (steps > cut && (await stillFails({ ...run, steps: steps - cut }))) {
      steps -= cut;
      progress(`enough: ${steps} steps`);
    }
  }
  return { run, violations: best.violations, tries };
}

/** The one command that shows it again. */
export function commandOf({ seed, faults, steps, slaves, bug }: SeedRun): string {
  const parts = [`npm run check:simulation -- --seed ${seed}`];
  if (faults !== undefined)
    parts.push(`--faults ${faults.length === 0 ? 'none' : faults.join(',')}`);
  if (steps !== undefined) parts.push(`--steps ${steps}`);
  if (slaves !== undefined) parts.push(`--slaves ${slaves}`);
  if (bug !== undefined) parts.push(`--bug ${bug}`);
  return parts.join(' ');
}
