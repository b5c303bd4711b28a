/** Runs the rounds of a chaos run, on several clusters at a time, and has each cluster judged. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ProcessCluster } from './process-cluster.js';
import { type ChaosFigures, FiguresSum } from './process-figures.js';
import type { Bug } from './process-messages.js';
import { HEARTBEAT_MS, SLAVES, type Stretch, VOTE_MS } from './process-plan.js';
import { RECOVERY_MS_MAX, Round } from './process-round.js';
import { judge } from './process-verdict.js';

export interface ChaosSettings {
  readonly seed: string;
  readonly stretches: readonly Stretch[];
  /** Changes that follow each recovery, with nobody hindered. */
  readonly calmChanges: number;
  /** Clusters at a time: while one waits for a time-out, another works. */
  readonly lanes: number;
  readonly folder: string;
  /** What every host does wrong. */
  readonly bug?: Bug;
  /** Told after each round, for people who wait. */
  readonly progress?: (line: string) => void;
}

class Chaos {
  readonly #settings: ChaosSettings;
  readonly #sum = new FiguresSum();
  readonly #waiting: Stretch[];
  #isBroken = false;

  constructor(settings: ChaosSettings) {
    this.#settings = settings;
    this.#waiting = [...settings.stretches];
  }

  async run(): Promise<ChaosFigures> {
    await Promise.all(Array.from({ length: this.#settings.lanes }, () => this.#lane()));
    return this.#sum.figures;
  }

  /** After something went wrong nothing new is begun: its folder and figures tell more. */
  async #lane(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (this.#isBroken) return;
      await this.#stretch(next);
    }
  }

  async #stretch(stretch: Stretch): Promise<void> {
    const where = `stretch ${stretch.number}`;
    const folder = join(this.#settings.folder, `stretch-${stretch.number}`);
    const { bug } = this.#settings;
    const cluster = await ProcessCluster.start({
      slaves: SLAVES,
      heartbeatMs: HEARTBEAT_MS,
      voteMs: VOTE_MS,
      folder,
      proxied: true,
      ...(bug === undefined ? {} : { bug }),
    });
    let isSound = false;
    try {
      await cluster.inStep(performance.now(), RECOVERY_MS_MAX);
      await this.#rounds(cluster, stretch);
      const verdict = judge(await cluster.evidence());
      await cluster.stop();
      this.#sum.addVerdict(where, verdict);
      const { lost, diverged, violations } = verdict;
      isSound = lost.length + diverged.length + violations.length === 0;
    } catch (error) {
      this.#sum.addFaults(where, [error instanceof Error ? error.message : String(error)]);
    } finally {
      await cluster.killAll();
    }
    const faults = cluster.faults();
    this.#sum.addFaults(where, faults);
    if (isSound && faults.length === 0) await rm(folder, { recursive: true, force: true });
    else this.#isBroken = true;
  }

  async #rounds(cluster: ProcessCluster, { number, rounds }: Stretch): Promise<void> {
    const { seed, calmChanges, progress } = this.#settings;
    for (const [index, plan] of rounds.entries()) {
      const name = `stretch ${number} round ${index + 1}: ${plan.kind}`;
      const round = new Round(cluster, plan, `${seed}/${number}/${index + 1}`);
      try {
        this.#sum.addRound(plan.kind, await round.run(calmChanges));
      } catch (error) {
        throw new Error(`${name}: ${(error as Error).message}\n${JSON.stringify(plan)}`);
      }
      await this.#measure(cluster);
      progress?.(`${name}: ${round.told()}`);
    }
  }

  async #measure(cluster: ProcessCluster): Promise<void> {
    for (const { usage } of await Promise.all(cluster.nodes.map((node) => node.status()))) {
      this.#sum.addUsage(usage.rssBytes, usage.openFiles ?? 0);
    }
  }
}

/** Runs all rounds and judges them; what is wrong stands in the figures. */
export function runChaos(settings: ChaosSettings): Promise<ChaosFigures> {
  return new Chaos(settings).run();
}
