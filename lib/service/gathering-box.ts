/** Words of slaves that arrive together become one event: an event costs more than counting. */
import type { Clock } from '../runtime/clock.js';

export interface GatheringBoxOptions<Word> {
  readonly clock: Clock;
  /** Nothing more is to be waited for: what is gathered, the newest word last, goes out at once. */
  readonly isComplete: (words: readonly Word[]) => boolean;
  readonly deliver: (words: readonly Word[]) => void;
}

export class GatheringBox<Word> {
  readonly #options: GatheringBoxOptions<Word>;
  #words: Word[] = [];
  #isScheduled = false;

  constructor(options: GatheringBoxOptions<Word>) {
    this.#options = options;
  }

  /** Waits at most for a turn of the event loop. */
  add(word: Word): void {
    this.#words.push(word);
    if (this.#options.isComplete(this.#words)) return this.flush();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.clock.setImmediate(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  flush(): void {
    if (this.#words.length === 0) return;
    const words = this.#words;
    this.#words = [];
    this.#options.deliver(words);
  }
}
