/** Three nodes in virtual time over a memory network, for tests of what a host sees. */
import { type DocumentMasterData, type DocumentSlaveData, document } from '../../lib/index.js';
import {
  createNode,
  type LeaseService,
  type MemoryLease,
  memoryLease,
  type NodeOptions,
  type ReplicationNode,
} from '../../lib/node/index.js';
import { memoryStore } from '../../lib/stores/memory.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import { type MemoryNetwork, memoryNetwork } from '../../lib/transports/memory/index.js';

export interface Tree {
  n: number;
}

export type TreeNode = ReplicationNode<DocumentMasterData<Tree>, DocumentSlaveData<Tree>>;
type TreeOptions = NodeOptions<DocumentMasterData<Tree>, DocumentSlaveData<Tree>>;

export const LEASE_MS = 3000;
export const MEMBERS = ['a', 'b', 'c'];

export class NodeWorld {
  readonly clock = new VirtualClock();
  readonly network: MemoryNetwork;
  readonly lease: MemoryLease = memoryLease({ clock: this.clock, leaseMs: LEASE_MS });
  readonly nodes = new Map<string, TreeNode>();
  readonly #stores = new Map(MEMBERS.map((id) => [id, memoryStore()]));

  /** @param delayMs of every frame, so that a test can act while one is under way */
  constructor(delayMs = 0) {
    const faults = { delayMsMin: delayMs, delayMsMean: delayMs };
    this.network = memoryNetwork({ clock: this.clock, faults });
  }

  node(id: string): TreeNode {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`${id} was not made`);
    return node;
  }

  /** A fresh node of this id, on what the last one left. */
  make(id: string, more: Partial<TreeOptions> = {}, lease: LeaseService = this.lease): TreeNode {
    const store = this.#stores.get(id);
    const node: TreeNode = createNode({
      item: 'tree',
      id,
      members: MEMBERS,
      data: document<Tree>({ n: 0 }),
      lease,
      clock: this.clock,
      transports: {
        listen: () => this.network.listen(`at ${id}`),
        connect: (leader) => this.network.connect({ to: `at ${leader}`, name: id }),
      },
      ...(store === undefined ? {} : { store }),
      ...more,
    });
    this.nodes.set(id, node);
    return node;
  }

  /**
   * All three, with a leader.
   * @param more the same for all, or for each by its id
   */
  async begin(
    more: Partial<TreeOptions> | ((id: string) => Partial<TreeOptions>) = {},
    lease?: LeaseService,
  ): Promise<TreeNode> {
    const optionsOf = typeof more === 'function' ? more : () => more;
    const starts = MEMBERS.map((id) => this.make(id, optionsOf(id), lease).start());
    await this.clock.pass(50);
    await Promise.all(starts);
    return this.leader();
  }

  async leader(): Promise<TreeNode> {
    const find = () => [...this.nodes.values()].find(({ role }) => role === 'leading');
    await this.clock.passUntil(() => find() !== undefined, 5 * LEASE_MS);
    const node = find();
    if (node === undefined) throw new Error('no node leads');
    return node;
  }

  /** Nobody reaches this node any more, and it reaches nobody. */
  isolate(victim: string): void {
    this.lease.cutOff(victim);
    for (const id of MEMBERS.filter((each) => each !== victim)) {
      this.network.partition(id, `at ${victim}`);
      this.network.partition(victim, `at ${id}`);
    }
  }

  rejoin(victim: string): void {
    this.lease.restore(victim);
    this.network.heal();
  }

  /** Lets time pass until the promise settles; answers its value or its error's code. */
  async settled<T>(work: PromiseLike<T>, limitMs = 5 * LEASE_MS): Promise<T | string> {
    let end: { readonly value: T | string } | undefined;
    work.then(
      (value) => {
        end = { value };
      },
      (error: { readonly code?: string }) => {
        end = { value: error.code ?? String(error) };
      },
    );
    await this.clock.passUntil(() => end !== undefined, limitMs);
    return end === undefined ? 'pending' : end.value;
  }

  async end(): Promise<number> {
    const stops = Promise.all([...this.nodes.values()].map((node) => node.stop()));
    await this.clock.pass(10 * LEASE_MS);
    await stops;
    return this.clock.pending.length;
  }
}
