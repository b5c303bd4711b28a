/**
 * L1 to L3 by backward reachability. The graph: from every explored combination of processes,
 * with all that was under way lost, everything that can follow while nothing fails any more. Walked
 * backwards from the states in which all rest at one position; a state that is not reached is a
 * wedge. Losing what is under way makes it stricter than the explored states themselves, whose
 * messages never vanish, so that in them a lost answer might always still come.
 */
import type { AnyMachineSnapshot } from 'xstate';
import { pointOf } from '../../machines/index.js';
import { EdgeList } from './edge-list.js';
import type { Exploration } from './explorer.js';
import { type FairStep, FairSteps } from './fair-steps.js';
import { SLAVES } from './vocabulary.js';
import type { Universe } from './world.js';

/** Process ids, and per slave what is on its way to it and from it, oldest first. */
export interface FairState {
  readonly master: number;
  readonly slaves: readonly number[];
  readonly channels: readonly (readonly number[])[];
}

export interface FairEdge {
  readonly label: string;
  readonly next: FairState;
}

/** One state of a way through the fair graph, and the label of the step that led there. */
export interface FairReached {
  readonly label: string;
  readonly state: FairState;
}

export interface Wedge {
  /** Index of the explored world after which nothing failed any more. */
  readonly from: number;
  /** From that world to the state from which there is no way to rest. */
  readonly way: readonly FairReached[];
  /** What it does from there on, for a while. */
  readonly onwards: readonly FairReached[];
}

export interface Liveness {
  readonly starts: number;
  /** Combinations of processes that differ; all of them are starts when nothing is sampled. */
  readonly combinations: number;
  readonly states: number;
  readonly edges: number;
  readonly isComplete: boolean;
  /** Most steps that any state needs to come to rest. */
  readonly stepsToRestMax: number;
  readonly wedges: number;
  readonly wedge: Wedge | null;
}

const STATES_MAX = 3_000_000;
const ONWARDS_MAX = 10;

export class FairGraph {
  readonly #universe: Universe;
  readonly #steps: FairSteps;
  readonly #states: FairState[] = [];
  readonly #indices = new Map<string, number>();
  readonly #parents: number[] = [];
  readonly #labels: string[] = [];
  readonly #edges = new EdgeList();
  readonly #resting: number[] = [];
  /** The explored world that each start stands for. */
  readonly #worlds = new Map<number, number>();

  constructor(universe: Universe) {
    this.#universe = universe;
    this.#steps = new FairSteps(universe);
  }

  addStart(world: number, master: number, slaves: readonly number[]): void {
    const channels = slaves.flatMap(() => [[], []]);
    const index = this.#add({ master, slaves, channels }, -1, 'all that is under way is lost');
    if (!this.#worlds.has(index)) this.#worlds.set(index, world);
  }

  /** Explores it and walks back; `combinations` is only passed on. */
  walk(combinations: number, progress: (states: number, edges: number) => void): Liveness {
    const starts = this.#states.length;
    let isComplete = true;
    for (let index = 0; index < this.#states.length; index += 1) {
      if (index % 16_384 === 0) progress(this.#states.length, this.#edges.size);
      if (this.#states.length > STATES_MAX) {
        isComplete = false;
        break;
      }
      for (const { label, next } of this.#edgesOf(this.#states[index] as FairState)) {
        this.#edges.add(index, this.#add(next, index, label));
      }
    }
    const distances = this.#edges.distancesTo(this.#resting, this.#states.length);
    const wedged = distances.reduce((sum, distance) => sum + (distance < 0 ? 1 : 0), 0);
    return {
      starts,
      combinations,
      states: this.#states.length,
      edges: this.#edges.size,
      isComplete,
      stepsToRestMax: distances.reduce((most, distance) => Math.max(most, distance), 0),
      wedges: wedged,
      wedge: wedged === 0 ? null : this.#wedgeAt(distances.indexOf(-1)),
    };
  }

  #add(state: FairState, parent: number, label: string): number {
    const key = `${state.master}|${state.slaves}|${state.channels.join('|')}`;
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    const index = this.#states.length;
    this.#indices.set(key, index);
    this.#states.push(state);
    this.#parents.push(parent);
    this.#labels.push(label);
    if (this.#isResting(state)) this.#resting.push(index);
    return index;
  }

  #edgesOf(state: FairState): readonly FairEdge[] {
    const edges = this.#busyEdgesOf(state);
    if (edges.length > 0) return edges;
    const timers = this.#steps
      .masterTimers(state.master)
      .map((step) => this.#withMaster(state, step));
    for (const [index, id] of state.slaves.entries()) {
      for (const step of this.#steps.slaveTimers(id, state.master)) {
        timers.push(this.#withSlave(state, index, step));
      }
    }
    return timers;
  }

  /** All that goes on by itself: starts, jobs, answers of user layers, messages. */
  #busyEdgesOf(state: FairState): FairEdge[] {
    const edges = this.#steps.ofMaster(state.master).map((step) => this.#withMaster(state, step));
    for (const [index, id] of state.slaves.entries()) {
      for (const step of this.#steps.ofSlave(id)) edges.push(this.#withSlave(state, index, step));
      const [toSlave] = state.channels[2 * index] ?? [];
      if (toSlave !== undefined) {
        const taken = this.#taken(state, 2 * index);
        const [step] = this.#steps.slaveHears(id, toSlave);
        edges.push(step ? this.#withSlave(taken, index, step) : this.#unheard(taken, toSlave));
      }
      const [toMaster] = state.channels[2 * index + 1] ?? [];
      if (toMaster === undefined) continue;
      const taken = this.#taken(state, 2 * index + 1);
      const [step] = this.#steps.masterHears(state.master, toMaster);
      edges.push(step ? this.#withMaster(taken, step) : this.#unheard(taken, toMaster));
    }
    return edges;
  }

  #unheard(state: FairState, packet: number): FairEdge {
    const { message } = this.#universe.packets.valueOf(packet);
    return { label: `nobody takes the ${message.kind}`, next: this.#calm(state) };
  }

  #taken(state: FairState, at: number): FairState {
    const channels = state.channels.map((packets, index) =>
      index === at ? packets.slice(1) : packets,
    );
    return { ...state, channels };
  }

  #withMaster(state: FairState, { label, process, sent }: FairStep): FairEdge {
    const channels = state.channels.map((packets, index) => {
      if (index % 2 === 1) return packets;
      const name = SLAVES[index / 2] ?? '';
      const mine = sent.filter((id) => this.#universe.packets.valueOf(id).to.includes(name));
      return mine.length === 0 ? packets : [...packets, ...mine];
    });
    return { label, next: this.#calm({ ...state, master: process, channels }) };
  }

  #withSlave(state: FairState, slave: number, { label, process, sent }: FairStep): FairEdge {
    const slaves = state.slaves.map((id, index) => (index === slave ? process : id));
    const channels = state.channels.map((packets, index) =>
      index === 2 * slave + 1 && sent.length > 0 ? [...packets, ...sent] : packets,
    );
    return { label, next: this.#calm({ ...state, slaves, channels }) };
  }

  #isPaused({ master, slaves, channels }: FairState): boolean {
    return (
      channels.every((packets) => packets.length === 0) &&
      this.#steps.ofMaster(master).length === 0 &&
      slaves.every((id) => this.#steps.ofSlave(id).length === 0)
    );
  }

  #calm(state: FairState): FairState {
    if (!this.#isPaused(state)) return state;
    const [master = 0, ...slaves] = this.#steps.paused(state.master, state.slaves);
    return { ...state, master, slaves };
  }

  #isResting(state: FairState): boolean {
    if (!this.#isPaused(state)) return false;
    const { bounds } = this.#universe;
    const { snapshot } = this.#universe.masters.valueOf(state.master);
    if (snapshot?.matches({ serving: { round: 'idle' } }) !== true) return false;
    const { position, closed } = snapshot.context;
    const mayWait = bounds.backups > 0;
    if (closed.length > 0 && !mayWait) return false;
    return state.slaves.every((id) => {
      const slave = this.#universe.slaves.valueOf(id);
      const copy = slave.snapshot as AnyMachineSnapshot | null;
      if (copy?.matches({ serving: { link: 'live' } }) !== true) return false;
      // After a restored folder only the host can tell what holds: it is asked, visibly (P16, P22).
      const doubtful = { serving: { copy: { prepared: 'doubtful' } } };
      if (mayWait && copy.matches({ serving: { copy: 'regressed' } })) return true;
      if (mayWait && copy.matches(doubtful)) return true;
      const { digest } = pointOf(slave.disk.position);
      const isSame = slave.disk.prepared === null && digest === position.digest;
      return isSame && copy.matches({ serving: { copy: 'idle' } });
    });
  }

  #wedgeAt(index: number): Wedge {
    const way: FairReached[] = [];
    let at = index;
    for (;;) {
      way.unshift({ label: this.#labels[at] ?? '', state: this.#states[at] as FairState });
      const parent = this.#parents[at] ?? -1;
      if (parent < 0) break;
      at = parent;
    }
    const onwards: FairReached[] = [];
    let state = this.#states[index] as FairState;
    while (onwards.length < ONWARDS_MAX) {
      const [edge] = this.#edgesOf(state);
      if (edge === undefined) break;
      state = edge.next;
      onwards.push({ label: edge.label, state });
    }
    return { from: this.#worlds.get(at) ?? 0, way, onwards };
  }
}

/** From every explored combination of processes, or from an even share of at most `startsMax`. */
export function walkBack(
  exploration: Exploration,
  startsMax: number,
  progress: (states: number, edges: number) => void = () => undefined,
): Liveness {
  const { worlds, universe } = exploration;
  const distinct = new Map<string, number>();
  for (const [index, { master, slaves }] of worlds.entries()) {
    const key = `${master}|${slaves}`;
    if (!distinct.has(key)) distinct.set(key, index);
  }
  const indices = [...distinct.values()];
  const every = Math.max(1, Math.ceil(indices.length / startsMax));
  const graph = new FairGraph(universe);
  for (let at = 0; at < indices.length; at += every) {
    const index = indices[at] ?? 0;
    const world = worlds[index];
    if (world !== undefined) graph.addStart(index, world.master, world.slaves);
  }
  return graph.walk(indices.length, progress);
}
