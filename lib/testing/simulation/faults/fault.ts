/** What every kind of fault is to the simulation: a name, how often, and what it does. */
import type { Random } from '../../../runtime/random.js';
import type { Cluster } from '../cluster.js';
import type { SlaveNode } from '../node.js';
import type { ClusterConstants } from '../settings.js';

/** A kind of fault that strikes now and then. */
export interface Fault {
  readonly name: string;
  /** The chance that it strikes in one step of a run in which it is on. */
  readonly chance: number;
  /** Strikes once; false when there was nothing to strike. */
  readonly strike: <M, S>(cluster: Cluster<M, S>, random: Random) => boolean;
}

/** A kind of fault that holds for the whole run: a constant nobody would choose. */
export interface ConstantFault {
  readonly name: string;
  readonly set: (constants: ClusterConstants, random: Random) => void;
}

export function pick<T>(random: Random, from: readonly T[]): T | undefined {
  return from[Math.floor(random() * from.length)];
}

export function between(random: Random, least: number, most: number): number {
  return least + random() * (most - least);
}

/** A living slave, or undefined. */
export function anySlave<M, S>(
  cluster: Cluster<M, S>,
  random: Random,
): SlaveNode<M, S> | undefined {
  return pick(
    random,
    cluster.slaves.filter(({ isAlive }) => isAlive),
  );
}
