/** Deleted keys in order of their deletion, so that the oldest can be forgotten first. */
import type { Cell } from './cell.js';

interface Entry {
  readonly cell: Cell;
  readonly version: number;
}

/** Entries that may have gone stale before a sweep is worth it. */
const STALE_MIN = 1024;

export class TombstoneQueue {
  #entries: Entry[] = [];
  /** How many keys are deleted at present; the table counts it. */
  size = 0;

  push(cell: Cell): void {
    this.#entries.push({ cell, version: cell.version });
    this.size += 1;
    // A key that is set and deleted again and again leaves an entry each time.
    if (this.#entries.length <= 2 * this.size + STALE_MIN) return;
    this.#entries = this.#entries.filter((entry) => isCurrent(entry));
  }

  /**
   * What to forget once there are more than `countMax`: the oldest tenth, so that the sweep below
   * is not paid for every delete. None younger than `versionMax`.
   */
  excess(countMax: number, versionMax: number): readonly Cell[] {
    if (this.size <= countMax) return [];
    const firstCurrent = this.#entries.findIndex((entry) => isCurrent(entry));
    if (firstCurrent > 0) this.#entries = this.#entries.slice(firstCurrent);
    if ((this.#entries[0]?.version ?? Number.POSITIVE_INFINITY) > versionMax) return [];
    this.#entries = this.#entries.filter((entry) => isCurrent(entry));
    const count = this.size - Math.floor(countMax * 0.9);
    const found: Cell[] = [];
    for (const { cell, version } of this.#entries) {
      if (found.length >= count || version > versionMax) break;
      found.push(cell);
    }
    return found;
  }
}

function isCurrent({ cell, version }: Entry): boolean {
  return cell.text === undefined && cell.version === version && cell.newer === undefined;
}
