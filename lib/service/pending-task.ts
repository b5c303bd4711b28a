/** The task object of one change while it is on its way (P21). */
import { nanoid } from 'nanoid';
import type { Method } from '../../machines/protocol.js';
import { ReplicationError } from '../errors.js';
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

  get slaves(): Readonly<Record<string, SlaveProgress>> {
    return Object.fromEntries(this.#stages);
  }
}

export class PendingTask implements ReplicationTask {
  readonly id = nanoid();
  readonly change: unknown;
  readonly options: UpdateOptions;
  readonly #promise: Promise<TaskResult>;
  readonly #rollback: (task: PendingTask, reason: string) => boolean;
  #resolve!: (result: TaskResult) => void;
  #reject!: (error: ReplicationError) => void;
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
    rollback: (task: PendingTask, reason: string) => boolean,
  ) {
    this.change = change;
    this.options = options;
    this.method = options.method ?? null;
    this.#rollback = rollback;
    this.#promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // A task that nobody awaits must not end the host's process.
    this.#promise.catch(() => {});
    this.#listen(options.signal);
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
    this.#resolve(result);
  }

  reject(error: ReplicationError): void {
    if (this.#end('aborted')) this.#reject(error);
  }

  // biome-ignore lint/suspicious/noThenProperty: a task is awaited like a promise (design section 7)
  then<A = TaskResult, B = never>(
    onFulfilled?: ((result: TaskResult) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#promise.then(onFulfilled, onRejected);
  }

  catch<T>(onRejected: (error: unknown) => T | PromiseLike<T>): Promise<TaskResult | T> {
    return this.#promise.catch(onRejected);
  }

  finally(onSettled: () => void): Promise<TaskResult> {
    return this.#promise.finally(onSettled);
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
