/** Where an incident happens: a cluster of processes, and nodes that come to it from beside. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { inStepOf, ProcessCluster } from './process-cluster.js';
import type { Entry } from './process-log.js';
import type { HostContent, HostStatus } from './process-messages.js';
import { ProcessNode } from './process-node.js';
import { HEARTBEAT_MS, SLAVES, VOTE_MS } from './process-plan.js';
import type { FaultProxy } from './process-proxy.js';
import { STUCK_MS } from './process-round.js';
import { judge, type Verdict } from './process-verdict.js';

const CHANGES = 150;

type Slaves = readonly [ProcessNode, ProcessNode, ProcessNode];

export class Ground {
  readonly folder: string;
  readonly cluster: ProcessCluster;
  readonly slaves: Slaves;
  /** Who counts at the end: the master first. */
  members: readonly ProcessNode[];
  /** Slowest return to step so far. */
  recoveryMs = 0;
  readonly #guests: ProcessNode[] = [];
  #loads = 0;
  readonly #seed: string;

  private constructor(folder: string, cluster: ProcessCluster, slaves: Slaves, seed: string) {
    this.folder = folder;
    this.cluster = cluster;
    this.slaves = slaves;
    this.members = cluster.nodes;
    this.#seed = seed;
  }

  static async start(folder: string, seed: string): Promise<Ground> {
    const settings = { slaves: SLAVES, heartbeatMs: HEARTBEAT_MS, voteMs: VOTE_MS };
    const cluster = await ProcessCluster.start({ ...settings, folder, proxied: true });
    const [one, two, three] = cluster.slaves;
    if (one === undefined || two === undefined || three === undefined) {
      throw new Error('the cluster lacks slaves');
    }
    return new Ground(folder, cluster, [one, two, three], seed);
  }

  get master(): ProcessNode {
    return this.cluster.master;
  }

  get nodes(): readonly ProcessNode[] {
    return [...this.cluster.nodes, ...this.#guests];
  }

  /** A node beside those of the cluster, with a log and, if none is given, a folder of its own. */
  guest(
    role: 'master' | 'slave',
    id: string,
    more: { readonly name?: string; readonly folder?: string; readonly port: number },
  ): ProcessNode {
    const name = more.name ?? id;
    const node = new ProcessNode({
      role,
      id,
      port: more.port,
      folder: more.folder ?? join(this.folder, name),
      log: join(this.folder, `${name}.log`),
      heartbeatMs: HEARTBEAT_MS,
      voteMs: VOTE_MS,
    });
    this.#guests.push(node);
    return node;
  }

  proxyOf(slave: ProcessNode): FaultProxy {
    const proxy = this.cluster.proxies[this.cluster.slaves.indexOf(slave)];
    if (proxy === undefined) throw new Error(`${slave.id} has no proxy`);
    return proxy;
  }

  /** Makes changes of all kinds and waits for the answer to each. */
  load(node: ProcessNode = this.master, changes: number = CHANGES): Promise<void> {
    this.#loads += 1;
    const seed = `${this.#seed}/${this.#loads}`;
    return node.load({ seed, changes, inFlight: 12, twoPhaseShare: 0.1 });
  }

  /** All members show the same. @throws when that takes longer than the promised time */
  async inStep(members: readonly ProcessNode[] = this.members): Promise<void> {
    const tookMs = await inStepOf(members, performance.now(), STUCK_MS);
    this.recoveryMs = Math.max(this.recoveryMs, tookMs);
  }

  until(
    node: ProcessNode,
    what: string,
    holds: (status: HostStatus) => boolean,
  ): Promise<HostStatus> {
    return node.shows(what, holds, STUCK_MS);
  }

  /** What all slaves hold now; call the answer to demand that it is the same. */
  async holding(nodes: readonly ProcessNode[]): Promise<(when: string) => Promise<void>> {
    const contents = (): Promise<HostContent[]> => Promise.all(nodes.map((each) => each.content()));
    const before = await contents();
    return async (when) =>
      assert.equal(await contents(), before, `${when}: slaves keep what they have`);
  }

  /** Notes for the judge what was done to a node from outside. */
  note(node: ProcessNode, entry: Entry): void {
    appendFileSync(node.settings.log, `\n${JSON.stringify(entry)}\n`);
  }

  async judged(): Promise<Verdict> {
    const all = new Map(this.nodes.map((node) => [node.settings.log, node]));
    const evidence = [...all].map(async ([log, node]) => ({
      id: node.id,
      log,
      content: this.members.includes(node) ? await node.content() : null,
    }));
    return judge(await Promise.all(evidence));
  }

  faults(): string[] {
    return this.nodes.flatMap(({ id, stderr, strayEnds }) => [
      ...strayEnds.map((end) => `ended by itself: ${end}`),
      ...(stderr === '' ? [] : [`stderr of ${id}: ${stderr.slice(0, 2000)}`]),
    ]);
  }

  async end(): Promise<void> {
    await Promise.all(this.#guests.map((node) => node.kill()));
    await this.cluster.killAll();
  }
}
