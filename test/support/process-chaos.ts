/** Runs the rounds of a chaos run, on several clusters at a time, and has each cluster judged. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ProcessCluster } from './process-cluster.js';
import { type ChaosFigures, FiguresSum, NOTHING_DONE } from './process-figures.js';
import { Ground } from './process-ground.js';
import type { Incident } from './process-incidents.js';
import type { Bug } from './process-messages.js';
import type { ProcessNode } from './process-node.js';
import { HEARTBEAT_MS, inTurn, SLAVES, type Stretch, VOTE_MS } from './process-plan.js';
import { Round, STUCK_MS } from './process-round.js';
import { judge, type Verdict } from './process-verdict.js';

export interface ChaosSettings {
  readonly seed: string;
  readonly stretches: readonly Stretch[];
  readonly incidents: readonly Incident[];
  /** Changes that follow each recovery, with nobody hindered. */
  readonly calmChanges: number;
  /** Clusters at a time: while one waits for a time-out, another works. */
  readonly lanes: number;
  readonly folder: string;
  /** A recovery that takes longer ends the run. Default 20,000. */
  readonly stuckMs?: number;
  /** What every host does wrong. */
  readonly bug?: Bug;
  /** Told after each round, for people who wait. */
  readonly progress?: (line: string) => void;
}

function isClean({ lost, diverged, violations }: Verdict): boolean {
  return lost.length + diverged.length + violations.length === 0;
}

class Chaos {
  readonly #settings: ChaosSettings;
  readonly #sum = new FiguresSum();
  readonly #waiting: (() => Promise<void>)[];
  #isBroken = false;

  constructor(settings: ChaosSettings) {
    this.#settings = settings;
    this.#waiting = inTurn(
      settings.stretches.map((stretch) => () => this.#stretch(stretch)),
      settings.incidents.map((incident) => () => this.#incident(incident)),
    );
  }

  async run(): Promise<ChaosFigures> {
    await Promise.all(Array.from({ length: this.#settings.lanes }, () => this.#lane()));
    return this.#sum.figures;
  }

  /** After something went wrong nothing new is begun: its folder and figures tell more. */
  async #lane(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (this.#isBroken) return;
      await next();
    }
  }

  async #stretch(stretch: Stretch): Promise<void> {
    const where = `stretch ${stretch.number}`;
    const folder = join(this.#settings.folder, `stretch-${stretch.number}`);
    const cluster = await this.#start(where, folder);
    if (cluster === null) return;
    let isSound = false;
    try {
      await cluster.inStep(performance.now(), STUCK_MS);
      await this.#rounds(cluster, stretch);
      const verdict = judge(await cluster.evidence());
      await cluster.stop();
      this.#sum.addVerdict(where, verdict);
      isSound = isClean(verdict);
    } catch (error) {
      this.#sum.addFaults(where, [error instanceof Error ? error.message : String(error)]);
    } finally {
      await cluster.killAll();
    }
    await this.#conclude(where, folder, isSound, cluster.faults());
  }

  /** Null when it did not come up, which the figures tell. */
  async #start(where: string, folder: string): Promise<ProcessCluster | null> {
    const { bug } = this.#settings;
    const hosts = { slaves: SLAVES, heartbeatMs: HEARTBEAT_MS, voteMs: VOTE_MS, proxied: true };
    try {
      return await ProcessCluster.start({
        ...hosts,
        folder,
        ...(bug === undefined ? {} : { bug }),
      });
    } catch (error) {
      this.#sum.addFaults(where, [(error as Error).message]);
      this.#isBroken = true;
      return null;
    }
  }

  async #incident({ name, run }: Incident): Promise<void> {
    const folder = join(this.#settings.folder, name);
    const ground = await Ground.start(folder, `${this.#settings.seed}/${name}`);
    let isSound = false;
    try {
      await ground.inStep();
      await run(ground);
      const verdict = await ground.judged();
      this.#sum.addVerdict(name, verdict);
      this.#sum.addRound('incidents', { ...NOTHING_DONE, recoveryMs: ground.recoveryMs });
      await this.#measure(ground.members);
      isSound = isClean(verdict);
      this.#settings.progress?.(`${name}: in step after ${ground.recoveryMs.toFixed(0)} ms`);
    } catch (error) {
      this.#sum.addFaults(name, [error instanceof Error ? error.message : String(error)]);
    } finally {
      await ground.end();
    }
    await this.#conclude(name, folder, isSound, ground.faults());
  }

  async #conclude(where: string, folder: string, isSound: boolean, faults: readonly string[]) {
    this.#sum.addFaults(where, faults);
    if (isSound && faults.length === 0) await rm(folder, { recursive: true, force: true });
    else this.#isBroken = true;
  }

  async #rounds(cluster: ProcessCluster, { number, rounds }: Stretch): Promise<void> {
    const { seed, calmChanges, stuckMs, progress } = this.#settings;
    for (const [index, plan] of rounds.entries()) {
      const name = `stretch ${number} round ${index + 1}: ${plan.kind}`;
      const round = new Round(cluster, plan, `${seed}/${number}/${index + 1}`, stuckMs ?? STUCK_MS);
      try {
        this.#sum.addRound(plan.kind, await round.run(calmChanges));
      } catch (error) {
        throw new Error(`${name}: ${(error as Error).message}\n${JSON.stringify(plan)}`);
      }
      await this.#measure(cluster.nodes);
      progress?.(`${name}: ${round.told()}`);
    }
  }

  async #measure(nodes: readonly ProcessNode[]): Promise<void> {
    for (const { usage } of await Promise.all(nodes.map((node) => node.status()))) {
      this.#sum.addUsage(usage.rssBytes, usage.openFiles ?? 0);
    }
  }
}

/** Runs all rounds and judges them; what is wrong stands in the figures. */
export function runChaos(settings: ChaosSettings): Promise<ChaosFigures> {
  return new Chaos(settings).run();
}
