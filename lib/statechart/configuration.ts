/**
 * A set of active states with everything that follows from it alone: its value, its tags, who
 * hears an event first, and what each set of transitions leaves, does and enters.
 */
import type { AnyMachineSnapshot } from 'xstate';
import type { Action, Guard } from './calls.js';
import { ancestorsOf, isAtomic, type Machine, type Node, type Transition } from './nodes.js';
import type { Run } from './run.js';
import { entrySet, exitSet, withoutConflicts } from './sets.js';

/** A transition with its guard looked up. */
export interface Choice {
  readonly transition: Transition;
  readonly guard: Guard | null;
}

/** What all configurations of a machine share. */
export interface Shared {
  readonly machine: Machine;
  choicesOf(transitions: readonly Transition[]): readonly Choice[];
  actionsOf(references: readonly unknown[]): readonly Action[];
  /** The configuration of these states, in this order. */
  configurationOf(nodes: readonly Node[]): Configuration;
}

/** Everything that a microstep does, besides asking guards. */
export interface Step {
  readonly taken: readonly Transition[];
  readonly actions: readonly Action[];
  readonly next: Configuration;
  /** A final state was entered: the chart is over. */
  readonly isLast: boolean;
}

/** Inner states are asked first; a state is asked once if no region inside took the event. */
interface Listener {
  readonly inner: readonly Listener[];
  readonly own: readonly Choice[];
}

function firstOf(choices: readonly Choice[], run: Run): Choice | undefined {
  for (const choice of choices) {
    if (choice.guard === null || choice.guard(run)) return choice;
  }
  return undefined;
}

function ask(listener: Listener, run: Run, found: Choice[]): boolean {
  let isTaken = false;
  for (const inner of listener.inner) {
    if (ask(inner, run, found)) isTaken = true;
  }
  if (isTaken) return true;
  const choice = firstOf(listener.own, run);
  if (choice === undefined) return false;
  found.push(choice);
  return true;
}

type Value = AnyMachineSnapshot['value'];

/** The active children of each state by their keys. */
type Active = ReadonlyMap<Node, Readonly<Record<string, Node>>>;

/** As objects, which list them as the value does: as entered, but what looks numeric first. */
function activeOf(nodes: readonly Node[]): Active {
  const active = new Map<Node, Record<string, Node>>(nodes.map((node) => [node, {}]));
  for (const node of nodes) {
    const siblings = node.parent && active.get(node.parent);
    if (siblings !== undefined) siblings[node.key] = node;
  }
  return active;
}

function stateValue(node: Node, active: Active): Value {
  const children = Object.values(active.get(node) ?? {});
  const [only] = children;
  if (node.type === 'compound' && only !== undefined && isAtomic(only)) return only.key;
  return Object.fromEntries(children.map((child) => [child.key, stateValue(child, active)]));
}

interface Remembered {
  step?: Step;
  readonly next: Map<Choice, Remembered>;
}

export class Configuration {
  /** In the order in which they were entered, which is the order in which they are asked. */
  readonly nodes: readonly Node[];
  readonly value: Value;
  readonly tags: Set<string>;
  readonly #shared: Shared;
  readonly #active: Active;
  readonly #always: readonly (readonly Choice[])[];
  readonly #listeners = new Map<string, Listener | null>();
  readonly #steps: Remembered = { next: new Map() };

  constructor(shared: Shared, nodes: readonly Node[]) {
    this.#shared = shared;
    this.nodes = nodes;
    this.#active = activeOf(nodes);
    this.value = stateValue(shared.machine.root, this.#active);
    this.tags = new Set(nodes.flatMap(({ tags }) => tags));
    this.#always = nodes.filter(isAtomic).flatMap((node) => {
      const always = [node, ...ancestorsOf(node)].flatMap((state) => state.always ?? []);
      return always.length === 0 ? [] : [shared.choicesOf(always)];
    });
  }

  /** The transitions that this event enables, before conflicts among them are resolved. */
  choose(run: Run): readonly Choice[] {
    const { type } = run.event;
    let listener = this.#listeners.get(type);
    if (listener === undefined) {
      listener = this.#listenerOf(this.#shared.machine.root, type);
      this.#listeners.set(type, listener);
    }
    const found: Choice[] = [];
    if (listener !== null) ask(listener, run, found);
    return found;
  }

  /** The transitions that are enabled without an event. */
  chooseAlways(run: Run): readonly Choice[] {
    const found: Choice[] = [];
    for (const choices of this.#always) {
      const choice = firstOf(choices, run);
      if (choice !== undefined && !found.includes(choice)) found.push(choice);
    }
    return found;
  }

  /** What these transitions do from here; worked out once. */
  stepOf(choices: readonly Choice[]): Step {
    let place = this.#steps;
    for (const choice of choices) {
      let next = place.next.get(choice);
      if (next === undefined) {
        next = { next: new Map() };
        place.next.set(choice, next);
      }
      place = next;
    }
    place.step ??= this.#workOut(choices.map(({ transition }) => transition));
    return place.step;
  }

  #listenerOf(node: Node, type: string): Listener | null {
    const children = Object.values(this.#active.get(node) ?? {});
    const inner = children.flatMap((child) => this.#listenerOf(child, type) ?? []);
    const own = this.#shared.choicesOf(node.transitions.get(type) ?? []);
    const [only] = inner;
    if (own.length === 0 && inner.length < 2) return only ?? null;
    return { inner, own };
  }

  #workOut(enabled: readonly Transition[]): Step {
    const taken = withoutConflicts(enabled, this.nodes);
    const left = exitSet(taken, this.nodes);
    const { entered, byDefault } = entrySet(taken);
    const active = new Set(this.nodes);
    for (const node of left) active.delete(node);
    for (const node of entered) active.add(node);
    const isLast = entered.some(({ type }) => type === 'final');
    // A chart that is over leaves all its states, innermost first, and keeps them in that order.
    const ended = isLast ? [...active].sort((first, second) => second.order - first.order) : [];
    const isSame =
      active.size === this.nodes.length && this.nodes.every((node) => active.has(node));
    const next = isSame ? this : this.#shared.configurationOf(isLast ? ended : [...active]);
    const references = [
      ...left.flatMap(({ exit }) => exit),
      ...taken.flatMap(({ actions }) => actions),
      ...entered.flatMap((node) => [
        ...node.entry,
        ...(byDefault.has(node) ? (node.initial?.actions ?? []) : []),
      ]),
      ...ended.flatMap(({ exit }) => exit),
    ];
    return { taken, actions: this.#shared.actionsOf(references), next, isLast };
  }
}
