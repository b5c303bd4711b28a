/**
 * A slave's attempts to connect, one at a time: after a failure with growing, fully jittered delays
 * (P18), after a connection that held soon again.
 */
import { limits } from '../limits.js';
import type { Clock } from '../runtime/clock.js';
import { Backoff } from './backoff.js';
import type { ReconnectOptions } from './reconnect-options.js';

export class Redial {
  readonly #clock: Clock;
  readonly #dial: () => void;
  readonly #heldMs: number;
  readonly #backoff: Backoff;
  #timer: unknown = null;
  #joinedAtMs = 0;
  /** Counts starts; 0 while it is stopped. */
  #life = 0;
  #lives = 0;

  /** @param dial begins an attempt, which ends in one call of `joined` or `later` */
  constructor(options: ReconnectOptions, clock: Clock, dial: () => void) {
    const {
      reconnectMsMin: minMs = limits.reconnectMsMin,
      reconnectMsMax: maxMs = limits.reconnectMsMax,
      random = Math.random,
    } = options;
    this.#clock = clock;
    this.#dial = dial;
    this.#heldMs = maxMs;
    this.#backoff = new Backoff(minMs, maxMs, random);
  }

  /**
   * The first attempt, on a later turn: what it fails with must not meet the caller of `open`. A
   * timer of 0 would take a millisecond: a seventh of what a slave a little behind needs.
   */
  start(): void {
    this.#lives += 1;
    const life = this.#lives;
    this.#life = life;
    this.#backoff.reset();
    this.#clock.setImmediate(() => {
      if (this.#life === life) this.#dial();
    });
  }

  joined(): void {
    this.#joinedAtMs = this.#clock.now();
  }

  /** The connection is over. One that accepts and drops at once is no reason to hurry back. */
  lost(): void {
    if (this.#clock.now() - this.#joinedAtMs >= this.#heldMs) this.#backoff.reset();
    this.later();
  }

  /** The other side may be there now: what failed before says nothing. */
  forgive(): void {
    this.#backoff.reset();
  }

  /** One more attempt after a delay, in place of one that waits. */
  later(): void {
    this.#clock.clearTimeout(this.#timer);
    if (this.#life !== 0) this.#timer = this.#clock.setTimeout(this.#dial, this.#backoff.nextMs());
  }

  stop(): void {
    this.#life = 0;
    this.#clock.clearTimeout(this.#timer);
  }
}
