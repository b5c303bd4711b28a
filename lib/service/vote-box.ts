/** Gathers votes that arrive together into one event: an event costs more than counting (10). */
import type { Vote } from '../../machines/tally.js';
import type { Clock } from '../runtime/clock.js';

export class VoteBox {
  readonly #clock: Clock;
  readonly #deliver: (votes: readonly Vote[]) => void;
  readonly #missing: () => number;
  #votes: Vote[] = [];
  #isScheduled = false;

  /** @param missing how many votes the open round still waits for */
  constructor(clock: Clock, missing: () => number, deliver: (votes: readonly Vote[]) => void) {
    this.#clock = clock;
    this.#missing = missing;
    this.#deliver = deliver;
  }

  /** A no, or the last missing vote, is delivered at once; others wait for their neighbours. */
  add(vote: Vote): void {
    this.#votes.push(vote);
    if (vote.answer === 'no' || this.#votes.length >= this.#missing()) return this.flush();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.setImmediate(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  flush(): void {
    if (this.#votes.length === 0) return;
    const votes = this.#votes;
    this.#votes = [];
    this.#deliver(votes);
  }
}
