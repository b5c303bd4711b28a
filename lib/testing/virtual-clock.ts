/** Time that passes only when a test says so, one deadline after the other. */
import { type Clock, systemClock } from '../runtime/clock.js';
import { loadMasterRun } from '../service/load-master-run.js';

// Virtual time would run away while the first start of a master reads its modules from a real disk.
await loadMasterRun();

interface Timer {
  readonly atMs: number;
  /** Timers of one deadline run in the order in which they were set. */
  readonly order: number;
  readonly callback: () => void;
  isOver: boolean;
}

/** A timer that nobody cleared and that did not run yet. */
export interface PendingTimer {
  /** When it will run, as `now` counts. */
  readonly atMs: number;
  /** Where it was set; only with `traceTimers`. */
  readonly stack: string | undefined;
}

export interface VirtualClockOptions {
  /**
   * Turns of the real event loop after which code that waits for no timer counts as settled. A
   * store in memory needs about two; one on a real disk does not fit a virtual clock at all.
   * @default 3
   */
  readonly quietTurns?: number;
  /** Notes where each timer was set, for `pending`; slow. @default false */
  readonly traceTimers?: boolean;
}

function isEarlier(left: Timer, right: Timer): boolean {
  return left.atMs === right.atMs ? left.order < right.order : left.atMs < right.atMs;
}

/** Smallest deadline on top; a cleared timer stays until it comes up. */
class TimerHeap {
  readonly #timers: Timer[] = [];

  get top(): Timer | undefined {
    while (this.#timers[0]?.isOver === true) this.#pop();
    return this.#timers[0];
  }

  push(timer: Timer): void {
    const timers = this.#timers;
    let at = timers.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isEarlier(timer, timers[parent] as Timer)) break;
      timers[at] = timers[parent] as Timer;
      at = parent;
    }
    timers[at] = timer;
  }

  #pop(): void {
    const timers = this.#timers;
    const last = timers.pop() as Timer;
    if (timers.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= timers.length) break;
      const right = timers[child + 1];
      if (right !== undefined && isEarlier(right, timers[child] as Timer)) child += 1;
      if (!isEarlier(timers[child] as Timer, last)) break;
      timers[at] = timers[child] as Timer;
      at = child;
    }
    timers[at] = last;
  }
}

/**
 * A `Clock` for tests: hand it to masters, slaves and `memoryNetwork`, then let time `pass`. The
 * same calls give the same run, and an hour takes as long as the work in it. Between two
 * deadlines everything that needs no timer is done first: promises, immediates, stores in memory.
 * @example
 * const clock = new VirtualClock()
 * const network = memoryNetwork({ clock })
 * const slave = createSlave({ item: 'settings', data: document(), transport: network.connect(),
 * clock })
 * await clock.pass(1000)
 */
export class VirtualClock implements Clock {
  readonly #quietTurns: number;
  readonly #traces: Map<Timer, string | undefined> | null;
  readonly #heap = new TimerHeap();
  readonly #alive = new Set<Timer>();
  #immediates: Array<() => void> = [];
  #nowMs = 0;
  #order = 0;

  constructor(options: VirtualClockOptions = {}) {
    this.#quietTurns = options.quietTurns ?? 3;
    this.#traces = options.traceTimers === true ? new Map() : null;
  }

  readonly now = (): number => this.#nowMs;

  readonly setTimeout = (callback: () => void, delayMs: number): unknown => {
    this.#order += 1;
    const atMs = this.#nowMs + Math.max(0, delayMs);
    const timer: Timer = { atMs, order: this.#order, callback, isOver: false };
    this.#heap.push(timer);
    this.#alive.add(timer);
    this.#traces?.set(timer, new Error('timer').stack);
    return timer;
  };

  readonly clearTimeout = (handle: unknown): void => {
    const timer = handle as Timer | null | undefined;
    if (timer === null || timer === undefined) return;
    timer.isOver = true;
    this.#alive.delete(timer);
    this.#traces?.delete(timer);
  };

  readonly setImmediate = (callback: () => void): void => {
    this.#immediates.push(callback);
  };

  /** Timers that were neither run nor cleared: after everything was stopped, leaks. */
  get pending(): readonly PendingTimer[] {
    return [...this.#alive]
      .sort((left, right) => (isEarlier(left, right) ? -1 : 1))
      .map((timer) => ({ atMs: timer.atMs, stack: this.#traces?.get(timer) }));
  }

  /** Milliseconds from now to the next timer, or null. */
  get nextMs(): number | null {
    const next = this.#heap.top;
    return next === undefined ? null : Math.max(0, next.atMs - this.#nowMs);
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < this.#quietTurns; ) {
      await new Promise<void>((resolve) => systemClock.setImmediate(resolve));
      if (this.#immediates.length === 0) quiet += 1;
      else {
        this.#runImmediates();
        quiet = 0;
      }
    }
  }

  /** Lets `durationMs` milliseconds pass. */
  async pass(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs;
    await this.settle();
    while (this.#step(endMs)) await this.settle();
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  /**
   * Lets time pass until `isReached` is true, at most `limitMs` milliseconds; returns whether it
   * was. It is asked after each deadline, so the moment is exact.
   */
  async passUntil(isReached: () => boolean, limitMs: number): Promise<boolean> {
    const endMs = this.#nowMs + limitMs;
    await this.settle();
    while (!isReached()) {
      if (!this.#step(endMs)) {
        this.#nowMs = Math.max(this.#nowMs, endMs);
        return isReached();
      }
      await this.settle();
    }
    return true;
  }

  /** Runs the next timer that is due at `endMs` or before; false when there is none. */
  #step(endMs: number): boolean {
    const next = this.#heap.top;
    if (next === undefined || next.atMs > endMs) return false;
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    this.clearTimeout(next);
    next.callback();
    return true;
  }

  /** As the event loop does: what these queue runs in a later turn. */
  #runImmediates(): void {
    const due = this.#immediates;
    this.#immediates = [];
    for (const callback of due) callback();
  }
}
