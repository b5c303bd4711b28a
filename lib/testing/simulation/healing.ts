/** The end of a run: all faults stop, and everything comes back into step by itself (L2, L3). */
import type { Position } from '../../../machines/protocol.js';
import type { Cluster } from './cluster.js';
import type { SlaveNode } from './node.js';

/** Virtual milliseconds from the last fault, or the last order of a person, to all in step. */
const CONVERGE_MS = 30_000;
const STEP_MS = 100;
/** How long a slave may wait for its master before a person is asked, where one is needed. */
const PATIENCE_MS = 3_000;
const ORDERS_MAX = 40;
const CONFIRMATIONS_MAX = 4;

function isInStep<M, S>(cluster: Cluster<M, S>, slave: SlaveNode<M, S>): boolean {
  const to = cluster.master.life?.face.position;
  const face = slave.life?.face;
  if (!slave.isRunning || face === undefined || to == null) return false;
  const { link, data, round } = face.status;
  const at = face.position;
  const isEqual =
    at?.lineage === to.lineage && at.version === to.version && at.digest === to.digest;
  return isEqual && link === 'live' && data === 'current' && round === 'none';
}

function areAllInStep<M, S>(cluster: Cluster<M, S>): boolean {
  const { master, slaves } = cluster;
  if (!master.isRunning || master.life?.face.status.state !== 'serving') return false;
  const { round, queued } = master.life.face.status;
  return round === null && queued === 0 && slaves.every((slave) => isInStep(cluster, slave));
}

function calmNetwork<M, S>({ world, masters, slaves }: Cluster<M, S>): void {
  world.network.heal();
  for (const { name: master } of masters) {
    for (const { name: slave } of slaves) {
      world.network.setFaults(master, slave, {});
      world.network.setFaults(slave, master, {});
    }
  }
}

function endFaults<M, S>(cluster: Cluster<M, S>): void {
  const { world } = cluster;
  // What ends may begin the next turn of the same fault.
  for (let turn = 0; turn < 20; turn += 1) world.endAll();
  world.watch.onPart = () => {};
  calmNetwork(cluster);
  cluster.dropClone();
  cluster.retireOldMasters();
  for (const node of cluster.nodes) node.recover();
  for (const slave of cluster.slaves) cluster.follow(slave, cluster.master.name);
  cluster.restartAllNow();
  world.trace.note('all faults are over');
}

/** What a person does about slaves that rightly refuse to go on alone (P16, P22). */
class Operator<M, S> {
  readonly #cluster: Cluster<M, S>;
  #waitedMs = 0;
  orders = 0;

  constructor(cluster: Cluster<M, S>) {
    this.#cluster = cluster;
  }

  /** True when an order was given. */
  look(): boolean {
    this.#waitedMs += STEP_MS;
    if (!this.#cluster.needsOperator || this.#waitedMs < PATIENCE_MS) return false;
    this.#waitedMs = 0;
    const isOrdered =
      this.#takeOver() ||
      this.#rename() ||
      this.#cluster.slaves.some((slave) => this.#order(slave));
    if (isOrdered) this.orders += 1;
    return isOrdered;
  }

  /** A restored master reigns under a number that was used before: the host says which counts. */
  #takeOver(): boolean {
    const { world, slaves, master } = this.#cluster;
    const isTwice = slaves.some(({ life }) => life?.face.status.problem?.code === 'FENCED');
    if (!isTwice || !master.isRunning) return false;
    world.trace.note(`order: ${master.name} takes over`);
    master.takeover = true;
    this.#cluster.crash(master, null, 0);
    return true;
  }

  #rename(): boolean {
    const { world, slaves, master } = this.#cluster;
    const lineage = master.life?.face.position?.lineage;
    const isRegressed = slaves.some(({ life }) => {
      const face = life?.face;
      return face?.status.data === 'regressed' && face.position?.lineage === lineage;
    });
    if (!isRegressed || !master.isRunning || master.life === null) return false;
    world.coverage.hit('a slave found its master behind it');
    world.trace.note('order: the original gets a new lineage');
    world.oracle.renamed();
    master.life.face.resolveRegressed('new-lineage').catch((error: unknown) => {
      world.oracle.note(`P22: resolveRegressed failed: ${String(error)}`);
    });
    return true;
  }

  #order(slave: SlaveNode<M, S>): boolean {
    const { world, master } = this.#cluster;
    const face = slave.life?.face;
    const lineage = master.life?.face.position?.lineage;
    if (face === undefined || lineage === undefined || !slave.isRunning) return false;
    const { round, roundId } = face.status;
    if (round === 'in-doubt' && roundId !== null) {
      world.trace.note(`order: ${slave.name} takes its round as aborted`);
      face.resolve(roundId, 'aborted');
      return true;
    }
    // One that is still empty may be bound to a lineage all the same, by a welcome it took.
    const isBound = face.position === null && face.status.link === 'refused';
    if (!isBound && (face.position === null || face.position.lineage === lineage)) return false;
    world.coverage.hit('a slave adopted another lineage');
    world.trace.note(`order: ${slave.name} adopts ${lineage}`);
    world.oracle.slaveForgets(slave.name, true);
    face.adoptLineage(lineage);
    return true;
  }
}

function versionOf(position: Position | null | undefined): number | string {
  return position?.version ?? 'nothing';
}

function whyNot<M, S>({ master, slaves }: Cluster<M, S>): string {
  const rows = slaves.map(({ name, life }) => {
    const { link, data, round, problem } = life?.face.status ?? {};
    const where = `${name} at ${versionOf(life?.face.position)}`;
    return `${where} ${link}/${data}/${round} ${problem?.reason ?? ''}`;
  });
  const { state, round, queued } = master.life?.face.status ?? {};
  const stage = `${state ?? 'dead'}/${round?.stage ?? 'no round'}/${queued ?? 0} queued`;
  return `${master.name} at ${versionOf(master.life?.face.position)} ${stage}; ${rows.join('; ')}`;
}

/** Lets the cluster heal; false, and a violation, when it does not. */
async function converge<M, S>(cluster: Cluster<M, S>, limitMs: number): Promise<boolean> {
  const { world } = cluster;
  const operator = new Operator(cluster);
  for (let waitedMs = 0; waitedMs < limitMs && operator.orders < ORDERS_MAX; waitedMs += STEP_MS) {
    await world.clock.pass(STEP_MS);
    cluster.operate();
    for (const id of cluster.goneIds) cluster.master.life?.face.forget(id);
    if (areAllInStep(cluster)) return true;
    if (operator.look()) waitedMs = 0;
  }
  world.oracle.note(`L2: not in step ${limitMs} ms after the last fault: ${whyNot(cluster)}`);
  return false;
}

function compareAll<M, S>(cluster: Cluster<M, S>): void {
  const { world, master, slaves } = cluster;
  const { workload, oracle } = world;
  const nodes = [master, ...slaves].flatMap(({ name, life }) => {
    const position = life?.face.position ?? null;
    if (life === null || position === null) return [];
    const data = life.face.data as M | S;
    const fingerprint = workload.fingerprint(data);
    const shows = (number: number) => workload.shows(data, number);
    return [{ who: name, position, fingerprint, shows }];
  });
  const [first] = nodes;
  for (const { who, fingerprint } of nodes) {
    if (fingerprint !== first?.fingerprint) oracle.note(`S12: in the end ${who} differs`);
  }
  oracle.finished(nodes);
}

async function stopAll<M, S>(cluster: Cluster<M, S>): Promise<void> {
  const { world, nodes } = cluster;
  const ended = nodes.map(async (node) => {
    await node.stop();
    if (node.isAlive) world.oracle.note(`${node.name} did not stop`);
  });
  let isOver = false;
  void Promise.all(ended).then(() => {
    isOver = true;
  });
  await world.clock.passUntil(() => isOver, 20_000);
  await world.clock.settle();
  if (!isOver) world.oracle.note('S15: a node did not stop within 20 s');
  const left = world.clock.pending;
  if (left.length > 0) {
    world.oracle.note(`S15: ${left.length} timers are left after everything was stopped`);
    world.trace.note(`left: ${left[0]?.stack ?? ''}`);
  }
  for (const { disk, name } of nodes) {
    if (disk?.isHeld === true) world.oracle.note(`S15: ${name} left its store open`);
  }
}

/** A slave that is still draining what was sent before is left out once, not for ever (P14). */
async function isConfirmedByAll<M, S>(
  { world }: Cluster<M, S>,
  confirm: () => PromiseLike<boolean>,
): Promise<boolean> {
  for (let attempt = 0; attempt < CONFIRMATIONS_MAX; attempt += 1) {
    let isGood: boolean | null = null;
    void confirm().then((answer) => {
      isGood = answer;
    });
    await world.clock.passUntil(() => isGood !== null, CONVERGE_MS);
    if (isGood === true) return true;
    await world.clock.pass(1_000);
  }
  return false;
}

/**
 * Ends all faults, waits until all are in step, compares them, and stops everything.
 * @param confirm makes one last two-phase change that every slave has to take
 */
export async function heal<M, S>(
  cluster: Cluster<M, S>,
  confirm: () => PromiseLike<boolean>,
): Promise<void> {
  const { world } = cluster;
  endFaults(cluster);
  const startMs = world.clock.now();
  if (await converge(cluster, CONVERGE_MS)) {
    world.trace.note(`in step after ${Math.round(world.clock.now() - startMs)} ms`);
    if (!(await isConfirmedByAll(cluster, confirm))) {
      world.oracle.note(`L1: no two-phase change takes all slaves: ${whyNot(cluster)}`);
    }
    if (await converge(cluster, CONVERGE_MS)) compareAll(cluster);
  }
  world.oracle.step(null);
  await stopAll(cluster);
}
