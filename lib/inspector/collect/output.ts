/**
 * Where entries leave the collector: stamped, and under pressure only a part of them. What is
 * left out is counted, and told as a gap before the next entry of that node.
 */
import type { Clock } from '../../runtime/clock.js';
import type { Entry } from '../entries.js';
import type { EntrySink } from '../feed.js';

/** Milliseconds of one share of the rate: what is shown and left out alternates this fast. */
const SHARE_MS = 50;
/**
 * The part of the time that showing may take: under W1 the events of a slave cost a fifth of what
 * the slave itself does, and five processes of two cores feel that (0.77 of the throughput).
 */
const TIME_SHARE_MAX = 0.02;

type WithoutTime<E> = E extends Entry ? Omit<E, 'at'> : never;

export type Unstamped = WithoutTime<Entry>;

export class Output {
  readonly #sink: EntrySink;
  readonly #clock: Clock;
  readonly #epochMs: number;
  readonly #shareMax: number;
  #shareEndsMs = 0;
  #taken = 0;
  #spentMs = 0;
  /** Those who want everything. */
  #whole = 0;
  readonly #left = new Map<string, number>();

  constructor(sink: EntrySink, clock: Clock, epochMs: number, rateMax: number) {
    this.#sink = sink;
    this.#clock = clock;
    this.#epochMs = epochMs;
    this.#shareMax = Math.max(1, Math.round((rateMax * SHARE_MS) / 1000));
  }

  wholly(): () => void {
    this.#whole += 1;
    let isHeld = true;
    return () => {
      if (isHeld) this.#whole -= 1;
      isHeld = false;
    };
  }

  /** Whether a step or a message may be shown now; one that may not has to be left out. */
  hasRoom(): boolean {
    if (this.#whole > 0) return true;
    const nowMs = this.#clock.now();
    if (nowMs >= this.#shareEndsMs) {
      this.#shareEndsMs = nowMs + SHARE_MS;
      this.#taken = 0;
      this.#spentMs = 0;
    }
    this.#taken += 1;
    return this.#taken <= this.#shareMax && this.#spentMs < SHARE_MS * TIME_SHARE_MAX;
  }

  /** So much was spent on showing what there was room for. */
  spent(ms: number): void {
    this.#spentMs += ms;
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
