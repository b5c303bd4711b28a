/** What is worked out once per machine and shared by all its actors. */
import { type Action, actionOf, guardOf } from './calls.js';
import { type Choice, Configuration, type Shared } from './configuration.js';
import {
  allOf,
  type Machine,
  type Node,
  refuseOddities,
  type Transition,
  transitionsOf,
} from './nodes.js';

export class Chart implements Shared {
  readonly machine: Machine;
  readonly #choices = new Map<Transition, Choice>();
  readonly #actions = new Map<unknown, Action>();
  readonly #configurations = new Map<string, Configuration>();
  /** By the very list that snapshots carry. */
  readonly #byNodes = new WeakMap<readonly Node[], Configuration>();

  /** @throws {TypeError} when the machine uses what is not compiled, naming it */
  constructor(machine: Machine) {
    refuseOddities(machine);
    this.machine = machine;
    for (const node of allOf(machine.root)) this.#lookUp(node);
  }

  /** All at once, so that what cannot be compiled is not found amid events. */
  #lookUp(node: Node): void {
    const transitions = transitionsOf(node);
    this.choicesOf(transitions);
    for (const { actions } of [...transitions, node.initial]) this.actionsOf(actions);
    this.actionsOf(node.entry);
    this.actionsOf(node.exit);
  }

  choicesOf(transitions: readonly Transition[]): readonly Choice[] {
    return transitions.map((transition) => {
      let choice = this.#choices.get(transition);
      if (choice === undefined) {
        choice = { transition, guard: guardOf(this.machine, transition.guard) };
        this.#choices.set(transition, choice);
      }
      return choice;
    });
  }

  actionsOf(references: readonly unknown[]): readonly Action[] {
    return references.map((reference) => {
      let action = this.#actions.get(reference);
      if (action === undefined) {
        action = actionOf(this.machine, reference);
        this.#actions.set(reference, action);
      }
      return action;
    });
  }

  configurationOf(nodes: readonly Node[]): Configuration {
    const known = this.#byNodes.get(nodes);
    if (known !== undefined) return known;
    const key = nodes.map(({ order }) => order).join(' ');
    let configuration = this.#configurations.get(key);
    if (configuration === undefined) {
      configuration = new Configuration(this, nodes);
      this.#configurations.set(key, configuration);
    }
    this.#byNodes.set(nodes, configuration);
    return configuration;
  }
}
