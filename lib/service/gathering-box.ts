/**
 * Words of slaves that arrive together become one event: an event costs more than counting. One
 * costs as much as all slaves that are awaited, so words of many wait longer for each other than
 * those of a few: else a round of ten thousand would cost ten thousand times ten thousand.
 */
import type { Clock } from '../runtime/clock.js';

/** With so many awaited, a turn of the event loop is enough. */
const FEW = 64;
/** Milliseconds that a word of many waits at the most; the last one makes all of them leave. */
const HOLD_MS = 10;

export interface GatheringBoxOptions<Word> {
  readonly clock: Clock;
  /** Words that are still to come, those that wait here included. */
  readonly awaited: () => number;
  /** This one cannot wait for others. */
  readonly isUrgent?: (word: Word) => boolean;
  readonly deliver: (words: readonly Word[]) => void;
}

export class GatheringBox<Word> {
  readonly #options: GatheringBoxOptions<Word>;
  #words: Word[] = [];
  #isScheduled = false;
  #timer: unknown = null;

  constructor(options: GatheringBoxOptions<Word>) {
    this.#options = options;
  }

  /** Waits until nothing more is to come, a turn, or some milliseconds where many are awaited. */
  add(word: Word): void {
    this.#words.push(word);
    const awaited = this.#options.awaited();
    const isComplete = this.#words.length >= awaited || this.#options.isUrgent?.(word) === true;
    if (isComplete) this.flush();
    else this.#schedule(awaited);
  }

  flush(): void {
    this.close();
    if (this.#words.length === 0) return;
    const words = this.#words;
    this.#words = [];
    this.#options.deliver(words);
  }

  /** Nothing leaves any more by itself. */
  close(): void {
    if (this.#timer !== null) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #schedule(awaited: number): void {
    if (this.#isScheduled || this.#timer !== null) return;
    const { clock } = this.#options;
    if (awaited > FEW) {
      this.#timer = clock.setTimeout(() => this.flush(), HOLD_MS);
      return;
    }
    this.#isScheduled = true;
    clock.setImmediate(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }
}
