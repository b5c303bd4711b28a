/** Does to a cluster of processes, under load, what the plan of a round says. */
import { type ProcessCluster, unlessGone } from './process-cluster.js';
import type { Load } from './process-messages.js';
import type { ProcessNode } from './process-node.js';
import type { KillPlan, LinkPlan, PausePlan, RoundPlan } from './process-plan.js';
import { isPartition } from './process-proxy.js';

/** Once everything is healed, until everybody shows the same and nothing waits (issue 3). */
export const RECOVERY_MS_MAX = 5000;
/** Later than that is not late but stuck; in between, the figure is missed and the run goes on. */
export const STUCK_MS = 20_000;
/** A load with nobody hindered that takes longer than this is stuck. */
const LOAD_MS_MAX = 30_000;
/** More than any round lasts; the load ceases when everything is healed. */
const CHANGES_MAX = 1_000_000;
/** A round costs as much as forty changes in one phase, so most of them are made under faults. */
const TWO_PHASE_SHARE = 0.15;
/** The load with nobody hindered. */
const CALM = { inFlight: 48, twoPhaseShare: 0.03 };

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function within(deadlineMs: number, what: string, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`stuck: ${what} took longer than ${deadlineMs} ms`);
    timer = setTimeout(() => reject(error), deadlineMs);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** What was really done in a round, and how long it took to be well again. */
export interface RoundDone {
  kills: number;
  masterKills: number;
  /** Of a process that had not come back from the kill before. */
  recoveryKills: number;
  pauses: number;
  partitions: number;
  slowLinks: number;
  recoveryMs: number;
}

export class Round {
  readonly #cluster: ProcessCluster;
  readonly #plan: RoundPlan;
  readonly #name: string;
  readonly #stuckMs: number;
  readonly #done: RoundDone = {
    kills: 0,
    masterKills: 0,
    recoveryKills: 0,
    pauses: 0,
    partitions: 0,
    slowLinks: 0,
    recoveryMs: 0,
  };

  /** @param name decides the changes of the load */
  constructor(cluster: ProcessCluster, plan: RoundPlan, name: string, stuckMs: number) {
    this.#stuckMs = stuckMs;
    this.#cluster = cluster;
    this.#plan = plan;
    this.#name = name;
  }

  /**
   * @param calmChanges changes that follow the recovery, with nobody hindered
   * @throws when the cluster is not back in step in time
   */
  async run(calmChanges: number): Promise<RoundDone> {
    const { kill, pauses, links } = this.#plan;
    const { master } = this.#cluster;
    const { inFlight } = this.#plan;
    const share = { inFlight, twoPhaseShare: TWO_PHASE_SHARE };
    const load = this.#load({ ...share, seed: this.#name, changes: CHANGES_MAX });
    await Promise.all([
      kill === null ? undefined : this.#kill(kill, load),
      ...pauses.map((each) => this.#standStill(each)),
      ...links.map((each) => this.#break(each)),
    ]);
    const healedAt = performance.now();
    await unlessGone(master.cease());
    await within(LOAD_MS_MAX, 'the answer to the last changes', load);
    this.#done.recoveryMs = await this.#cluster.inStep(healedAt, this.#stuckMs);
    const calm = this.#load({ ...CALM, seed: `${this.#name}/calm`, changes: calmChanges });
    await within(LOAD_MS_MAX, 'a load with nobody hindered', calm);
    await this.#cluster.inStep(performance.now(), this.#stuckMs);
    return this.#done;
  }

  /** What happened, for people. */
  told(): string {
    const { kills, pauses, partitions, slowLinks, recoveryMs } = this.#done;
    const counts = { kills, pauses, partitions, 'slow links': slowLinks };
    const parts = Object.entries(counts).flatMap(([what, n]) => (n > 0 ? [`${what} ${n}`] : []));
    const links = this.#plan.links.map(({ kind, slave }) => `${kind} ${slave}`).join(' ');
    const details = links === '' ? '' : ` (${links})`;
    return `${parts.join(', ')}${details}, in step after ${recoveryMs.toFixed(0)} ms`;
  }

  async #load(load: Load): Promise<void> {
    await unlessGone(this.#cluster.master.load(load));
  }

  async #kill(plan: KillPlan, load: Promise<void>): Promise<void> {
    const { master, nodes } = this.#cluster;
    const victims = plan.victims.map((index) => nodes[index] as ProcessNode);
    if (plan.afterMs === null) {
      await pause(victims.length * 100);
      await unlessGone(master.cease());
      await load;
    } else await pause(plan.afterMs);
    await this.#killNow(victims);
    await pause(plan.restartAfterMs);
    for (const ms of plan.again) {
      // Killed before anybody knows whether they came up.
      const starts = victims.map((node) => unlessGone(node.start()));
      await pause(ms);
      await this.#killNow(victims);
      this.#done.recoveryKills += victims.length;
      await Promise.all(starts);
    }
    // How long a system takes to load a program says nothing about the protocol.
    await Promise.all(victims.map((node) => node.start()));
  }

  async #killNow(victims: readonly ProcessNode[]): Promise<void> {
    await Promise.all(victims.map((node) => node.kill()));
    this.#done.kills += victims.length;
    if (victims.includes(this.#cluster.master)) this.#done.masterKills += 1;
  }

  async #standStill({ node, afterMs, forMs }: PausePlan): Promise<void> {
    await pause(afterMs);
    const victim = this.#cluster.nodes[node];
    // Killed in the same round, and not up again yet.
    if (victim === undefined || !victim.isUp) return;
    this.#done.pauses += 1;
    victim.signal('SIGSTOP');
    await pause(forMs);
    victim.signal('SIGCONT');
  }

  async #break({ slave, kind, amount, afterMs, forMs, flows }: LinkPlan): Promise<void> {
    const proxy = this.#cluster.proxies[slave - 1];
    if (proxy === undefined) throw new Error(`slave ${slave} has no proxy`);
    await pause(afterMs);
    if (isPartition(kind)) this.#done.partitions += 1;
    else this.#done.slowLinks += 1;
    if (kind === 'flap') {
      for (let left = forMs; left > 0; left -= 2 * amount) {
        proxy.impose({ kind: 'cut', amount: 0 });
        await pause(amount);
        proxy.heal(false);
        await pause(amount);
      }
      return;
    }
    proxy.impose({ kind, amount });
    await pause(forMs);
    proxy.heal(flows);
  }
}
