/** Decides when what was sent is written: once per socket and turn of the event loop. */

import { PackedRun } from './outbound-queue.js';

export interface Flushable {
  flush(): void;
}

/**
 * The first sends after a pause leave as soon as the running code and its promises are done, so an
 * idle connection answers at once. Whatever follows in the same turn, and in the turns after it
 * for as long as there is traffic, leaves together at the turn's end.
 */
export class Flusher {
  /** Shared by the connections that are flushed together. */
  readonly packed = new PackedRun();
  #waiting: Flushable[] = [];
  #state: 'idle' | 'soon' | 'turn' = 'idle';

  /** The caller adds itself once until its `flush` is called. */
  add(connection: Flushable): void {
    this.#waiting.push(connection);
    if (this.#state !== 'idle') return;
    this.#state = 'soon';
    queueMicrotask(this.#afterPromises);
  }

  /** A tick asked for from within a microtask runs when no microtask is left. */
  readonly #afterPromises = () => process.nextTick(this.#first);

  readonly #first = () => {
    this.#state = 'turn';
    this.#flushAll();
    setImmediate(this.#endOfTurn);
  };

  readonly #endOfTurn = () => {
    if (this.#waiting.length === 0) {
      this.#state = 'idle';
      return;
    }
    this.#flushAll();
    setImmediate(this.#endOfTurn);
  };

  #flushAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const connection of waiting) connection.flush();
    this.packed.forget();
  }
}
