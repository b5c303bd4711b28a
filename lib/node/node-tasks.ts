/**
 * Between a caller and the master of this node: a change is confirmed only once a majority of the
 * nodes has it, and only by a node whose lease runs at that moment.
 */
import { asReplicationError, ReplicationError } from '../errors.js';
import type { ReplicationTask, TaskResult, TaskStatus, UpdateOptions } from '../service/task.js';

/** What a task needs of the node that leads. */
export interface Confirming {
  /** Milliseconds a caller waits for the majority. */
  readonly confirmMs: number;
  /**
   * Resolves once a majority of the nodes, this one included, is at `version`: with the others
   * that are.
   */
  confirmed(version: number): Promise<readonly string[]>;
  /** Why nothing can be confirmed at this moment; null while it can. */
  refusal(): ReplicationError | null;
}

/** Whether a majority has it is not known, and neither is what the next leader will have. */
export function unknownOutcome(version: number | null, why: string): ReplicationError {
  const where = version === null ? 'a change was' : `version ${version} was made here, but is`;
  const advice = 'read it again from the next leader';
  const message = `${where} not confirmed by a majority: ${why}; ${advice}`;
  return new ReplicationError('OUTCOME_UNKNOWN', message);
}

/** A change that was never begun, with the error for whoever awaits it. */
export function refusedTask(error: ReplicationError, id: string): ReplicationTask {
  const status: TaskStatus = { state: 'aborted', method: 'one-phase', version: null, slaves: {} };
  const rejected = () => Promise.reject(error);
  return {
    id,
    status,
    rollback: () => false,
    // biome-ignore lint/suspicious/noThenProperty: a task is awaited like a promise
    then: (onFulfilled, onRejected) => rejected().then(onFulfilled, onRejected),
    catch: (onRejected) => rejected().catch(onRejected),
    finally: (onSettled) => rejected().finally(onSettled),
  };
}

export class NodeTask implements ReplicationTask {
  readonly #inner: ReplicationTask;
  readonly #result: Promise<TaskResult>;

  constructor(inner: ReplicationTask, options: UpdateOptions | undefined, node: Confirming) {
    this.#inner = inner;
    this.#result = this.#confirm(options, node);
    // One that nobody awaits must not end the host's process.
    this.#result.catch(() => {});
  }

  get id(): string {
    return this.#inner.id;
  }

  get status(): TaskStatus {
    return this.#inner.status;
  }

  rollback(reason?: string): boolean {
    return this.#inner.rollback(reason);
  }

  // biome-ignore lint/suspicious/noThenProperty: a task is awaited like a promise
  then<A = TaskResult, B = never>(
    onFulfilled?: ((result: TaskResult) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#result.then(onFulfilled, onRejected);
  }

  catch<T>(onRejected: (error: unknown) => T | PromiseLike<T>): Promise<TaskResult | T> {
    return this.#result.catch(onRejected);
  }

  finally(onSettled: () => void): Promise<TaskResult> {
    return this.#result.finally(onSettled);
  }

  async #confirm(options: UpdateOptions | undefined, node: Confirming): Promise<TaskResult> {
    const result = await this.#inner;
    const isPatient = options?.ack !== 'decided';
    const there = new Set(isPatient ? await this.#awaitMajority(result.version, node) : []);
    const refusal = node.refusal();
    if (refusal !== null) throw unknownOutcome(result.version, refusal.message);
    return { ...result, unconfirmed: result.unconfirmed.filter((id) => !there.has(id)) };
  }

  async #awaitMajority(version: number, node: Confirming): Promise<readonly string[]> {
    try {
      return await node.confirmed(version);
    } catch (error) {
      const { message } = asReplicationError(error, 'TIMEOUT', 'the majority');
      throw unknownOutcome(version, message);
    }
  }
}

interface Waiting {
  readonly version: number;
  readonly resolve: (there: readonly string[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One wait on the master for all changes that came while the last one went on: a burst has
 * thousands of tasks, and each would be looked at with every confirmation of every node.
 */
export class Majority {
  readonly #reached: (version: number) => Promise<readonly string[]>;
  #waiting: Waiting[] = [];
  #isBusy = false;

  /** @param reached resolves once a majority is at the version, or rejects */
  constructor(reached: (version: number) => Promise<readonly string[]>) {
    this.#reached = reached;
  }

  at(version: number): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ version, resolve, reject });
      if (!this.#isBusy) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const version = batch.reduce((most, each) => Math.max(most, each.version), 0);
      await this.#reached(version).then(
        (there) => batch.forEach(({ resolve }) => void resolve(there)),
        (error: unknown) => batch.forEach(({ reject }) => void reject(error)),
      );
    }
    this.#isBusy = false;
  }
}
