/** The world as small numbers, and all that can happen in it next. */
import type { Point } from '../../machines/index.js';
import { Interner } from './interner.js';
import { deliverToMaster } from './master-inbox.js';
import {
  backUpAndRestore,
  crashMaster,
  endMasterJob,
  loseMaster,
  masterMoves,
  startMaster,
} from './master-steps.js';
import { type MasterProcess, newMasterProcess } from './master-turn.js';
import { type Broken, type Ghost, judgeMaster, judgeSlave, newGhost, observe } from './observer.js';
import { crashSlave, deliverToSlave, endSlaveJob, slaveMoves, startSlave } from './slave-steps.js';
import { newSlaveProcess, type SlaveProcess } from './slave-turn.js';
import {
  type Bounds,
  type Outcome,
  type Packet,
  SLAVES,
  type Spending,
  type Stepped,
} from './vocabulary.js';

/** Ids of: master, ghost, messages (a set), what was spent, then one per slave. */
export interface World {
  readonly master: number;
  readonly ghost: number;
  readonly net: number;
  readonly spent: number;
  readonly slaves: readonly number[];
  /** A second master and its observer, -1 where there is none. */
  readonly rival: number;
  readonly rivalGhost: number;
}

export interface Edge {
  readonly label: string;
  readonly next: World;
  readonly broken: readonly Broken[];
  /** What was delivered, when the step is a delivery. */
  readonly packet: number | null;
  /** Who took it. */
  readonly actor: Actor;
  readonly sent: readonly number[];
  /** Left out unless steps are kept. */
  readonly steps?: readonly Stepped[];
}

/** An outcome with everything interned, so that a step is computed once. */
interface Known {
  readonly label: string;
  readonly process: number;
  readonly sent: readonly number[];
  readonly notes: Outcome<unknown>['notes'];
  readonly spent: Spending | null;
  readonly steps?: readonly Stepped[];
}

/** Who takes a step: a master, or the slave of that index. */
export type Actor = 'master' | 'rival' | number;
type Spent = Readonly<Record<Spending, number>>;
const NOTHING_SPENT: Spent = {
  onePhase: 0,
  twoPhase: 0,
  masterCrashes: 0,
  slaveCrashes: 0,
  heartbeats: 0,
  vetoes: 0,
  rollbacks: 0,
  deadlines: 0,
  silences: 0,
  storeFailures: 0,
  leaves: 0,
  reconnects: 0,
  backups: 0,
  failures: 0,
};

const processKey = ({ snapshot, ...rest }: MasterProcess | SlaveProcess): string =>
  JSON.stringify([rest, snapshot?.value, snapshot?.context]);

export class Universe {
  readonly bounds: Bounds;
  readonly masters = new Interner<MasterProcess>(processKey);
  readonly slaves = new Interner<SlaveProcess>(processKey);
  readonly packets = new Interner<Packet>((packet) => JSON.stringify(packet));
  readonly #nets = new Interner<readonly number[]>((ids) => ids.join());
  readonly #ghosts = new Interner<Ghost>((ghost) => JSON.stringify(ghost));
  readonly #spents = new Interner<Spent>((spent) => JSON.stringify(spent));
  readonly #memo = new Map<string, readonly Known[]>();
  readonly #judged = new Map<string, readonly Broken[]>();
  #keepsSteps = false;

  constructor(bounds: Bounds) {
    this.bounds = bounds;
  }

  start(): World {
    const { bounds } = this;
    const master = newMasterProcess();
    const rival = bounds.rival && newMasterProcess('n', bounds.rival === 'takeover');
    const joinedAt: Point | null = bounds.from === 'empty' ? null : master.disk.position;
    const receiving = bounds.mixesBuilds ? 'mixed' : bounds.chunked ? 'parts' : 'whole';
    const isStoreless = bounds.storeless === true;
    const ghost = this.#ghosts.idOf(newGhost(master.disk.position.digest, isStoreless));
    const names = SLAVES.slice(0, bounds.slaves);
    const down: World = {
      master: this.masters.idOf(master),
      rival: rival === undefined ? -1 : this.masters.idOf(rival),
      ghost,
      rivalGhost: rival === undefined ? -1 : ghost,
      net: this.#nets.idOf([]),
      spent: this.#spents.idOf(NOTHING_SPENT),
      slaves: names.map((name) =>
        this.slaves.idOf(newSlaveProcess(name, joinedAt, isStoreless, receiving)),
      ),
    };
    return this.bounds.from === 'live' ? this.#joined(down, names) : down;
  }

  /** All up and in step, by the steps that lead there. */
  #joined(down: World, names: readonly string[]): World {
    const joins = names.flatMap((name) => [
      `${name} starts`,
      `${name} -> m hello`,
      `m -> ${name} welcome`,
      `${name} ends persistReign`,
    ]);
    return ['m starts', 'm ends persistReign', ...joins].reduce((world, label) => {
      const edge = this.edgesOf(world).find((each) => each.label === label);
      if (edge === undefined) throw new Error(`no step "${label}" on the way in`);
      return edge.next;
    }, down);
  }

  keyOf({ master, ghost, net, spent, slaves, rival, rivalGhost }: World): string {
    const first = `${master},${ghost},${net},${spent},${slaves.join()}`;
    return rival < 0 ? first : `${first}|${rival},${rivalGhost}`;
  }

  masterOf = (world: World): MasterProcess => this.masters.valueOf(world.master);
  slavesOf = (world: World): readonly SlaveProcess[] =>
    world.slaves.map((id) => this.slaves.valueOf(id));
  netOf = (world: World): readonly number[] => this.#nets.valueOf(world.net);

  /** Everything that can happen next, within the bounds. */
  edgesOf(world: World): readonly Edge[] {
    const edges: Edge[] = [];
    const add = (actor: Actor, outcomes: readonly Known[], packet: number | null = null) => {
      for (const outcome of outcomes) {
        const edge = this.#follow(world, actor, outcome, packet);
        if (edge !== null) edges.push(edge);
      }
    };
    const masters = [
      ['master', world.master],
      ['rival', world.rival],
    ] as const;
    const present = masters.filter(([, id]) => id >= 0);
    for (const [actor, id] of present) add(actor, this.#masterSteps(id));
    for (const [index, id] of world.slaves.entries()) add(index, this.#slaveSteps(id));
    for (const packet of this.netOf(world)) {
      const { to } = this.packets.valueOf(packet);
      for (const [actor, id] of present) {
        const { name } = this.masters.valueOf(id);
        if (to.includes(name)) add(actor, this.#masterHears(id, packet), packet);
      }
      for (const [index, id] of world.slaves.entries()) {
        const name = SLAVES[index] ?? '';
        if (to.includes(name)) add(index, this.#slaveHears(id, packet), packet);
      }
    }
    return edges;
  }

  #masterSteps(id: number): readonly Known[] {
    return this.#remember(`m${id}`, () => {
      const master = this.masters.valueOf(id);
      const outcomes =
        master.snapshot === null
          ? startMaster(master)
          : [
              crashMaster(master),
              ...backUpAndRestore(master),
              ...(this.bounds.lossy ? [loseMaster(master)] : []),
              ...endMasterJob(master),
              ...masterMoves(master, this.bounds),
            ];
      return outcomes.map((outcome) => this.#intern(outcome, this.masters.idOf(outcome.process)));
    });
  }

  #slaveSteps(id: number): readonly Known[] {
    return this.#remember(`s${id}`, () => {
      const slave = this.slaves.valueOf(id);
      const outcomes =
        slave.snapshot === null
          ? startSlave(slave)
          : [crashSlave(slave), ...endSlaveJob(slave), ...slaveMoves(slave)];
      return outcomes.map((outcome) => this.#intern(outcome, this.slaves.idOf(outcome.process)));
    });
  }

  #masterHears(id: number, packet: number): readonly Known[] {
    return this.#remember(`m${id}<${packet}`, () => {
      const master = this.masters.valueOf(id);
      return deliverToMaster(master, this.packets.valueOf(packet), this.bounds).map((outcome) =>
        this.#intern(outcome, this.masters.idOf(outcome.process)),
      );
    });
  }

  #slaveHears(id: number, packet: number): readonly Known[] {
    return this.#remember(`s${id}<${packet}`, () => {
      const slave = this.slaves.valueOf(id);
      return deliverToSlave(slave, this.packets.valueOf(packet), this.bounds).map((outcome) =>
        this.#intern(outcome, this.slaves.idOf(outcome.process)),
      );
    });
  }

  /** From now on edges tell the events of their machines: too much for millions of them. */
  keepSteps(): void {
    this.#keepsSteps = true;
    this.#memo.clear();
  }

  #intern({ label, sent, notes, spent, steps }: Outcome<unknown>, process: number): Known {
    const ids = sent.map((packet) => this.packets.idOf(packet));
    const kept = this.#keepsSteps && steps !== undefined ? { steps } : {};
    return { label, process, sent: ids, notes, spent, ...kept };
  }

  #remember(key: string, compute: () => readonly Known[]): readonly Known[] {
    const known = this.#memo.get(key);
    if (known !== undefined) return known;
    const outcomes = compute();
    this.#memo.set(key, outcomes);
    return outcomes;
  }

  #spend(spent: number, spending: Spending | null): number | null {
    if (spending === null) return spent;
    const before = this.#spents.valueOf(spent);
    const used = before[spending] + 1;
    if (used > this.bounds[spending]) return null;
    return this.#spents.idOf({ ...before, [spending]: used });
  }

  #follow(world: World, actor: Actor, outcome: Known, packet: number | null): Edge | null {
    const spent = this.#spend(world.spent, outcome.spent);
    if (spent === null) return null;
    const broken: Broken[] = [];
    const { notes, process } = outcome;
    const next: World = {
      master: actor === 'master' ? process : world.master,
      rival: actor === 'rival' ? process : world.rival,
      slaves: world.slaves.map((id, index) => (index === actor ? process : id)),
      // What a slave does counts for both masters; they know nothing of each other.
      ghost: actor === 'rival' ? world.ghost : this.#observed(world.ghost, notes, broken),
      rivalGhost:
        actor === 'master' ? world.rivalGhost : this.#observed(world.rivalGhost, notes, broken),
      spent,
      net: this.#withPackets(world.net, outcome.sent),
    };
    broken.push(...this.#judge(next));
    const { label, sent, steps } = outcome;
    return { label, next, broken, packet, actor, sent, ...(steps && { steps }) };
  }

  #observed(ghost: number, notes: Known['notes'], broken: Broken[]): number {
    if (ghost < 0 || notes.length === 0) return ghost;
    return this.#ghosts.idOf(observe(this.#ghosts.valueOf(ghost), notes, broken));
  }

  #withPackets(net: number, sent: readonly number[]): number {
    if (sent.length === 0) return net;
    const before = this.#nets.valueOf(net);
    const news = sent.filter((id) => !before.includes(id));
    if (news.length === 0) return net;
    return this.#nets.idOf([...new Set([...before, ...news])].sort((a, b) => a - b));
  }

  /** Depends on disks and ghost only, so it is remembered by these. */
  #judge(world: World): readonly Broken[] {
    const { master, ghost, rival, rivalGhost, slaves } = world;
    const key = `${master},${ghost},${slaves.join()},${rival},${rivalGhost}`;
    const known = this.#judged.get(key);
    if (known !== undefined) return known;
    const broken: Broken[] = [];
    const ghosts = [ghost, rivalGhost]
      .filter((id) => id >= 0)
      .map((id) => this.#ghosts.valueOf(id));
    for (const [index, id] of [master, rival].entries()) {
      const seen = ghosts[index];
      if (seen !== undefined) judgeMaster(this.masters.valueOf(id), seen, broken);
    }
    for (const slave of this.slavesOf(world)) judgeSlave(slave, ghosts, broken);
    this.#judged.set(key, broken);
    return broken;
  }
}
