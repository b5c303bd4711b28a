/**
 * A trace as a recording that `replichart replay` opens. The model forgets after each step what
 * decides nothing (heard counters, words for people), so an actor is told anew where it did.
 */
import { type AnyMachineSnapshot, type AnyStateMachine, createActor } from 'xstate';
import { readChart, transitionIds } from '../../lib/inspector/chart/read-chart.js';
import { changedPaths } from '../../lib/inspector/context-paths.js';
import type { Entry, StateValue } from '../../lib/inspector/entries.js';
import { writeLine } from '../../lib/inspector/json.js';
import { keptValue } from '../../lib/inspector/lines/kept-value.js';
import { PROTOCOL_VERSION } from '../../machines/protocol.js';
import { linesOf } from '../support/write-entries.js';
import type { Exploration, Reached } from './explorer.js';
import { masterStepper } from './master-turn.js';
import { slaveStepper } from './slave-turn.js';
import type { Packet, Stepped } from './vocabulary.js';
import type { Actor, Edge, Universe, World } from './world.js';

/** The model has no clock: one step each hundredth of a second, so that a slider has room. */
const EPOCH_MS = Date.UTC(2026, 0, 1);
const STEP_MS = 10;
const ITEM = 'item';
const STOPPED_CLOCK = { setTimeout: () => 0, clearTimeout: () => {} };

type Role = 'master' | 'slave';
type Unstamped = Entry extends infer E ? (E extends Entry ? Omit<E, 'at'> : never) : never;

interface Process {
  readonly name: string;
  readonly life: number;
  readonly snapshot: AnyMachineSnapshot | null;
}

function processOf(universe: Universe, world: World, actor: Actor): Process {
  if (actor === 'master') return universe.masters.valueOf(world.master);
  if (actor === 'rival') return universe.masters.valueOf(world.rival);
  return universe.slaves.valueOf(world.slaves[actor] ?? -1);
}

const actorsOf = ({ rival, slaves }: World): readonly Actor[] => [
  'master',
  ...(rival < 0 ? [] : (['rival'] as const)),
  ...slaves.keys(),
];

const lookOf = ({ value, context }: AnyMachineSnapshot): string => JSON.stringify([value, context]);

class RealMachine {
  readonly machine: AnyStateMachine;
  readonly #ids: ReadonlyMap<unknown, string>;

  constructor(machine: AnyStateMachine) {
    this.machine = machine;
    this.#ids = transitionIds(machine);
  }

  /** The step as XState takes it, with what it went through. */
  take({ before, event }: Stepped) {
    const taken: string[] = [];
    const { value, context } = before;
    const actor = createActor(this.machine, {
      snapshot: this.machine.resolveState({ value, context } as never),
      clock: STOPPED_CLOCK,
      inspect: (inspected) => {
        if (inspected.type !== '@xstate.microstep') return;
        for (const transition of inspected._transitions) {
          const id = this.#ids.get(transition);
          if (id !== undefined) taken.push(id);
        }
      },
    });
    // What a mutant throws is a finding of its own.
    actor.subscribe({ error: () => undefined });
    actor.start();
    taken.length = 0;
    actor.send(event);
    const after = actor.getSnapshot() as AnyMachineSnapshot;
    actor.stop();
    return { taken, after };
  }
}

class Recorder {
  readonly entries: Entry[] = [];
  readonly #universe: Universe;
  readonly #machines: Readonly<Record<Role, RealMachine>> = {
    master: new RealMachine(masterStepper().machine),
    slave: new RealMachine(slaveStepper().machine),
  };
  /** How each running process was last told to stand, by its id. */
  readonly #told = new Map<string, string>();
  #at = EPOCH_MS;

  constructor(universe: Universe) {
    this.#universe = universe;
    for (const role of ['master', 'slave'] as const) {
      const chart = readChart(this.#machines[role].machine);
      this.#tell({ kind: 'machine', machine: role, chart });
    }
  }

  start(world: World): void {
    for (const actor of actorsOf(world)) {
      const { name, life, snapshot } = processOf(this.#universe, world, actor);
      if (snapshot !== null) this.#stand(actor, name, `${name}${life}`, snapshot);
    }
  }

  step(before: World, { actor, packet, sent, steps = [], next }: Edge): void {
    this.#at += STEP_MS;
    const was = processOf(this.#universe, before, actor);
    const is = processOf(this.#universe, next, actor);
    // A process that starts and crashes at once has lived all the same.
    const id = `${was.name}${was.snapshot === null ? was.life + 1 : was.life}`;
    if (packet !== null) this.#message(id, 'received', this.#universe.packets.valueOf(packet));
    for (const step of steps) this.#take(actor, was.name, id, step);
    for (const each of sent) this.#message(id, 'sent', this.#universe.packets.valueOf(each));
    if (is.snapshot === null && this.#told.delete(id)) {
      this.#tell({ kind: 'actor-end', actor: id });
      this.#tell({ kind: 'node-end', node: id });
    }
  }

  /** The last line: what did not hold, told of the master, or of whoever there is. */
  conclude(promise: string, how: string): void {
    const node = this.entries.find((entry) => entry.kind === 'node');
    const trouble = { code: 'BROKEN_PROMISE', reason: `${promise}: ${how}`, heuristic: false };
    this.#tell({ kind: 'trouble', node: node?.kind === 'node' ? node.node : '', trouble });
  }

  #tell(entry: Unstamped): void {
    this.entries.push({ ...entry, at: this.#at } as Entry);
  }

  /** Tells a process that is new, or whose state is another one than was told. */
  #stand(actor: Actor, name: string, id: string, snapshot: AnyMachineSnapshot): void {
    const look = lookOf(snapshot);
    if (this.#told.get(id) === look) return;
    const role = typeof actor === 'number' ? 'slave' : 'master';
    if (!this.#told.has(id)) {
      const process = { pid: 0, host: 'model' };
      this.#tell({
        kind: 'node',
        node: id,
        role,
        item: 'item',
        id: name,
        incarnation: id,
        process,
      });
    }
    this.#told.set(id, look);
    const value = snapshot.value as StateValue;
    const context = keptValue(snapshot.context);
    const about = { node: id, actor: id, name: role, machine: role, parent: null };
    this.#tell({ kind: 'actor', ...about, value, context });
  }

  #take(actor: Actor, name: string, id: string, step: Stepped): void {
    this.#stand(actor, name, id, step.before);
    const { before } = step;
    const role = typeof actor === 'number' ? 'slave' : 'master';
    const { taken, after } = this.#machines[role].take(step);
    const changed = changedPaths(before.context, after.context);
    const moved = JSON.stringify(before.value) !== JSON.stringify(after.value);
    this.#tell({
      kind: 'step',
      actor: id,
      event: keptValue(step.event) as { readonly type: string },
      taken,
      ...(moved && { value: after.value as StateValue }),
      ...(changed && { changed: keptValue(changed) as Record<string, unknown> }),
    });
    this.#told.set(id, lookOf(after));
  }

  #message(node: string, fate: 'sent' | 'received', { to, envelope, message }: Packet): void {
    const whole = keptValue({
      ...message,
      envelope: { protocol: PROTOCOL_VERSION, item: ITEM, ...envelope },
    });
    const peers = fate === 'sent' ? to : [envelope.sender];
    const { kind: name } = message;
    this.#tell({ kind: 'message', node, fate, peers, name, message: whole, bytes: 0 });
  }
}

function edgeTo(universe: Universe, from: World, { label, world }: Reached): Edge {
  const key = universe.keyOf(world);
  const edge = universe
    .edgesOf(from)
    .find((each) => each.label === label && universe.keyOf(each.next) === key);
  if (edge === undefined) throw new Error(`the step "${label}" is not there a second time`);
  return edge;
}

/** Walks the trace once more, with the same machines, and tells each step. */
export function recordingOf(
  { universe }: Exploration,
  trace: readonly Reached[],
  promise: string,
  how: string,
): readonly string[] {
  universe.keepSteps();
  const recorder = new Recorder(universe);
  const [start, ...rest] = trace;
  let world = start?.world;
  if (world === undefined) return [];
  recorder.start(world);
  for (const reached of rest) {
    recorder.step(world, edgeTo(universe, world, reached));
    world = reached.world;
  }
  recorder.conclude(promise, how);
  return linesOf(EPOCH_MS, recorder.entries).map(writeLine);
}
