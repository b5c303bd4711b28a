/** Other masters: a copy is made the original, while the old one is dead, or lives. */
import { anySlave, between, type Fault } from './fault.js';

export const MASTER_FAULTS: readonly Fault[] = [
  {
    name: 'takeover',
    chance: 0.015,
    strike: (cluster, random) => {
      const slave = anySlave(cluster, random);
      if (slave?.disk == null || !cluster.canPromote(slave)) return false;
      cluster.promote(slave, between(random, 0, 1_000));
      cluster.retireOldMasters();
      return true;
    },
  },
  {
    name: 'rival-master',
    chance: 0.015,
    strike: (cluster, random) => {
      const slave = anySlave(cluster, random);
      if (slave?.disk == null || !cluster.canPromote(slave)) return false;
      // The old one lives on, with whoever was not told yet (S10).
      const old = cluster.master.name;
      cluster.promote(slave, between(random, 0, 1_000));
      // Somebody sends a slave of the new one back: it tells the old one that its reign is over.
      cluster.world.later(between(random, 2_000, 5_000), () => {
        const back = cluster.slaves.find(({ follows }) => follows !== old);
        if (back !== undefined) cluster.follow(back, old);
      });
      cluster.world.later(between(random, 4_000, 8_000), () => cluster.retireOldMasters());
      return true;
    },
  },
];
