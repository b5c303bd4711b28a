/** The figures of a chaos run: summed up over rounds and judgements, shown, and demanded. */
import type { RoundDone } from './process-round.js';
import { RECOVERY_MS_MAX } from './process-round.js';
import type { Verdict } from './process-verdict.js';

/** R7: a process that holds more than this has a leak; measured ones hold about a third. */
export const RSS_BYTES_MAX = 400 * 1024 * 1024;
export const OPEN_FILES_MAX = 120;

/** What rounds of one kind did. */
export interface KindFigures extends RoundDone {
  rounds: number;
}

export interface ChaosFigures extends Verdict {
  readonly kinds: Readonly<Record<string, KindFigures>>;
  readonly rssBytesMax: number;
  readonly openFilesMax: number;
  /** What happened to processes that was not done to them, and what did not come to an end. */
  readonly faults: readonly string[];
}

export const NOTHING_DONE: RoundDone = {
  kills: 0,
  masterKills: 0,
  recoveryKills: 0,
  pauses: 0,
  partitions: 0,
  slowLinks: 0,
  recoveryMs: 0,
};

const EMPTY: ChaosFigures = {
  acknowledged: 0,
  aborted: 0,
  unanswered: 0,
  unansweredMade: 0,
  states: 0,
  snapshots: 0,
  lost: [],
  diverged: [],
  violations: [],
  troubles: {},
  kinds: {},
  rssBytesMax: 0,
  openFilesMax: 0,
  faults: [],
};

function sumOfDone(left: RoundDone, right: RoundDone): RoundDone {
  return {
    kills: left.kills + right.kills,
    masterKills: left.masterKills + right.masterKills,
    recoveryKills: left.recoveryKills + right.recoveryKills,
    pauses: left.pauses + right.pauses,
    partitions: left.partitions + right.partitions,
    slowLinks: left.slowLinks + right.slowLinks,
    recoveryMs: Math.max(left.recoveryMs, right.recoveryMs),
  };
}

/** Gathers while rounds run, on several clusters at a time. */
export class FiguresSum {
  #figures: ChaosFigures = EMPTY;

  get figures(): ChaosFigures {
    return this.#figures;
  }

  addRound(kind: string, done: RoundDone): void {
    const before = this.#figures.kinds[kind] ?? { ...NOTHING_DONE, rounds: 0 };
    const after = { ...sumOfDone(before, done), rounds: before.rounds + 1 };
    this.#figures = { ...this.#figures, kinds: { ...this.#figures.kinds, [kind]: after } };
  }

  addUsage(rssBytes: number, openFiles: number): void {
    const { rssBytesMax, openFilesMax } = this.#figures;
    this.#figures = {
      ...this.#figures,
      rssBytesMax: Math.max(rssBytesMax, rssBytes),
      openFilesMax: Math.max(openFilesMax, openFiles),
    };
  }

  addFaults(where: string, faults: readonly string[]): void {
    const told = faults.map((fault) => `${where}: ${fault}`);
    this.#figures = { ...this.#figures, faults: [...this.#figures.faults, ...told] };
  }

  /** @param where put before each finding */
  addVerdict(where: string, verdict: Verdict): void {
    const told = (lines: readonly string[]) => lines.map((line) => `${where}: ${line}`);
    const { figures } = this;
    const troubles = { ...figures.troubles };
    for (const [code, count] of Object.entries(verdict.troubles)) {
      troubles[code] = (troubles[code] ?? 0) + count;
    }
    this.#figures = {
      ...figures,
      acknowledged: figures.acknowledged + verdict.acknowledged,
      aborted: figures.aborted + verdict.aborted,
      unanswered: figures.unanswered + verdict.unanswered,
      unansweredMade: figures.unansweredMade + verdict.unansweredMade,
      states: figures.states + verdict.states,
      snapshots: figures.snapshots + verdict.snapshots,
      lost: [...figures.lost, ...told(verdict.lost)],
      diverged: [...figures.diverged, ...told(verdict.diverged)],
      violations: [...figures.violations, ...told(verdict.violations)],
      troubles,
    };
  }
}

export function totalOf({ kinds }: ChaosFigures): KindFigures {
  const total: KindFigures = { ...NOTHING_DONE, rounds: 0 };
  for (const each of Object.values(kinds)) {
    const rounds = total.rounds + each.rounds;
    Object.assign(total, sumOfDone(total, each), { rounds });
  }
  return total;
}

/** Everything the judges found wrong, most telling first. */
export function wrongsOf(figures: ChaosFigures): string[] {
  const { lost, diverged, violations, faults } = figures;
  return [...lost, ...diverged, ...violations, ...faults];
}

export interface Demands {
  readonly kills: number;
  readonly pauses: number;
  readonly partitions: number;
  readonly acknowledged: number;
}

/** What a run of the default length must reach (issue 3). */
export const FULL_DEMANDS: Demands = {
  kills: 300,
  pauses: 60,
  partitions: 60,
  acknowledged: 50_000,
};

interface Figure {
  readonly text: string;
  readonly isMet: boolean;
}

/** Each figure beside what is demanded of it. */
export function demandedOf(figures: ChaosFigures, demands: Demands): Figure[] {
  const total = totalOf(figures);
  const least = (what: string, value: number, min: number): Figure => ({
    text: `${what} ${value.toLocaleString('en')} (>= ${min.toLocaleString('en')})`,
    isMet: value >= min,
  });
  const most = (what: string, value: number, max: number, unit: string): Figure => ({
    text: `${what} ${value.toFixed(0)}${unit} (<= ${max}${unit})`,
    isMet: value <= max,
  });
  const mebibytes = (bytes: number) => bytes / 1024 / 1024;
  return [
    least('kills', total.kills, demands.kills),
    least('pauses', total.pauses, demands.pauses),
    least('partitions', total.partitions, demands.partitions),
    least('acknowledged updates', figures.acknowledged, demands.acknowledged),
    most('back in step', total.recoveryMs, RECOVERY_MS_MAX, ' ms'),
    most('memory', mebibytes(figures.rssBytesMax), mebibytes(RSS_BYTES_MAX), ' MiB'),
    most('open files', figures.openFilesMax, OPEN_FILES_MAX, ''),
  ];
}

/** The figures as people read them, one line per kind of round first. */
export function linesOf(figures: ChaosFigures): string[] {
  const kinds = Object.entries(figures.kinds).map(([kind, each]) => {
    const { rounds, kills, pauses, partitions, slowLinks, recoveryMs } = each;
    return (
      `${kind.padEnd(16)} ${rounds} rounds, ${kills} kills, ${pauses} pauses, ` +
      `${partitions} partitions, ${slowLinks} slow links, in step <= ${recoveryMs.toFixed(0)} ms`
    );
  });
  const total = totalOf(figures);
  const troubles = Object.entries(figures.troubles).map(([code, count]) => `${code} ${count}`);
  return [
    ...kinds,
    `${total.masterKills} kills of the master, ${total.recoveryKills} kills during recovery`,
    `${figures.acknowledged} acknowledged, ${figures.aborted} aborted, ` +
      `${figures.unanswered} unanswered (${figures.unansweredMade} of them made), ` +
      `${figures.states} versions seen, ${figures.snapshots} snapshots`,
    `troubles told: ${troubles.join(', ') || 'none'}`,
  ];
}
