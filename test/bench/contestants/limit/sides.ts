/** Makes the two sides of a limit program over one codec. */
import type { ContestantSides } from '../contract.js';
import type { Codec } from './codec.js';
import { LimitMaster } from './limit-master.js';
import { LimitSlave } from './limit-slave.js';

export function limitSides<Held>(codec: Codec<Held>): ContestantSides {
  return {
    async createMasterSide() {
      const master = new LimitMaster(codec);
      await master.listen();
      return master;
    },
    async createSlaveSide(config, address) {
      return new LimitSlave(codec, Number(address), config.layer === 'sink');
    },
  };
}
