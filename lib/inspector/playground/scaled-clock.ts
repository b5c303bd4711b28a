/** Time that can be slowed down or stopped, with everything that waits in it. */
import type { Clock } from '../../runtime/clock.js';

type Callback = () => void;

interface Timer {
  readonly dueMs: number;
  readonly callback: Callback;
  /** Of the base clock; null while time stands still. */
  handle: unknown;
}

/** Timers of a browser are cut to whole milliseconds, so they may come this much too early. */
const EARLY_MS_MAX = 1;

/**
 * Counts `rate` milliseconds for each of the base clock's. A changed rate holds for waits that
 * have begun, too; at rate 0 nothing happens any more, immediates included.
 */
export class ScaledClock implements Clock {
  readonly #base: Clock;
  readonly #timers = new Set<Timer>();
  #immediates: Callback[] = [];
  #rate = 1;
  #startMs: number;
  #startBaseMs: number;
  /** A timer never runs before its time as `now` tells it, whatever rounding did. */
  #leastMs = 0;

  constructor(base: Clock) {
    this.#base = base;
    this.#startMs = 0;
    this.#startBaseMs = base.now();
  }

  get rate(): number {
    return this.#rate;
  }

  readonly now = (): number => {
    const passedMs = (this.#base.now() - this.#startBaseMs) * this.#rate;
    this.#leastMs = Math.max(this.#leastMs, this.#startMs + passedMs);
    return this.#leastMs;
  };

  readonly setTimeout = (callback: Callback, delayMs: number): unknown => {
    const timer: Timer = { dueMs: this.now() + Math.max(0, delayMs), callback, handle: null };
    this.#timers.add(timer);
    this.#arm(timer);
    return timer;
  };

  readonly clearTimeout = (handle: unknown): void => {
    const timer = handle as Timer | null | undefined;
    if (timer === null || timer === undefined || !this.#timers.delete(timer)) return;
    this.#base.clearTimeout(timer.handle);
  };

  readonly setImmediate = (callback: Callback): void => {
    if (this.#rate === 0) {
      this.#immediates.push(callback);
      return;
    }
    this.#base.setImmediate(() => {
      // Stopped in between: it waits with the others.
      if (this.#rate === 0) this.#immediates.push(callback);
      else callback();
    });
  };

  /** From now on; 0 stops time. */
  setRate(rate: number): void {
    this.#startMs = this.now();
    this.#startBaseMs = this.#base.now();
    this.#rate = rate;
    for (const timer of this.#timers) {
      this.#base.clearTimeout(timer.handle);
      timer.handle = null;
      this.#arm(timer);
    }
    if (rate === 0) return;
    const waiting = this.#immediates;
    this.#immediates = [];
    for (const callback of waiting) this.setImmediate(callback);
  }

  #arm(timer: Timer): void {
    if (this.#rate === 0) return;
    const leftMs = Math.max(0, timer.dueMs - this.now());
    timer.handle = this.#base.setTimeout(() => this.#due(timer), leftMs / this.#rate);
  }

  #due(timer: Timer): void {
    if (timer.dueMs - this.now() > EARLY_MS_MAX) {
      this.#arm(timer);
      return;
    }
    this.#leastMs = Math.max(this.#leastMs, timer.dueMs);
    this.#timers.delete(timer);
    timer.callback();
  }
}
