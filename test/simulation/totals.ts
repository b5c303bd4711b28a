/** The sum over all seeds, and whether it says what a full run has to say. */
import { type Mark, SOMETIMES } from '../../lib/testing/simulation/coverage.js';
import type { SeedResult } from './run-seed.js';

export class Totals {
  readonly failing: SeedResult[] = [];
  readonly #struck = new Map<string, number>();
  readonly #marks = new Map<Mark, number>();
  seeds = 0;
  repeated = 0;
  #events = 0;
  #virtualMs = 0;
  #acknowledged = 0;

  add(result: SeedResult): void {
    this.seeds += 1;
    if (result.isRunTwice) this.repeated += 1;
    this.#events += result.events;
    this.#virtualMs += result.virtualMs;
    this.#acknowledged += result.acknowledged;
    if (result.violations.length > 0) this.failing.push(result);
    for (const [name, count] of result.struck) {
      this.#struck.set(name, (this.#struck.get(name) ?? 0) + count);
    }
    for (const [mark, count] of result.marks) {
      this.#marks.set(mark, (this.#marks.get(mark) ?? 0) + count);
    }
  }

  /** Marks that no seed came past: the run then looked elsewhere. */
  get missed(): readonly Mark[] {
    return SOMETIMES.filter((mark) => !this.#marks.has(mark));
  }

  get kinds(): number {
    return this.#struck.size;
  }

  get hours(): string {
    return (this.#virtualMs / 3_600_000).toFixed(2);
  }

  *lines(): Generator<string> {
    for (const [name, count] of [...this.#struck].sort()) yield `fault     ${count} ${name}`;
    for (const mark of SOMETIMES) yield `sometimes ${this.#marks.get(mark) ?? 0} ${mark}`;
    for (const mark of this.missed) yield `MISSED    ${mark}`;
    const strikes = [...this.#struck.values()].reduce((sum, count) => sum + count, 0);
    yield `${this.seeds} seeds, ${this.#acknowledged} acknowledged changes, ` +
      `${this.#events} events, ${strikes} faults struck`;
    yield `${this.repeated} seeds run twice with equal traces unless told otherwise above`;
    const hit = SOMETIMES.length - this.missed.length;
    yield `${this.kinds} fault kinds, ${this.hours} hours simulated, ` +
      `coverage marks ${hit}/${SOMETIMES.length} hit`;
    yield `${this.failing.length} violations`;
  }
}
