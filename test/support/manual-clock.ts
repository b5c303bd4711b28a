/** A clock that moves when a test says so, from deadline to deadline. */
import type { Clock } from '../../lib/runtime/clock.js';

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

export class ManualClock implements Clock {
  #nowMs = 0;
  #timers: Timer[] = [];
  #immediates: Array<() => void> = [];

  readonly now = (): number => this.#nowMs;

  setTimeout(callback: () => void, delayMs: number): unknown {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.push(timer);
    return timer;
  }

  clearTimeout(handle: unknown): void {
    this.#timers = this.#timers.filter((timer) => timer !== handle);
  }

  setImmediate(callback: () => void): void {
    this.#immediates.push(callback);
  }

  get timers(): number {
    return this.#timers.length;
  }

  /** Milliseconds from now to the next timer, or null. */
  get nextMs(): number | null {
    if (this.#timers.length === 0) return null;
    return Math.min(...this.#timers.map(({ atMs }) => atMs)) - this.#nowMs;
  }

  /** Runs what is due now, promises in between, until nothing is. */
  async turn(): Promise<void> {
    await Promise.resolve();
    while (this.#immediates.length > 0) {
      const due = this.#immediates;
      this.#immediates = [];
      for (const callback of due) {
        callback();
        for (let step = 0; step < 5; step += 1) await Promise.resolve();
      }
    }
  }

  /** Lets `ms` pass, timer by timer. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await this.turn();
    for (;;) {
      const next = this.#timers
        .filter(({ atMs }) => atMs <= endMs)
        .sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
      await this.turn();
    }
    this.#nowMs = endMs;
  }
}
