/** The task object of one change while it is on its way (P21). */
import type { Method } from '../../machines/protocol.js';
import { ReplicationError } from '../errors.js';
import type { IdSource } from '../runtime/ids.js';
import type {
  ReplicationTask,
  SlaveProgress,
  SlaveStage,
  TaskResult,
  TaskState,
  TaskStatus,
  UpdateOptions,
} from './task.js';

/** How far one group came on each slave; shared by all its tasks. */
export class GroupProgress {
  readonly #stages = new Map<string, SlaveProgress>();

  set(slave: string, stage: SlaveStage, reason?: string): void {
    this.#stages.set(slave, reason === undefined ? { stage } : { stage, reason });
  }

  setAll(slaves: Iterable<string>, stage: SlaveStage): void {
    for (const slave of slaves) this.set(slave, stage);
  }

  has(slave: string): boolean {
    return this.#stages.has(slave);
  }

  get slaves(): Readonly<Record<string, SlaveProgress>> {
    return Object.fromEntries(this.#stages);
  }
}

interface Waiter {
  readonly resolve: (result: TaskResult) => void;
  readonly reject: (error: ReplicationError) => void;
}

export class PendingTask implements ReplicationTask {
  readonly change: unknown;
  readonly options: UpdateOptions;
  readonly #ids: IdSource;
  readonly #rollback: (task: PendingTask, reason: string) => boolean;
  /** Made for who asks: most changes of a burst are never awaited (W1). */
  #id: string | null = null;
  #promise: Promise<TaskResult> | null = null;
  #waiter: Waiter | null = null;
  /** As it was given: a group may have thousands of tasks with one result. */
  #outcome: TaskResult | ReplicationError | null = null;
  #stopListening: (() => void) | null = null;
  isSettled = false;
  /** Set when the host took the change back while its group was under way. */
  rollbackReason: string | null = null;
  method: Method | null;
  state: TaskState = 'queued';
  version: number | null = null;
  progress: GroupProgress | null = null;

  constructor(
    change: unknown,
    options: UpdateOptions,
    ids: IdSource,
    rollback: (task: PendingTask, reason: string) => boolean,
  ) {
    this.change = change;
    this.options = options;
    this.method = options.method ?? null;
    this.#ids = ids;
    this.#rollback = rollback;
    this.#listen(options.signal);
  }

  get id(): string {
    this.#id ??= this.#ids();
    return this.#id;
  }

  get status(): TaskStatus {
    return {
      state: this.state,
      method: this.method ?? 'one-phase',
      version: this.version,
      slaves: this.progress?.slaves ?? {},
    };
  }

  rollback(reason = 'rolled back by its host'): boolean {
    return !this.isSettled && this.#rollback(this, reason);
  }

  resolve(result: TaskResult): void {
    if (!this.#end('committed')) return;
    this.version = result.version;
    this.#outcome = result;
    this.#waiter?.resolve(result);
  }

  reject(error: ReplicationError): void {
    if (!this.#end('aborted')) return;
    this.#outcome = error;
    this.#waiter?.reject(error);
  }

  // biome-ignore lint/suspicious/noThenProperty: a task is awaited like a promise
  then<A = TaskResult, B = never>(
    onFulfilled?: ((result: TaskResult) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#whenSettled().then(onFulfilled, onRejected);
  }

  catch<T>(onRejected: (error: unknown) => T | PromiseLike<T>): Promise<TaskResult | T> {
    return this.#whenSettled().catch(onRejected);
  }

  finally(onSettled: () => void): Promise<TaskResult> {
    return this.#whenSettled().finally(onSettled);
  }

  /** Without a promise there is no rejection that nobody handles to end the host's process. */
  #whenSettled(): Promise<TaskResult> {
    this.#promise ??= new Promise((resolve, reject) => {
      const outcome = this.#outcome;
      if (outcome === null) this.#waiter = { resolve, reject };
      else if (outcome instanceof ReplicationError) reject(outcome);
      else resolve(outcome);
    });
    return this.#promise;
  }

  #end(state: TaskState): boolean {
    if (this.isSettled) return false;
    this.isSettled = true;
    this.state = state;
    this.#stopListening?.();
    return true;
  }

  #listen(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    const onAbort = () => this.rollback('its AbortSignal was aborted');
    signal.addEventListener('abort', onAbort, { once: true });
    this.#stopListening = () => signal.removeEventListener('abort', onAbort);
  }
}

/** The error of a change that will not be made anywhere (P21). */
export function abortedError(
  code: 'VETOED' | 'TIMEOUT' | 'ROLLED_BACK' | 'ABORTED' | 'NOT_RUNNING',
  reason: string,
  progress: GroupProgress | null,
): ReplicationError {
  const cause = new ReplicationError(code, reason);
  return new ReplicationError('ABORTED', `nothing was changed anywhere: ${reason}`, {
    cause,
    retryable: code === 'TIMEOUT' || code === 'ABORTED',
    slaves: progress?.slaves ?? {},
  });
}
