/** The subscribers of one copy. One that throws harms neither the others nor the commit. */
import { ReplicationError } from '../errors.js';

/** Told of what a host's callback threw where nobody else can be told. */
export type ErrorHook = (error: unknown) => void;

function toConsole(error: unknown): void {
  // biome-ignore lint/suspicious/noConsole: nobody else is left to tell; no hook was given
  console.error('replichart: a subscriber threw', error);
}

export class Listeners<Change> {
  readonly #onError: ErrorHook;
  // A fresh array per change of membership: whoever unsubscribes during a call is still called.
  #listeners: ReadonlyArray<(change: Change) => void> = [];

  constructor(onError: ErrorHook = toConsole) {
    this.#onError = onError;
  }

  get size(): number {
    return this.#listeners.length;
  }

  /** Each call subscribes once more; the answer ends that one subscription. */
  add(listener: (change: Change) => void): () => void {
    if (typeof listener !== 'function') {
      throw new ReplicationError('INVALID_OPTION', 'subscribe takes a function');
    }
    const own = (change: Change) => listener(change);
    this.#listeners = [...this.#listeners, own];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== own);
    };
  }

  emit(change: Change): void {
    for (const listener of this.#listeners) {
      try {
        const result: unknown = (listener as (change: Change) => unknown)(change);
        // An async subscriber's rejection would end the host's process.
        if (result instanceof Promise) result.catch((error: unknown) => this.#report(error));
      } catch (error) {
        this.#report(error);
      }
    }
  }

  #report(error: unknown): void {
    try {
      this.#onError(error);
    } catch (second) {
      toConsole(second);
    }
  }
}
