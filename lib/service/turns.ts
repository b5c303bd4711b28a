/** Starts and stops of one master or slave: one after the other, whatever the host calls. */
import type { Clock } from '../runtime/clock.js';

export class Turns {
  readonly #clock: Clock;
  #last: Promise<void> = Promise.resolve();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `step` after those before it, and keeps the process alive until it ended. */
  take(step: () => Promise<void>): Promise<void> {
    const release = this.#clock.hold?.();
    const turn = this.#last.then(step).finally(() => release?.());
    // The caller gets the failure; the next turn only waits for the end of this one.
    this.#last = turn.catch(() => {});
    return turn;
  }
}
