/** What a caller holds of one change: its options, its stages, and its end (claims 5, 6; P21). */
import type { Method } from '../../machines/protocol.js';

/** Options of one change. */
export interface UpdateOptions {
  /** @default what the layer's `methodFor` says, else `one-phase` */
  readonly method?: Method;
  /**
   * Milliseconds until a two-phase round that lacks votes is aborted with `TIMEOUT` (claim 6).
   * @default the master's `voteTimeout`
   */
  readonly timeout?: number;
  /**
   * When the task resolves: `decided` = the change is durable on the master and will be made by
   * all; `applied` = also confirmed by every participant, or listed in `unconfirmed`.
   * @default 'decided'
   */
  readonly ack?: 'decided' | 'applied';
  /** One-phase: `os` survives the process, not the power (P19). @default 'disk' with a store */
  readonly durability?: 'disk' | 'os';
  /** Rolls the change back when aborted before the decision. */
  readonly signal?: AbortSignal;
}

/** How far one change came on one slave. */
export type SlaveStage =
  | 'waiting'
  | 'sent'
  | 'prepared'
  | 'vetoed'
  | 'lost'
  | 'committed'
  | 'applied'
  | 'aborted';

export interface SlaveProgress {
  readonly stage: SlaveStage;
  readonly reason?: string;
}

export type TaskState =
  | 'queued'
  | 'announcing'
  | 'preparing'
  | 'committing'
  | 'committed'
  | 'aborting'
  | 'aborted';

export interface TaskStatus {
  readonly state: TaskState;
  readonly method: Method;
  /** The version that holds the change; null until it is decided. */
  readonly version: number | null;
  readonly slaves: Readonly<Record<string, SlaveProgress>>;
}

export interface TaskResult {
  readonly version: number;
  /** The slaves whose vote the round needed; for one-phase those that were live. */
  readonly participants: readonly string[];
  /** Participants that did not confirm the apply in time; they catch up by themselves. */
  readonly unconfirmed: readonly string[];
}

/**
 * One change on its way. Await it for the result. It rejects with a `ReplicationError`:
 * `ABORTED` (nothing changed anywhere; `cause` is the veto, the time-out or the roll-back),
 * `OUTCOME_UNKNOWN` (the store failed while deciding), `OVERLOADED` (the queue is full),
 * `TOO_LARGE`, `NOT_RUNNING`, `STORE_FAILED`. One that nobody awaits raises no unhandled rejection.
 */
export interface ReplicationTask extends PromiseLike<TaskResult> {
  readonly id: string;
  readonly status: TaskStatus;
  /** Any time before the decision. False, and without effect, afterwards. */
  rollback(reason?: string): boolean;
  catch<T>(onRejected: (error: unknown) => T | PromiseLike<T>): Promise<TaskResult | T>;
  finally(onSettled: () => void): Promise<TaskResult>;
}
