/** Kills the leader again and again, and judges from outside what the nodes confirmed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Random, seededRandom } from '../../lib/runtime/random.js';
import { type NatsServer, startNatsServer } from '../support/nats-server.js';
import { HostProcess } from './host-process.js';
import { Journal } from './journal.js';
import { type HostState, monotonicMs } from './messages.js';

export interface SuccessionSettings {
  readonly kills: number;
  readonly seed: string;
  readonly leaseMs: number;
  readonly tell: (line: string) => void;
}

export interface SuccessionReport {
  readonly kills: number;
  readonly stops: number;
  readonly acknowledged: number;
  readonly twoPhase: number;
  readonly unconfirmed: number;
  readonly lost: readonly string[];
  readonly doubleLeaders: readonly string[];
  readonly lateAcks: readonly string[];
  /** In leases, from the death of the leader; with a round in doubt from when it was back. */
  readonly takeovers: readonly number[];
  /** In leases, from the death of the leader, with every wait. */
  readonly wholeTakeovers: readonly number[];
  readonly inDoubt: number;
  readonly conflicts: number;
  readonly stuck: readonly string[];
  readonly wrongs: readonly string[];
}

const MEMBERS = ['a', 'b', 'c'];
/** Of the takeover times that are stops (SIGSTOP) and no kills. */
const STOP_RATIO = 0.15;
/** Leases without a leader after which it counts as stuck; three are demanded. */
const PATIENCE_LEASES = 15;
/** Takeovers slower than this are told in full. */
const SLOW_LEASES = 2.5;
const START_MS = 60_000;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

class Check {
  readonly #settings: SuccessionSettings;
  readonly #journal = new Journal();
  readonly #random: Random;
  readonly #hosts: readonly HostProcess[];
  readonly #takeovers: number[] = [];
  readonly #waits: number[] = [];
  readonly #stuck: string[] = [];
  readonly #wrongs: string[] = [];
  #stops = 0;

  constructor(settings: SuccessionSettings, server: NatsServer, folder: string) {
    this.#settings = settings;
    const { seed, leaseMs } = settings;
    this.#random = seededRandom(seed, 'kills');
    this.#hosts = MEMBERS.map(
      (id) =>
        new HostProcess(
          { id, members: MEMBERS, url: server.url, folder: join(folder, id), leaseMs, seed },
          (node, line) => this.#journal.hear(node, line),
        ),
    );
  }

  async run(): Promise<SuccessionReport> {
    try {
      for (const host of this.#hosts) this.#start(host);
      const isLed = () => this.#journal.reigns.length > 0;
      if (!(await this.#until(isLed, START_MS, 'first leader'))) return await this.#judge();
      for (let kill = 1; kill <= this.#settings.kills; kill += 1) await this.#round(kill);
      return await this.#judge();
    } finally {
      await Promise.all(this.#hosts.map((host) => host.kill()));
    }
  }

  #start(host: HostProcess): void {
    host.start();
    host.send('load');
  }

  /** One death of the leader, at a random point of its load, and the takeover after it. */
  async #round(kill: number): Promise<void> {
    const { leaseMs, tell } = this.#settings;
    const before = this.#journal.acks.size;
    const doubts = this.#journal.doubts.size;
    const isLoaded = await this.#until(
      () => this.#journal.acks.size > before + 5 && this.#leader() !== undefined,
      PATIENCE_LEASES * leaseMs,
      `confirmed changes before kill ${kill}`,
    );
    if (!isLoaded) return;
    await pause(this.#random() * 400);
    const leader = this.#leader();
    if (leader === undefined) return this.#round(kill);
    const isStop = this.#random() < STOP_RATIO;
    const atMs = monotonicMs();
    if (isStop) leader.signal('SIGSTOP');
    else await leader.kill();
    this.#stops += Number(isStop);
    const back = pause(leaseMs * (isStop ? 1.2 + this.#random() : 0.1 + 0.5 * this.#random()));
    void back.then(() => (isStop ? leader.signal('SIGCONT') : this.#start(leader)));
    const patienceMs = PATIENCE_LEASES * leaseMs;
    const next = () => this.#journal.reignAfter(atMs);
    await this.#until(() => next() !== undefined, patienceMs, `leader after kill ${kill}`);
    await back;
    const reign = next();
    if (reign === undefined) return undefined;
    const isDoubted = this.#journal.doubts.size > doubts;
    const fromMs = isDoubted ? this.#masterBack(leader.id, atMs, reign.atMs) : atMs;
    const leases = (reign.atMs - fromMs) / leaseMs;
    const wholeLeases = (reign.atMs - atMs) / leaseMs;
    this.#takeovers.push(leases);
    this.#waits.push(wholeLeases);
    const how = isStop ? 'stopped' : 'killed';
    const waited = fromMs > atMs ? ` (${wholeLeases.toFixed(2)} with the wait in doubt)` : '';
    tell(
      `${kill}: ${leader.id} ${how}, ${reign.node} leads term ${reign.term} after ` +
        `${leases.toFixed(2)} leases${waited}; ${this.#journal.acks.size} confirmed`,
    );
    if (leases > SLOW_LEASES) for (const line of this.#journal.story(atMs)) tell(line);
    return undefined;
  }

  /**
   * A round that all who answer hold prepared has to wait for its master: what the nodes owe is
   * counted from when that one answers again, which is up to how fast a process starts here.
   */
  #masterBack(id: string, killedMs: number, ledMs: number): number {
    const back = this.#journal.copies.find(({ node, atMs }) => node === id && atMs > killedMs);
    return back !== undefined && back.atMs < ledMs ? back.atMs : killedMs;
  }

  #leader(): HostProcess | undefined {
    const last = this.#journal.reigns.at(-1);
    return this.#hosts.find(({ id, role }) => role === 'leading' && id === last?.node);
  }

  async #until(isReached: () => boolean, limitMs: number, what: string): Promise<boolean> {
    const deadlineMs = monotonicMs() + limitMs;
    while (!isReached()) {
      if (monotonicMs() > deadlineMs) {
        this.#stuck.push(`no ${what} within ${Math.round(limitMs)} ms (${this.#roles()})`);
        return false;
      }
      await pause(5);
    }
    return true;
  }

  #roles(): string {
    return this.#hosts.map(({ id, role }) => `${id} ${role}`).join(', ');
  }

  /** Load ends, everything heals, and then all copies have to hold all that was confirmed. */
  async #judge(): Promise<SuccessionReport> {
    for (const host of this.#hosts) host.send('rest');
    const states = await this.#settled();
    const journal = this.#journal;
    const lost = [...journal.acks.keys()].filter((key) =>
      states.some(({ keys }) => !keys.includes(key)),
    );
    for (const host of this.#hosts) {
      if (host.stderr !== '') this.#wrongs.push(`${host.id} wrote: ${host.stderr}`);
      if (host.strayEnds > 0) this.#wrongs.push(`${host.id} ended by itself ${host.strayEnds}x`);
    }
    const methods = [...journal.acks.values()].map(({ method }) => method);
    await Promise.all(this.#hosts.map((host) => host.stop()));
    for (const [what, count] of journal.troubles) this.#settings.tell(`trouble ${count}x ${what}`);
    return {
      kills: this.#takeovers.length - this.#stops,
      stops: this.#stops,
      acknowledged: journal.acks.size,
      twoPhase: methods.filter((method) => method === 'two-phase').length,
      unconfirmed: journal.unconfirmed.length,
      lost,
      doubleLeaders: journal.doubleLeaders(),
      lateAcks: journal.lateAcks(),
      takeovers: this.#takeovers,
      wholeTakeovers: this.#waits,
      inDoubt: journal.doubts.size,
      conflicts: journal.conflicts,
      stuck: this.#stuck,
      wrongs: this.#wrongs,
    };
  }

  /** All at one version, no round open anywhere; what was set aside holds nothing confirmed. */
  async #settled(): Promise<readonly HostState[]> {
    const deadlineMs = monotonicMs() + PATIENCE_LEASES * this.#settings.leaseMs;
    for (;;) {
      const states = await Promise.all(this.#hosts.map((host) => host.state()));
      const versions = new Set(states.map(({ version }) => version));
      const isCalm = states.every(({ role, round }) => isSteady(role) && round === 'none');
      const isLed = states.filter(({ role }) => role === 'leading').length === 1;
      const isDone = versions.size === 1 && isCalm && isLed;
      if (!isDone && monotonicMs() < deadlineMs) {
        await pause(100);
        continue;
      }
      if (!isDone) this.#stuck.push(`not settled: ${JSON.stringify(states.map(summary))}`);
      const [first, ...rest] = states.map(({ keys }) => [...keys].sort().join());
      if (rest.some((keys) => keys !== first)) this.#wrongs.push('the copies differ');
      for (const { conflicting } of states) {
        const confirmed = conflicting.filter((key) => this.#journal.acks.has(key));
        if (confirmed.length > 0) this.#wrongs.push(`confirmed, and set aside: ${confirmed}`);
      }
      return states;
    }
  }
}

/** Not on the way from one role to another: what it reads is of one moment, but not the last. */
function isSteady(role: string): boolean {
  return role === 'leading' || role === 'following';
}

function summary({ role, version, round, keys, conflicts }: HostState) {
  return { role, version, round, keys: keys.length, conflicts: conflicts.length };
}

export async function runSuccession(settings: SuccessionSettings): Promise<SuccessionReport> {
  const folder = await mkdtemp(join(tmpdir(), 'replichart-succession-'));
  const server = await startNatsServer({ jetstream: true });
  try {
    return await new Check(settings, server, folder).run();
  } finally {
    await server.close();
    await rm(folder, { recursive: true, force: true });
  }
}
