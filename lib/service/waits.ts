/** Waits of a host on something that becomes true later, with a time limit and a signal. */
import { ReplicationError } from '../errors.js';
import type { Clock } from '../runtime/clock.js';

export interface WaitOptions {
  /** Milliseconds; the wait fails with `TIMEOUT` after it. @default no limit */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

interface Wait {
  readonly check: () => boolean;
  readonly reject: (error: ReplicationError) => void;
}

export class Waits {
  readonly #clock: Clock;
  readonly #waits = new Set<Wait>();
  /** Protocol timers do not hold a process, but somebody who awaits an answer does. */
  #release: (() => void) | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  #letGo(): void {
    this.#release?.();
    this.#release = null;
  }

  /** Looks at every open wait; called after whatever may have changed something. */
  check(): void {
    for (const wait of [...this.#waits]) wait.check();
  }

  /** Fails every open wait: what they wait for cannot come any more. */
  fail(error: ReplicationError): void {
    for (const wait of [...this.#waits]) wait.reject(error);
  }

  /**
   * Resolves with the first value of `ready` that is not undefined.
   * @param explain says what is missing, for the message of `TIMEOUT`
   * @throws {ReplicationError} TIMEOUT; ABORTED when the signal fires; what `fail` is given
   */
  until<T>(ready: () => T | undefined, explain: () => string, options: WaitOptions): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const value = ready();
      if (value !== undefined) return resolve(value);
      if (options.signal?.aborted === true) return reject(stopped(explain()));
      const end = () => {
        this.#waits.delete(wait);
        if (this.#waits.size === 0) this.#letGo();
        if (timer !== null) this.#clock.clearTimeout(timer);
        options.signal?.removeEventListener('abort', onAbort);
      };
      const wait: Wait = {
        check: () => {
          const now = ready();
          if (now === undefined) return false;
          end();
          resolve(now);
          return true;
        },
        reject: (error) => {
          end();
          reject(error);
        },
      };
      const onAbort = () => wait.reject(stopped(explain()));
      const timer =
        options.timeout === undefined
          ? null
          : this.#clock.setTimeout(() => {
              const message = `${explain()} within ${options.timeout} ms`;
              wait.reject(new ReplicationError('TIMEOUT', message));
            }, options.timeout);
      options.signal?.addEventListener('abort', onAbort, { once: true });
      this.#waits.add(wait);
      this.#release ??= this.#clock.hold?.() ?? null;
      return undefined;
    });
  }
}

function stopped(explanation: string): ReplicationError {
  return new ReplicationError('ABORTED', `${explanation}; the wait was given up by its signal`);
}
