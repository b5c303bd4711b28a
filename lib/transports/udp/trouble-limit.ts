/** Tells people of what happens again and again at a bounded rate, with how often it happened. */
import type { Clock } from '../../runtime/clock.js';

const EVERY_MS = 10_000;

export class TroubleLimit {
  readonly #clock: Clock;
  readonly #tell: (count: number) => void;
  #count = 0;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, tell: (count: number) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** It happened once more; told at once, or with a later one if it was told lately. */
  note(): void {
    this.#count += 1;
    const nowMs = this.#clock.now();
    if (nowMs - this.#toldAtMs < EVERY_MS) return;
    this.#toldAtMs = nowMs;
    const count = this.#count;
    this.#count = 0;
    this.#tell(count);
  }
}
