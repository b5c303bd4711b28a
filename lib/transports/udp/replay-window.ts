/** Which counters of one sender's start were seen: none is taken twice. */

/** How far behind the newest a datagram may come; older ones count as seen. */
export const WINDOW_DATAGRAMS = 1024;

export class ReplayWindow {
  /** By counter modulo the window's width. */
  readonly #seen = new Uint8Array(WINDOW_DATAGRAMS);
  #highest: number;

  /** @param floor counters up to this one were sent before this receiver was there: refused */
  constructor(floor: number) {
    this.#highest = floor;
    this.#seen.fill(1);
  }

  /** The newest counter that was seen, or the floor. */
  get highest(): number {
    return this.#highest;
  }

  isFresh(counter: number): boolean {
    if (counter > this.#highest) return true;
    if (this.#highest - counter >= WINDOW_DATAGRAMS) return false;
    return this.#seen[counter % WINDOW_DATAGRAMS] === 0;
  }

  /** Only for a datagram whose seal was good: else a forged counter would shut out true ones. */
  note(counter: number): void {
    if (counter > this.#highest) this.#slideTo(counter);
    this.#seen[counter % WINDOW_DATAGRAMS] = 1;
  }

  /** A later floor, as a new connection to the same start of the sender tells it. */
  raise(floor: number): void {
    if (floor <= this.#highest) return;
    this.#highest = floor;
    this.#seen.fill(1);
  }

  #slideTo(counter: number): void {
    const steps = Math.min(counter - this.#highest, WINDOW_DATAGRAMS);
    for (let step = 0; step < steps; step += 1) this.#seen[(counter - step) % WINDOW_DATAGRAMS] = 0;
    this.#highest = counter;
  }
}
