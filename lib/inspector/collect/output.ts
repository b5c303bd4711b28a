/**
 * Where entries leave the collector: stamped, and under pressure only a part of them. What is
 * left out is counted, and told as a gap before the next entry of that node.
 */
import type { Clock } from '../../runtime/clock.js';
import type { Entry } from '../entries.js';
import type { EntrySink } from '../feed.js';

/**
 * The part of the time that showing may take for long: under W1 the events of a slave cost a
 * fifth of what the slave itself does, and five processes on two cores feel that.
 */
const TIME_SHARE_MAX = 0.02;
/** Milliseconds it may take beyond that: what starts, or happens now and then, is shown whole. */
const BURST_MS = 100;
/** Once all is used up, what has gathered for so long is shown together: see `hasRoom`. */
const SHUT_MS = 50;

type WithoutTime<E> = E extends Entry ? Omit<E, 'at'> : never;

export type Unstamped = WithoutTime<Entry>;

export class Output {
  readonly #sink: EntrySink;
  readonly #clock: Clock;
  readonly #epochMs: number;
  readonly #rateMax: number;
  #refilledMs: number;
  /** Milliseconds and entries that are left to show. */
  #timeLeft = BURST_MS;
  #entriesLeft: number;
  #isShut = false;
  /** Those who want everything. */
  #whole = 0;
  readonly #left = new Map<string, number>();

  constructor(sink: EntrySink, clock: Clock, epochMs: number, rateMax: number) {
    this.#sink = sink;
    this.#clock = clock;
    this.#epochMs = epochMs;
    this.#rateMax = rateMax;
    this.#refilledMs = clock.now();
    this.#entriesLeft = rateMax;
  }

  wholly(): () => void {
    this.#whole += 1;
    let isHeld = true;
    return () => {
      if (isHeld) this.#whole -= 1;
      isHeld = false;
    };
  }

  /**
   * Whether a step or a message may be shown now; one that may not has to be left out. Each gap
   * costs entries of its own, so that there are few long ones and not many short ones.
   */
  hasRoom(): boolean {
    if (this.#whole > 0) return true;
    this.#refill();
    if (this.#isShut) {
      const isRested = this.#timeLeft >= SHUT_MS * TIME_SHARE_MAX;
      const hasEntries = this.#entriesLeft >= Math.max(1, (this.#rateMax * SHUT_MS) / 1000);
      this.#isShut = !(isRested && hasEntries);
    } else {
      this.#isShut = this.#timeLeft <= 0 || this.#entriesLeft < 1;
    }
    if (!this.#isShut) this.#entriesLeft -= 1;
    return !this.#isShut;
  }

  /** So much was spent on showing what there was room for. */
  spent(ms: number): void {
    this.#timeLeft = Math.max(-BURST_MS, this.#timeLeft - ms);
  }

  #refill(): void {
    const nowMs = this.#clock.now();
    const passedMs = nowMs - this.#refilledMs;
    this.#refilledMs = nowMs;
    this.#timeLeft = Math.min(BURST_MS, this.#timeLeft + passedMs * TIME_SHARE_MAX);
    const entries = this.#entriesLeft + (passedMs * this.#rateMax) / 1000;
    this.#entriesLeft = Math.min(this.#rateMax, entries);
  }

  leaveOut(node: string): void {
    this.#left.set(node, (this.#left.get(node) ?? 0) + 1);
  }

  hasGap(node: string): boolean {
    return this.#left.has(node);
  }

  get gaps(): Iterable<string> {
    return this.#left.keys();
  }

  tellGap(node: string): void {
    const count = this.#left.get(node) ?? 0;
    this.#left.delete(node);
    if (count > 0) this.tell({ kind: 'gap', node, count, reason: 'rate' });
  }

  tell(entry: Unstamped): void {
    const at = this.#epochMs + this.#clock.now();
    this.#sink.take([{ ...entry, at } as Entry]);
  }
}
