/**
 * Waits for the rest of a stream of changes (P17). Where nothing holds a group up, no disk and no
 * votes, each turn's changes would be a version of their own, and all that a version costs, on
 * every slave, would be paid for a few hundred changes. So while a host goes on writing, groups
 * wait for some turns of its event loop; where no stream goes on, for one at most.
 */
import { serviceLimits } from '../limits.js';
import type { Clock } from '../runtime/clock.js';

export class Gathering {
  readonly #clock: Clock;
  readonly #resume: () => void;
  #isStream = false;
  #waitingMax = 0;
  #seen = 0;
  #turns = 0;
  #isTurning = false;

  /** `resume` is called when a turn has passed. */
  constructor(clock: Clock, resume: () => void) {
    this.#clock = clock;
    this.#resume = resume;
  }

  /** Whether the next group should wait, with so many changes waiting. */
  holds(waiting: number): boolean {
    if (this.#isTurning) return true;
    if (!this.#isStream || waiting <= this.#seen || waiting >= this.#waitingMax) return false;
    if (this.#turns === serviceLimits.gatherTurnsMax) return false;
    this.#seen = waiting;
    this.#turns += 1;
    this.#isTurning = true;
    this.#clock.setImmediate(() => {
      this.#isTurning = false;
      this.#resume();
    });
    return true;
  }

  /** A group begins; the next one shall not outgrow what still travels inside an announce. */
  began(changes: number, bytes: number): void {
    const { gatherFrom, gatherTo, inlineBytesMax } = serviceLimits;
    this.#isStream = changes >= gatherFrom;
    this.#waitingMax = Math.min(gatherTo, (inlineBytesMax / Math.max(1, bytes)) * changes);
    this.#seen = 0;
    this.#turns = 0;
  }
}
