/** Parts of a whole state on their way to a user layer, watched for one that stops reading. */
import { ReplicationError } from '../errors.js';
import type { Clock } from '../runtime/clock.js';

/**
 * The clock runs only while the layer is at work: from a part it got to the next one it asks for,
 * and from the last one to its end. A slow network is not its fault, a layer that never comes back
 * is (T49).
 */
export class WatchedReader implements AsyncIterable<Uint8Array> {
  readonly #clock: Clock;
  readonly #chunks: AsyncIterable<Uint8Array>;
  readonly #limitMs: number;
  readonly #stuck: (why: ReplicationError) => void;
  #timer: unknown = null;
  #isOver = false;

  constructor(
    clock: Clock,
    chunks: AsyncIterable<Uint8Array>,
    limitMs: number,
    stuck: (why: ReplicationError) => void,
  ) {
    this.#clock = clock;
    this.#chunks = chunks;
    this.#limitMs = limitMs;
    this.#stuck = stuck;
    this.#atWork();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    this.#waiting();
    for await (const part of this.#chunks) {
      this.#atWork();
      yield part;
      this.#waiting();
    }
    this.#atWork();
  }

  /** The call is over, whichever way. */
  end(): void {
    this.#waiting();
    this.#isOver = true;
  }

  #waiting(): void {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }

  #atWork(): void {
    this.#waiting();
    if (this.#isOver) return;
    this.#timer = this.#clock.setTimeout(() => {
      const message = `the user layer did not go on with installSnapshot for ${this.#limitMs} ms`;
      this.#stuck(new ReplicationError('TIMEOUT', message));
    }, this.#limitMs);
  }
}
