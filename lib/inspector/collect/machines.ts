/** Machines that were told, by their definition: actors of one definition share it. */
import type { AnyStateMachine } from 'xstate';
import { type Chart, readChart, transitionIds } from '../chart/read-chart.js';

export interface ToldMachine {
  /** Unique in a recording. */
  readonly machine: string;
  /** The machine's own id. */
  readonly id: string;
  readonly transitions: ReadonlyMap<unknown, string>;
}

export class Machines {
  readonly #prefix: string;
  readonly #tell: (machine: string, chart: Chart) => void;
  readonly #known = new WeakMap<object, ToldMachine>();
  #count = 0;

  constructor(prefix: string, tell: (machine: string, chart: Chart) => void) {
    this.#prefix = prefix;
    this.#tell = tell;
  }

  /** Told at its first sight. Compiled and original machine share their root. */
  of(machine: AnyStateMachine): ToldMachine {
    const known = this.#known.get(machine.root);
    if (known !== undefined) return known;
    this.#count += 1;
    const name = `${this.#prefix}m${this.#count}`;
    const told = { machine: name, id: machine.id, transitions: transitionIds(machine) };
    this.#known.set(machine.root, told);
    this.#tell(name, readChart(machine));
    return told;
  }
}
