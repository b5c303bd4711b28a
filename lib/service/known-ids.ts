/**
 * The list of known slaves in the store. Written whole, so that a thousand slaves joining at once
 * would write a thousand lists of up to a thousand ids: what changes shortly after a write waits
 * for the next one.
 */
import type { Clock } from '../runtime/clock.js';
import type { SlaveRoster } from './slave-roster.js';

/** Milliseconds between two lists. The write is not synced: a crash may lose as much anyway. */
const GAP_MS = 100;

export class KnownIds {
  readonly #roster: SlaveRoster;
  readonly #clock: Clock;
  readonly #save: (ids: readonly string[]) => void;
  #savedChanges: number;
  #savedAtMs = Number.NEGATIVE_INFINITY;
  #timer: unknown = null;

  /** `roster` is as the store has it. */
  constructor(roster: SlaveRoster, clock: Clock, save: (ids: readonly string[]) => void) {
    this.#roster = roster;
    this.#clock = clock;
    this.#save = save;
    this.#savedChanges = roster.changes;
  }

  /** Writes the ids, now or soon, when they are others than last time. */
  save(): void {
    if (this.#roster.changes === this.#savedChanges || this.#timer !== null) return;
    const waitMs = this.#savedAtMs + GAP_MS - this.#clock.now();
    if (waitMs <= 0) return this.flush();
    this.#timer = this.#clock.setTimeout(() => this.flush(), waitMs);
  }

  /** Writes at once what `save` put off. */
  flush(): void {
    this.close();
    if (this.#roster.changes === this.#savedChanges) return;
    this.#savedChanges = this.#roster.changes;
    this.#savedAtMs = this.#clock.now();
    this.#save(Array.from(this.#roster.all, ({ id }) => id));
  }

  close(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
