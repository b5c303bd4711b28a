/**
 * What a page knows of a recording, whether it still grows or not: its lines, and the world at
 * any of them. Time is spent in slices, so that a page stays usable while it reads.
 */
import { CODE_OF } from './line-index.js';
import { LineStore } from './line-store.js';
import type { World } from './world.js';
import { Worlds } from './worlds.js';

/** Lines between two looks at the clock. */
const LINES_PER_LOOK = 64;

export interface TimelineOptions {
  /** Bytes of lines that are kept; the oldest make room. @default no limit */
  readonly bytesMax?: number;
}

export class Timeline {
  readonly store: LineStore;
  readonly #worlds: Worlds;

  constructor({ bytesMax }: TimelineOptions = {}) {
    this.store = new LineStore(bytesMax);
    this.#worlds = new Worlds(this.store);
  }

  /** Lines before this one are read: lists and plots tell of them. */
  get passed(): number {
    return this.#worlds.passed;
  }

  get isRead(): boolean {
    return this.passed >= this.store.end;
  }

  /** Takes bytes of lines, as they come from a file or a connection. */
  append(bytes: Uint8Array): void {
    this.store.append(bytes);
  }

  /** Reads on for so many milliseconds; true when nothing is left to read. */
  read(budgetMs: number, now: () => number): boolean {
    const deadline = now() + budgetMs;
    while (!this.isRead) {
      const until = Math.min(this.passed + LINES_PER_LOOK, this.store.end);
      while (this.passed < until) this.#worlds.pass();
      if (now() >= deadline) break;
    }
    if (this.isRead) this.store.trim((first) => this.#forgetBefore(first));
    return this.isRead;
  }

  /** The world before this line: `store.end` is now. */
  worldAt(line: number): World {
    return this.#worlds.at(line);
  }

  /** The nearest line in this direction that `isWanted`, or where the recording ends. */
  nextLine(line: number, direction: 1 | -1, isWanted: (line: number) => boolean): number {
    const { first, end } = this.store;
    for (let next = line + direction; next >= first && next < end; next += direction) {
      if (isWanted(next)) return next;
    }
    return direction === 1 ? end : first;
  }

  isKind(line: number, kind: keyof typeof CODE_OF): boolean {
    return this.store.codeAt(line) === CODE_OF[kind];
  }

  #forgetBefore(first: number): void {
    this.#worlds.forgetBefore(first);
  }
}
