/**
 * Where entries leave the collector: stamped, and under pressure only a part of them. What is
 * left out is counted, and told as a gap before the next entry of that node.
 */
import type { Clock } from '../../runtime/clock.js';
import type { ChangeStage } from '../../service/inspection.js';
import type { Entry } from '../entries.js';
import type { EntrySink } from '../feed.js';

/**
 * The part of the time that showing may take for long: under W1 the events of a slave cost a
 * fifth of what the slave itself does, and five processes on two cores feel that.
 */
const TIME_SHARE_MAX = 0.01;
/** Milliseconds it may take beyond that: what starts, or happens now and then, is shown whole. */
const BURST_MS = 20;
/**
 * Entries per second that are shown whatever time they take, and how many of them may be saved up:
 * a machine that is busy with something else takes time from us as well, and debugging is slow.
 */
const FREE_RATE = 100;
const FREE_MAX = 500;
/** Once all is used up, what has gathered for so long is shown together: see `hasRoom`. */
const SHUT_MS = 200;

type WithoutTime<E> = E extends Entry ? Omit<E, 'at'> : never;

export type Unstamped = WithoutTime<Entry>;

interface LeftOut {
  count: number;
  readonly changes: Record<string, number>;
}

export class Output {
  readonly #sink: EntrySink;
  readonly #clock: Clock;
  readonly #epochMs: number;
  readonly #rateMax: number;
  #refilledMs: number;
  /** Milliseconds and entries that are left to show, and those of them that ask for no time. */
  #timeLeft = BURST_MS;
  #entriesLeft: number;
  #freeLeft: number;
  #isShut = false;
  /** Those who want everything. */
  #whole = 0;
  readonly #left = new Map<string, LeftOut>();

  constructor(sink: EntrySink, clock: Clock, epochMs: number, rateMax: number) {
    this.#sink = sink;
    this.#clock = clock;
    this.#epochMs = epochMs;
    this.#rateMax = rateMax;
    this.#refilledMs = clock.now();
    this.#entriesLeft = rateMax;
    this.#freeLeft = FREE_MAX;
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
      const entriesMin = Math.max(1, (this.#rateMax * SHUT_MS) / 1000);
      const isFree = this.#freeLeft >= (FREE_RATE * SHUT_MS) / 1000;
      this.#isShut = !((isRested || isFree) && this.#entriesLeft >= entriesMin);
    } else {
      const isSpent = this.#timeLeft <= 0 && this.#freeLeft < 1;
      this.#isShut = isSpent || this.#entriesLeft < 1;
    }
    return !this.#isShut;
  }

  /** The same, and the room is used. */
  takeRoom(): boolean {
    if (!this.hasRoom()) return false;
    this.#entriesLeft -= 1;
    this.#freeLeft = Math.max(0, this.#freeLeft - 1);
    return true;
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
    this.#freeLeft = Math.min(FREE_MAX, this.#freeLeft + (passedMs * FREE_RATE) / 1000);
  }

  /** @param stage of a change, which is counted by it */
  leaveOut(node: string, stage?: ChangeStage): void {
    let left = this.#left.get(node);
    if (left === undefined) {
      left = { count: 0, changes: {} };
      this.#left.set(node, left);
    }
    left.count += 1;
    if (stage !== undefined) left.changes[stage] = (left.changes[stage] ?? 0) + 1;
  }

  hasGap(node: string): boolean {
    return this.#left.has(node);
  }

  get gaps(): Iterable<string> {
    return this.#left.keys();
  }

  tellGap(node: string): void {
    const left = this.#left.get(node);
    if (left === undefined) return;
    this.#left.delete(node);
    this.tell({ kind: 'gap', node, ...left, reason: 'rate' });
  }

  tell(entry: Unstamped): void {
    const at = this.#epochMs + this.#clock.now();
    this.#sink.take([{ ...entry, at } as Entry]);
  }
}
