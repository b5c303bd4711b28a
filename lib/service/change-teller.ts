/** Tells inspectors how far each change comes. There is none where nobody inspects. */
import type { Settlement } from '../../machines/master-context.js';
import type { Point, Position } from '../../machines/protocol.js';
import type { Clock } from '../runtime/clock.js';
import type { OpenGroup } from './group-queue.js';
import type { ChangeMoved, ChangeStage } from './inspection.js';
import type { RunInspection } from './run-inspection.js';
import type { SlaveProgress } from './task.js';

type Problem = ChangeMoved['problem'];

export interface ChangeTellerOptions {
  readonly inspection: RunInspection;
  readonly clock: Clock;
  /** Milliseconds for which confirmations of a committed change are waited for. */
  readonly patienceMs: number;
  readonly positionAt: (point: Point) => Position;
  /** The slave confirmed this version, or a later one. */
  readonly isAt: (slave: string, version: number) => boolean;
}

/** What is told of a change: its group would keep the callers' tasks and its bytes in memory. */
type ToldChange = Pick<ChangeMoved, 'change' | 'method' | 'to' | 'updates' | 'bytes'>;

interface Unconfirmed {
  readonly change: ToldChange;
  readonly slaves: readonly string[];
  readonly untilMs: number;
}

export class ChangeTeller {
  readonly #options: ChangeTellerOptions;
  #open: OpenGroup | null = null;
  /** Committed and not yet confirmed by all, oldest first. */
  #unconfirmed: Unconfirmed[] = [];

  constructor(options: ChangeTellerOptions) {
    this.#options = options;
  }

  begun(open: OpenGroup): void {
    this.#open = open;
    this.#tell(open, 'begun', open.progress.slaves, null);
  }

  /** The decision is on disk, as far as there is one. */
  decided(round: string): void {
    const open = this.#open;
    if (open?.group.id === round) this.#tell(open, 'decided', open.progress.slaves, null);
  }

  /** It did not even begin: the reason is the host's to know all the same. */
  refused(open: OpenGroup, reason: string): void {
    this.#tell(open, 'aborted', open.progress.slaves, { code: 'ABORTED', reason });
  }

  settled(open: OpenGroup, settlement: Settlement): void {
    this.#open = null;
    const { slaves } = open.progress;
    if (settlement.state === 'committed') {
      this.#tell(open, 'committed', slaves, null);
      const { clock, patienceMs } = this.#options;
      const untilMs = clock.now() + patienceMs;
      this.#unconfirmed.push({ change: this.#toldOf(open), slaves: Object.keys(slaves), untilMs });
      this.look();
      return;
    }
    if (settlement.state === 'aborted') this.#tell(open, 'aborted', slaves, settlement.reason);
    else this.#tell(open, 'failed', slaves, settlement.problem);
  }

  /** The run ends with this group open. */
  dropped(open: OpenGroup | null, problem: NonNullable<Problem>): void {
    this.#open = null;
    if (open !== null) this.#tell(open, 'failed', open.progress.slaves, problem);
  }

  /** Versions rise: as long as the oldest one lacks a confirmation, later ones need no look. */
  look(): void {
    const { isAt, clock } = this.#options;
    let done = 0;
    for (const { change, slaves, untilMs } of this.#unconfirmed) {
      const { version } = change.to;
      const isApplied = slaves.every((slave) => isAt(slave, version));
      // A slave that is gone confirms nothing any more: its lag says so.
      if (!isApplied && clock.now() < untilMs) break;
      done += 1;
      if (!isApplied) continue;
      const applied = slaves.map((slave) => [slave, { stage: 'applied' as const }]);
      this.#tellChange(change, 'applied', Object.fromEntries(applied), null);
    }
    if (done > 0) this.#unconfirmed = this.#unconfirmed.slice(done);
  }

  #toldOf({ group, method, tasks }: OpenGroup): ToldChange {
    const to = this.#options.positionAt(group.to);
    return { change: group.id, method, to, updates: tasks.length, bytes: group.payload.bytes };
  }

  #tell(
    open: OpenGroup,
    stage: ChangeStage,
    slaves: Readonly<Record<string, SlaveProgress>>,
    problem: Problem,
  ): void {
    this.#tellChange(this.#toldOf(open), stage, slaves, problem);
  }

  #tellChange(
    change: ToldChange,
    stage: ChangeStage,
    slaves: Readonly<Record<string, SlaveProgress>>,
    problem: Problem,
  ): void {
    this.#options.inspection.tell({
      type: '@replichart.change',
      ...change,
      stage,
      slaves,
      problem: problem === null ? null : { code: problem.code, reason: problem.reason },
    });
  }
}
