/** One master and many slaves, all real, in one process on a virtual clock. */
import { keyValue } from '../../../lib/layers/key-value/key-value.js';
import type { KeyValueMasterData } from '../../../lib/layers/key-value/master.js';
import type { KeyValueSlaveData } from '../../../lib/layers/key-value/slave.js';
import { createMaster, type Master } from '../../../lib/master.js';
import { seededIds } from '../../../lib/runtime/ids.js';
import { createSlave, type Slave } from '../../../lib/slave.js';
import { VirtualClock } from '../../../lib/testing/virtual-clock.js';
import { type MemoryNetwork, memoryNetwork } from '../../../lib/transports/memory/index.js';
import { MasterTap, SlaveTap } from './taps.js';

export const HEARTBEAT_MS = 1000;
const ITEM = 'many';
/** Frames take 2 to 40 ms, 8 in the mean, and keep their order. */
export const DELAYS = { delayMsMin: 2, delayMsMean: 8, delayMsMax: 40 };

export interface CrowdSlave {
  readonly id: string;
  readonly node: Slave<KeyValueSlaveData<string>>;
  readonly tap: SlaveTap;
  /** Deltas that it had to pull. */
  deltasPulled: number;
}

export interface CrowdOptions {
  readonly slaves: number;
  readonly seed: number;
  /** Bytes under way to a slave above which nothing more is pushed to it. */
  readonly highWaterBytes?: number;
}

/** Told that a slave's copy moved. */
type Moved = (slave: CrowdSlave, version: number) => void;

export class Crowd {
  readonly clock = new VirtualClock();
  readonly network: MemoryNetwork;
  readonly wire: MasterTap;
  readonly master: Master<KeyValueMasterData<string>>;
  readonly slaves: readonly CrowdSlave[];
  /** Whole states that the master's user layer was asked for. */
  snapshotsMade = 0;
  onMoved: Moved = () => {};

  constructor({ slaves, seed, highWaterBytes }: CrowdOptions) {
    const { clock } = this;
    const highWater = highWaterBytes === undefined ? {} : { highWaterBytes };
    this.network = memoryNetwork({ clock, seed, faults: DELAYS, ...highWater });
    this.wire = new MasterTap(this.network.listen());
    const data = keyValue<string>().createMasterLayer();
    const createSnapshot = data.createSnapshot.bind(data);
    data.createSnapshot = () => {
      this.snapshotsMade += 1;
      return createSnapshot();
    };
    const ids = seededIds(seed, 'master');
    this.master = createMaster({
      item: ITEM,
      data,
      transport: this.wire,
      clock,
      ids,
      heartbeat: HEARTBEAT_MS,
      // Ten thousand votes take this process longer than the network.
      voteTimeout: 30_000,
    });
    this.slaves = Array.from({ length: slaves }, (_, index) => this.#slave(`s${index}`, seed));
  }

  #slave(id: string, seed: number): CrowdSlave {
    const { clock } = this;
    const tap = new SlaveTap(this.network.connect({ name: id }), clock, this.wire);
    const node = createSlave<KeyValueSlaveData<string>>({
      item: ITEM,
      id,
      data: keyValue<string>(),
      transport: tap,
      clock,
      ids: seededIds(seed, id),
    });
    const slave: CrowdSlave = { id, node, tap, deltasPulled: 0 };
    node.on('position', ({ version }) => this.onMoved(slave, version));
    node.on('progress', ({ kind, chunks }) => {
      if (kind === 'delta' && chunks === 1) slave.deltasPulled += 1;
    });
    return slave;
  }

  /** Lets time pass until `work` is settled, and gives its result. */
  async finish<T>(work: PromiseLike<T>, limitMs = 600_000): Promise<T> {
    let isDone = false;
    const noted = Promise.resolve(work).finally(() => {
      isDone = true;
    });
    noted.catch(() => {});
    if (await this.clock.passUntil(() => isDone, limitMs)) return noted;
    throw new Error(`nothing came of it within ${limitMs} virtual milliseconds`);
  }

  /**
   * Lets time pass until each of `slaves` took `version`, at most `limitMs`; answers after how many
   * virtual milliseconds each one did, infinity where it did not.
   */
  async arrivals(slaves: readonly CrowdSlave[], version: number, limitMs: number) {
    const fromMs = this.clock.now();
    const arrivedMs = new Map<CrowdSlave, number>();
    const awaited = new Set(slaves.filter(({ node }) => (node.position?.version ?? 0) < version));
    this.onMoved = (slave, at) => {
      if (at >= version && awaited.delete(slave)) arrivedMs.set(slave, this.clock.now() - fromMs);
    };
    await this.clock.passUntil(() => awaited.size === 0, limitMs);
    this.onMoved = () => {};
    const late = awaited;
    return slaves.map((slave) =>
      late.has(slave) ? Number.POSITIVE_INFINITY : (arrivedMs.get(slave) ?? 0),
    );
  }

  /** Slaves that are not where the master is, by version and digest. */
  get behind(): readonly CrowdSlave[] {
    const to = this.master.position;
    return this.slaves.filter(({ node: { position } }) => {
      return position?.version !== to?.version || position?.digest !== to?.digest;
    });
  }

  async start(): Promise<void> {
    await this.finish(this.master.start());
  }

  /** All at once. */
  async join(): Promise<void> {
    await Promise.all(this.slaves.map(({ node }) => node.start()));
  }

  async stop(): Promise<void> {
    await this.finish(Promise.all(this.slaves.map(({ node }) => node.stop())));
    await this.finish(this.master.stop());
  }
}
