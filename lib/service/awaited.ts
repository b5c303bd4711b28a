/**
 * Whose word the master still waits for. The lists of the machine are the truth; these are their
 * counts, made anew only when a list is another one, since every vote and every confirmation of
 * every slave asks.
 */
import type { ClosedRound, RoundGroup } from '../../machines/master-context.js';
import { type Votes, voteBy } from '../../machines/tally.js';

/** Counts the votes that the open round lacks. */
export class AwaitedVotes {
  #round: RoundGroup | null = null;
  #votes: Votes = {};
  #count = 0;

  count(round: RoundGroup | null, votes: Votes): number {
    if (round === this.#round && votes === this.#votes) return this.#count;
    this.#round = round;
    this.#votes = votes;
    this.#count = 0;
    for (const slave of round?.participants ?? []) {
      if (voteBy(votes, slave) === undefined) this.#count += 1;
    }
    return this.#count;
  }
}

/** Knows who has not confirmed a closed round. */
export class AwaitedConfirmations {
  #closed: readonly ClosedRound[] = [];
  #slaves: ReadonlySet<string> = new Set();

  slaves(closed: readonly ClosedRound[]): ReadonlySet<string> {
    if (closed === this.#closed) return this.#slaves;
    this.#closed = closed;
    this.#slaves = new Set(closed.flatMap(({ waiting }) => waiting));
    return this.#slaves;
  }
}
