/** A whole cluster on a virtual clock, with faults drawn from a seed, judged after every step. */

import { ReplicationError } from '../../errors.js';
import type { Random } from '../../runtime/random.js';
import { seededRandom } from '../../runtime/random.js';
import type { UpdateOptions } from '../../service/task.js';
import { Cluster } from './cluster.js';
import type { Mark } from './coverage.js';
import { CONSTANT_FAULTS } from './faults/constants.js';
import { DISK_FAULTS } from './faults/disk.js';
import type { ConstantFault, Fault } from './faults/fault.js';
import { HOST_FAULTS } from './faults/host.js';
import { MASTER_FAULTS } from './faults/master.js';
import { NETWORK_FAULTS, WEATHER_FAULTS } from './faults/network.js';
import { PROCESS_FAULTS } from './faults/process.js';
import { heal } from './healing.js';
import type { MasterNode } from './node.js';
import { codeOf } from './node.js';
import type { ChangeRecord } from './oracle.js';
import { calmConstants } from './settings.js';
import type { Tampering } from './tampering.js';
import { documentWorkload, keyValueWorkload, type SimulatedWorkload } from './workload.js';
import { World } from './world.js';

export const FAULTS: readonly Fault[] = [
  ...NETWORK_FAULTS,
  ...PROCESS_FAULTS,
  ...DISK_FAULTS,
  ...MASTER_FAULTS,
  ...HOST_FAULTS,
];
export const CONSTANTS: readonly ConstantFault[] = [...WEATHER_FAULTS, ...CONSTANT_FAULTS];

/** The name of every kind of fault. */
export const FAULT_NAMES: readonly string[] = [...FAULTS, ...CONSTANTS].map(({ name }) => name);

export interface SimulateOptions<M, S> {
  /** The same seed and options give the same run, to the byte. */
  readonly seed: string | number;
  /** @default 3 */
  readonly slaves?: number;
  /** Steps of up to half a second of virtual time, before everything heals. @default 40 */
  readonly steps?: number;
  /** @default one of the two ready-made layers, by the seed */
  readonly workload?: SimulatedWorkload<M, S>;
  /** Kinds of faults that are on. @default each with a chance of one in five, by the seed */
  readonly faults?: readonly string[];
  /** Kinds that stay off though drawn: for shrinking a failing run. @default none */
  readonly without?: readonly string[];
  /** Keeps the lines of the trace, not only its hash. @default false */
  readonly trace?: boolean;
  /** Bugs that a test puts in. @default none */
  readonly tampering?: Tampering;
}

export interface SimulationReport {
  readonly seed: string | number;
  /** Broken promises, by their number; empty in a good run. */
  readonly violations: readonly string[];
  /** Kinds of faults that were on. */
  readonly faults: readonly string[];
  /** How often each kind struck. */
  readonly struck: ReadonlyMap<string, number>;
  /** Branches that the run came past. */
  readonly marks: ReadonlyMap<Mark, number>;
  /** Equal for two runs of the same seed and options. */
  readonly hash: string;
  readonly trace: readonly string[];
  readonly events: number;
  readonly virtualMs: number;
  readonly changes: {
    readonly acknowledged: number;
    readonly aborted: number;
    readonly all: number;
  };
}

const ON_CHANCE = 0.2;

function drawFaults(seed: string | number): readonly string[] {
  const random = seededRandom(seed, 'which faults');
  return FAULT_NAMES.filter(() => random() < ON_CHANCE);
}

/** Makes the changes of the run, and notes what their caller was told. */
class Host<M, S> {
  readonly #cluster: Cluster<M, S>;
  readonly #random: Random;
  #number = 0;

  constructor(cluster: Cluster<M, S>) {
    this.#cluster = cluster;
    this.#random = cluster.world.random('changes');
  }

  /** One change to one master that runs; now and then an old one that should be dead. */
  change(): void {
    const random = this.#random;
    const { masters, master } = this.#cluster;
    const target = random() < 0.1 ? (masters.at(-2) ?? master) : master;
    const isTwoPhase = random() < 0.5;
    const isWeak = random() < 0.2;
    const options: UpdateOptions = isTwoPhase
      ? { method: 'two-phase', ...(random() < 0.2 ? { ack: 'applied' } : {}) }
      : { method: 'one-phase', ...(isWeak ? { durability: 'os' } : {}) };
    const task = this.#submit(target, options, random() < 0.04);
    if (task !== null && random() < 0.05) {
      const { world } = this.#cluster;
      world.later(random() * 100, () => {
        if (task.rollback('on a whim')) world.coverage.struck('rollback');
      });
    }
  }

  /** The change that proves that all is well again. */
  async confirm(): Promise<boolean> {
    const options = { method: 'two-phase', ack: 'applied', timeout: 5_000 } as const;
    const task = this.#submit(this.#cluster.master, options, false);
    if (task === null) return false;
    try {
      const { participants, unconfirmed } = await task;
      return participants.length === this.#cluster.slaves.length && unconfirmed.length === 0;
    } catch (error) {
      this.#cluster.world.trace.note(`the last change failed: ${String(error)}`);
      return false;
    }
  }

  #submit(node: MasterNode<M, S>, options: UpdateOptions, isRefused: boolean) {
    const random = this.#random;
    const { world } = this.#cluster;
    this.#number += 1;
    const number = this.#number;
    const removes = random() < 0.4 ? this.#victim(random) : null;
    const { life } = node;
    if (life === null || !node.isRunning || life.process.isPaused) return null;
    const record: ChangeRecord = {
      number,
      removes,
      method: options.method ?? 'one-phase',
      durability: options.durability ?? 'disk',
      state: 'pending',
      at: null,
      releasedBy: node === this.#cluster.master ? null : 'an old master',
    };
    world.oracle.submitted(record);
    const task = world.workload.change(
      life.face.data,
      { number, removes, isRefused, random },
      options,
    );
    const lineage = life.face.position?.lineage ?? '';
    task.then(
      ({ version }) => this.#acknowledged(node, record, { lineage, version }),
      (error: unknown) => this.#rejected(record, error),
    );
    return task;
  }

  /** A change made before that no other one deletes. */
  #victim(random: Random): number | null {
    const { changes } = this.#cluster.world.oracle;
    const taken = new Set(changes.map(({ removes }) => removes));
    const free = changes.filter(({ number }) => !taken.has(number));
    return free[Math.floor(random() * free.length)]?.number ?? null;
  }

  #acknowledged(
    node: MasterNode<M, S>,
    record: ChangeRecord,
    at: { readonly lineage: string; readonly version: number },
  ): void {
    const { world, master } = this.#cluster;
    if (node.life === null) return;
    record.state = 'acknowledged';
    record.at = at;
    if (node !== master) record.releasedBy ??= 'an old master';
    if (record.method === 'two-phase') world.coverage.hit('a two-phase change was committed');
    world.trace.note(`change ${record.number} is in version ${at.version}`);
  }

  #rejected(record: ChangeRecord, error: unknown): void {
    const { coverage, trace } = this.#cluster.world;
    const code = codeOf(error);
    trace.note(`change ${record.number} failed: ${code}`);
    const cause = error instanceof ReplicationError ? codeOf(error.cause) : 'unknown';
    // Told to have changed nothing anywhere: ABORTED, or never begun.
    const isNothing = ['ABORTED', 'VETOED', 'OVERLOADED'].includes(code);
    record.state = isNothing ? 'aborted' : 'unknown';
    if (code === 'VETOED') coverage.hit('a change was refused by the schema');
    if (code === 'OVERLOADED') coverage.hit('a change was refused by a full queue');
    if (code === 'OUTCOME_UNKNOWN') coverage.hit('a change ended with its outcome unknown');
    if (cause === 'VETOED') coverage.hit('a two-phase change was aborted by a veto');
    if (cause === 'TIMEOUT') coverage.hit('a two-phase change was aborted by its deadline');
    if (cause === 'ROLLED_BACK') coverage.hit('a change was rolled back by its host');
  }
}

function lookAtStates<M, S>({ world, slaves, master }: Cluster<M, S>): void {
  const { coverage } = world;
  for (const { life } of slaves) {
    const status = life?.face.status;
    if (status?.round === 'in-doubt') coverage.hit('a slave was in doubt');
    if (status?.data === 'quarantined') coverage.hit('a slave was quarantined');
    if (status?.data === 'regressed') coverage.hit('a slave found its master behind it');
  }
  for (const { link } of master.life?.face.slaves() ?? []) {
    if (link === 'lagging') coverage.hit('a slave was lagging behind the high-water mark');
  }
}

async function live<M, S>(
  cluster: Cluster<M, S>,
  host: Host<M, S>,
  faults: readonly Fault[],
  steps: number,
): Promise<void> {
  const { world } = cluster;
  const pace = world.random('pace');
  const dice = new Map(faults.map(({ name }) => [name, world.random(`fault ${name}`)]));
  for (let step = 0; step < steps && world.oracle.violations.length === 0; step += 1) {
    const changes = Math.floor(pace() * 4);
    for (let change = 0; change < changes; change += 1) host.change();
    for (const { name, chance, strike } of faults) {
      const random = dice.get(name) as Random;
      if (random() >= chance || !strike(cluster, random)) continue;
      world.coverage.struck(name);
      world.trace.note(`fault: ${name}`);
    }
    await world.clock.pass(pace() * 500);
    cluster.operate();
    lookAtStates(cluster);
    world.oracle.step(cluster.master.life?.face.position ?? null);
  }
}

function workloadOf<M, S>(options: SimulateOptions<M, S>): SimulatedWorkload<M, S> {
  if (options.workload !== undefined) return options.workload;
  const isDocument = seededRandom(options.seed, 'which layer')() < 0.5;
  const ours = isDocument ? documentWorkload() : keyValueWorkload();
  return ours as unknown as SimulatedWorkload<M, S>;
}

/**
 * Runs one seed to its end.
 * @example
 * const report = await simulate({ seed: 4711 })
 * assert.deepEqual(report.violations, [])
 */
export async function simulate<M, S>(options: SimulateOptions<M, S>): Promise<SimulationReport> {
  const { seed } = options;
  const without = new Set(options.without ?? []);
  const names = (options.faults ?? drawFaults(seed)).filter((name) => !without.has(name));
  const isOn = ({ name }: { readonly name: string }) => names.includes(name);
  const constants = calmConstants();
  for (const fault of CONSTANTS.filter(isOn)) {
    fault.set(constants, seededRandom(seed, `constant ${fault.name}`));
  }
  const world = new World<M, S>({
    seed,
    workload: workloadOf(options),
    constants,
    tampering: options.tampering ?? {},
    keepsTrace: options.trace ?? false,
  });
  for (const { name } of CONSTANTS.filter(isOn)) world.coverage.struck(name);
  const cluster = new Cluster<M, S>(world, options.slaves ?? 3);
  const host = new Host(cluster);
  for (const node of cluster.nodes) node.boot();
  await live(cluster, host, FAULTS.filter(isOn), options.steps ?? 40);
  const { oracle, coverage, trace } = world;
  if (oracle.violations.length === 0) await heal(cluster, () => host.confirm());
  const count = (state: string) => oracle.changes.filter((one) => one.state === state).length;
  return {
    seed,
    violations: oracle.violations,
    faults: names,
    struck: coverage.faults,
    marks: coverage.marks,
    hash: trace.hash,
    trace: trace.lines,
    events: trace.events,
    virtualMs: world.clock.now(),
    changes: {
      acknowledged: count('acknowledged'),
      aborted: count('aborted'),
      all: oracle.changes.length,
    },
  };
}
