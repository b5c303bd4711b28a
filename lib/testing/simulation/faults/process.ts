/** What happens to processes: they die, sleep, stall, come back as somebody else. */
import { SlaveNode } from '../node.js';
import { anySlave, between, type Fault, pick } from './fault.js';

const anyPowerLoss = ['all', 'prefix', 'prefix'] as const;

export const PROCESS_FAULTS: readonly Fault[] = [
  {
    name: 'kill-slave',
    chance: 0.06,
    strike: (cluster, random) => {
      const slave = anySlave(cluster, random);
      if (slave === undefined) return false;
      cluster.crash(slave, null, between(random, 0, 2_000));
      return true;
    },
  },
  {
    name: 'kill-master',
    chance: 0.05,
    strike: (cluster, random) => {
      if (!cluster.master.isAlive) return false;
      cluster.crash(cluster.master, null, between(random, 0, 3_000));
      return true;
    },
  },
  {
    name: 'power-cut-slave',
    chance: 0.05,
    strike: (cluster, random) => {
      const slave = anySlave(cluster, random);
      if (slave === undefined) return false;
      cluster.crash(slave, pick(random, anyPowerLoss) ?? 'all', between(random, 0, 2_000));
      return true;
    },
  },
  {
    name: 'power-cut-master',
    chance: 0.05,
    strike: (cluster, random) => {
      if (!cluster.master.isAlive) return false;
      const loss = pick(random, anyPowerLoss) ?? 'all';
      cluster.crash(cluster.master, loss, between(random, 0, 3_000));
      return true;
    },
  },
  {
    name: 'kill-during-start',
    chance: 0.04,
    strike: (cluster, random) => {
      const node = pick(random, [cluster.master, ...cluster.slaves]);
      if (node === undefined || node.disk === null) return false;
      cluster.crash(node, null, 0);
      // Reads and writes of the start take a while, so that it can be met in the middle.
      const readMs = between(random, 1, 20);
      node.disk.health = { writeMs: () => readMs, writeFault: () => null };
      const { world } = cluster;
      node.boot();
      world.later(between(random, 0, 120), () => {
        cluster.crash(node, random() < 0.5 ? 'prefix' : null, between(random, 0, 500));
        node.recover();
      });
      return true;
    },
  },
  {
    name: 'kill-both',
    chance: 0.03,
    strike: (cluster, random) => {
      const slave = anySlave(cluster, random);
      if (slave === undefined || !cluster.master.isAlive) return false;
      cluster.crash(slave, 'prefix', between(random, 0, 2_000));
      cluster.crash(cluster.master, 'prefix', between(random, 0, 2_000));
      return true;
    },
  },
  {
    name: 'restart',
    chance: 0.03,
    strike: (cluster, random) => {
      const node = pick(random, [cluster.master, ...cluster.slaves]);
      if (node === undefined || !node.isRunning) return false;
      const { life } = node;
      void node.stop();
      cluster.restart(node, between(random, 0, 1_000));
      // Stuck work may keep a stop from ending; a person would not wait for ever.
      cluster.world.later(8_000, () => {
        if (node.life === life) cluster.crash(node, null, 0);
      });
      return true;
    },
  },
  {
    name: 'pause',
    chance: 0.04,
    strike: (cluster, random) => {
      const node = pick(random, [cluster.master, ...cluster.slaves]);
      const process = node?.life?.process;
      if (process === undefined || process.isPaused) return false;
      process.pause();
      cluster.world.trace.note(`${node?.name} sleeps`);
      // Longer than every time-out (T20).
      cluster.world.later(between(random, 2_000, 9_000), () => process.resume('arrivals-first'));
      return true;
    },
  },
  {
    name: 'stall',
    chance: 0.06,
    strike: (cluster, random) => {
      const node = pick(random, [cluster.master, ...cluster.slaves]);
      const process = node?.life?.process;
      if (process === undefined || process.isPaused) return false;
      process.pause();
      cluster.world.trace.note(`${node?.name} stalls`);
      const order = random() < 0.7 ? 'timers-first' : 'arrivals-first';
      cluster.world.later(between(random, 50, 2_000), () => process.resume(order));
      return true;
    },
  },
  {
    name: 'clock-rate',
    chance: 0.04,
    strike: (cluster, random) => {
      const node = pick(random, [cluster.master, ...cluster.slaves]);
      const process = node?.life?.process;
      if (process === undefined) return false;
      process.setRate(pick(random, [0.2, 0.5, 2, 10]) ?? 2);
      cluster.world.later(between(random, 1_000, 10_000), () => process.setRate(1));
      return true;
    },
  },
  {
    name: 'new-id',
    chance: 0.02,
    strike: (cluster, random) => {
      const slave = anySlave(cluster, random);
      if (slave === undefined) return false;
      slave.kill(null);
      const before = slave.id;
      slave.id = `${slave.name}-${Math.floor(random() * 1e6)}`;
      cluster.goneIds.add(before);
      cluster.master.life?.face.forget(before);
      cluster.restart(slave, between(random, 0, 1_000));
      return true;
    },
  },
  {
    name: 'cloned-id',
    chance: 0.04,
    strike: (cluster, random) => {
      const slave = anySlave(cluster, random);
      if (slave === undefined || cluster.clone !== null) return false;
      // Two machines made from one image: the same id, the same disk content.
      const name = `${slave.name}-clone`;
      const disk = slave.disk === null ? null : cluster.newDisk(name);
      if (disk !== null && slave.disk !== null) disk.restore(slave.disk.backup());
      // Another machine than the clone before it, from a later or an earlier place.
      cluster.world.oracle.slaveForgets(name, true);
      const clone = new SlaveNode(cluster.world, name, disk, slave.follows);
      clone.id = slave.id;
      clone.onStartFailed = () => cluster.dropClone();
      cluster.clone = clone;
      clone.boot();
      cluster.world.later(between(random, 500, 5_000), () => cluster.dropClone());
      return true;
    },
  },
];
