/**
 * One master and its slaves, real ones, over TCP on loopback, with a wire tap at every transport
 * and a journal of every call into every user layer. Whatever a test does, all of it is stopped
 * and its folder removed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  LayerDefinition,
  MasterUserLayer,
  SlaveUserLayer,
} from '../../lib/layers/contract.js';
import { createMaster, type Master } from '../../lib/master.js';
import type { MasterOptions } from '../../lib/master-options.js';
import { createSlave, type Slave } from '../../lib/slave.js';
import type { SlaveOptions } from '../../lib/slave-options.js';
import { diskStore } from '../../lib/stores/disk.js';
import { type TcpMasterTransport, tcpConnect, tcpListen } from '../../lib/transports/tcp/index.js';
import { Journal } from './claims-journal.js';
import { recordedMaster, recordedSlave } from './claims-layers.js';
import { MasterTap, SlaveTap } from './claims-tap.js';
import { until } from './recording-sink.js';

export const DEADLINE_MS = 10_000;
const ITEM = 'settings';
/** Nothing is repeated, and nobody asks twice, unless a test is about that. */
const QUIET = {
  master: { heartbeat: 60_000, voteTimeout: 30_000 },
  slave: { silence: 60_000, jitter: 0 },
};

type MasterExtras = Partial<Omit<MasterOptions<unknown>, 'data' | 'transport' | 'item' | 'store'>>;
type SlaveExtras = Partial<Omit<SlaveOptions<unknown>, 'data' | 'transport' | 'item' | 'store'>>;

export interface ClusterSetup<M, S> {
  readonly data: LayerDefinition<M, S>;
  /** Ids of the slaves that `withCluster` starts and brings up to date. @default a and b */
  readonly slaves?: readonly string[];
  /** Layers of slaves that differ from `data`, by id. */
  readonly slaveData?: Readonly<Record<string, LayerDefinition<unknown, S>>>;
  readonly master?: MasterExtras;
  readonly slave?: SlaveExtras;
  /** Every side keeps its data in a folder of its own. @default false */
  readonly isOnDisk?: boolean;
}

/** A slave, its user layer, and the tap on its connection. */
export interface Member<S> {
  readonly id: string;
  readonly slave: Slave<S>;
  readonly layer: SlaveUserLayer & S;
  readonly tap: SlaveTap;
}

export class Cluster<M, S> {
  readonly journal = new Journal();
  /** What happened until every slave was up to date; `journal` begins after it. */
  startup = new Journal();
  readonly #setup: ClusterSetup<M, S>;
  readonly #folder: string;
  readonly #members = new Map<string, Member<S>>();
  readonly #stops: Array<() => Promise<void>> = [];
  #master: Master<M> | null = null;
  #layer: (MasterUserLayer & M) | null = null;
  #tap: MasterTap | null = null;
  #port = 0;

  constructor(setup: ClusterSetup<M, S>, folder: string) {
    this.#setup = setup;
    this.#folder = folder;
  }

  get master(): Master<M> {
    return present(this.#master, 'the master');
  }

  get masterLayer(): MasterUserLayer & M {
    return present(this.#layer, "the master's layer");
  }

  get masterTap(): MasterTap {
    return present(this.#tap, "the master's tap");
  }

  get port(): number {
    return this.#port;
  }

  get members(): ReadonlyArray<Member<S>> {
    return [...this.#members.values()];
  }

  member(id: string): Member<S> {
    return present(this.#members.get(id), `slave ${id}`);
  }

  /** Where this side keeps its data when `isOnDisk`. */
  folderOf(id: string): string {
    return join(this.#folder, id);
  }

  get version(): number {
    return present(this.master.position, 'the position of the master').version;
  }

  /** Starts a master on the port of the last one; `layer` is one that has lived before. */
  async startMaster(layer?: MasterUserLayer & M): Promise<void> {
    const { data, isOnDisk, master: extras } = this.#setup;
    const used = layer ?? recordedMaster(data, this.journal);
    const listener: TcpMasterTransport = tcpListen({ port: this.#port });
    const tap = new MasterTap(listener, 'master', this.journal);
    const store = isOnDisk === true ? { store: diskStore(this.folderOf('master')) } : {};
    const fixed = { item: ITEM, data: used, transport: tap };
    const options = { ...fixed, ...QUIET.master, ...store, ...extras };
    const master = createMaster<M>(options);
    this.#stops.push(() => master.stop());
    this.#layer = used;
    this.#tap = tap;
    this.#master = master;
    await master.start();
    this.#port = listener.port;
  }

  /** Starts a slave; `layer` is one that has lived before and holds its data itself. */
  async startSlave(id: string, layer?: SlaveUserLayer & S): Promise<Member<S>> {
    const { data, slaveData, isOnDisk, slave: extras } = this.#setup;
    const used = layer ?? recordedSlave(slaveData?.[id] ?? data, id, this.journal);
    const tap = new SlaveTap(tcpConnect({ port: this.#port }), id, this.journal);
    const store = isOnDisk === true ? { store: diskStore(this.folderOf(id)) } : {};
    const fixed = { item: ITEM, id, data: used, transport: tap };
    const options = { ...fixed, ...QUIET.slave, ...store, ...extras };
    const slave = createSlave<S>(options);
    this.#stops.push(() => slave.stop());
    const member = { id, slave, layer: used, tap };
    this.#members.set(id, member);
    await slave.start();
    return member;
  }

  /** Every slave holds what the master announced, and the master knows it. */
  async settle(): Promise<void> {
    await Promise.all(this.members.map(({ slave }) => slave.current({ timeout: DEADLINE_MS })));
    await this.confirmed();
  }

  /** Every slave is at the master's version, and told so. */
  async confirmed(): Promise<void> {
    const { version } = this;
    await until(
      `all of ${[...this.#members.keys()].join(', ')} at version ${version}`,
      () => {
        const rows = this.master
          .slaves()
          .filter((row) => row.link === 'live' && row.version === version);
        return [...this.#members.keys()].every((id) => rows.some((row) => row.id === id));
      },
      DEADLINE_MS,
    );
  }

  /** Waits for one slave to hold at least the master's version. */
  async reached(id: string, version = this.version): Promise<void> {
    await this.member(id).slave.waitFor(version, { timeout: DEADLINE_MS });
  }

  /** Waits until announcements that the tap of this slave drops have reached it. */
  lost(id: string, version = this.version): Promise<void> {
    return this.until(`the loss of version ${version} at ${id}`, () =>
      this.journal
        .dropped(id, 'announce')
        .some(({ message }) => message.position.version >= version),
    );
  }

  until(what: string, holds: () => boolean): Promise<void> {
    return until(what, holds, DEADLINE_MS);
  }

  /** The last started first, so that slaves say goodbye to a living master. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.reverse()) await stop();
  }
}

function present<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new Error(`there is no ${what}`);
  return value;
}

/** Runs `use` on a cluster that is up to date and whose journal is empty. */
export async function withCluster<M, S>(
  setup: ClusterSetup<M, S>,
  use: (cluster: Cluster<M, S>) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'replichart-claims-'));
  const cluster = new Cluster(setup, folder);
  try {
    await cluster.startMaster();
    for (const id of setup.slaves ?? ['a', 'b']) await cluster.startSlave(id);
    await cluster.settle();
    cluster.startup = cluster.journal.clear();
    await use(cluster);
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
