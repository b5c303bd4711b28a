/**
 * The states a delta can be made between. They share their unchanged parts, so that one more
 * costs about what changed; bounded by their number and by the bytes of the deltas between them.
 */

interface Retained {
  readonly state: unknown;
  /** Bytes of the delta that led here. */
  readonly bytes: number;
}

export class History {
  readonly #states = new Map<number, Retained>();
  readonly #statesMax: number;
  readonly #bytesMax: number;
  /** Of the deltas between retained states: the first one's own leads from nothing retained. */
  #bytes = 0;
  #oldest: number | null = null;

  constructor(statesMax: number, bytesMax: number) {
    this.#statesMax = statesMax;
    this.#bytesMax = bytesMax;
  }

  /** The oldest retained version; null before any. */
  get oldest(): number | null {
    return this.#oldest;
  }

  add(version: number, state: unknown, bytes: number): void {
    if (this.#oldest === null) this.#oldest = version;
    else this.#bytes += bytes;
    this.#states.set(version, { state, bytes });
    while (this.#states.size > this.#statesMax || this.#bytes > this.#bytesMax) {
      if (this.#states.size === 1) return;
      this.#dropOldest();
    }
  }

  #dropOldest(): void {
    const versions = this.#states.keys();
    const oldest = versions.next().value;
    const second = versions.next().value;
    if (oldest === undefined || second === undefined) return;
    this.#states.delete(oldest);
    this.#oldest = second;
    this.#bytes -= this.#states.get(second)?.bytes ?? 0;
  }

  has(version: number): boolean {
    return this.#states.has(version);
  }

  state(version: number): unknown {
    return this.#states.get(version)?.state;
  }
}
