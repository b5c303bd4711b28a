/**
 * How much work a source gets for datagrams whose seal turns out wrong: finding that out costs one
 * decryption each. A token bucket for every source address, one for all that are too many to be
 * remembered, and a larger one for the address that good datagrams come from: under a forged
 * address anybody could use up a small one, and shut the master out.
 */
import type { Clock } from '../../runtime/clock.js';

/** Forged datagrams a second, and at once, of a source that never sent a good one. */
export const STRANGER_TOKENS = 64;
/** Of the master's address. At tens of microseconds each that is a percent or two of a core. */
export const MASTER_TOKENS = 256;
const SOURCES_MAX = 256;
const SECOND_MS = 1000;

class Bucket {
  readonly #clock: Clock;
  readonly #most: number;
  #tokens: number;
  #atMs: number;

  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
    this.#tokens = most;
    this.#atMs = clock.now();
  }

  get tokens(): number {
    const nowMs = this.#clock.now();
    const more = ((nowMs - this.#atMs) * this.#most) / SECOND_MS;
    this.#tokens = Math.min(this.#most, this.#tokens + more);
    this.#atMs = nowMs;
    return this.#tokens;
  }

  get isFull(): boolean {
    return this.tokens >= this.#most;
  }

  spend(): void {
    this.#tokens = Math.max(0, this.tokens - 1);
  }
}

export class ForgeryBudget {
  readonly #clock: Clock;
  readonly #strangers = new Map<string, Bucket>();
  readonly #others: Bucket;
  readonly #master: Bucket;
  #masterSource = '';

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#others = new Bucket(clock, STRANGER_TOKENS);
    this.#master = new Bucket(clock, MASTER_TOKENS);
  }

  /** Whether a datagram of this source may be looked into. */
  allows(source: string): boolean {
    const bucket = this.#known(source);
    if (bucket !== undefined) return bucket.tokens >= 1;
    return this.#strangers.size < SOURCES_MAX || this.#others.tokens >= 1;
  }

  /** Whether good datagrams came from here. */
  isMaster(source: string): boolean {
    return source === this.#masterSource;
  }

  /** A good datagram came from here. */
  trust(source: string): void {
    this.#masterSource = source;
  }

  /** A datagram of this source was forged or damaged. */
  spend(source: string): void {
    const known = this.#known(source);
    if (known !== undefined) return known.spend();
    if (this.#strangers.size >= SOURCES_MAX) this.#forgetQuiet();
    if (this.#strangers.size >= SOURCES_MAX) return this.#others.spend();
    const bucket = new Bucket(this.#clock, STRANGER_TOKENS);
    this.#strangers.set(source, bucket);
    bucket.spend();
  }

  #known(source: string): Bucket | undefined {
    return source === this.#masterSource ? this.#master : this.#strangers.get(source);
  }

  /** Sources whose bucket is full again are as good as unknown. */
  #forgetQuiet(): void {
    for (const [source, bucket] of this.#strangers) {
      if (bucket.isFull) this.#strangers.delete(source);
    }
  }
}
