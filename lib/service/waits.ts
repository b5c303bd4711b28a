/** Waits of a host on something that becomes true later, with a time limit and a signal. */
import { ReplicationError } from '../errors.js';
import { checkOptions, numberOption, signalOption } from '../options.js';
import type { Clock } from '../runtime/clock.js';

export interface WaitOptions {
  /** Milliseconds from 0 to 2^31 - 1; then the wait fails with `TIMEOUT`. @default no limit */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** A system's timer takes a longer delay for none at all: the wait would end at once. */
const CHECKS = { timeout: numberOption(0, 2 ** 31 - 1), signal: signalOption };

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
    if (this.#waits.size === 0) return;
    for (const wait of [...this.#waits]) wait.check();
  }

  /** Fails every open wait: what they wait for cannot come any more. */
  fail(error: ReplicationError): void {
    for (const wait of [...this.#waits]) wait.reject(error);
  }

  /**
   * Resolves with the first value of `ready` that is not undefined.
   * @param explain says what is missing, for the message of `TIMEOUT`
   * @throws {ReplicationError} INVALID_OPTION; TIMEOUT; ABORTED when the signal fires; what
   * `fail` is given
   */
  until<T>(ready: () => T | undefined, explain: () => string, options: WaitOptions): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      checkOptions('a wait', options, CHECKS);
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
