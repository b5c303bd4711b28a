/**
 * The world at any line: from the nearest moment that is kept, forward. Only the lines that move
 * it are looked at (`Worlds.isMoving`), which are few beside steps and messages.
 */
import type { Entry, Line } from '../entries.js';
import { applyLine } from './apply-entry.js';
import { words } from './growing.js';
import { CODE_OF, type LineCode } from './line-index.js';
import type { LineStore } from './line-store.js';
import { copyWorld, emptyWorld, type World } from './world.js';

/** Moving lines between two kept moments: going through as many takes a few milliseconds. */
const KEPT_EVERY = 48;

const NOT_MOVING: ReadonlySet<LineCode> = new Set([CODE_OF.unknown, CODE_OF.message, CODE_OF.step]);

interface Kept {
  readonly world: World;
  /** Index in the moving lines of the first that is not in it. */
  readonly next: number;
}

export class Worlds {
  readonly #store: LineStore;
  readonly #moving = words();
  #kept: Kept[];
  /** Goes over all moving lines once, in the order in which they came. */
  #front: World;
  #next = 0;
  /** The last that was asked for: a slider that is drawn forward goes on from there. */
  #latest: Kept | null = null;

  constructor(store: LineStore) {
    this.#store = store;
    this.#front = emptyWorld(store.first);
    this.#kept = [{ world: copyWorld(this.#front), next: 0 }];
  }

  static isMoving(code: LineCode): boolean {
    return !NOT_MOVING.has(code);
  }

  /** A moving line came. */
  add(line: number): void {
    this.#moving.push(line);
  }

  /** The first moving line that was not passed yet; undefined when none is left. */
  get nextLine(): number | undefined {
    return this.#moving.at(this.#next);
  }

  /** Takes the first pass over that line, which the caller parsed. */
  pass(line: number, entry: Line | undefined): void {
    if (entry !== undefined) applyLine(this.#front, entry, line);
    this.#next += 1;
    // A keyframe has hundreds of kilobytes: no move of the slider shall parse one again.
    const isLong = entry?.kind === 'keyframe';
    if (isLong || this.#next - (this.#kept.at(-1)?.next ?? 0) >= KEPT_EVERY) {
      this.#kept.push({ world: copyWorld(this.#front), next: this.#next });
    }
  }

  /** The world before this line, which was passed. */
  at(line: number): World {
    const newest = this.#moving.firstAbove(line - 1);
    const isFront = newest >= this.#next;
    const kept = isFront ? { world: this.#front, next: newest } : this.#startFor(newest);
    const world = copyWorld(kept.world);
    // One chart is one object at every moment, so that its drawing stays the same one.
    for (const [id, chart] of this.#front.machines) world.machines.set(id, chart);
    for (let next = kept.next; next < newest; next += 1) {
      const each = this.#moving.get(next);
      const entry = this.#store.lineAt(each);
      if (entry !== undefined) applyLine(world, entry, each);
    }
    // What is handed out belongs to the caller.
    if (kept.next < newest) this.#latest = { world: copyWorld(world), next: newest };
    world.line = line;
    world.at = line > this.#store.first ? this.#store.clockAt(line - 1) : world.at;
    return world;
  }

  /** Lines before `first` are about to go; `base` is the world there, and all that stays. */
  forgetBefore(first: number, base: World): void {
    const gone = this.#moving.firstAbove(first - 1);
    this.#latest = null;
    this.#moving.cut(gone);
    this.#next -= gone;
    const kept = this.#kept.filter(({ next }) => next > gone);
    this.#kept = [
      { world: copyWorld(base), next: 0 },
      ...kept.map(({ world, next }) => ({ world: rebased(world, base), next: next - gone })),
    ];
    this.#front = rebased(this.#front, base);
  }

  #startFor(next: number): Kept {
    const kept = this.#keptBefore(next);
    const latest = this.#latest;
    return latest !== null && latest.next <= next && latest.next > kept.next ? latest : kept;
  }

  #keptBefore(next: number): Kept {
    let low = 0;
    let high = this.#kept.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#kept[middle]?.next ?? 0) <= next) low = middle;
      else high = middle - 1;
    }
    return this.#kept[low] ?? { world: emptyWorld(this.#store.first), next: 0 };
  }
}

/** Actors whose first line is gone begin where the base has them. */
function rebased(world: World, base: World): World {
  const copy = copyWorld(world);
  for (const [id, actor] of copy.actors) {
    const known = base.actors.get(id);
    if (known !== undefined && actor.line < known.line) {
      copy.actors.set(id, { ...known, endedAt: actor.endedAt });
    }
  }
  return copy;
}

/** A keyframe tells again what is known; every other line tells of itself. */
export function entriesIn(line: Line): readonly Entry[] {
  if (line.kind === 'replichart-recording') return [];
  return line.kind === 'keyframe' ? line.entries : [line];
}
