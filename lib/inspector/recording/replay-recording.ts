/**
 * Feeds the recorded events to the real machines again and compares what they do with what is
 * recorded: a recording of a bug report is a test, and a protocol that was changed shows where.
 */
import type { AnyStateMachine } from 'xstate';
import { masterMachine } from '../../../machines/master.js';
import { relayMachine } from '../../../machines/relay.js';
import { sessionMachine } from '../../../machines/session.js';
import { slaveMachine } from '../../../machines/slave.js';
import { reasonOf } from '../../errors.js';
import { type Chart, readChart, transitionIds } from '../chart/read-chart.js';
import type { ActorEntry, Entry, Line, StepEntry } from '../entries.js';
import { isEqual } from './equal.js';
import type { NumberedLine } from './read-recording.js';
import { type Deviation, ReplayedActor } from './replayed-actor.js';

/** The first step of an actor that went another way. */
export interface Difference extends Deviation {
  /** Of the file, from 1. */
  readonly line: number;
  readonly actor: string;
  /** For people: `session of s1`. */
  readonly name: string;
  readonly event: StepEntry['event'];
}

export interface ReplayResult {
  /** At most one of each actor: what follows a difference tells nothing new. */
  readonly differences: readonly Difference[];
  /** Actors and steps that were compared. */
  readonly actors: number;
  readonly steps: number;
  /** Actors of machines that were not given. */
  readonly unknown: readonly string[];
  /** Machines, by their id, whose definition is another one than when it was recorded. */
  readonly changedMachines: readonly string[];
  /** Steps and messages that the recording lacks. */
  readonly left: number;
}

export interface ReplayOptions {
  /** Machines by their id. @default those of this package */
  readonly machines?: readonly AnyStateMachine[];
}

const MACHINES: readonly AnyStateMachine[] = [
  masterMachine,
  slaveMachine,
  sessionMachine,
  relayMachine,
];

interface RealMachine {
  readonly machine: AnyStateMachine;
  readonly chart: Chart;
  readonly ids: ReadonlyMap<unknown, string>;
}

class Replay {
  readonly #machines: ReadonlyMap<string, RealMachine>;
  /** By the recording's name of a machine. */
  readonly #named = new Map<string, RealMachine>();
  readonly #running = new Map<string, ReplayedActor>();
  readonly #seen = new Set<string>();
  readonly #different = new Set<string>();
  readonly #changedMachines = new Set<string>();
  readonly #unknown = new Set<string>();
  readonly #differences: Difference[] = [];
  #payloads = false;
  #steps = 0;
  #left = 0;
  /** Lines are missing here: the next keyframe tells where actors stand. */
  #isTorn = true;

  constructor(machines: readonly AnyStateMachine[]) {
    const real = machines.map((machine) => {
      const ids = transitionIds(machine);
      return [machine.id, { machine, chart: readChart(machine), ids }] as const;
    });
    this.#machines = new Map(real);
  }

  get result(): ReplayResult {
    for (const actor of this.#running.values()) actor.stop();
    return {
      differences: this.#differences,
      actors: this.#seen.size,
      steps: this.#steps,
      unknown: [...this.#unknown],
      changedMachines: [...this.#changedMachines],
      left: this.#left,
    };
  }

  take(line: Line, number: number): void {
    switch (line.kind) {
      case 'replichart-recording':
        this.#payloads = line.payloads;
        return;
      case 'gap':
        this.#left += line.count;
        this.#isTorn ||= line.reason === 'buffer';
        return;
      case 'keyframe':
        return this.#keyframe(line.entries, number);
      case 'machine':
        return this.#machine(line.machine, line.chart);
      case 'actor':
        return this.#start(line, number);
      case 'actor-end':
        return this.#end(line.actor);
      case 'step':
        return this.#step(line, number);
      default:
    }
  }

  /** Along the way a keyframe says what is known already. */
  #keyframe(entries: readonly Entry[], number: number): void {
    if (this.#isTorn) for (const id of [...this.#running.keys()]) this.#end(id);
    this.#isTorn = false;
    for (const entry of entries) {
      const isKnown = entry.kind === 'actor' && this.#running.has(entry.actor);
      if (!isKnown) this.take(entry, number);
    }
  }

  #machine(name: string, chart: { readonly id: string }): void {
    const real = this.#machines.get(chart.id);
    if (real === undefined) return;
    this.#named.set(name, real);
    // What JSON leaves out of a chart is undefined in it.
    if (!isEqual(real.chart, chart)) this.#changedMachines.add(chart.id);
  }

  #start(entry: ActorEntry, number: number): void {
    this.#end(entry.actor);
    const { machine, actor, name } = entry;
    if (machine === null || this.#different.has(actor)) return;
    const real = this.#named.get(machine);
    if (real === undefined) return void this.#unknown.add(name);
    this.#seen.add(actor);
    try {
      this.#running.set(actor, new ReplayedActor(real.machine, real.ids, entry, this.#payloads));
    } catch (error) {
      // Its state is none of this machine's, say: nothing can be compared.
      const deviation = { what: 'failure', recorded: entry.value, made: reasonOf(error) } as const;
      this.#differ(entry, { type: 'xstate.init' }, number, deviation);
    }
  }

  #end(actor: string): void {
    this.#running.get(actor)?.stop();
    this.#running.delete(actor);
  }

  #step(step: StepEntry, number: number): void {
    const actor = this.#running.get(step.actor);
    if (actor === undefined) return;
    this.#steps += 1;
    const deviation = actor.step(step);
    if (deviation !== null) this.#differ(actor.entry, step.event, number, deviation);
  }

  #differ(
    { actor, name }: ActorEntry,
    event: StepEntry['event'],
    line: number,
    deviation: Deviation,
  ): void {
    this.#different.add(actor);
    this.#end(actor);
    this.#differences.push({ line, actor, name, event, ...deviation });
  }
}

/**
 * Runs the actors of a recording again, each alone, and tells where they differ.
 * @throws whatever reading `lines` throws
 */
export async function replayRecording(
  lines: AsyncIterable<NumberedLine> | Iterable<NumberedLine>,
  options: ReplayOptions = {},
): Promise<ReplayResult> {
  const replay = new Replay(options.machines ?? MACHINES);
  for await (const { line, number } of lines) replay.take(line, number);
  return replay.result;
}
