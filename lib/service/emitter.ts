/** Listeners of a host: typed, and unable to harm anything by throwing. */
import { reasonOf } from '../errors.js';

export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(value: never) => void>>();
  readonly #broken: (reason: string) => void;
  /** A listener of trouble that throws must not be reported to itself, again and again. */
  #isReporting = false;

  /** @param broken told what a listener threw; must not throw itself */
  constructor(broken: (reason: string) => void) {
    this.#broken = broken;
  }

  /** Returns the function that ends the listening. */
  on<K extends keyof Events>(event: K, listener: (value: Events[K]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  has(event: keyof Events): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0;
  }

  emit<K extends keyof Events>(event: K, value: Events[K]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      const report = (error: unknown) =>
        this.#report(`a listener of "${String(event)}" threw: ${reasonOf(error)}`);
      try {
        const result: unknown = (listener as (value: Events[K]) => unknown)(value);
        // An async listener's rejection would end the host's process; one of trouble itself would
        // be told to itself for ever.
        if (result instanceof Promise) result.catch(event === 'trouble' ? () => {} : report);
      } catch (error) {
        report(error);
      }
    }
  }

  #report(reason: string): void {
    if (this.#isReporting) return;
    this.#isReporting = true;
    this.#broken(reason);
    this.#isReporting = false;
  }
}
