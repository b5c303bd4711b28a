/** Real masters and slaves on a virtual clock and a memory network, watched by the rules S1-S9. */
import { document } from '../../lib/layers/document/document.js';
import type { DocumentMasterData } from '../../lib/layers/document/master.js';
import type { DocumentSlaveData } from '../../lib/layers/document/slave.js';
import { createMaster } from '../../lib/master.js';
import type { MasterOptions } from '../../lib/master-options.js';
import { type IdSource, seededIds } from '../../lib/runtime/ids.js';
import type { Trouble } from '../../lib/service/status.js';
import { createSlave } from '../../lib/slave.js';
import type { SlaveOptions } from '../../lib/slave-options.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import {
  type LinkFaults,
  type MemoryNetwork,
  memoryNetwork,
} from '../../lib/transports/memory/index.js';
import type { ServiceDisk } from './service-disk.js';
import { ProcessClock, ProcessMaster, ProcessSlave } from './service-process.js';
import { ServiceRules, type TestMaster, type TestSlave, type Tree } from './service-rules.js';

export interface Life {
  readonly clock: ProcessClock;
  readonly disk: ServiceDisk | null;
  readonly troubles: Trouble[];
  /** Dies as a process does: no goodbye, no flush. `power` loses what was not synced. */
  kill(kind?: 'process' | 'power'): void;
}

export interface MasterLife extends Life {
  readonly node: TestMaster;
  readonly wire: ProcessMaster;
}

export interface SlaveLife extends Life {
  readonly node: TestSlave;
  readonly wire: ProcessSlave;
}

export interface ClusterOptions {
  readonly seed?: string | number;
  readonly faults?: LinkFaults;
  readonly highWaterBytes?: number;
  readonly maxFrameBytes?: number;
}

type MasterPart = Partial<MasterOptions<DocumentMasterData<Tree>>> & {
  readonly disk?: ServiceDisk;
};
type SlavePart = Partial<SlaveOptions<DocumentSlaveData<Tree>>> & { readonly disk?: ServiceDisk };

interface Process {
  readonly node: { on(event: 'trouble', listener: (trouble: Trouble) => void): unknown };
  readonly wire: { kill(): void };
  readonly clock: ProcessClock;
  readonly disk: ServiceDisk | null;
}

/** Keeps what a process has to complain of, and lets it die. */
export function lifeOf<Parts extends Process>(parts: Parts, unwatch: () => void) {
  const { node, wire, clock, disk } = parts;
  const troubles: Trouble[] = [];
  node.on('trouble', (trouble) => troubles.push(trouble));
  const kill = (kind: 'process' | 'power' = 'process') => {
    unwatch();
    clock.kill();
    wire.kill();
    disk?.crash(kind);
  };
  return { ...parts, troubles, kill };
}

export class ServiceCluster {
  readonly clock = new VirtualClock();
  readonly network: MemoryNetwork;
  readonly rules = new ServiceRules();
  readonly #seed: string | number;
  #lives = 0;

  constructor(options: ClusterOptions = {}) {
    this.#seed = options.seed ?? 'cluster';
    this.network = memoryNetwork({ ...options, clock: this.clock });
  }

  /** A master's process, not started. Its name on the network is its id. */
  master(options: MasterPart = {}): MasterLife {
    const clock = new ProcessClock(this.clock);
    const { disk = null, ...given } = options;
    const wire = new ProcessMaster(this.network.listen(given.id ?? 'master'));
    const node = createMaster<DocumentMasterData<Tree>>({
      item: 'item',
      data: document<Tree>({}),
      transport: wire,
      clock,
      ids: this.newIds(),
      ...(disk === null ? {} : { store: disk }),
      ...given,
    });
    return lifeOf({ node, wire, clock, disk }, this.rules.watchMaster(node));
  }

  /** A slave's process, not started. */
  slave(id: string, options: SlavePart & { readonly to?: string } = {}): SlaveLife {
    const clock = new ProcessClock(this.clock);
    const { disk = null, to = 'master', ...given } = options;
    const wire = new ProcessSlave(this.network.connect({ to, name: id }));
    const node = createSlave<DocumentSlaveData<Tree>>({
      item: 'item',
      id,
      data: document<Tree>({}),
      transport: wire,
      clock,
      ids: this.newIds(),
      ...(disk === null ? {} : { store: disk }),
      ...given,
    });
    return lifeOf({ node, wire, clock, disk }, this.rules.watchSlave(node));
  }

  /** Jitter comes from ids, too: with them a seed gives the same run each time. */
  newIds(): IdSource {
    this.#lives += 1;
    return seededIds(this.#seed, `life ${this.#lives}`);
  }

  /** Starts everything and waits until it is done, or failed. */
  async start(...lives: ReadonlyArray<{ readonly node: { start(): Promise<void> } }>) {
    await this.finish(Promise.all(lives.map(({ node }) => node.start())));
  }

  async stop(...lives: ReadonlyArray<{ readonly node: { stop(): Promise<void> } }>) {
    await this.finish(Promise.all(lives.map(({ node }) => node.stop())));
  }

  /** Lets time pass until `work` is settled, and gives its result. */
  async finish<T>(work: PromiseLike<T>, limitMs = 120_000): Promise<T> {
    let isDone = false;
    const noted = Promise.resolve(work).finally(() => {
      isDone = true;
    });
    noted.catch(() => {});
    if (await this.clock.passUntil(() => isDone, limitMs)) return noted;
    throw new Error(`nothing came of it within ${limitMs} virtual milliseconds`);
  }

  /** What `work` is rejected with. */
  async failure(work: PromiseLike<unknown>, limitMs?: number): Promise<unknown> {
    let result: unknown;
    try {
      result = await this.finish(work, limitMs);
    } catch (error) {
      return error;
    }
    throw new Error(`it should have failed, but gave ${JSON.stringify(result)}`);
  }

  /** Lets time pass until it holds; throws with what was wanted, if it never does. */
  async until(what: string, holds: () => boolean, limitMs = 60_000): Promise<void> {
    if (await this.clock.passUntil(holds, limitMs)) return;
    throw new Error(`${what}: not so within ${limitMs} virtual milliseconds`);
  }

  /** L2: all slaves reach the master's version; the rules held all the way, and at the end. */
  async converge(master: MasterLife, slaves: readonly SlaveLife[], limitMs = 60_000) {
    const reached = () =>
      slaves.every(({ node }) => {
        const at = node.position;
        const to = master.node.position;
        return at?.version === to?.version && at?.digest === to?.digest && at !== null;
      });
    if (!(await this.clock.passUntil(reached, limitMs))) {
      const rows = slaves.map(({ node }) => [node.id, node.position?.version, node.status]);
      const to = JSON.stringify([master.node.position, master.node.status]);
      throw new Error(`no convergence in ${limitMs} ms: ${to} <- ${JSON.stringify(rows)}`);
    }
    this.rules.check();
  }
}
