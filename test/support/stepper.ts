/**
 * Runs a machine step by step as the pure function it is: no clock, no queue, nothing executed.
 * One inert actor scope serves all steps, since making one costs more than the step itself. Each
 * step is made by the compiled chart, as in production, and by XState, and both have to agree;
 * where millions of steps are made, one of so many is compared.
 */
import { deepStrictEqual } from 'node:assert/strict';
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  createActor,
  type EventFromLogic,
  type InputFrom,
  type SnapshotFrom,
} from 'xstate';
import { compile } from '../../lib/statechart/compile.js';

/** A named action that lib/ would execute, with its params, in the order of the machine. */
export interface Effect {
  readonly type: string;
  readonly params: unknown;
}

export interface Step<Snapshot> {
  readonly snapshot: Snapshot;
  readonly effects: readonly Effect[];
}

/** A transition as XState reports it: by its source state and its place in the definition. */
export interface Taken {
  readonly source: AnyStateNode;
  readonly eventType: string;
  readonly guard?: unknown;
}

interface Waiting {
  readonly delay: string;
  readonly eventType: string;
}

/** State nodes are compared by their ids: they hold the whole machine. */
function comparable({ snapshot, effects }: Step<unknown>): object {
  const { machine, _nodes, ...rest } = snapshot as AnyMachineSnapshot;
  return { ...rest, machine: machine.id, nodes: _nodes.map(({ id }) => id), effects };
}

export interface StepperOptions {
  /** Hears of every transition that is taken, for coverage. */
  readonly onTaken?: (taken: Taken) => void;
  /** One of so many steps is made by XState, too. @default 1 */
  readonly compareEvery?: number;
}

type Scope = Parameters<AnyStateMachine['transition']>[2];

export class Stepper<Machine extends AnyStateMachine> {
  readonly #machine: Machine;
  readonly #compiled: Machine;
  readonly #scope: Scope;
  readonly #compareEvery: number;
  #effects: Effect[] = [];
  #steps = 0;

  constructor(machine: Machine, { onTaken, compareEvery = 1 }: StepperOptions = {}) {
    this.#machine = machine;
    this.#compareEvery = compareEvery;
    this.#compiled = compile(machine, { isInspected: () => onTaken !== undefined });
    const self = createActor(machine);
    const { system } = self;
    if (onTaken !== undefined) {
      system.inspect((inspected) => {
        if (inspected.type !== '@xstate.microstep') return;
        for (const taken of inspected._transitions) onTaken(taken as unknown as Taken);
      });
    }
    this.#scope = {
      self,
      system,
      id: '',
      sessionId: '',
      logger: () => undefined,
      // Delays are not scheduled: `waits` reads them off the states, anyone may end any time.
      defer: () => undefined,
      emit: () => undefined,
      stopChild: () => undefined,
      actionExecutor: ({ type, params }) => {
        this.#effects.push({ type, params });
      },
    };
  }

  get machine(): Machine {
    return this.#machine;
  }

  start(input: InputFrom<Machine>): Step<SnapshotFrom<Machine>> {
    this.#effects = [];
    const snapshot = this.#machine.getInitialSnapshot(this.#scope, input);
    return { snapshot: snapshot as SnapshotFrom<Machine>, effects: this.#effects };
  }

  step(
    snapshot: SnapshotFrom<Machine>,
    event: EventFromLogic<Machine>,
  ): Step<SnapshotFrom<Machine>> {
    const made = this.#stepBy(this.#compiled, snapshot, event);
    this.#steps += 1;
    if (this.#steps % this.#compareEvery === 0) {
      const wanted = this.#stepBy(this.#machine, snapshot, event);
      deepStrictEqual(comparable(made), comparable(wanted));
    }
    return made;
  }

  #stepBy(
    machine: Machine,
    snapshot: SnapshotFrom<Machine>,
    event: EventFromLogic<Machine>,
  ): Step<SnapshotFrom<Machine>> {
    this.#effects = [];
    const next = machine.transition(snapshot as never, event as never, this.#scope);
    return { snapshot: next as SnapshotFrom<Machine>, effects: this.#effects };
  }

  /** Names of the delays that run in this snapshot, with the event that ends each. */
  waits(snapshot: SnapshotFrom<Machine>): readonly Waiting[] {
    const { _nodes } = snapshot as unknown as { readonly _nodes: readonly AnyStateNode[] };
    return _nodes.flatMap((node) =>
      node.after.map(({ delay, eventType }) => ({
        delay: delay as string,
        eventType: String(eventType),
      })),
    );
  }
}
