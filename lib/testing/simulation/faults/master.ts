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
      cluster.promote(slave, between(random, 0, 1_000));
      cluster.world.later(between(random, 1_000, 8_000), () => cluster.retireOldMasters());
      return true;
    },
  },
];
