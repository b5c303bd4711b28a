/** Breadth first through everything that can happen, so that a found trace is a shortest one. */
import type { Broken } from './observer.js';
import type { Bounds } from './vocabulary.js';
import { Universe, type World } from './world.js';

/** One world of a trace, and the label of the step that led there. */
export interface Reached {
  readonly label: string;
  readonly world: World;
}

export interface Violation {
  readonly broken: readonly Broken[];
  /** From the start, which is its first entry, to the violation. */
  readonly trace: readonly Reached[];
}

export interface Exploration {
  readonly bounds: Bounds;
  readonly universe: Universe;
  readonly edges: number;
  /** False when the bound on states cut it short. */
  readonly isComplete: boolean;
  readonly violation: Violation | null;
  readonly worlds: readonly World[];
  /** The shortest way to the world of this index. */
  readonly wayTo: (index: number) => readonly Reached[];
}

/** Told now and then while it runs. */
export type Progress = (states: number, edges: number) => void;

const PROGRESS_EVERY = 4096;

/** What was seen, in the order of finding, with the step that found it. */
class Seen {
  readonly worlds: World[] = [];
  readonly #parents: number[] = [];
  readonly #labels: string[] = [];
  readonly #indices = new Map<string, number>();

  has(key: string): boolean {
    return this.#indices.has(key);
  }

  add(key: string, world: World, parent: number, label: string): void {
    this.#indices.set(key, this.worlds.length);
    this.worlds.push(world);
    this.#parents.push(parent);
    this.#labels.push(label);
  }

  wayTo = (index: number): readonly Reached[] => {
    const way: Reached[] = [];
    for (let at = index; at >= 0; at = this.#parents[at] ?? -1) {
      way.push({ label: this.#labels[at] ?? '', world: this.worlds[at] as World });
    }
    return way.reverse();
  };
}

export function explore(bounds: Bounds, progress: Progress = () => undefined): Exploration {
  const universe = new Universe(bounds);
  const seen = new Seen();
  const { worlds, wayTo } = seen;
  const start = universe.start();
  seen.add(universe.keyOf(start), start, -1, 'start');
  let edges = 0;
  const done = (violation: Violation | null, isComplete: boolean): Exploration => ({
    bounds,
    universe,
    edges,
    isComplete,
    violation,
    worlds,
    wayTo,
  });
  for (let index = 0; index < worlds.length; index += 1) {
    if (index % PROGRESS_EVERY === 0) progress(worlds.length, edges);
    for (const { label, next, broken } of universe.edgesOf(worlds[index] as World)) {
      edges += 1;
      if (broken.length > 0) {
        return done({ broken, trace: [...wayTo(index), { label, world: next }] }, false);
      }
      const key = universe.keyOf(next);
      if (seen.has(key)) continue;
      if (worlds.length >= bounds.statesMax) return done(null, false);
      seen.add(key, next, index, label);
    }
  }
  return done(null, true);
}
