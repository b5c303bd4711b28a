/** A tree of relays that lives at random: its nodes die, move and return, over bad links. */
import type { ReplicationError } from '../../lib/errors.js';
import { Veto } from '../../lib/errors.js';
import { document } from '../../lib/layers/document/document.js';
import { type Random, seededRandom } from '../../lib/runtime/random.js';
import type { Trouble } from '../../lib/service/status.js';
import { decodeFrame } from '../../lib/wire/frame.js';
import { RelayCluster, type RelayLife } from './relay-cluster.js';
import { setter, TWO_PHASE } from './service-changes.js';
import type { MasterLife, SlaveLife } from './service-cluster.js';
import { ServiceDisk } from './service-disk.js';
import type { Tree } from './service-rules.js';

/** Where each relay hangs: `deep` is a relay of a relay. */
const PARENTS: Readonly<Record<string, string>> = { near: 'master', far: 'master', deep: 'near' };
const VOTE_MS: Readonly<Record<string, number>> = { near: 1100, far: 1100, deep: 700 };
const LEAVES = ['s1', 's2', 's3', 's4', 's5', 's6'];
const HOMES = ['near', 'far', 'deep', 'master'];

/** What a run did, so that a test can say that it was not idle. */
export interface SwarmFigures {
  acknowledged: number;
  aborted: number;
  vetoed: number;
  killed: number;
  moved: number;
}

export class RelaySwarm {
  readonly cluster: RelayCluster;
  readonly figures: SwarmFigures = { acknowledged: 0, aborted: 0, vetoed: 0, killed: 0, moved: 0 };
  readonly #random: Random;
  readonly #disks = new Map<string, ServiceDisk>();
  readonly #diskless = new Set<string>();
  readonly #homes = new Map<string, string>();
  readonly #acknowledged: string[] = [];
  /** Rounds that a leaf said no to: committed by a master, they break S2. */
  readonly #refused = new Map<string, string>();
  readonly #broken: string[] = [];
  readonly #isSlow: boolean;
  #vetoRatio: number;
  #master: MasterLife | null = null;
  readonly #relays = new Map<string, RelayLife>();
  readonly #leaves = new Map<string, SlaveLife>();

  constructor(seed: string | number) {
    const random = seededRandom(seed, 'relay swarm');
    this.#random = random;
    const faults = {
      lossRatio: random() < 0.5 ? 0.08 : 0,
      duplicateRatio: random() < 0.4 ? 0.2 : 0,
      reorderRatio: random() < 0.4 ? 0.2 : 0,
      reorderMsMax: 600,
      delayMsMean: random() * 40,
    };
    this.cluster = new RelayCluster({ seed, faults });
    this.#isSlow = random() < 0.4;
    this.#vetoRatio = random() < 0.6 ? 0.08 : 0;
    for (const id of [...Object.keys(PARENTS), ...LEAVES]) {
      if (random() < 0.4) this.#diskless.add(id);
    }
    for (const id of LEAVES) this.#homes.set(id, this.#pick(HOMES));
  }

  /** @throws what was broken, first of all */
  async live(steps: number): Promise<void> {
    await this.#bearMaster();
    for (const id of Object.keys(PARENTS)) await this.#bearRelay(id);
    for (const id of LEAVES) await this.#bearLeaf(id);
    for (let step = 0; step < steps; step += 1) await this.#step(step);
    await this.#heal();
    this.#check();
  }

  async #step(step: number): Promise<void> {
    const { cluster } = this;
    const random = this.#random;
    this.#change(`k${step}`);
    await cluster.clock.pass(random() * 400);
    const dice = random();
    const kind = random() < 0.5 ? 'power' : 'process';
    if (dice < 0.06) return this.#again(this.#master, kind, 2_500, () => this.#bearMaster());
    if (dice < 0.2) {
      const id = this.#pick(Object.keys(PARENTS));
      return this.#again(this.#relays.get(id), kind, 2_000, () => this.#bearRelay(id));
    }
    if (dice < 0.3) {
      const id = this.#pick(LEAVES);
      return this.#again(this.#leaves.get(id), kind, 1_500, () => this.#bearLeaf(id));
    }
    if (dice < 0.38) {
      const id = this.#pick(LEAVES);
      this.#homes.set(id, this.#pick(HOMES));
      this.figures.moved += 1;
      return this.#again(this.#leaves.get(id), kind, 800, () => this.#bearLeaf(id));
    }
    if (dice < 0.46) {
      const id = this.#pick(Object.keys(PARENTS));
      cluster.network.partition(PARENTS[id] as string, id);
      await cluster.clock.pass(random() * 4_000);
      cluster.network.heal();
    }
  }

  #change(key: string): void {
    const { data } = (this.#master as MasterLife).node;
    const isTwoPhase = this.#random() < 0.6;
    data.update(setter(key), isTwoPhase ? TWO_PHASE : {}).then(
      () => {
        this.figures.acknowledged += 1;
        this.#acknowledged.push(key);
      },
      (error: ReplicationError) => {
        if (error.code !== 'ABORTED') return;
        this.figures.aborted += 1;
        this.cluster.rules.aborted(key);
      },
    );
  }

  async #again(
    life: { kill(kind: 'process' | 'power'): void } | null | undefined,
    kind: 'process' | 'power',
    awayMs: number,
    bear: () => Promise<void>,
  ): Promise<void> {
    life?.kill(kind);
    this.figures.killed += 1;
    // The world goes on without it.
    const until = this.cluster.clock.now() + this.#random() * awayMs;
    while (this.cluster.clock.now() < until) await this.cluster.clock.pass(100);
    await bear();
  }

  async #bearMaster(): Promise<void> {
    const disk = this.#diskOf('master');
    const life = this.cluster.master({ ...disk, heartbeat: 300, voteTimeout: 1500 });
    this.#master = life;
    life.wire.onSend = (frame) => {
      const message = decodeFrame(frame);
      const leaf = message.kind === 'commit' && this.#refused.get(message.round);
      if (leaf) this.#broken.push(`S2: ${message.kind} of a round that ${leaf} refused`);
    };
    await this.cluster.start(life);
  }

  async #bearRelay(id: string): Promise<void> {
    const to = PARENTS[id] as string;
    const timing = { silence: 900, voteTimeout: VOTE_MS[id] as number, logBytesMax: 2_000 };
    const life = this.cluster.relay(id, { ...this.#diskOf(id), to, ...timing });
    this.#relays.set(id, life);
    this.#watch(life);
    await this.cluster.start(life);
  }

  async #bearLeaf(id: string): Promise<void> {
    const to = this.#homes.get(id) as string;
    const data = document<Tree>(
      {},
      {
        prepare: () => {
          if (this.#random() < this.#vetoRatio) throw new Veto('not today');
        },
      },
    );
    const life = this.cluster.slave(id, { ...this.#diskOf(id), to, data, silence: 900 });
    life.wire.onSend = (frame) => {
      const message = decodeFrame(frame);
      if (message.kind !== 'vote') return;
      // One that still holds another round may say yes when it is asked again; so may one that
      // lost its no with its life. A veto that stands is final.
      if (message.answer === 'yes' && this.#refused.get(message.round) === id) {
        this.#refused.delete(message.round);
      }
      if (message.code !== 'VETOED') return;
      this.figures.vetoed += 1;
      this.#refused.set(message.round, id);
    };
    this.#leaves.set(id, life);
    this.#watch(life);
    await this.cluster.start(life);
  }

  /** These links damage nothing: what is taken for damaged was made wrong here. */
  #watch({ node }: Pick<RelayLife | SlaveLife, 'node'>): void {
    const { id } = node;
    const listen = node.on as (event: 'trouble', listener: (trouble: Trouble) => void) => void;
    listen.call(node, 'trouble', ({ code, reason }) => {
      if (code === 'CORRUPT' || /effect .* failed/.test(reason)) {
        this.#broken.push(`S12, S14: ${id}: ${code} ${reason}`);
      }
    });
  }

  #diskOf(id: string): { disk?: ServiceDisk } {
    if (this.#diskless.has(id)) return {};
    const disk = this.#disks.get(id) ?? new ServiceDisk();
    this.#disks.set(id, disk);
    if (this.#isSlow) {
      disk.before = () =>
        new Promise((done) => this.cluster.clock.setTimeout(done, this.#random() * 60));
    }
    return { disk };
  }

  async #heal(): Promise<void> {
    const { cluster } = this;
    this.#vetoRatio = 0;
    const names = ['master', ...Object.keys(PARENTS), ...LEAVES];
    for (const from of names) {
      for (const to of names) if (from !== to) cluster.network.setFaults(from, to, {});
    }
    cluster.network.heal();
    const master = this.#master as MasterLife;
    await cluster.clock.pass(10_000);
    await cluster.converge(master, [...this.#leaves.values()]);
    const last = master.node.data.update(setter('last'), { ...TWO_PHASE, ack: 'applied' });
    const { unconfirmed } = await cluster.finish(last);
    if (unconfirmed.length > 0) this.#broken.push(`unconfirmed at the end: ${unconfirmed}`);
    for (const { node } of this.#leaves.values()) {
      if (node.data.get()?.last !== 1) this.#broken.push(`applied, but not by ${node.id}`);
    }
    await cluster.converge(master, [...this.#leaves.values()]);
    for (const { node } of this.#leaves.values()) {
      const { summary } = node.status;
      if (summary !== 'current') this.#broken.push(`L3: ${node.id} ends as ${summary}`);
    }
  }

  #check(): void {
    const value = (this.#master as MasterLife).node.data.get();
    for (const key of this.#acknowledged) {
      if (!(key in value)) this.#broken.push(`S3: ${key} was acknowledged and is gone`);
    }
    if (this.#broken.length > 0) throw new Error(this.#broken.slice(0, 5).join('\n'));
  }

  #pick(names: readonly string[]): string {
    return names[Math.floor(this.#random() * names.length)] as string;
  }
}
