/** `postgres`: one statement per update on a pool of connections; replicas by streaming. */

import type { Value } from '../../values.js';
import type { ContestantSides, MasterSide } from '../contract.js';
import { openPool, type PostgresPool } from './postgres-pool.js';

class PostgresMaster implements MasterSide {
  readonly address = '';

  constructor(private readonly pool: PostgresPool) {}

  async joined(): Promise<void> {}

  put(): void {
    throw new Error('postgres takes acknowledged updates only');
  }

  pressure(): null {
    return null;
  }

  commit(key: string, value: Value): Promise<void> {
    return this.pool.set(key, JSON.stringify(value));
  }

  /** The data is in the servers; `remote_apply` says that all replicas show it. */
  read(): undefined {
    return undefined;
  }

  stop(): Promise<void> {
    return this.pool.close();
  }
}

export const createMasterSide: ContestantSides['createMasterSide'] = async ({ server }) => {
  return new PostgresMaster(await openPool(Number(server)));
};

export const createSlaveSide: ContestantSides['createSlaveSide'] = () => {
  throw new Error('the replicas of postgres are servers');
};
