/** Notes when a slave could read what it waits for. */
import type { SlaveSide } from '../contestants/contract.js';
import { END_KEY, nowUs } from './messages.js';

interface Watched {
  readonly firstSequence: number;
  readonly timesUs: number[];
  readonly updates: number;
}

export class Watch {
  #armed: number | null = null;
  #atUs = 0;
  #told: (() => void) | null = null;
  #watched: Watched | null = null;

  constructor(private readonly slave: SlaveSide) {
    slave.onApplied(() => this.#look());
  }

  arm(sequence: number): void {
    this.#armed = sequence;
    this.#atUs = 0;
    this.#look();
  }

  async reached(): Promise<number> {
    if (this.#atUs === 0) {
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
    return this.#atUs;
  }

  watch(firstSequence: number, updates: number): void {
    this.#watched = { firstSequence, updates, timesUs: [] };
    this.arm(firstSequence + updates - 1);
  }

  /** When each sequence, or a later one, could be read first. */
  async watched(): Promise<number[]> {
    await this.reached();
    const timesUs = this.#watched?.timesUs ?? [];
    this.#watched = null;
    return timesUs;
  }

  #look(): void {
    if (this.#armed === null) return;
    const sequence = this.slave.read(END_KEY)?.sequence ?? 0;
    if (this.#watched !== null) this.#note(this.#watched, sequence);
    if (sequence < this.#armed) return;
    this.#armed = null;
    this.#atUs = nowUs();
    this.#told?.();
    this.#told = null;
  }

  #note({ firstSequence, timesUs, updates }: Watched, sequence: number): void {
    const seen = Math.min(sequence - firstSequence + 1, updates);
    while (timesUs.length < seen) timesUs.push(nowUs());
  }
}
