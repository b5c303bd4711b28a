/**
 * The world at any line: from the nearest moment that is kept, forward. Moments are kept along
 * the way of the first pass, so that none is far from any line.
 */
import { applyLine } from './apply-entry.js';
import { CODE_OF } from './line-index.js';
import type { LineStore } from './line-store.js';
import { copyWorld, emptyWorld, type World } from './world.js';

/** Lines between two kept moments: stepping through as many takes a few milliseconds. */
const KEPT_EVERY = 1024;
/** Worlds of moments that were asked for, for stepping to and fro. */
const ASKED_MAX = 8;

/** Lines that change no world are not even parsed. */
const WITHOUT_EFFECT: ReadonlySet<number> = new Set([
  CODE_OF.unknown,
  CODE_OF.message,
  CODE_OF['replichart-recording'],
]);

export class Worlds {
  readonly #store: LineStore;
  /** Oldest first, by the number of the line they stand before. */
  #kept: World[];
  readonly #asked: World[] = [];
  /** Moves over all lines once, in the order in which they came. */
  #front: World;

  constructor(store: LineStore) {
    this.#store = store;
    this.#front = emptyWorld(store.first);
    this.#kept = [copyWorld(this.#front)];
  }

  /** Lines before this one are behind the first pass. */
  get passed(): number {
    return this.#front.line;
  }

  /** Takes the first pass over one more line; `entry` where the caller parsed it already. */
  pass(): void {
    this.#step(this.#front);
    if (this.#front.line % KEPT_EVERY === 0) this.#kept.push(copyWorld(this.#front));
  }

  /** The world before this line; not for changing. */
  at(line: number): World {
    const target = Math.min(Math.max(line, this.#store.first), this.#store.end);
    if (target === this.#front.line) return copyWorld(this.#front);
    const world = copyWorld(this.#nearest(target));
    while (world.line < target) this.#step(world);
    this.#asked.push(world);
    if (this.#asked.length > ASKED_MAX) this.#asked.shift();
    return copyWorld(world);
  }

  /** Lines before `first` are about to go: the world there is all that stays of them. */
  forgetBefore(first: number): void {
    const base = this.at(first);
    this.#kept = [base, ...this.#kept.filter(({ line }) => line > first)];
    this.#asked.length = 0;
  }

  #step(world: World): void {
    const { line } = world;
    if (WITHOUT_EFFECT.has(this.#store.codeAt(line))) {
      world.line = line + 1;
      world.at = this.#store.timeAt(line);
      return;
    }
    const entry = this.#store.parseAt(line);
    if (entry === undefined) world.line = line + 1;
    else applyLine(world, entry, line);
  }

  #nearest(target: number): World {
    let best = this.#lastKept(target);
    for (const world of [this.#front, ...this.#asked]) {
      if (world.line <= target && world.line > best.line) best = world;
    }
    return best;
  }

  #lastKept(target: number): World {
    let low = 0;
    let high = this.#kept.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#kept[middle]?.line ?? 0) <= target) low = middle;
      else high = middle - 1;
    }
    return this.#kept[low] ?? emptyWorld(this.#store.first);
  }
}
