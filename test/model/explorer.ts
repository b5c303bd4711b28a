/** Breadth first through everything that can happen, so that a found trace is a shortest one. */
import type { Broken } from './observer.js';
import type { Bounds } from './vocabulary.js';
import { Universe, type World } from './world.js';

export interface Violation {
  readonly broken: readonly Broken[];
  /** Labels of the steps from the start to the violation. */
  readonly trace: readonly string[];
  readonly worlds: readonly World[];
}

export interface Exploration {
  readonly bounds: Bounds;
  readonly universe: Universe;
  readonly states: number;
  readonly edges: number;
  /** False when the bound on states cut it short. */
  readonly isComplete: boolean;
  readonly violation: Violation | null;
  readonly worlds: readonly World[];
  readonly durationMs: number;
}

export function explore(bounds: Bounds, now: () => number): Exploration {
  const began = now();
  const universe = new Universe(bounds);
  const worlds: World[] = [universe.start()];
  const parents: number[] = [-1];
  const labels: string[] = ['start'];
  const seen = new Map<string, number>([[universe.keyOf(worlds[0] as World), 0]]);
  let edges = 0;
  const done = (violation: Violation | null, isComplete: boolean): Exploration => ({
    bounds,
    universe,
    states: worlds.length,
    edges,
    isComplete,
    violation,
    worlds,
    durationMs: now() - began,
  });
  for (let index = 0; index < worlds.length; index += 1) {
    for (const edge of universe.edgesOf(worlds[index] as World)) {
      edges += 1;
      if (edge.broken.length > 0) {
        const trace = [edge.label];
        const path = [edge.next];
        for (let at = index; at > 0; at = parents[at] ?? 0) {
          trace.unshift(labels[at] ?? '');
          path.unshift(worlds[at] as World);
        }
        return done({ broken: edge.broken, trace, worlds: path }, false);
      }
      const key = universe.keyOf(edge.next);
      if (seen.has(key)) continue;
      if (worlds.length >= bounds.statesMax) return done(null, false);
      seen.set(key, worlds.length);
      worlds.push(edge.next);
      parents.push(index);
      labels.push(edge.label);
    }
  }
  return done(null, true);
}
