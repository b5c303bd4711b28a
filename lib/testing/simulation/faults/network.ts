/** What networks do: every fault but the weather, which is a constant of the run. */
import type { Random } from '../../../runtime/random.js';
import type { Cluster } from '../cluster.js';
import { between, type ConstantFault, type Fault, pick } from './fault.js';

function anyLink<M, S>(cluster: Cluster<M, S>, random: Random): readonly [string, string] {
  const slave = pick(random, cluster.slaves);
  return [cluster.master.name, slave?.name ?? 's1'];
}

/** Cuts the two off for a while. */
function partition<M, S>(
  { world }: Cluster<M, S>,
  [from, to]: readonly [string, string],
  lastsMs: number,
  oneWay: boolean,
): void {
  world.network.partition(from, to, { oneWay });
  world.trace.note(`partition ${from} ${oneWay ? '->' : '<->'} ${to}`);
  world.later(lastsMs, () => world.network.heal(from, to));
}

export const NETWORK_FAULTS: readonly Fault[] = [
  {
    name: 'partition',
    chance: 0.05,
    strike: (cluster, random) => {
      partition(cluster, anyLink(cluster, random), between(random, 200, 5_000), false);
      return true;
    },
  },
  {
    name: 'one-way-partition',
    chance: 0.05,
    strike: (cluster, random) => {
      const [master, slave] = anyLink(cluster, random);
      const link = random() < 0.5 ? ([master, slave] as const) : ([slave, master] as const);
      partition(cluster, link, between(random, 200, 5_000), true);
      return true;
    },
  },
  {
    name: 'flapping',
    chance: 0.03,
    strike: (cluster, random) => {
      const link = anyLink(cluster, random);
      const { world } = cluster;
      // Close to the heartbeat, where retries and repeats meet in the worst way (T16).
      const periodMs = world.constants.heartbeatMs * between(random, 0.7, 1.3) + 20;
      for (let turn = 0; turn < 8; turn += 1) {
        world.later(2 * turn * periodMs, () => partition(cluster, link, periodMs, false));
      }
      return true;
    },
  },
  {
    name: 'disconnect',
    chance: 0.08,
    strike: (cluster, random) => {
      const [master, slave] = anyLink(cluster, random);
      cluster.world.network.cut(master, slave);
      return true;
    },
  },
  {
    name: 'disconnect-in-transfer',
    chance: 0.08,
    strike: (cluster, random) => {
      const { watch, clock, network } = cluster.world;
      const parts = 1 + Math.floor(random() * 3);
      let seen = 0;
      watch.onPart = (master, slaves) => {
        seen += 1;
        if (seen < parts) return;
        watch.onPart = () => {};
        // Not from within the call that sends it.
        clock.setImmediate(() => {
          for (const slave of slaves) network.cut(master, slave);
        });
      };
      return true;
    },
  },
  {
    name: 'clog',
    chance: 0.04,
    strike: (cluster, random) => {
      const { world } = cluster;
      const [master, slave] = anyLink(cluster, random);
      const bytesPerSecond = Math.floor(between(random, 2_000, 40_000));
      world.network.setFaults(master, slave, { ...world.constants.weather, bytesPerSecond });
      world.later(between(random, 500, 6_000), () => {
        world.network.setFaults(master, slave, world.constants.weather);
        // What waits would still leave at the old pace: a megabyte of it takes minutes.
        world.network.cut(master, slave);
      });
      return true;
    },
  },
  {
    name: 'half-open',
    chance: 0.03,
    strike: (cluster, random) => {
      // The other side learns of the death only when the line is there again.
      const slave = pick(random, cluster.slaves);
      if (slave === undefined || !slave.isAlive) return false;
      const awayMs = between(random, 500, 4_000);
      partition(cluster, [cluster.master.name, slave.name], awayMs, false);
      cluster.crash(slave, 'prefix', awayMs + between(random, 0, 500));
      return true;
    },
  },
];

/** Of every link, all the time. */
export const WEATHER_FAULTS: readonly ConstantFault[] = [
  {
    name: 'loss',
    set: (constants, random) => {
      constants.weather = { ...constants.weather, lossRatio: between(random, 0.01, 0.2) };
    },
  },
  {
    name: 'duplicates',
    set: (constants, random) => {
      constants.weather = { ...constants.weather, duplicateRatio: between(random, 0.05, 0.4) };
    },
  },
  {
    name: 'reordering',
    set: (constants, random) => {
      const reorderMsMax = between(random, 20, 1_500);
      constants.weather = {
        ...constants.weather,
        reorderRatio: between(random, 0.05, 0.3),
        reorderMsMax,
      };
    },
  },
  {
    name: 'delay',
    set: (constants, random) => {
      constants.weather = { ...constants.weather, delayMsMean: between(random, 10, 150) };
    },
  },
  {
    name: 'flipped-bits',
    set: (constants, random) => {
      constants.weather = { ...constants.weather, corruptRatio: between(random, 0.01, 0.05) };
    },
  },
];
