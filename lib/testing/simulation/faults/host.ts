/** What hosts do to us: their callbacks throw, refuse, hang and dawdle (S14). */
import type { ApplyMood, PrepareMood } from '../host.js';
import { anySlave, between, type Fault } from './fault.js';

function prepareFault(name: string, mood: PrepareMood, chance: number): Fault {
  return {
    name,
    chance,
    strike: (cluster, random) => {
      const slave = anySlave(cluster, random);
      if (slave === undefined) return false;
      slave.mood.prepare = mood;
      slave.mood.slowMs = between(random, 10, 1_500);
      cluster.world.later(between(random, 200, 3_000), () => {
        slave.mood.prepare = 'well';
      });
      return true;
    },
  };
}

function applyFault(name: string, mood: ApplyMood): Fault {
  return {
    name,
    chance: 0.04,
    strike: (cluster, random) => {
      const slave = anySlave(cluster, random);
      if (slave === undefined) return false;
      slave.mood.apply = mood;
      slave.mood.slowMs = between(random, 10, 1_500);
      cluster.world.later(between(random, 200, 3_000), () => {
        slave.mood.apply = 'well';
      });
      return true;
    },
  };
}

export const HOST_FAULTS: readonly Fault[] = [
  prepareFault('prepare-throws', 'throws', 0.05),
  prepareFault('prepare-vetoes', 'vetoes', 0.05),
  prepareFault('prepare-hangs', 'hangs', 0.04),
  prepareFault('prepare-slow', 'slow', 0.05),
  applyFault('apply-throws', 'throws'),
  applyFault('apply-slow', 'slow'),
  {
    name: 'master-apply-slow',
    chance: 0.04,
    strike: (cluster, random) => {
      const { mood } = cluster.master;
      mood.apply = 'slow';
      mood.slowMs = between(random, 10, 500);
      cluster.world.later(between(random, 200, 2_000), () => {
        mood.apply = 'well';
      });
      return true;
    },
  },
  {
    name: 'create-delta-throws',
    chance: 0.05,
    strike: (cluster, random) => {
      const { mood } = cluster.master;
      mood.delta = 'throws';
      cluster.world.later(between(random, 200, 3_000), () => {
        mood.delta = 'well';
      });
      return true;
    },
  },
];
