/** The processes of one contestant in one cell: servers, a master, its slaves. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CONTESTANTS } from './contestants/catalogue.js';
import type { Servers } from './contestants/catalogue-types.js';
import type { LayerKind, StoreKind } from './contestants/contract.js';
import type { NodeConfig } from './node/messages.js';
import { NodeProcess } from './node-process.js';
import { SEQUENCE_FIRST } from './values.js';

export interface ClusterPlan {
  readonly contestant: string;
  readonly layer: LayerKind;
  readonly store: StoreKind;
  readonly slaves: number;
  /** Slaves that share a process. @default 1 */
  readonly copies?: number;
  readonly valueBytes: number;
  readonly folder: string;
  /** Where CPU profiles of its processes go. */
  readonly profileFolder: string | null;
}

export class Cluster {
  readonly slaves: NodeProcess[] = [];
  #sequence = SEQUENCE_FIRST;

  private constructor(
    readonly plan: ClusterPlan,
    readonly master: NodeProcess,
    private readonly servers: Servers | null,
  ) {}

  /** Master up and every slave connected and current. */
  static async start(plan: ClusterPlan): Promise<Cluster> {
    const contestant = CONTESTANTS[plan.contestant];
    if (contestant === undefined) throw new Error(`unknown contestant ${plan.contestant}`);
    const { slaves, store, folder } = plan;
    await mkdir(folder, { recursive: true });
    const servers = (await contestant.startServers?.({ slaves, store, folder })) ?? null;
    let master: NodeProcess | null = null;
    let cluster: Cluster | null = null;
    try {
      const base = configOf(plan, servers);
      master = await NodeProcess.start({ ...base, folder: join(folder, 'master') });
      cluster = new Cluster(plan, master, servers);
      if (contestant.hasSlaves) await cluster.#join();
      return cluster;
    } catch (error) {
      master?.kill();
      for (const slave of cluster?.slaves ?? []) slave.kill();
      await servers?.stop();
      throw error;
    }
  }

  /** Reserves numbers for `updates` updates; no two updates of a cluster share one. */
  sequences(updates: number): number {
    const first = this.#sequence;
    this.#sequence += updates;
    return first;
  }

  /** One more process of slaves, not connected yet. */
  async addSlaves(id: string, copies: number): Promise<NodeProcess> {
    const { folder } = this.plan;
    const slave = await NodeProcess.start({
      ...configOf(this.plan, this.servers),
      role: 'slave',
      id,
      copies,
      address: this.master.address,
      folder: join(folder, id),
    });
    this.slaves.push(slave);
    return slave;
  }

  /** @throws {Error} when a copy differs from the original: its figures would mean nothing */
  async verify(keys: number): Promise<void> {
    const sides = [this.master, ...this.slaves];
    const answers = await Promise.all(sides.map((side) => side.ask('checksum', { keys })));
    const sums = answers.flatMap(({ checksums }) => checksums);
    if (new Set(sums).size === 1) return;
    throw new Error(`copies of ${this.plan.contestant} differ: ${sums.join(' ')}`);
  }

  /** Ends a process of slaves for good. */
  async removeSlaves(slave: NodeProcess): Promise<void> {
    this.slaves.splice(this.slaves.indexOf(slave), 1);
    await slave.stop();
  }

  async stop(): Promise<void> {
    await Promise.all(this.slaves.map((slave) => slave.stop()));
    await this.master.stop();
    await this.servers?.stop();
  }

  async #join(): Promise<void> {
    const { slaves, copies = 1 } = this.plan;
    const processes = Array.from({ length: slaves / copies }, (_, place) => `slave-${place}`);
    const joining = await Promise.all(processes.map((id) => this.addSlaves(id, copies)));
    await Promise.all(joining.map((slave) => slave.ask('connect', null)));
    await this.master.ask('joined', { slaves });
  }
}

function configOf(plan: ClusterPlan, servers: Servers | null): NodeConfig {
  const { contestant, layer, store, slaves, valueBytes, folder, profileFolder } = plan;
  const server = servers?.address ?? null;
  const shared = { contestant, layer, store, slaves, valueBytes, folder, server };
  const place = { role: 'master', id: 'master', copies: 1, address: '' } as const;
  return { ...shared, ...place, profileFolder };
}
