/** One configuration or one mutant checked, reported in words and numbers only. */
import { masterMachine, slaveMachine } from '../../machines/index.js';
import { chartOfViolation, chartOfWedge } from './chart.js';
import { HUNTING_GROUND } from './configurations.js';
import { type Exploration, explore, type Progress } from './explorer.js';
import { type Liveness, walkBack } from './fair-graph.js';
import { runMasterOn } from './master-turn.js';
import type { Mutant } from './mutants.js';
import { recordingOf } from './recording.js';
import { runSlaveOn } from './slave-turn.js';
import type { Bounds } from './vocabulary.js';

/** What was found: the promise first broken, and the shortest way there. */
export interface Finding {
  readonly promise: string;
  readonly how: string;
  readonly steps: number;
  readonly chart: string;
  /** Lines of a recording of it, where one was asked for. */
  readonly recording?: readonly string[];
}

export interface Report {
  readonly name: string;
  readonly states: number;
  readonly edges: number;
  readonly isComplete: boolean;
  /** Null where a violation was found before, or where no rest is asked for. */
  readonly liveness: Omit<Liveness, 'wedge'> | null;
  readonly finding: Finding | null;
  readonly durationMs: number;
}

/** Of a configuration that is not explored to the end, so many states have to come to rest. */
const SAMPLE_MAX = 2500;

function findingOf(exploration: Exploration, records: boolean): Finding | null {
  const { violation } = exploration;
  if (violation === null) return null;
  const [{ promise, how } = { promise: '', how: '' }] = violation.broken;
  const chart = chartOfViolation(exploration);
  const recording = records ? recordingOf(exploration, violation.trace, promise, how) : undefined;
  const steps = violation.trace.length - 1;
  return { promise, how, steps, chart, ...(recording && { recording }) };
}

function wedgeOf(
  exploration: Exploration,
  { wedge, wedges, isComplete }: Liveness,
  records: boolean,
): Finding | null {
  if (wedge !== null) {
    const into = exploration.wayTo(wedge.from);
    const steps = into.length - 1 + wedge.way.length - 1;
    const how = `${wedges} states from which there is no way to rest`;
    const recording = records ? recordingOf(exploration, into, 'L2', how) : undefined;
    const chart = chartOfWedge(exploration, wedge);
    return { promise: 'L2', how, steps, chart, ...(recording && { recording }) };
  }
  if (isComplete) return null;
  return { promise: 'L2', how: 'what follows never ends', steps: 0, chart: '' };
}

export interface Checking {
  readonly progress?: Progress;
  /** False leaves out the walk back from rest. */
  readonly rest?: boolean;
  readonly sampleMax?: number;
  /** Makes a recording of what is found. @default false */
  readonly records?: boolean;
}

export function check(bounds: Bounds, checking: Checking): Report {
  const { progress, rest = true, sampleMax, records = false } = checking;
  const began = performance.now();
  const exploration = explore(bounds, progress);
  const { worlds, edges, isComplete, violation } = exploration;
  const startsMax = isComplete ? (sampleMax ?? Number.POSITIVE_INFINITY) : SAMPLE_MAX;
  const liveness =
    violation === null && rest && bounds.rests !== false
      ? walkBack(exploration, startsMax, progress)
      : null;
  const wedge = liveness === null ? null : wedgeOf(exploration, liveness, records);
  const { wedge: _told, ...figures } = liveness ?? { wedge: null };
  return {
    name: bounds.name,
    states: worlds.length,
    edges,
    isComplete,
    liveness: liveness === null ? null : (figures as Omit<Liveness, 'wedge'>),
    finding: findingOf(exploration, records) ?? wedge,
    durationMs: performance.now() - began,
  };
}

/** Explores with a mistake in place; a mutant without a finding lives. */
export function hunt(mutant: Mutant, checking: Checking = {}): Report {
  runMasterOn(mutant.master ?? masterMachine);
  runSlaveOn(mutant.slave ?? slaveMachine);
  try {
    const bounds = { ...HUNTING_GROUND, ...mutant.needs, name: mutant.name };
    return check(bounds, { ...checking, rest: mutant.isWedge === true });
  } finally {
    runMasterOn(masterMachine);
    runSlaveOn(slaveMachine);
  }
}
