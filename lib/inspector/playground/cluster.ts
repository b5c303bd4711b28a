/**
 * The playground without its page: one master and up to eight slaves, all real, each in a process
 * that can be killed, on disks that keep what was written, over the memory network.
 */
import type { Enveloped, Method } from '../../../machines/protocol.js';
import { ReplicationError, reasonOf } from '../../errors.js';
import type { Clock } from '../../runtime/clock.js';
import type { ReplicationTask } from '../../service/task.js';
import { type MemoryNetwork, memoryNetwork } from '../../transports/memory/index.js';
import { decodeFrame } from '../../wire/frame.js';
import { Flights } from './flights.js';
import { MASTER, PlayMasterNode, PlaySlaveNode, type PlayWorld } from './play-node.js';
import { type PlayValue, playValue } from './play-value.js';
import { ScaledClock } from './scaled-clock.js';

export const SLAVES_MIN = 1;
export const SLAVES_MAX = 8;
const SLAVES_AT_START = 3;
const CHANGES_KEPT = 50;
/** Long enough to be seen fly, short enough not to slow anything down that a person tries. */
const DELAY_MS = 60;

export interface PlayClusterOptions {
  /** @default the machine's own */
  readonly clock: Clock;
  readonly seed: string;
  /** Receives everything that the `inspect` option of the nodes is told. */
  readonly inspect?: (event: unknown) => void;
}

export interface LinkSettings {
  /** Milliseconds every frame takes. */
  readonly delayMs: number;
  /** The share of frames that never arrive, 0 to 1. */
  readonly lossRatio: number;
}

/** One change that was asked for, and what became of it. */
export interface PlayChange {
  readonly value: PlayValue;
  readonly method: Method;
  readonly state: 'open' | 'made' | 'refused';
  /** Null until it is made. */
  readonly version: number | null;
  /** Why it was not made; empty otherwise. */
  readonly reason: string;
}

export interface NodeView {
  readonly id: string;
  readonly role: 'master' | 'slave';
  readonly isUp: boolean;
  /** 0 and null before the first copy. */
  readonly version: number;
  readonly value: PlayValue | null;
  /** One word: `current`, `behind`, `in doubt`, `serving`, `dead`, ... */
  readonly stage: string;
  readonly problem: string | null;
  readonly isCut: boolean;
  readonly isVetoing: boolean;
  readonly slowMs: number;
}

export class PlayCluster {
  readonly clock: ScaledClock;
  readonly flights: Flights;
  readonly master: PlayMasterNode;
  /** Kills the master where its decision is made and nobody was told. */
  diesDeciding = false;
  readonly #network: MemoryNetwork;
  readonly #world: PlayWorld;
  readonly #slaves: PlaySlaveNode[] = [];
  readonly #cut = new Set<string>();
  readonly #listeners = new Set<() => void>();
  #links: LinkSettings = { delayMs: DELAY_MS, lossRatio: 0 };
  #changes: PlayChange[] = [];
  #number = 0;

  constructor(options: PlayClusterOptions) {
    const { seed, inspect = () => undefined } = options;
    this.clock = new ScaledClock(options.clock);
    this.flights = new Flights(this.clock);
    this.#network = memoryNetwork({ clock: this.clock, seed });
    this.#world = {
      clock: this.clock,
      seed,
      network: this.#network,
      flights: this.flights,
      delayMs: () => this.#links.delayMs,
      inspect,
      touched: () => this.#touched(),
    };
    const sent = (frame: Uint8Array) => this.#mayLeave(decodeFrame(frame));
    this.master = new PlayMasterNode(this.#world, { sent });
  }

  get slaves(): readonly PlaySlaveNode[] {
    return this.#slaves;
  }

  get links(): LinkSettings {
    return this.#links;
  }

  /** Newest last. */
  get changes(): readonly PlayChange[] {
    return this.#changes;
  }

  /** Called whenever something that can be seen may have changed; returns the end of it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async start(slaves = SLAVES_AT_START): Promise<void> {
    await this.master.boot();
    for (let count = 0; count < slaves; count += 1) await this.addSlave();
  }

  /** Starts another slave; without effect when there are as many as there may be. */
  async addSlave(): Promise<void> {
    if (this.#slaves.length >= SLAVES_MAX) return;
    const taken = new Set(this.#slaves.map(({ id }) => id));
    let number = 1;
    while (taken.has(`slave-${number}`)) number += 1;
    const node = new PlaySlaveNode(this.#world, `slave-${number}`);
    this.#slaves.push(node);
    this.#slaves.sort((left, right) => left.id.localeCompare(right.id));
    this.#setFaults(node.id);
    await node.boot();
  }

  /** Takes a slave away for good: it stops, its disk is gone, and its master forgets it. */
  async removeSlave(id: string): Promise<void> {
    const node = this.#slave(id);
    if (this.#slaves.length <= SLAVES_MIN) return;
    this.#slaves.splice(this.#slaves.indexOf(node), 1);
    this.mend(id);
    await node.stop();
    this.master.face?.forget(id);
    this.#touched();
  }

  kill(id: string): void {
    this.#node(id).kill();
  }

  restart(id: string): Promise<void> {
    return this.#node(id).boot();
  }

  /** Nothing passes between this slave and its master until `mend`. */
  cut(id: string): void {
    this.#network.partition(MASTER, this.#slave(id).id);
    this.#cut.add(id);
    this.#touched();
  }

  mend(id: string): void {
    this.#network.heal(MASTER, id);
    this.#cut.delete(id);
    this.#touched();
  }

  /** This slave says no to the next change; null: it does not, after all. */
  veto(id: string, reason: string | null): void {
    this.#slave(id).vetoNext = reason;
    this.#touched();
  }

  /** Its host takes so long to look at a change. */
  slow(id: string, ms: number): void {
    this.#slave(id).slowMs = ms;
    this.#touched();
  }

  setLinks(links: LinkSettings): void {
    this.#links = links;
    for (const { id } of this.#slaves) this.#setFaults(id);
    this.#touched();
  }

  setRate(rate: number): void {
    this.clock.setRate(rate);
    this.#touched();
  }

  /** Changes the data; the task never rejects, `changes` tells how it ended. */
  async change(method: Method): Promise<PlayChange> {
    this.#number += 1;
    const value = playValue(this.#number);
    const asked: PlayChange = { value, method, state: 'open', version: null, reason: '' };
    this.#changes = [...this.#changes, asked].slice(-CHANGES_KEPT);
    this.#touched();
    let end: PlayChange;
    try {
      const { version } = await this.#begin(value, method);
      end = { ...asked, state: 'made', version };
    } catch (error) {
      end = { ...asked, state: 'refused', reason: reasonOf(error) };
    }
    this.#changes = this.#changes.map((each) => (each === asked ? end : each));
    this.#touched();
    return end;
  }

  /** So many changes at once. */
  burst(method: Method, count: number): Promise<readonly PlayChange[]> {
    return Promise.all(Array.from({ length: count }, () => this.change(method)));
  }

  /** Whether all nodes are up and show the same. */
  get isInStep(): boolean {
    const views = this.view();
    const [first] = views;
    return views.every((each) => {
      const { isUp, version, value, stage } = each;
      const isAtRest = stage === 'serving' || stage === 'current';
      return (
        isUp && isAtRest && version === first?.version && value?.number === first.value?.number
      );
    });
  }

  /** The master first. */
  view(): readonly NodeView[] {
    return [this.#masterView(), ...this.#slaves.map((node) => this.#slaveView(node))];
  }

  async stop(): Promise<void> {
    this.setRate(1);
    await Promise.all([...this.#slaves, this.master].map((node) => node.stop()));
  }

  #begin(value: PlayValue, method: Method): ReplicationTask {
    const { face } = this.master;
    if (face !== null) return face.data.set(value, { method });
    throw new ReplicationError('NOT_RUNNING', 'the master is dead: restart it first');
  }

  /** The first word of a decision is a commit: until then only the master's disk knows. */
  #mayLeave(message: Enveloped): boolean {
    if (!this.diesDeciding || message.kind !== 'commit') return true;
    this.diesDeciding = false;
    this.master.kill();
    return false;
  }

  #setFaults(id: string): void {
    const { delayMs, lossRatio } = this.#links;
    const faults = { delayMsMin: delayMs, delayMsMean: delayMs, delayMsMax: delayMs, lossRatio };
    this.#network.setFaults(MASTER, id, faults);
    this.#network.setFaults(id, MASTER, faults);
  }

  #masterView(): NodeView {
    const { master } = this;
    const status = master.face?.status;
    return {
      id: master.id,
      role: 'master',
      isUp: master.isUp,
      version: master.shown?.version ?? 0,
      value: master.shown?.value ?? null,
      stage: status?.round?.stage.split('.', 1)[0] ?? status?.state ?? 'dead',
      problem: master.problem ?? status?.problem?.reason ?? null,
      isCut: false,
      isVetoing: false,
      slowMs: 0,
    };
  }

  #slaveView(node: PlaySlaveNode): NodeView {
    const status = node.face?.status;
    return {
      id: node.id,
      role: 'slave',
      isUp: node.isUp,
      version: node.shown?.version ?? 0,
      value: node.shown?.value ?? null,
      stage: status?.summary ?? 'dead',
      problem: node.problem ?? status?.problem?.reason ?? null,
      isCut: this.#cut.has(node.id),
      isVetoing: node.vetoNext !== null,
      slowMs: node.slowMs,
    };
  }

  #node(id: string): PlayMasterNode | PlaySlaveNode {
    return id === MASTER ? this.master : this.#slave(id);
  }

  #slave(id: string): PlaySlaveNode {
    const node = this.#slaves.find((each) => each.id === id);
    if (node !== undefined) return node;
    throw new ReplicationError('INVALID_OPTION', `there is no node "${id}" in this playground`);
  }

  #touched(): void {
    for (const listener of this.#listeners) listener();
  }
}
