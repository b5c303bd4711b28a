/** What disks do: lose, tear, rot, fill up, fail, and come back as they were long ago. */
import { recordIn } from '../disk-records.js';
import { ITEM } from '../world.js';
import { anySlave, between, type Fault, pick } from './fault.js';

const isMasterThere = 0.5;

export const DISK_FAULTS: readonly Fault[] = [
  {
    name: 'slow-disk',
    chance: 0.05,
    strike: (cluster, random) => {
      const node = pick(random, [cluster.master, ...cluster.slaves]);
      if (node?.disk == null) return false;
      const mostMs = between(random, 5, 400);
      node.disk.health = { writeMs: () => random() * mostMs, writeFault: () => null };
      cluster.world.later(between(random, 500, 5_000), () => node.healDisk());
      return true;
    },
  },
  {
    name: 'io-error',
    chance: 0.03,
    strike: (cluster, random) => {
      const node = pick(random, [cluster.master, ...cluster.slaves]);
      if (node?.disk == null) return false;
      let left = 1 + Math.floor(random() * 3);
      node.disk.health = {
        writeMs: () => 0,
        writeFault: () => {
          left -= 1;
          return left < 1 ? 'EIO' : null;
        },
      };
      cluster.world.later(between(random, 300, 2_000), () => node.healDisk());
      return true;
    },
  },
  {
    name: 'disk-full',
    chance: 0.03,
    strike: (cluster, random) => {
      const node = pick(random, [cluster.master, ...cluster.slaves]);
      if (node?.disk == null) return false;
      node.disk.health = { writeMs: () => 0, writeFault: () => 'ENOSPC' };
      cluster.world.later(between(random, 300, 4_000), () => node.healDisk());
      return true;
    },
  },
  {
    name: 'torn-write',
    chance: 0.03,
    strike: (cluster, random) => {
      const slave = anySlave(cluster, random);
      if (slave?.disk == null) return false;
      cluster.crash(slave, 'torn', between(random, 0, 1_500));
      return true;
    },
  },
  {
    name: 'lost-middle-write',
    chance: 0.03,
    strike: (cluster, random) => {
      const slave = anySlave(cluster, random);
      if (slave?.disk == null) return false;
      cluster.crash(slave, 'hole', between(random, 0, 1_500));
      return true;
    },
  },
  {
    name: 'bit-rot',
    chance: 0.03,
    strike: (cluster, random) => {
      const slave = anySlave(cluster, random);
      const node = random() < isMasterThere ? cluster.master : slave;
      if (node?.disk == null || !node.isAlive) return false;
      node.kill(null);
      // Of an original somebody has a good copy: the simulation is not about losing all of them.
      cluster.keepImage(node.disk);
      // What a master reads at its start: damage in the copy it came from would stay unseen.
      node.disk.rot(`${node.role}/`);
      cluster.restart(node, between(random, 0, 1_500));
      return true;
    },
  },
  {
    name: 'stale-slave',
    chance: 0.03,
    strike: (cluster, random) => {
      const slave = anySlave(cluster, random);
      const { disk } = slave ?? {};
      if (slave === undefined || disk == null || disk.isDamaged) return false;
      const image = disk.backup();
      cluster.world.later(between(random, 500, 6_000), () => {
        // Meanwhile it may have become the disk of a master.
        if (slave.disk !== disk) return;
        slave.kill(null);
        disk.restore(image);
        cluster.world.oracle.slaveForgets(slave.name, true);
        cluster.world.trace.note(`${slave.name} gets an old image of its disk`);
        cluster.restart(slave, between(random, 0, 1_000));
      });
      return true;
    },
  },
  {
    name: 'empty-slave',
    chance: 0.02,
    strike: (cluster, random) => {
      const slave = anySlave(cluster, random);
      if (slave?.disk == null) return false;
      slave.kill(null);
      slave.disk.restore(new Map());
      cluster.world.oracle.slaveForgets(slave.name, true);
      cluster.restart(slave, between(random, 0, 1_000));
      return true;
    },
  },
  {
    name: 'stale-master',
    chance: 0.02,
    strike: (cluster, random) => {
      const { master } = cluster;
      if (master.disk === null || master.disk.isDamaged) return false;
      const image = master.disk.backup();
      const { acknowledgements } = cluster.world.oracle;
      // A copy on its way to being an original is no backup of one.
      if (recordIn(image, 'master', ITEM, 'lineage') === undefined) return false;
      cluster.world.later(between(random, 500, 5_000), () => {
        if (master !== cluster.master) return;
        cluster.rewindMaster(image, acknowledgements);
        cluster.restart(master, between(random, 0, 1_000));
      });
      return true;
    },
  },
  {
    name: 'empty-master',
    chance: 0.01,
    strike: (cluster, random) => {
      if (!cluster.master.isRunning) return false;
      cluster.rewindMaster(new Map(), 0);
      cluster.restart(cluster.master, between(random, 0, 1_000));
      return true;
    },
  },
];
