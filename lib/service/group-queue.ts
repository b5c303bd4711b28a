/**
 * Changes on their way to the protocol: FIFO, bounded, and grouped (P17). What waits while a
 * group is under way goes out together as one delta; a veto splits the group and retries the
 * parts; the roll-back of one member rebuilds the rest.
 */
import type { Group, Settlement } from '../../machines/master-context.js';
import type { Durability, Method, Payload, Point } from '../../machines/protocol.js';
import { asReplicationError, ReplicationError } from '../errors.js';
import type { BuiltGroup, DeltaCodec, MasterUserLayer, MaybePromise } from '../layers/contract.js';
import { serviceLimits } from '../limits.js';
import type { Clock } from '../runtime/clock.js';
import type { IdSource } from '../runtime/ids.js';
import { Gathering } from './gathering.js';
import { nextDigest, payloadOf } from './payload.js';
import { abortedError, GroupProgress, PendingTask } from './pending-task.js';
import type { UpdateOptions } from './task.js';
import { checkUpdateOptions } from './update-options.js';

/** A group with what lib/ keeps of it beside the machine's words. */
export interface OpenGroup {
  readonly group: Group;
  readonly method: Method;
  readonly delta: unknown;
  readonly tasks: readonly PendingTask[];
  readonly progress: GroupProgress;
  readonly timeoutMs: number | null;
}

export interface GroupQueueOptions {
  readonly ids: IdSource;
  readonly item: string;
  readonly layer: MasterUserLayer;
  readonly codec: DeltaCodec<unknown>;
  readonly queueMax: number;
  readonly isDurable: boolean;
  readonly clock: Clock;
  /** The machine takes a group now. */
  readonly isFree: () => boolean;
  /** Where the original stands, and the number the next group gets (P7). */
  readonly nextStep: () => { readonly from: Point; readonly version: number };
  readonly callLayer: <T>(
    what: string,
    run: () => MaybePromise<T>,
    done: (result: T) => void,
    failed: (error: unknown) => void,
  ) => void;
  readonly begin: (open: OpenGroup) => void;
  readonly committed: (open: OpenGroup, version: number) => void;
}

const NO_OPTIONS: UpdateOptions = {};

export class GroupQueue {
  readonly #options: GroupQueueOptions;
  readonly #gathering: Gathering;
  #waiting: PendingTask[] = [];
  /** Sizes the next groups must have: halves of a vetoed one, the rest of a rolled-back one. */
  #sizes: number[] = [];
  #open: OpenGroup | null = null;
  /** The members of the group that the layer is building. */
  #building: readonly PendingTask[] | null = null;
  #isPumping = false;
  #isScheduled = false;
  #refusal: ReplicationError | null = null;
  #release: (() => void) | undefined;

  constructor(options: GroupQueueOptions) {
    this.#options = options;
    this.#gathering = new Gathering(options.clock, () => this.pump());
  }

  get open(): OpenGroup | null {
    return this.#open;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Takes a change; its task tells the rest. Never throws: bad options reject the task. */
  submit(change: unknown, options: UpdateOptions = NO_OPTIONS): PendingTask {
    const refusal = this.#refusalOf(options);
    const task = new PendingTask(
      change,
      refusal === null ? options : {},
      this.#options.ids,
      this.#rollback,
    );
    if (refusal !== null) {
      task.reject(refusal);
      return task;
    }
    if (options.signal?.aborted === true) {
      task.reject(abortedError('ROLLED_BACK', 'its AbortSignal was aborted before it began', null));
      return task;
    }
    this.#waiting.push(task);
    this.#release ??= this.#options.clock.hold?.();
    this.#schedule();
    return task;
  }

  /**
   * Starts the next group if the machine is free; called whenever that may have changed. A group
   * that ends at once calls back here: the loop takes the next one, not a deeper stack (T51).
   */
  pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#mayStart()) this.#build(this.#take());
    } finally {
      this.#isPumping = false;
    }
    if (!this.#isBusy && this.#waiting.length === 0) this.#letGo();
  }

  get #isBusy(): boolean {
    return this.#open !== null || this.#building !== null;
  }

  #mayStart(): boolean {
    if (this.#isBusy || this.#waiting.length === 0 || !this.#options.isFree()) return false;
    // Rounds gather by themselves while votes are out; halves of a vetoed group are not joined.
    const [first] = this.#waiting;
    if (first?.method === 'two-phase' || this.#sizes.length > 0) return true;
    return !this.#gathering.holds(this.#waiting.length);
  }

  /** The machine's word on how the open group ended. */
  settle(id: string, settlement: Settlement): void {
    const open = this.#open;
    if (open === null || open.group.id !== id) return;
    this.#open = null;
    if (settlement.state === 'committed') {
      this.#options.committed(open, settlement.version);
    } else if (settlement.state === 'aborted') {
      this.#settleAborted(open, settlement);
    } else {
      const code = settlement.state === 'unknown' ? 'OUTCOME_UNKNOWN' : 'ABORTED';
      this.#rejectAll(open.tasks, settlement.problem, code);
    }
    this.#schedule();
  }

  /** Refuses everything that waits, and everything that comes; the open group may finish. */
  refuse(refusal: ReplicationError): void {
    this.#refusal = refusal;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const task of waiting) task.reject(refusal);
  }

  /** Refuses the open group as well. */
  close(refusal: ReplicationError): void {
    this.refuse(refusal);
    const open = this.#open;
    this.#open = null;
    for (const task of open?.tasks ?? []) task.reject(refusal);
    // What the layer is still building finds its members settled, and goes nowhere.
    for (const task of this.#building ?? []) task.reject(refusal);
    this.#letGo();
  }

  /** Bound to every task: a waiting one leaves, an open round is asked to abort (claim 5). */
  readonly #rollback = (task: PendingTask, reason: string): boolean => {
    const index = this.#waiting.indexOf(task);
    if (index >= 0) {
      this.#waiting.splice(index, 1);
      task.reject(abortedError('ROLLED_BACK', reason, null));
      return true;
    }
    if (this.#building?.includes(task) === true) {
      task.reject(abortedError('ROLLED_BACK', reason, null));
      return true;
    }
    return this.#rollbackOpen(task, reason);
  };

  /** Set by the service: asks the machine to abort the open round, false when it is decided. */
  askRollback: (round: string, reason: string) => boolean = () => false;

  #rollbackOpen(task: PendingTask, reason: string): boolean {
    const open = this.#open;
    if (open === null || open.method !== 'two-phase' || !open.tasks.includes(task)) return false;
    task.rollbackReason = reason;
    if (this.askRollback(open.group.id, reason)) return true;
    if (!task.isSettled) task.rollbackReason = null;
    return false;
  }

  #letGo(): void {
    this.#release?.();
    this.#release = undefined;
  }

  #refusalOf(options: UpdateOptions): ReplicationError | null {
    if (this.#refusal !== null) return this.#refusal;
    try {
      if (options !== NO_OPTIONS) checkUpdateOptions(options);
    } catch (error) {
      return asReplicationError(error, 'INVALID_OPTION', 'options of a change');
    }
    const { queueMax, item } = this.#options;
    if (this.#waiting.length < queueMax) return null;
    const message = `${queueMax} changes of "${item}" wait already; await some before making more`;
    return new ReplicationError('OVERLOADED', message);
  }

  /** Changes of one turn become one group (P17), and a caller's stack never runs the protocol. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.pump();
    });
  }

  #take(): PendingTask[] {
    const forced = this.#sizes.shift();
    const limit = this.#options.layer.build === undefined ? 1 : serviceLimits.groupChangesMax;
    const first = this.#waiting[0] as PendingTask;
    const mustAskMethod = first.method === null && this.#options.layer.methodFor !== undefined;
    let size = mustAskMethod ? 1 : Math.min(forced ?? limit, this.#waiting.length, limit);
    for (let index = 1; index < size; index += 1) {
      const task = this.#waiting[index] as PendingTask;
      const fits = task.method === first.method && task.options.timeout === first.options.timeout;
      if (!fits) size = index;
    }
    return this.#waiting.splice(0, size);
  }

  #build(tasks: readonly PendingTask[]): void {
    const { layer, callLayer } = this.#options;
    this.#building = tasks;
    callLayer<BuiltGroup<unknown>>(
      'build',
      () =>
        layer.build === undefined
          ? { delta: tasks[0]?.change, rejected: [] }
          : layer.build(tasks.map((task) => task.change)),
      (built) => {
        this.#building = null;
        this.#finishBuild(tasks, built);
      },
      (error) => {
        this.#building = null;
        const failure = asReplicationError(error, 'ABORTED', 'the change could not be made');
        for (const task of tasks) task.reject(failure);
        this.#schedule();
      },
    );
  }

  #finishBuild(tasks: readonly PendingTask[], built: BuiltGroup<unknown>): void {
    // The delta holds the changes of all: without those taken back meanwhile it is another one.
    const rest = tasks.filter((task) => !task.isSettled);
    if (rest.length < tasks.length) {
      this.#again(rest, rest.length > 0 ? [rest.length] : []);
      this.#schedule();
      return;
    }
    const failed = new Map(built.rejected.map(({ index, error }) => [index, error]));
    for (const [index, error] of failed) {
      tasks[index]?.reject(asReplicationError(error, 'ABORTED', 'the change could not be made'));
    }
    const kept = tasks.filter((_, index) => !failed.has(index));
    if (kept.length === 0 || !('delta' in built)) {
      const { from } = this.#options.nextStep();
      const result = { version: from.version, participants: [], unconfirmed: [] };
      for (const task of kept) task.resolve(result);
      this.#schedule();
      return;
    }
    try {
      this.#begin(kept, built.delta);
    } catch (error) {
      this.#open = null;
      const failure = asReplicationError(error, 'ABORTED', 'the change could not be sent out');
      for (const task of kept) task.reject(failure);
      this.#schedule();
    }
  }

  #begin(tasks: readonly PendingTask[], delta: unknown): void {
    const { codec, layer, nextStep } = this.#options;
    const first = tasks[0] as PendingTask;
    const method = first.method ?? layer.methodFor?.(delta) ?? 'one-phase';
    const payload = payloadOf(codec.encode(delta));
    if (payload.bytes > serviceLimits.deltaBytesMax) throw tooLarge(payload);
    this.#gathering.began(tasks.length, payload.bytes);
    const { from, version } = nextStep();
    if (!Number.isSafeInteger(version)) throw usedUp(from);
    const to = { version, digest: nextDigest(from, version, payload.checksum) };
    const durability = this.#durabilityOf(tasks, method);
    const progress = new GroupProgress();
    for (const task of tasks) {
      task.method = method;
      task.state = method === 'two-phase' ? 'preparing' : 'announcing';
      task.progress = progress;
    }
    const group: Group = { id: this.#options.ids(), from, to, payload, durability };
    const timeoutMs = first.options.timeout ?? null;
    this.#open = { group, method, delta, tasks, progress, timeoutMs };
    this.#options.begin(this.#open);
  }

  /** A group takes its strongest member's level (P19). */
  #durabilityOf(tasks: readonly PendingTask[], method: Method): Durability {
    if (!this.#options.isDurable) return 'memory';
    const weak = method === 'one-phase' && tasks.every((task) => task.options.durability === 'os');
    return weak ? 'os' : 'disk';
  }

  #settleAborted(open: OpenGroup, settlement: Extract<Settlement, { state: 'aborted' }>): void {
    const { reason } = settlement;
    const taken = open.tasks.filter((task) => task.rollbackReason !== null);
    if (taken.length > 0) {
      for (const task of taken) {
        task.reject(abortedError('ROLLED_BACK', task.rollbackReason ?? '', open.progress));
      }
      const rest = open.tasks.filter((task) => !task.isSettled);
      this.#again(rest, rest.length > 0 ? [rest.length] : []);
      return;
    }
    if (reason.code === 'VETOED' && open.tasks.length > 1) {
      const half = Math.ceil(open.tasks.length / 2);
      this.#again(open.tasks, [half, open.tasks.length - half]);
      return;
    }
    const error = abortedError(reason.code, reason.reason, open.progress);
    for (const task of open.tasks) task.reject(error);
  }

  /** Puts tasks back in front of all others, to be built anew in groups of these sizes. */
  #again(tasks: readonly PendingTask[], sizes: readonly number[]): void {
    for (const task of tasks) {
      task.state = 'queued';
      task.progress = null;
    }
    this.#waiting = [...tasks, ...this.#waiting];
    this.#sizes = [...sizes, ...this.#sizes];
  }

  #rejectAll(
    tasks: readonly PendingTask[],
    problem: { readonly code: string; readonly reason: string },
    code: 'OUTCOME_UNKNOWN' | 'ABORTED',
  ): void {
    const message =
      code === 'ABORTED'
        ? `nothing was changed anywhere: ${problem.reason}`
        : `it is not known whether the change was made: ${problem.reason}; ` +
          'restart this master, its store decides';
    const cause = new ReplicationError(asCode(problem.code), problem.reason);
    const retryable = code === 'ABORTED' && problem.code === 'ABORTED';
    const error = new ReplicationError(code, message, { cause, retryable });
    for (const task of tasks) task.reject(error);
  }
}

function asCode(code: string): 'FENCED' | 'STORE_FAILED' | 'ABORTED' {
  return code === 'FENCED' || code === 'STORE_FAILED' ? code : 'ABORTED';
}

/** A number that doubles cannot tell from its neighbour would break every comparison (T54). */
function usedUp(at: Point): ReplicationError {
  const message =
    `no version follows: numbers up to 2^53 - 1 were issued or shown, the original stands at ` +
    `version ${at.version}; move the data to a new lineage`;
  return new ReplicationError('TOO_LARGE', message);
}

function tooLarge(payload: Payload): ReplicationError {
  const max = serviceLimits.deltaBytesMax;
  const message = `a delta of ${payload.bytes} bytes is above the limit of ${max}; make parts`;
  return new ReplicationError('TOO_LARGE', message);
}
