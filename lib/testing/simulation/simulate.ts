/** A whole cluster on a virtual clock, with faults drawn from a seed, judged after every step. */

import type { Position } from '../../../machines/protocol.js';
import { ReplicationError, reasonOf } from '../../errors.js';
import type { Clock } from '../../runtime/clock.js';
import { type Random, seededRandom } from '../../runtime/random.js';
import type { Inspect } from '../../service/inspection.js';
import { ChangeMaker } from './change-maker.js';
import { Cluster } from './cluster.js';
import type { Mark } from './coverage.js';
import { CONSTANTS, FAULT_NAMES, FAULTS } from './faults/catalogue.js';
import type { Fault } from './faults/fault.js';
import { heal } from './healing.js';
import { calmConstants } from './settings.js';
import type { Tampering } from './tampering.js';
import { documentWorkload, keyValueWorkload, type SimulatedWorkload } from './workload.js';
import { World } from './world.js';

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
  /**
   * A rule of your own, asked after every step about every node that runs. What it throws is a
   * violation. Nodes are behind one another as the faults have it: compare what must hold anyway.
   */
  readonly check?: (nodes: readonly SimulatedView<M | S>[]) => void;
  /** Keeps the lines of the trace, not only its hash. @default false */
  readonly trace?: boolean;
  /**
   * Makes, from the clock of the run, what every master and slave is given as its `inspect` option:
   * a collector of the inspector, say, for a recording. @default none
   */
  readonly inspect?: (clock: Clock) => Inspect;
  /** Bugs that a test puts in. @default none */
  readonly tampering?: Tampering;
}

/** One running node, as a `check` sees it. */
export interface SimulatedView<Data> {
  readonly name: string;
  readonly role: 'master' | 'slave';
  readonly data: Data;
  /** Where its data stands; null before the first version. */
  readonly position: Position | null;
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

function askCheck<M, S>(cluster: Cluster<M, S>, { check }: SimulateOptions<M, S>): void {
  if (check === undefined) return;
  const views = cluster.nodes.flatMap<SimulatedView<M | S>>(({ name, role, life }) => {
    if (life === null || life.state !== 'running') return [];
    return [{ name, role, data: life.face.data as M | S, position: life.place() }];
  });
  try {
    check(views);
  } catch (error) {
    cluster.world.oracle.note(`check: ${reasonOf(error)}`);
  }
}

async function live<M, S>(
  cluster: Cluster<M, S>,
  maker: ChangeMaker<M, S>,
  faults: readonly Fault[],
  options: SimulateOptions<M, S>,
): Promise<void> {
  const steps = options.steps ?? 40;
  const { world } = cluster;
  const pace = world.random('pace');
  const dice = new Map(faults.map(({ name }) => [name, world.random(`fault ${name}`)]));
  for (let step = 0; step < steps && world.oracle.violations.length === 0; step += 1) {
    const changes = Math.floor(pace() * 4);
    for (let change = 0; change < changes; change += 1) maker.change();
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
    askCheck(cluster, options);
  }
}

function workloadOf<M, S>(options: SimulateOptions<M, S>): SimulatedWorkload<M, S> {
  if (options.workload !== undefined) return options.workload;
  const isDocument = seededRandom(options.seed, 'which layer')() < 0.5;
  const ours = isDocument ? documentWorkload() : keyValueWorkload();
  return ours as unknown as SimulatedWorkload<M, S>;
}

/** @throws {ReplicationError} INVALID_OPTION for a kind of fault that does not exist */
function refuseUnknown(names: readonly string[]): void {
  const unknown = names.find((name) => !FAULT_NAMES.includes(name));
  if (unknown === undefined) return;
  const message = `simulate knows no fault "${unknown}"; it knows: ${FAULT_NAMES.join(', ')}`;
  throw new ReplicationError('INVALID_OPTION', message);
}

/**
 * Runs a cluster of one master and some slaves through one seed: the real layers, service and
 * store code on simulated processes, disks and a network, under the faults that the seed draws.
 * The promises S1 to S14 are judged after every step; then all faults end, and everything has to
 * come back into step by itself (L2, L3), equal in content and with nothing left behind. Promises
 * are those of reliability section 2. Needs no real time and opens nothing.
 * @example
 * const report = await simulate({ seed: 4711 })
 * assert.deepEqual(report.violations, [])
 * @throws {ReplicationError} INVALID_OPTION for a kind of fault that does not exist
 */
export async function simulate<M, S>(options: SimulateOptions<M, S>): Promise<SimulationReport> {
  const { seed } = options;
  refuseUnknown([...(options.faults ?? []), ...(options.without ?? [])]);
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
    ...(options.inspect === undefined ? {} : { inspect: options.inspect }),
  });
  for (const { name } of CONSTANTS.filter(isOn)) world.coverage.struck(name);
  const cluster = new Cluster<M, S>(world, options.slaves ?? 3);
  const maker = new ChangeMaker(cluster);
  for (const node of cluster.nodes) node.boot();
  await live(cluster, maker, FAULTS.filter(isOn), options);
  if (world.oracle.violations.length === 0) await heal(cluster, () => maker.confirm());
  return reportOf(seed, names, world);
}

function reportOf<M, S>(
  seed: string | number,
  faults: readonly string[],
  { oracle, coverage, trace, clock }: World<M, S>,
): SimulationReport {
  const count = (state: string) => oracle.changes.filter((one) => one.state === state).length;
  return {
    seed,
    violations: oracle.violations,
    faults,
    struck: coverage.faults,
    marks: coverage.marks,
    hash: trace.hash,
    trace: trace.lines,
    events: trace.events,
    virtualMs: clock.now(),
    changes: {
      acknowledged: count('acknowledged'),
      aborted: count('aborted'),
      all: oracle.changes.length,
    },
  };
}

/** As `SimulateOptions`, over several seeds. */
export interface SimulateSeedsOptions<M, S> extends Omit<SimulateOptions<M, S>, 'seed'> {
  /** How many seeds. */
  readonly seeds: number;
  /** The first of them; whole numbers follow. @default 1 */
  readonly first?: number;
}

/**
 * Runs many seeds, one after the other, and stops at the first broken promise: the short form for
 * a test of your own. Resolves with the reports.
 * @example
 * test('my layer survives', () => simulateSeeds({ seeds: 20, workload: myWorkload }))
 * @throws {Error} naming the seed, its faults and what it broke; run that seed again with
 * `simulate({ seed, trace: true })` to read what happened
 */
export async function simulateSeeds<M, S>(
  options: SimulateSeedsOptions<M, S>,
): Promise<readonly SimulationReport[]> {
  const { seeds, first = 1, ...common } = options;
  const reports: SimulationReport[] = [];
  for (let seed = first; seed < first + seeds; seed += 1) {
    const report = await simulate({ ...common, seed });
    reports.push(report);
    if (report.violations.length === 0) continue;
    const what = report.violations.slice(0, 3).join('; ');
    throw new Error(`seed ${seed} with ${report.faults.join(', ') || 'no faults'}: ${what}`);
  }
  return reports;
}
