/** One master and its slaves, each in a process of its own, and when they count as in step. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import type { Bug, HostStatus } from './process-messages.js';
import { Gone, ProcessNode } from './process-node.js';
import { FaultProxy } from './process-proxy.js';
import type { NodeEvidence } from './process-verdict.js';

const POLL_MS = 20;
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export interface ClusterSettings {
  readonly folder: string;
  readonly slaves: number;
  readonly heartbeatMs: number;
  readonly voteMs: number;
  /** Each slave reaches its master through a proxy of its own. */
  readonly proxied?: boolean;
  /** What every host does wrong. */
  readonly bug?: Bug;
}

export class ProcessCluster {
  readonly master: ProcessNode;
  readonly slaves: readonly ProcessNode[];
  /** One per slave, in order; none without `proxied`. */
  readonly proxies: readonly FaultProxy[];

  private constructor(
    master: ProcessNode,
    slaves: readonly ProcessNode[],
    proxies: readonly FaultProxy[],
  ) {
    this.master = master;
    this.slaves = slaves;
    this.proxies = proxies;
  }

  /** @throws with their faults when one of them does not come up; then none is left. */
  static async start(settings: ClusterSettings): Promise<ProcessCluster> {
    const { folder, heartbeatMs, voteMs } = settings;
    await mkdir(folder, { recursive: true });
    const port = await freePort();
    const node = (role: 'master' | 'slave', id: string, itsPort = port) =>
      new ProcessNode({
        role,
        id,
        port: itsPort,
        folder: join(folder, id),
        log: join(folder, `${id}.log`),
        heartbeatMs,
        voteMs,
        ...(settings.bug === undefined ? {} : { bug: settings.bug }),
      });
    const ids = Array.from({ length: settings.slaves }, (_, index) => `slave-${index + 1}`);
    const proxies = settings.proxied
      ? await Promise.all(ids.map(() => FaultProxy.start(port)))
      : [];
    const cluster = new ProcessCluster(
      node('master', 'master'),
      ids.map((id, index) => node('slave', id, proxies[index]?.port)),
      proxies,
    );
    try {
      await Promise.all(cluster.nodes.map((each) => each.start()));
    } catch (error) {
      await cluster.killAll();
      throw new Error([(error as Error).message, ...cluster.faults()].join('; '));
    }
    return cluster;
  }

  get nodes(): readonly ProcessNode[] {
    return [this.master, ...this.slaves];
  }

  get kills(): number {
    return this.nodes.reduce((sum, { kills }) => sum + kills, 0);
  }

  /**
   * Waits until every node shows the same state, none holds a round and nothing waits.
   * @returns milliseconds from `sinceMs` (of `performance.now()`)
   * @throws with what each node said last, when that took longer than `deadlineMs`
   */
  inStep(sinceMs: number, deadlineMs: number): Promise<number> {
    return inStepOf(this.nodes, sinceMs, deadlineMs);
  }

  /** What each node wrote down and holds, for the judge. */
  evidence(): Promise<NodeEvidence[]> {
    return Promise.all(
      this.nodes.map(async (node) => ({
        id: node.id,
        log: node.settings.log,
        content: await node.content(),
      })),
    );
  }

  /** What must not have happened to any process, whatever was done to it. */
  faults(): string[] {
    return this.nodes.flatMap(({ id, stderr, strayEnds }) => [
      ...strayEnds.map((end) => `ended by itself: ${end}`),
      ...(stderr === '' ? [] : [`stderr of ${id}: ${stderr.slice(0, 2000)}`]),
    ]);
  }

  /** Ends every process that still lives, by itself where it can. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.filter(({ isUp }) => isUp).map((node) => node.stop()));
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
  }

  async killAll(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
  }
}

/** As `inStep`, for a master and the slaves behind it in the list. */
export async function inStepOf(
  nodes: readonly ProcessNode[],
  sinceMs: number,
  deadlineMs: number,
): Promise<number> {
  for (;;) {
    const statuses = await Promise.all(nodes.map((node) => node.status()));
    const elapsedMs = performance.now() - sinceMs;
    if (areInStep(statuses)) return elapsedMs;
    if (elapsedMs > deadlineMs) {
      const said = statuses.map((each, index) => `${nodes[index]?.id} ${show(each)}`);
      throw new Error(`not in step after ${deadlineMs} ms:\n${said.join('\n')}`);
    }
    await pause(POLL_MS);
  }
}

function areInStep([master, ...slaves]: readonly HostStatus[]): boolean {
  if (master?.master?.state !== 'serving') return false;
  if (master.master.round !== null || master.master.queued > 0 || master.open > 0) return false;
  const rows = master.slaves.filter(({ link, lag }) => link === 'live' && lag === 0);
  if (rows.length !== slaves.length) return false;
  return slaves.every(({ version, digest, sum, slave }) => {
    const isSame = version === master.version && digest === master.digest && sum === master.sum;
    return isSame && slave?.link === 'live' && slave.data === 'current' && slave.round === 'none';
  });
}

function show({ master, slave, slaves, ...rest }: HostStatus): string {
  const rows = slaves.map(({ id, link, version, stage, problem }) => ({
    id,
    link,
    version,
    stage,
    problem,
  }));
  return JSON.stringify({ ...rest, ...(master ?? slave), rows });
}

/** A process that is killed cannot answer: whoever did it knows. */
export async function unlessGone(answer: Promise<unknown>): Promise<void> {
  try {
    await answer;
  } catch (error) {
    if (!(error instanceof Gone)) throw error;
  }
}
