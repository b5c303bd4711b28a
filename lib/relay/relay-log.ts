/**
 * What a relay can serve without its master: one whole state as it came, in its parts, and the
 * increments behind it, encoded as they came. Bounded: past the limit the whole state is let go
 * (it can be had again) and then the oldest increments.
 */
import type { Durability, Point, Position } from '../../machines/protocol.js';
import { History } from '../service/history.js';

/** One increment that the copy took. */
export interface LoggedDelta {
  readonly from: Point;
  readonly to: Point;
  readonly durability: Durability;
  readonly body: Uint8Array;
}

/** A whole state, and where it leads. */
export interface Base {
  readonly position: Position;
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
}

/** What no longer fits: for the store, which forgets it in the same step. */
export interface Trimmed {
  readonly base: Base | null;
  readonly deltas: readonly LoggedDelta[];
}

/** Increments that are kept at the most, whatever their bytes. */
export const LOGGED_MAX = 16_384;

export class RelayLog {
  readonly #bytesMax: number;
  readonly #history = new History(LOGGED_MAX);
  #base: Base | null = null;
  #deltas: LoggedDelta[] = [];
  #bytes = 0;

  /** @param bytesMax of the increments; where the base is larger, as many as it has */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get base(): Base | null {
    return this.#base;
  }

  get deltas(): readonly LoggedDelta[] {
    return this.#deltas;
  }

  /** Of all that is kept. */
  get bytes(): number {
    return this.#bytes + (this.#base?.bytes ?? 0);
  }

  /**
   * Undefined also between the ends of one increment: it may stand for several of the master's, so
   * that nothing tells a number that was passed over from one that was merely not seen here.
   */
  digestAt(version: number): string | undefined {
    return this.#history.digestAt(version) || undefined;
  }

  countAfter(version: number): number {
    return this.#history.countAfter(version);
  }

  /** A whole state took the place of all there was; `position` alone where it is not kept. */
  restart(position: Position, base: Base | null): void {
    this.#base = base;
    this.#deltas = [];
    this.#bytes = 0;
    this.#history.clear();
    this.#history.add({ version: position.version, digest: position.digest });
  }

  append(delta: LoggedDelta): Trimmed {
    // Given again after a write that was given up.
    if ((this.#deltas.at(-1)?.to.version ?? 0) >= delta.to.version) return NOTHING;
    // Below its first increment nothing is known, not even that it was passed over.
    if (this.#deltas.length === 0) this.#history.add(delta.from);
    this.#deltas.push(delta);
    this.#bytes += delta.body.length;
    this.#history.add(delta.to);
    return this.#trim();
  }

  /** The whole state is let go: the next one who needs it makes the relay ask for a newer one. */
  dropBase(): Base | null {
    const base = this.#base;
    this.#base = null;
    return base;
  }

  /** The increments that lead on from `version`, as many as fit; the first one in any case. */
  after(version: number, countMax: number, bytesMax: number): readonly LoggedDelta[] {
    let index = this.#indexFrom(version);
    const found: LoggedDelta[] = [];
    let bytes = 0;
    for (; index < this.#deltas.length && found.length < countMax; index += 1) {
      const delta = this.#deltas[index] as LoggedDelta;
      bytes += delta.body.length;
      if (found.length > 0 && bytes > bytesMax) break;
      found.push(delta);
    }
    return found;
  }

  #indexFrom(version: number): number {
    let low = 0;
    let high = this.#deltas.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#deltas[middle] as LoggedDelta).from.version < version) low = middle + 1;
      else high = middle;
    }
    return this.#deltas[low]?.from.version === version ? low : this.#deltas.length;
  }

  #trim(): Trimmed {
    const limit = Math.max(this.#bytesMax, this.#base?.bytes ?? 0);
    if (this.#bytes <= limit && this.#deltas.length <= LOGGED_MAX) return NOTHING;
    const base = this.dropBase();
    let cut = 0;
    // Half of it at once: the array is not cut with every increment.
    while (
      cut < this.#deltas.length - 1 &&
      (this.#bytes > this.#bytesMax / 2 || this.#deltas.length - cut > LOGGED_MAX / 2)
    ) {
      this.#bytes -= (this.#deltas[cut] as LoggedDelta).body.length;
      cut += 1;
    }
    const deltas = this.#deltas.slice(0, cut);
    this.#deltas = this.#deltas.slice(cut);
    return { base, deltas };
  }
}

const NOTHING: Trimmed = { base: null, deltas: [] };
