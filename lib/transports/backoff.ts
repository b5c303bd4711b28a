/**
 * When to try again: exponential with full jitter, so that many slaves do not come at once (P18).
 */
import type { Random } from '../runtime/random.js';

export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: Random;
  #failures = 0;

  constructor(minMs: number, maxMs: number, random: Random) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#random = random;
  }

  /** Milliseconds until the next attempt: anywhere below a bound that doubles up to the maximum. */
  nextMs(): number {
    const bound = Math.min(this.#maxMs, this.#minMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return Math.min(bound, Math.max(0, this.#random() * bound));
  }

  /** After a connection that held. */
  reset(): void {
    this.#failures = 0;
  }
}
