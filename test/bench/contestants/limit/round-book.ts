/** The two-phase rounds that a limit master has open, one per update. */
import type { Acknowledgement } from '../contract.js';

export interface Round<Held> {
  readonly key: string;
  readonly held: Held;
  readonly until: Acknowledgement;
  readonly resolve: () => void;
  votes: number;
  acknowledgements: number;
}

export class RoundBook<Held> {
  readonly #rounds = new Map<number, Round<Held>>();
  #number = 0;

  open(key: string, held: Held, until: Acknowledgement, resolve: () => void): number {
    this.#number += 1;
    const round = { key, held, until, resolve, votes: 0, acknowledgements: 0 };
    this.#rounds.set(this.#number, round);
    return this.#number;
  }

  /** The round once every slave voted. Where nobody asks for more it ends here. */
  vote(number: number, slaves: number): Round<Held> | null {
    const round = this.#rounds.get(number);
    if (round === undefined) throw new Error(`a vote for round ${number}, which is not open`);
    round.votes += 1;
    if (round.votes < slaves) return null;
    if (round.until === 'committed') this.#rounds.delete(number);
    return round;
  }

  acknowledge(number: number, slaves: number): void {
    const round = this.#rounds.get(number);
    if (round === undefined) throw new Error(`round ${number} is not open`);
    round.acknowledgements += 1;
    if (round.acknowledgements < slaves) return;
    this.#rounds.delete(number);
    round.resolve();
  }
}
