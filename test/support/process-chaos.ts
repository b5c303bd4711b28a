/** Rounds of load with kill -9 in, between and after them; every choice is drawn from the seed. */
import { join } from 'node:path';
import { type Random, seededRandom } from '../../lib/runtime/random.js';
import { ProcessCluster, unlessGone } from './process-cluster.js';
import type { ProcessNode } from './process-node.js';
import { judge, type Verdict } from './process-verdict.js';

const HEARTBEAT_MS = 200;
const VOTE_MS = 600;
const SLAVES = 3;
/** Once the killed are up again and nothing is asked any more, until everybody shows the same. */
const RECOVERY_MS_MAX = 5000;
/** A change that waits longer than this for its answer is stuck. */
const LOAD_MS_MAX = 30_000;

export interface ChaosSettings {
  readonly seed: string;
  readonly rounds: number;
  /** Changes that follow each recovery, with nobody killed. */
  readonly calmChanges: number;
  readonly folder: string;
  /** Told after each round, for people who wait. */
  readonly progress?: (line: string) => void;
}

export interface ChaosFigures extends Verdict {
  readonly rounds: number;
  readonly kills: number;
  readonly masterKills: number;
  /** Kills of a process that had not come back from the kill before. */
  readonly recoveryKills: number;
  /** Processes that stood still for a while (SIGSTOP), some beyond every time-out. */
  readonly pauses: number;
  readonly slowestRecoveryMs: number;
  /** What happened to processes that was not done to them. */
  readonly faults: readonly string[];
}

/** What one round does, drawn before it begins. */
interface Plan {
  readonly changes: number;
  readonly inFlight: number;
  readonly victims: readonly number[];
  /** Milliseconds after the load began; null = once it is over. */
  readonly killAfterMs: number | null;
  readonly restartAfterMs: number;
  /** Milliseconds after each restart at which it is killed again. */
  readonly again: readonly number[];
  /** Somebody, killed or not, stands still from the start of the load on. */
  readonly pause: { readonly node: number; readonly forMs: number } | null;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function within(deadlineMs: number, what: string, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`stuck: ${what} took longer than ${deadlineMs} ms`);
    timer = setTimeout(() => reject(error), deadlineMs);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

const upTo = (random: Random, max: number) => Math.floor(random() * max);

/** One of all nodes; in a fifth of the rounds two, in a few all at once. */
function victimsOf(random: Random): readonly number[] {
  const nodes = Array.from({ length: SLAVES + 1 }, (_, index) => index);
  const shuffled = nodes
    .map((index) => ({ index, rank: random() }))
    .sort((left, right) => left.rank - right.rank)
    .map(({ index }) => index);
  const kind = random();
  return shuffled.slice(0, kind < 0.72 ? 1 : kind < 0.95 ? 2 : nodes.length);
}

function plan(random: Random): Plan {
  const again =
    random() < 0.25 ? Array.from({ length: 1 + upTo(random, 2) }, () => upTo(random, 500)) : [];
  return {
    changes: 40 + upTo(random, 80),
    inFlight: 1 + upTo(random, 8),
    victims: victimsOf(random),
    killAfterMs: random() < 0.8 ? upTo(random, 250) : null,
    restartAfterMs: upTo(random, 120),
    again,
    pause: random() < 0.2 ? { node: upTo(random, SLAVES + 1), forMs: upTo(random, 1500) } : null,
  };
}

class Chaos {
  readonly #cluster: ProcessCluster;
  readonly #settings: ChaosSettings;
  recoveryKills = 0;
  pauses = 0;
  slowestRecoveryMs = 0;

  constructor(cluster: ProcessCluster, settings: ChaosSettings) {
    this.#cluster = cluster;
    this.#settings = settings;
  }

  async round(number: number): Promise<void> {
    const { seed, calmChanges, progress } = this.#settings;
    const random = seededRandom(seed, `round ${number}`);
    const {
      changes,
      inFlight,
      victims,
      killAfterMs,
      restartAfterMs,
      again,
      pause: standing,
    } = plan(random);
    const cluster = this.#cluster;
    const nodes = victims.map((index) => cluster.nodes[index] as ProcessNode);
    const load = unlessGone(cluster.master.load({ seed: `${seed}/${number}`, changes, inFlight }));
    const stood = this.#standStill(standing);
    if (killAfterMs === null) await load;
    else await pause(killAfterMs);
    await Promise.all(nodes.map((node) => node.kill()));
    await pause(restartAfterMs);
    for (const ms of again) await this.#killAgain(nodes, ms);
    await stood;
    // How long a system takes to load a program says nothing about the protocol.
    await Promise.all(nodes.map((node) => node.start()));
    const restartedAt = performance.now();
    // What is left of the load keeps everybody busy, but not for ever.
    await within(LOAD_MS_MAX, 'the rest of its load', load);
    const recoveryMs = await cluster.inStep(performance.now(), RECOVERY_MS_MAX);
    const loadMs = performance.now() - restartedAt - recoveryMs;
    const calm = { seed: `${seed}/${number}/calm`, changes: calmChanges, inFlight: 8 };
    await within(LOAD_MS_MAX, 'a load with nobody killed', cluster.master.load(calm));
    await cluster.inStep(performance.now(), RECOVERY_MS_MAX);
    this.slowestRecoveryMs = Math.max(this.slowestRecoveryMs, recoveryMs);
    const who = nodes.map(({ id }) => id).join(' and ');
    const times = again.length > 0 ? `, ${again.length} more during recovery` : '';
    const took = `${loadMs.toFixed(0)} ms of load, in step ${recoveryMs.toFixed(0)} ms after it`;
    progress?.(`round ${number}: killed ${who}${times}; ${took}`);
  }

  async #standStill(plan: Plan['pause']): Promise<void> {
    const node = this.#cluster.nodes[plan?.node ?? -1];
    if (node === undefined || plan === null) return;
    this.pauses += 1;
    node.signal('SIGSTOP');
    await pause(plan.forMs);
    node.signal('SIGCONT');
  }

  /** Starts and kills before anybody knows whether they came up. */
  async #killAgain(nodes: readonly ProcessNode[], afterMs: number): Promise<void> {
    const starts = nodes.map((node) => unlessGone(node.start()));
    await pause(afterMs);
    await Promise.all(nodes.map((node) => node.kill()));
    await Promise.all(starts);
    this.recoveryKills += nodes.length;
  }
}

async function judged(cluster: ProcessCluster): Promise<Verdict> {
  const evidence = await Promise.all(
    cluster.nodes.map(async (node) => ({
      id: node.id,
      log: node.settings.log,
      content: await node.content(),
    })),
  );
  return judge(evidence, cluster.master.id);
}

/**
 * Runs all rounds and judges them.
 * @throws when a round gets stuck; the message names the round, the seed and every node's state
 */
export async function runChaos(settings: ChaosSettings): Promise<ChaosFigures> {
  const { folder, rounds, seed } = settings;
  const cluster = await ProcessCluster.start({
    folder: join(folder, 'cluster'),
    slaves: SLAVES,
    heartbeatMs: HEARTBEAT_MS,
    voteMs: VOTE_MS,
  });
  const chaos = new Chaos(cluster, settings);
  let number = 0;
  try {
    await cluster.inStep(performance.now(), RECOVERY_MS_MAX);
    for (number = 1; number <= rounds; number += 1) await chaos.round(number);
    const verdict = await judged(cluster);
    await cluster.stop();
    const { kills, master } = cluster;
    const { recoveryKills, pauses, slowestRecoveryMs } = chaos;
    const faults = cluster.faults();
    return {
      ...verdict,
      rounds,
      kills,
      masterKills: master.kills,
      recoveryKills,
      pauses,
      slowestRecoveryMs,
      faults,
    };
  } catch (error) {
    const faults = cluster.faults().join('\n');
    const message = `round ${number} of seed ${seed}: ${(error as Error).message}\n${faults}`;
    throw new Error(message, { cause: error });
  } finally {
    await cluster.killAll();
  }
}

/** The figures as people read them. */
export function figuresOf(figures: ChaosFigures): string[] {
  const { kills, masterKills, recoveryKills, acknowledged, aborted, unanswered } = figures;
  const troubles = Object.entries(figures.troubles).map(([code, count]) => `${code} ${count}`);
  return [
    `${figures.rounds} rounds, ${kills} kills ` +
      `(${masterKills} of the master, ${recoveryKills} during recovery), ${figures.pauses} pauses`,
    `${acknowledged} acknowledged, ${aborted} aborted, ${unanswered} unanswered ` +
      `(${figures.unansweredMade} of them made), ${figures.states} versions seen, ` +
      `${figures.snapshots} snapshots`,
    `${figures.lost.length} lost, ${figures.diverged.length} diverged, ` +
      `${figures.violations.length} other violations, ${figures.faults.length} faults of processes`,
    `slowest recovery ${figures.slowestRecoveryMs.toFixed(0)} ms`,
    `troubles told: ${troubles.join(', ') || 'none'}`,
  ];
}
