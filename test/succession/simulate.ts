/**
 * Nodes in virtual time, seed by seed: their processes die, stand still, run on clocks of another
 * rate and lose each other, while an oracle outside of them knows what was confirmed.
 */
import { type KeyValueMasterData, type KeyValueSlaveData, keyValue } from '../../lib/index.js';
import type { LeaseMember, LeaseService, LeaseSession } from '../../lib/node/lease.js';
import { type MemoryLease, memoryLease } from '../../lib/node/memory-lease.js';
import { createNode, type ReplicationNode } from '../../lib/node/node.js';
import { seededIds } from '../../lib/runtime/ids.js';
import { type Random, seededRandom } from '../../lib/runtime/random.js';
import { SimulatedDisk } from '../../lib/testing/simulation/disk.js';
import { SimulatedProcess } from '../../lib/testing/simulation/process.js';
import { MasterWire, SlaveWire } from '../../lib/testing/simulation/wire.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import { type MemoryNetwork, memoryNetwork } from '../../lib/transports/memory/index.js';

const LEASE_MS = 3000;
const TAKEOVER_LEASES_MAX = 3;
const FAULTS = ['kill', 'power', 'pause', 'isolate', 'lease', 'network', 'drift'] as const;
type Fault = (typeof FAULTS)[number];

type LoadNode = ReplicationNode<KeyValueMasterData<number>, KeyValueSlaveData<number>>;

/** The lease as one process has it: nothing of a dead one arrives, a paused one answers later. */
function leaseOf(process: SimulatedProcess, lease: LeaseService): LeaseService {
  const never = new Promise<never>(() => {});
  const guarded = async <T>(work: Promise<T>): Promise<T> => {
    if (process.isDead) return never;
    try {
      return await work;
    } finally {
      await process.awake();
    }
  };
  const join = async (member: LeaseMember): Promise<LeaseSession> => {
    const session = await guarded(
      lease.join({
        ...member,
        answer: async (question) => {
          await process.awake();
          const answer = await member.answer(question);
          await process.awake();
          return answer;
        },
        changed: (record) => process.arrive(() => member.changed(record)),
      }),
    );
    return {
      read: () => guarded(session.read()),
      write: (next, expected) => (process.isDead ? never : guarded(session.write(next, expected))),
      ask: (question, limits) => (process.isDead ? never : guarded(session.ask(question, limits))),
      leave: () => (process.isDead ? never : session.leave()),
    };
  };
  return { leaseMs: lease.leaseMs, isAutomatic: lease.isAutomatic, join };
}

interface Life {
  readonly process: SimulatedProcess;
  readonly node: LoadNode;
  readonly wires: Array<{ kill(): void }>;
}

export interface SimulationReport {
  readonly acknowledged: number;
  readonly reigns: number;
  readonly faults: number;
  readonly conflicts: number;
  readonly inDoubt: number;
  readonly slowestLeases: number;
  readonly violations: readonly string[];
}

class Simulation {
  readonly #clock = new VirtualClock({ quietTurns: 2 });
  readonly #random: Random;
  readonly #seed: string;
  readonly #network: MemoryNetwork;
  readonly #lease: MemoryLease;
  readonly #members: readonly string[];
  readonly #disks = new Map<string, SimulatedDisk>();
  readonly #lives = new Map<string, Life>();
  readonly #acks = new Map<string, { readonly node: string; readonly term: number }>();
  readonly #reigns: Array<{ readonly node: string; readonly term: number; readonly atMs: number }> =
    [];
  readonly #violations: string[] = [];
  readonly #doubts = new Set<string>();
  readonly #conflicts = new Set<string>();
  #made = 0;
  #born = 0;
  #slowestLeases = 0;
  #isLoaded = true;

  constructor(seed: string) {
    this.#seed = seed;
    this.#random = seededRandom(seed, 'succession');
    const size = this.#random() < 0.7 ? 3 : 5;
    this.#members = ['a', 'b', 'c', 'd', 'e'].slice(0, size);
    const faults = { delayMsMin: 1, delayMsMean: 3, delayMsMax: 40 };
    this.#network = memoryNetwork({ clock: this.#clock, seed, faults });
    this.#lease = memoryLease({ clock: this.#clock, leaseMs: LEASE_MS, delayMs: 2 });
    for (const id of this.#members) {
      this.#disks.set(id, new SimulatedDisk(id, seededRandom(seed, `disk ${id}`)));
    }
  }

  async run(faults: number): Promise<SimulationReport> {
    for (const id of this.#members) this.#boot(id);
    await this.#until(() => this.#leader() !== undefined, 4 * LEASE_MS, 'a first leader');
    for (let index = 0; index < faults; index += 1) await this.#fault();
    await this.#judge();
    return {
      acknowledged: this.#acks.size,
      reigns: this.#reigns.length,
      faults,
      conflicts: this.#conflicts.size,
      inDoubt: this.#doubts.size,
      slowestLeases: this.#slowestLeases,
      violations: this.#violations,
    };
  }

  #boot(id: string): void {
    this.#born += 1;
    const process = new SimulatedProcess(this.#clock);
    const wires: Array<{ kill(): void }> = [];
    const keep = <W extends { kill(): void }>(wire: W): W => {
      wires.push(wire);
      return wire;
    };
    const node: LoadNode = createNode({
      item: 'load',
      id,
      members: this.#members,
      data: keyValue<number>(),
      store: (this.#disks.get(id) as SimulatedDisk).mount(process),
      lease: leaseOf(process, this.#lease),
      transports: {
        listen: () => keep(new MasterWire(this.#network.listen(`at ${id}`), process, {})),
        connect: (leader) => {
          const inner = this.#network.connect({ to: `at ${leader}`, name: id });
          return keep(new SlaveWire(inner, process, {}));
        },
      },
      clock: process,
      ids: seededIds(this.#seed, `${id} ${this.#born}`),
    });
    this.#lives.set(id, { process, node, wires });
    node.on('role', (role) => {
      if (process.isDead || role !== 'leading') return;
      this.#reigns.push({ node: id, term: node.status.term, atMs: this.#clock.now() });
    });
    node.on('conflict', (conflict) => this.#conflicts.add(`${id} ${conflict.id}`));
    node.on('status', ({ inDoubt }) => {
      if (inDoubt !== null) this.#doubts.add(inDoubt.round);
    });
    node.on('trouble', ({ code, reason }) => {
      if (/effect \w+ failed|CORRUPT/.test(`${code} ${reason}`)) {
        this.#violations.push(`${id}: ${code} ${reason}`);
      }
    });
    node.start().catch((error: unknown) => {
      if (!process.isDead) this.#violations.push(`${id} did not start: ${String(error)}`);
    });
    this.#work(id, process, node);
  }

  /** Changes at random moments, for as long as the process lives. */
  #work(id: string, process: SimulatedProcess, node: LoadNode): void {
    process.setTimeout(
      () => {
        if (this.#isLoaded && node.role === 'leading') this.#change(id, process, node);
        this.#work(id, process, node);
      },
      5 + this.#random() * 150,
    );
  }

  #change(id: string, process: SimulatedProcess, node: LoadNode): void {
    this.#made += 1;
    const key = `${id}-${this.#made}`;
    const { term } = node.status;
    const method = this.#random() < 0.4 ? 'two-phase' : 'one-phase';
    node.data.set(key, this.#made, { method }).then(
      () => {
        if (!process.isDead) this.#acknowledged(key, id, term);
      },
      () => {},
    );
  }

  #acknowledged(key: string, node: string, term: number): void {
    const nowMs = this.#clock.now();
    const later = this.#reigns.find((reign) => reign.term > term && reign.atMs < nowMs);
    if (later !== undefined) {
      this.#violations.push(`${key} confirmed in term ${term} at ${nowMs}, after ${later.term}`);
    }
    this.#acks.set(key, { node, term });
  }

  #leader(): LoadNode | undefined {
    return [...this.#lives.values()].find(
      ({ node, process }) => node.role === 'leading' && !process.isPaused,
    )?.node;
  }

  /** One fault after the other, so that each is measured alone; how they meet is up to chance. */
  async #fault(): Promise<void> {
    await this.#clock.pass(this.#random() * 2000);
    const kind = FAULTS[Math.floor(this.#random() * FAULTS.length)] as Fault;
    const leader = this.#leader()?.id;
    const random = this.#members[Math.floor(this.#random() * this.#members.length)] as string;
    const victim = this.#random() < 0.8 ? (leader ?? random) : random;
    const lastMs = LEASE_MS * (0.2 + this.#random() * 1.8);
    const atMs = this.#clock.now();
    const doubts = this.#doubts.size;
    this.#begin(kind, victim);
    await this.#clock.pass(lastMs);
    const isMeasured = (kind === 'kill' || kind === 'power') && victim === leader;
    // While a round is in doubt its master is waited for, as it must be.
    const isInTime = () => this.#reigns.some((reign) => reign.atMs > atMs);
    if (isMeasured && this.#doubts.size === doubts) {
      const waitMs = TAKEOVER_LEASES_MAX * LEASE_MS - lastMs;
      if (waitMs > 0) await this.#clock.passUntil(isInTime, waitMs);
      this.#measure(kind, atMs, this.#doubts.size > doubts);
    }
    this.#end(kind, victim);
    await this.#until(() => this.#leader() !== undefined, 8 * LEASE_MS, `a leader after ${kind}`);
  }

  #measure(kind: Fault, atMs: number, isInDoubt: boolean): void {
    const reign = this.#reigns.find((each) => each.atMs > atMs);
    if (reign === undefined && this.#isWaitingForAll()) return;
    if (isInDoubt) return;
    const leases = ((reign?.atMs ?? Number.POSITIVE_INFINITY) - atMs) / LEASE_MS;
    this.#slowestLeases = Math.max(this.#slowestLeases, leases);
    if (leases <= TAKEOVER_LEASES_MAX) return;
    this.#violations.push(`no leader within ${TAKEOVER_LEASES_MAX} leases of ${atMs} (${kind})`);
  }

  /**
   * The first leader died before anybody had a change of it: whatever there is, is on its disk, and
   * none of those who live may begin without it. That it goes on with it is judged once it is back.
   */
  #isWaitingForAll(): boolean {
    const lives = [...this.#lives.values()];
    const areEmpty = lives.every(({ node }) => node.position === null);
    return areEmpty && lives.length < this.#members.length;
  }

  #begin(kind: Fault, victim: string): void {
    const life = this.#lives.get(victim);
    if (life === undefined) return;
    if (kind === 'kill' || kind === 'power') {
      life.process.kill();
      for (const wire of life.wires) wire.kill();
      this.#lives.delete(victim);
      this.#disks.get(victim)?.crash(kind === 'power' ? 'all' : null);
    } else if (kind === 'pause') life.process.pause();
    else if (kind === 'drift') life.process.setRate(0.97 + this.#random() * 0.06);
    else {
      if (kind !== 'network') this.#lease.cutOff(victim);
      if (kind !== 'lease') this.#partition(victim);
    }
  }

  #partition(victim: string): void {
    for (const id of this.#members) {
      if (id === victim) continue;
      this.#network.partition(id, `at ${victim}`);
      this.#network.partition(victim, `at ${id}`);
    }
  }

  #end(kind: Fault, victim: string): void {
    if (kind === 'kill' || kind === 'power') this.#boot(victim);
    else if (kind === 'pause') {
      const order = this.#random() < 0.5 ? 'timers-first' : 'arrivals-first';
      this.#lives.get(victim)?.process.resume(order);
    } else if (kind === 'drift') this.#lives.get(victim)?.process.setRate(1);
    this.#lease.restore(victim);
    this.#network.heal();
  }

  async #until(isReached: () => boolean, limitMs: number, what: string): Promise<void> {
    if (await this.#clock.passUntil(isReached, limitMs)) return;
    const roles = [...this.#lives].map(([id, { node }]) => `${id} ${JSON.stringify(node.status)}`);
    this.#violations.push(`stuck at ${this.#clock.now()}: no ${what}; ${roles.join('; ')}`);
  }

  async #judge(): Promise<void> {
    this.#isLoaded = false;
    const nodes = () => [...this.#lives.values()].map(({ node }) => node);
    const versions = () => new Set(nodes().map(({ position }) => position?.version));
    const isFine = ({ role, status: { copy } }: LoadNode) =>
      role === 'leading' ||
      (copy?.data === 'current' && copy.link === 'live' && copy.round === 'none');
    const isCalm = () => versions().size === 1 && nodes().every(isFine);
    await this.#until(isCalm, 10 * LEASE_MS, 'common version at the end');
    const contents = nodes().map(({ data }) => new Map(data.entries()));
    for (const key of this.#acks.keys()) {
      if (contents.some((content) => !content.has(key))) this.#violations.push(`lost: ${key}`);
    }
    if (new Set(contents.map((content) => [...content.keys()].sort().join())).size > 1) {
      this.#violations.push('the copies differ');
    }
    const leaders = new Map<number, string>();
    for (const { term, node } of [...this.#acks.values(), ...this.#reigns]) {
      if ((leaders.get(term) ?? node) !== node) this.#violations.push(`two leaders in ${term}`);
      leaders.set(term, node);
    }
    await this.#stop(nodes());
  }

  async #stop(nodes: readonly LoadNode[]): Promise<void> {
    const stops = Promise.all(nodes.map((node) => node.stop()));
    await this.#clock.pass(10 * LEASE_MS);
    await stops;
    for (const { process } of this.#lives.values()) process.kill();
    const left = this.#clock.pending.length;
    if (left > 0) this.#violations.push(`${left} timers are left after everything was stopped`);
  }
}

/** One seed, with so many faults one after the other. */
export function simulateSuccession(seed: string, faults: number): Promise<SimulationReport> {
  return new Simulation(seed).run(faults);
}
