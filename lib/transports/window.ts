/**
 * How much of what was sent to a peer it has not taken yet, for transports that have no
 * backpressure of their own: the other side tells what it took (P15).
 */
import { LOW_WATER_SHARE } from '../limits.js';
import type { Clock } from '../runtime/clock.js';

export interface WindowSettings {
  readonly highWaterBytes: number;
  readonly outboundBytesMax: number;
  readonly stallTimeoutMs: number;
  readonly clock: Clock;
}

/** What the other side is asked to tell at the least: a quarter, so that half is low water. */
export function acknowledgeBytesOf({ highWaterBytes }: WindowSettings): number {
  return Math.max(1, Math.floor(highWaterBytes / 4));
}

export class Window {
  readonly #settings: WindowSettings;
  readonly #waiting: () => number;
  readonly #overloaded: (why: string) => void;
  #isFull = false;
  #progressAtMs = 0;
  #stallTimer: unknown = null;

  /**
   * @param waiting bytes sent and not taken yet
   * @param overloaded the peer has to be dropped, and why; `close` is to be called then
   */
  constructor(settings: WindowSettings, waiting: () => number, overloaded: (why: string) => void) {
    this.#settings = settings;
    this.#waiting = waiting;
    this.#overloaded = overloaded;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** To be called when more was sent. */
  grown(): void {
    const waiting = this.#waiting();
    const { highWaterBytes, outboundBytesMax, stallTimeoutMs, clock } = this.#settings;
    if (waiting > highWaterBytes && !this.#isFull) {
      this.#isFull = true;
      this.#progressAtMs = clock.now();
      this.#stallTimer = clock.setTimeout(this.#checkStall, stallTimeoutMs);
    }
    if (waiting > outboundBytesMax) this.#overloaded(`${waiting} bytes wait for it`);
  }

  /** To be called when the other side took some; true when it was full and is not any more. */
  shrunk(): boolean {
    const { highWaterBytes, clock } = this.#settings;
    this.#progressAtMs = clock.now();
    if (!this.#isFull || this.#waiting() > highWaterBytes * LOW_WATER_SHARE) return false;
    this.#isFull = false;
    clock.clearTimeout(this.#stallTimer);
    return true;
  }

  /** No timer of it is left. */
  close(): void {
    this.#settings.clock.clearTimeout(this.#stallTimer);
    this.#isFull = false;
  }

  readonly #checkStall = (): void => {
    if (!this.#isFull) return;
    const { clock, stallTimeoutMs } = this.#settings;
    const leftMs = this.#progressAtMs + stallTimeoutMs - clock.now();
    if (leftMs > 0) this.#stallTimer = clock.setTimeout(this.#checkStall, leftMs);
    else this.#overloaded(`it took no bytes for ${stallTimeoutMs} ms`);
  };
}
