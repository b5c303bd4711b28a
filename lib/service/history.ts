/**
 * Which digest stood at which version: what tells a slave that is merely behind from one with
 * another history (P3). Bounded; what is trimmed gets a snapshot instead of a delta.
 */
import type { Point } from '../../machines/protocol.js';

export class History {
  readonly #versionsMax: number;
  #versions: number[] = [];
  #digests: string[] = [];
  /** Entries before this index are trimmed; the arrays are cut only now and then. */
  #start = 0;

  constructor(versionsMax: number, points: readonly Point[] = []) {
    this.#versionsMax = versionsMax;
    const sorted = [...points].sort((left, right) => left.version - right.version);
    for (const point of sorted) this.add(point);
  }

  /** Adds a later point; returns the versions that fell off the far end. */
  add(point: Point): readonly number[] {
    const last = this.#versions.at(-1);
    if (last !== undefined && point.version <= last) return [];
    this.#versions.push(point.version);
    this.#digests.push(point.digest);
    const trimmed: number[] = [];
    while (this.#versions.length - this.#start > this.#versionsMax) {
      trimmed.push(this.#versions[this.#start] as number);
      this.#start += 1;
    }
    if (this.#start > this.#versionsMax) this.#compact();
    return trimmed;
  }

  /** Another lineage begins: nothing of the old one counts. */
  clear(): void {
    this.#versions = [];
    this.#digests = [];
    this.#start = 0;
  }

  /**
   * The digest at `version`; '' where this history is known to have passed over that number, which
   * makes a slave that stands there a fork; undefined only below what is remembered.
   */
  digestAt(version: number): string | undefined {
    let low = this.#start;
    let high = this.#versions.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#versions[middle] as number;
      if (found === version) return this.#digests[middle];
      if (found < version) low = middle + 1;
      else high = middle - 1;
    }
    const first = this.#versions[this.#start];
    return first === undefined || version < first ? undefined : '';
  }

  /** How many committed versions lie above `version`: the lag in changes, not in numbers. */
  countAfter(version: number): number {
    let low = this.#start;
    let high = this.#versions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#versions[middle] as number) <= version) low = middle + 1;
      else high = middle;
    }
    return this.#versions.length - low;
  }

  #compact(): void {
    this.#versions = this.#versions.slice(this.#start);
    this.#digests = this.#digests.slice(this.#start);
    this.#start = 0;
  }
}
