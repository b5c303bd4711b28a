/** `redis`: pipelined SET to a server with `replicaof` replicas; the data is not in Node. */
import type { Value } from '../../values.js';
import type { ContestantSides, MasterSide, SideConfig } from '../contract.js';
import { GroupedWait } from './grouped-wait.js';
import { RespClient } from './resp-client.js';

/** Replies that may be outstanding before a load waits: as many as replichart's updates. */
const PENDING_MAX = 4096;

class RedisMaster implements MasterSide {
  readonly address = '';
  readonly #group: GroupedWait;

  constructor(
    private readonly client: RespClient,
    private readonly slaves: number,
  ) {
    this.#group = new GroupedWait(client, slaves);
  }

  async joined(): Promise<void> {}

  put(key: string, value: Value): void {
    this.client.send(['SET', key, JSON.stringify(value)]);
  }

  pressure(): Promise<void> | null {
    return this.client.pending < PENDING_MAX ? null : this.client.drained(PENDING_MAX / 2);
  }

  /** WAIT answers once the replicas acknowledged all that this connection wrote before. */
  async settled(): Promise<void> {
    const confirmed = await this.client.ask('WAIT', String(this.slaves), '0');
    if (confirmed !== this.slaves) throw new Error(`only ${confirmed} replicas confirmed`);
  }

  commit(key: string, value: Value): Promise<void> {
    return this.#group.set(key, JSON.stringify(value));
  }

  /** The data is in the servers; that all replicas have it is what WAIT says. */
  read(): undefined {
    return undefined;
  }

  stop(): Promise<void> {
    return this.client.close();
  }
}

export const createMasterSide: ContestantSides['createMasterSide'] = async (config: SideConfig) => {
  return new RedisMaster(await RespClient.connect(Number(config.server)), config.slaves);
};

export const createSlaveSide: ContestantSides['createSlaveSide'] = () => {
  throw new Error('the replicas of redis are servers');
};
