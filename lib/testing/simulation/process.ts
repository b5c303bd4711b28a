/**
 * One simulated process: its clock, and the door through which everything else reaches it. It can
 * die without a word, freeze as under SIGSTOP, and count time faster or slower than the world.
 */
import type { Clock } from '../../runtime/clock.js';

/** What a resumed process sees first: the deadlines it slept through, or its sockets (F6). */
export type ResumeOrder = 'timers-first' | 'arrivals-first';

type Callback = () => void;

export class SimulatedProcess implements Clock {
  readonly #world: Clock;
  readonly #timers = new Set<unknown>();
  #isDead = false;
  #isPaused = false;
  #rate = 1;
  #baseMs: number;
  #baseWorldMs: number;
  #lateTimers: Callback[] = [];
  #arrivals: Callback[] = [];

  constructor(world: Clock) {
    this.#world = world;
    this.#baseMs = world.now();
    this.#baseWorldMs = this.#baseMs;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Timers that it still waits for. */
  get timers(): number {
    return this.#timers.size;
  }

  readonly now = (): number => this.#baseMs + (this.#world.now() - this.#baseWorldMs) * this.#rate;

  readonly setTimeout = (callback: Callback, delayMs: number): unknown => {
    if (this.#isDead) return null;
    const handle = this.#world.setTimeout(() => {
      // A cleared timer must not run late either, so it stays known until it has run.
      const due = () => {
        if (this.#timers.delete(handle)) callback();
      };
      if (this.#isPaused) this.#lateTimers.push(due);
      else due();
    }, delayMs / this.#rate);
    this.#timers.add(handle);
    return handle;
  };

  readonly clearTimeout = (handle: unknown): void => {
    this.#timers.delete(handle);
    this.#world.clearTimeout(handle);
  };

  readonly setImmediate = (callback: Callback): void => {
    this.#world.setImmediate(() => this.arrive(callback));
  };

  /** Something from outside reaches the process: now, when it runs again, or never. */
  arrive(callback: Callback): void {
    if (this.#isDead) return;
    if (this.#isPaused) this.#arrivals.push(callback);
    else callback();
  }

  /** Resolves when the process can see that something finished; never, once it is dead. */
  awake(): Promise<void> {
    return new Promise((resolve) => this.arrive(resolve));
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(order: ResumeOrder): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const timers = this.#lateTimers;
    const arrivals = this.#arrivals;
    this.#lateTimers = [];
    this.#arrivals = [];
    const due = order === 'timers-first' ? [...timers, ...arrivals] : [...arrivals, ...timers];
    // As an event loop does: each in a turn of its own, so that promises run between them.
    for (const callback of due) this.#world.setImmediate(() => this.arrive(callback));
  }

  /** From now on it counts `rate` milliseconds for each of the world's; never backwards. */
  setRate(rate: number): void {
    this.#baseMs = this.now();
    this.#baseWorldMs = this.#world.now();
    this.#rate = rate;
  }

  kill(): void {
    this.#isDead = true;
    for (const handle of this.#timers) this.#world.clearTimeout(handle);
    this.#timers.clear();
    this.#lateTimers = [];
    this.#arrivals = [];
  }
}
