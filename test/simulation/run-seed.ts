/** One seed, with or without a bug, as plain data that can leave its thread. */
import type { Mark } from '../../lib/testing/simulation/coverage.js';
import {
  type SimulateOptions,
  type SimulationReport,
  simulate,
} from '../../lib/testing/simulation/simulate.js';
import { bugOf } from './bugs.js';

/** What says exactly which run is meant. */
export interface SeedRun {
  readonly seed: number;
  readonly slaves?: number;
  readonly steps?: number;
  readonly faults?: readonly string[];
  readonly without?: readonly string[];
  readonly bug?: string;
  /** Runs it a second time and compares the hashes. */
  readonly twice?: boolean;
  readonly trace?: boolean;
}

export interface SeedResult {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly faults: readonly string[];
  readonly struck: ReadonlyArray<readonly [string, number]>;
  readonly marks: ReadonlyArray<readonly [Mark, number]>;
  readonly hash: string;
  readonly isRunTwice: boolean;
  readonly events: number;
  readonly virtualMs: number;
  readonly acknowledged: number;
  readonly trace: readonly string[];
}

type SimulateInspect = NonNullable<SimulateOptions<unknown, unknown>['inspect']>;

/** What nobody caught anywhere while a seed ran: T42 and S14 in one list. */
const stray: string[] = [];
process.on('unhandledRejection', (error) => stray.push(`unhandled rejection: ${String(error)}`));
process.on('uncaughtException', (error) => stray.push(`uncaught exception: ${String(error)}`));

/** With the bug of that name in it, when it names one. */
export async function once(run: SeedRun, inspect?: SimulateInspect): Promise<SimulationReport> {
  const { twice: _, bug, ...options } = run;
  const watched = inspect === undefined ? {} : { inspect };
  const tampering = bug === undefined ? undefined : bugOf(bug)?.tampering();
  return simulate({ ...options, ...watched, ...(tampering === undefined ? {} : { tampering }) });
}

export async function runSeed(run: SeedRun): Promise<SeedResult> {
  stray.length = 0;
  const report = await once(run);
  const violations = [...report.violations];
  if (run.twice === true) {
    const again = await once(run);
    if (again.hash !== report.hash) {
      violations.push(`not the same twice: ${report.hash} and ${again.hash}`);
    }
  }
  // A rejection counts as unhandled only when the turn is over.
  await new Promise((resolve) => setImmediate(resolve));
  violations.push(...stray.map((what) => `S14: ${what}`));
  return {
    seed: run.seed,
    violations,
    faults: report.faults,
    struck: [...report.struck],
    marks: [...report.marks],
    hash: report.hash,
    isRunTwice: run.twice === true,
    events: report.events,
    virtualMs: report.virtualMs,
    acknowledged: report.changes.acknowledged,
    trace: report.trace,
  };
}
