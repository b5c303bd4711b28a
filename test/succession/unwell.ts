/** Nodes in virtual time over a lease service that is unwell, seed by seed, and who judges them. */
import { type KeyValueMasterData, type KeyValueSlaveData, keyValue } from '../../lib/index.js';
import { type MemoryLease, memoryLease } from '../../lib/node/memory-lease.js';
import { createNode, type ReplicationNode } from '../../lib/node/node.js';
import { seededIds } from '../../lib/runtime/ids.js';
import { type Random, seededRandom } from '../../lib/runtime/random.js';
import { memoryStore } from '../../lib/stores/memory.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import { type MemoryNetwork, memoryNetwork } from '../../lib/transports/memory/index.js';
import { LATE_LEASES_MAX, UnwellLease } from '../support/unwell-lease.js';

const LEASE_MS = 3000;
const SPANS = 8;
/** A session that never settles gives up what it has under way, one call after the other. */
const STOP_LEASES_MAX = 10;
/** What was under way when the service got well may still arrive, and hold the lease once more. */
const LEADER_LEASES_MAX = LATE_LEASES_MAX + 8;

type Node = ReplicationNode<KeyValueMasterData<number>, KeyValueSlaveData<number>>;

export interface UnwellReport {
  readonly violations: readonly string[];
  readonly confirmed: number;
  readonly reigns: number;
  readonly troubles: number;
  readonly spanMs: number;
}

class UnwellWorld {
  readonly #seed: number;
  readonly #random: Random;
  readonly #clock = new VirtualClock({ quietTurns: 2 });
  readonly #network: MemoryNetwork;
  readonly #record: MemoryLease;
  readonly #lease: UnwellLease;
  readonly #members: readonly string[];
  readonly #stores = new Map<string, ReturnType<typeof memoryStore>>();
  readonly #nodes = new Map<string, Node>();
  readonly #confirmed = new Map<string, { readonly node: string; readonly term: number }>();
  readonly #reigns: Array<{ readonly node: string; readonly term: number; readonly atMs: number }> =
    [];
  readonly #violations: string[] = [];
  #troubles = 0;
  #made = 0;
  #born = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = seededRandom(seed, 'unwell');
    const sizes = [3, 3, 3, 2, 5, 1];
    this.#members = ['a', 'b', 'c', 'd', 'e'].slice(0, sizes[seed % sizes.length]);
    const faults = { delayMsMin: 1, delayMsMean: 3, delayMsMax: 40 };
    this.#network = memoryNetwork({ clock: this.#clock, seed: String(seed), faults });
    this.#record = memoryLease({ clock: this.#clock, leaseMs: LEASE_MS, delayMs: 2 });
    this.#lease = new UnwellLease(this.#record, this.#clock, seededRandom(seed, 'service'));
    for (const id of this.#members) this.#stores.set(id, memoryStore());
  }

  async run(): Promise<UnwellReport> {
    for (const id of this.#members) this.#begin(id);
    await this.#led('a first leader');
    this.#work();
    for (let span = 0; span < SPANS; span += 1) await this.#span();
    this.#heal();
    await this.#led('a leader at the end');
    await this.#judge();
    return {
      violations: this.#violations,
      confirmed: this.#confirmed.size,
      reigns: this.#reigns.length,
      troubles: this.#troubles,
      spanMs: this.#clock.now(),
    };
  }

  #pick<T>(among: readonly T[]): T {
    return among[Math.floor(this.#random() * among.length)] as T;
  }

  #begin(id: string): Node {
    this.#born += 1;
    const node: Node = createNode({
      item: 'load',
      id,
      members: this.#members,
      data: keyValue<number>(),
      store: this.#stores.get(id) ?? memoryStore(),
      lease: this.#lease,
      transports: {
        listen: () => this.#network.listen(`at ${id}`),
        connect: (leader) => this.#network.connect({ to: `at ${leader}`, name: id }),
      },
      clock: this.#clock,
      ids: seededIds(String(this.#seed), `${id} ${this.#born}`),
    });
    this.#nodes.set(id, node);
    node.on('role', (role) => {
      if (role !== 'leading') return;
      this.#reigns.push({ node: id, term: node.status.term, atMs: this.#clock.now() });
    });
    node.on('trouble', ({ code, reason }) => {
      this.#troubles += 1;
      if (/effect \w+ failed|CORRUPT/.test(`${code} ${reason}`)) {
        this.#violations.push(`${id}: ${code} ${reason}`);
      }
    });
    // A service that refuses to join keeps a node from starting: its host tries again.
    node.start().catch(() => {
      if (this.#nodes.get(id) === node) this.#nodes.delete(id);
    });
    return node;
  }

  #leader(): Node | undefined {
    return [...this.#nodes.values()].find(({ role }) => role === 'leading');
  }

  #work(): void {
    this.#clock.setTimeout(
      () => {
        if (this.#made < 0) return;
        for (const node of this.#nodes.values()) if (node.role === 'leading') this.#change(node);
        this.#work();
      },
      20 + this.#random() * 400,
    );
  }

  #change(node: Node): void {
    this.#made += 1;
    const key = `${node.id}-${this.#made}`;
    const { term } = node.status;
    const method = this.#random() < 0.3 ? 'two-phase' : 'one-phase';
    node.data.set(key, this.#made, { method }).then(
      () => {
        const nowMs = this.#clock.now();
        const later = this.#reigns.find((reign) => reign.term > term && reign.atMs < nowMs);
        if (later !== undefined) {
          this.#violations.push(`${key} of term ${term} confirmed at ${nowMs}, in ${later.term}`);
        }
        this.#confirmed.set(key, { node: node.id, term });
      },
      () => {},
    );
  }

  /** For some nodes the service is unwell; one may be parted, ordered to lead, or begun anew. */
  async #span(): Promise<void> {
    const ratio = this.#pick([0.1, 0.5, 0.9, 1]);
    const victims = this.#members.filter(() => this.#random() < 0.5);
    for (const id of victims) this.#lease.sicken(id, ratio);
    const restless = this.#pick(this.#members);
    const deed = this.#pick(['stop', 'promote', 'part', 'board', 'none', 'none'] as const);
    await this.#clock.pass(this.#random() * 2 * LEASE_MS);
    if (deed === 'stop') await this.#restart(restless);
    if (deed === 'promote') this.#promote(restless);
    if (deed === 'part') this.#part(restless);
    if (deed === 'board') this.#partBoard(restless);
    await this.#clock.pass(this.#random() * 4 * LEASE_MS);
    if (this.#random() < 0.5) {
      this.#heal();
      await this.#led(`a leader after ${victims.join()} ${ratio} ${deed} ${restless}`);
    }
  }

  /** Whether it comes to lead by that is up to the others. */
  #promote(id: string): void {
    const promoted = this.#nodes.get(id)?.promote({ timeout: 1 });
    promoted?.catch(() => {});
  }

  #part(id: string): void {
    this.#partBoard(id);
    for (const other of this.#members) {
      if (other === id) continue;
      this.#network.partition(other, `at ${id}`);
      this.#network.partition(id, `at ${other}`);
    }
  }

  #partBoard(id: string): void {
    for (const other of this.#members) if (other !== id) this.#record.partition(id, other);
  }

  async #restart(id: string): Promise<void> {
    const node = this.#nodes.get(id);
    if (node !== undefined) await this.#stop(node);
    this.#begin(id);
  }

  async #stop(node: Node): Promise<void> {
    let isOver = false;
    void node.stop().then(() => {
      isOver = true;
    });
    await this.#until(() => isOver, STOP_LEASES_MAX, `end of ${node.id}`);
  }

  #heal(): void {
    this.#lease.cure();
    this.#record.heal();
    this.#network.heal();
  }

  /** Whoever hangs in its start is begun anew by its host, as it has to. */
  async #led(what: string): Promise<void> {
    for (const id of this.#members) {
      const node = this.#nodes.get(id);
      if (node === undefined || node.role === 'starting') await this.#restart(id);
    }
    await this.#until(() => this.#leader() !== undefined, LEADER_LEASES_MAX, what);
  }

  async #until(isReached: () => boolean, leases: number, what: string): Promise<void> {
    if (await this.#clock.passUntil(isReached, leases * LEASE_MS)) return;
    const stands = [...this.#nodes.values()].map(({ id, role, status }) => {
      const { term, leader, problem, leaseMs } = status;
      return JSON.stringify({ id, role, term, leader, problem, leaseMs });
    });
    const record = JSON.stringify(this.#record.record('load'));
    this.#violations.push(`no ${what} at ${this.#clock.now()}: ${stands.join(' ')} ${record}`);
  }

  async #judge(): Promise<void> {
    const nodes = () => [...this.#nodes.values()];
    // The last leader's own changes have to arrive as well.
    await this.#clock.pass(LEASE_MS);
    this.#made = Number.NEGATIVE_INFINITY;
    const isFine = ({ role, status: { copy } }: Node) =>
      role === 'leading' ||
      (copy?.data === 'current' && copy.link === 'live' && copy.round === 'none');
    const versions = () => new Set(nodes().map(({ position }) => position?.version));
    const isCalm = () => versions().size === 1 && nodes().every(isFine);
    await this.#until(isCalm, LEADER_LEASES_MAX, 'common version at the end');
    for (const node of nodes()) {
      for (const key of this.#confirmed.keys()) {
        if (!node.data.has(key)) this.#violations.push(`${node.id} lost ${key}`);
      }
    }
    const leaders = new Map<number, string>();
    for (const { term, node } of [...this.#confirmed.values(), ...this.#reigns]) {
      if ((leaders.get(term) ?? node) !== node) this.#violations.push(`two leaders in ${term}`);
      leaders.set(term, node);
    }
    for (const node of nodes()) await this.#stop(node);
    await this.#clock.pass((LATE_LEASES_MAX + 4) * LEASE_MS);
    const left = this.#clock.pending.length;
    if (left > 0) this.#violations.push(`${left} timers are left after everything was stopped`);
  }
}

/** One seed; what went wrong is listed. */
export function simulateUnwellLease(seed: number): Promise<UnwellReport> {
  return new UnwellWorld(seed).run();
}
