/**
 * Whole states that left but did not arrive, as far as anybody said. The turn of a slave ends when
 * its last part is handed to the transport, and a state that is smaller than a window is handed
 * over at once: without this bound a thousand slaves joining would have a thousand states under
 * way, and the admission of some at a time would admit all (P15, P18).
 */
import { serviceLimits } from '../limits.js';
import type { Clock } from '../runtime/clock.js';

interface Flight {
  readonly version: number;
  readonly bytes: number;
  readonly sentAtMs: number;
  /** Until then a request may have left before its answer came. */
  readonly crossedUntilMs: number;
}

export class Landing {
  readonly #clock: Clock;
  readonly #flights = new Map<string, Flight>();
  #bytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Too much is under way: the next one waits. */
  get isFull(): boolean {
    return this.#bytes >= serviceLimits.landingBytesMax;
  }

  /** The last part of the state of `version` left for `slave`. */
  left(slave: string, flight: Omit<Flight, 'sentAtMs'>): void {
    this.end(slave);
    this.#flights.set(slave, { ...flight, sentAtMs: this.#clock.now() });
    this.#bytes += flight.bytes;
  }

  /** What the slave asks for now may be what is under way to it. */
  isCrossed(slave: string): boolean {
    return this.#clock.now() < (this.#flights.get(slave)?.crossedUntilMs ?? 0);
  }

  /** The slave said where it stands; answers whether its state was under way until now. */
  stands(slave: string, version: number): boolean {
    const flight = this.#flights.get(slave);
    return flight !== undefined && version >= flight.version && this.end(slave);
  }

  /** Nobody waits for it any more: it is gone, failed, or asked anew. */
  end(slave: string): boolean {
    const flight = this.#flights.get(slave);
    if (flight === undefined) return false;
    this.#flights.delete(slave);
    this.#bytes -= flight.bytes;
    return true;
  }

  /** One that never says that it arrived shall not keep others waiting. */
  sweep(): boolean {
    const before = this.#clock.now() - serviceLimits.landingMsMax;
    let isAnyOver = false;
    for (const [slave, { sentAtMs }] of this.#flights) {
      // In the order in which they left: the rest is younger.
      if (sentAtMs > before) break;
      isAnyOver = this.end(slave);
    }
    return isAnyOver;
  }
}
