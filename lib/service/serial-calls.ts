/**
 * Calls into a user layer, one after the other. Results may be promises; a synchronous answer is
 * passed on synchronously, so that a synchronous layer costs no turn of the event loop. A call
 * that throws, rejects or never settles becomes a failure of that call and of nothing else.
 */
import { ReplicationError } from '../errors.js';
import type { MaybePromise } from '../layers/contract.js';
import type { Clock } from '../runtime/clock.js';

interface Call {
  readonly what: string;
  readonly run: (isCurrent: () => boolean) => MaybePromise<unknown>;
  readonly done: (result: unknown) => void;
  readonly failed: (error: unknown) => void;
  /** Milliseconds; null for calls that have their own sense of progress. */
  readonly deadlineMs: number | null;
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown } | null)?.then === 'function';
}

/** Thrown into a user layer that goes on with a call which was given up: it must not write (P4). */
export function givenUp(what: string): ReplicationError {
  return new ReplicationError(
    'ABORTED',
    `${what} took too long and was given up before this write`,
  );
}

export class SerialCalls {
  readonly #clock: Clock;
  readonly #waiting: Call[] = [];
  #current: Call | null = null;
  #timer: unknown = null;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Runs `run` after the calls before it. Exactly one of `done` and `failed` is called, once, or
   * none when all of it was closed before. `run` can ask whether its call was given up meanwhile:
   * then nothing that it still does may count.
   */
  call<T>(
    what: string,
    run: (isCurrent: () => boolean) => MaybePromise<T>,
    done: (result: T) => void,
    failed: (error: unknown) => void,
    deadlineMs: number | null,
  ): void {
    if (this.#isClosed) return;
    this.#waiting.push({ what, run, done: done as (result: unknown) => void, failed, deadlineMs });
    if (this.#current === null) this.#next();
  }

  /** Gives up the call under way, if it is this one: its late answer is ignored. */
  abandon(what: string, why?: ReplicationError): void {
    const call = this.#current;
    if (call?.what !== what) return;
    const message = `the user layer was still busy with ${what} when it was called off`;
    this.#finish(call, () => call.failed(why ?? new ReplicationError('ABORTED', message)));
  }

  /** Whatever is under way or waits has nobody to answer to any more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
    this.#current = null;
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #next(): void {
    const call = this.#waiting.shift();
    if (call === undefined) return;
    this.#current = call;
    let result: MaybePromise<unknown>;
    try {
      result = call.run(() => this.#current === call);
    } catch (error) {
      this.#finish(call, () => call.failed(error));
      return;
    }
    if (!isPromise(result)) {
      this.#finish(call, () => call.done(result));
      return;
    }
    this.#watch(call);
    result.then(
      (value) => this.#finish(call, () => call.done(value)),
      (error: unknown) => this.#finish(call, () => call.failed(error)),
    );
  }

  #watch(call: Call): void {
    if (call.deadlineMs === null) return;
    const { what, deadlineMs } = call;
    this.#timer = this.#clock.setTimeout(() => {
      const message = `the user layer did not finish ${what} within ${deadlineMs} ms`;
      this.#finish(call, () => call.failed(new ReplicationError('TIMEOUT', message)));
    }, deadlineMs);
  }

  /** A late answer of a call that was given up finds another one current and is dropped. */
  #finish(call: Call, settle: () => void): void {
    if (this.#current !== call) return;
    this.#current = null;
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
    settle();
    if (this.#current === null) this.#next();
  }
}
