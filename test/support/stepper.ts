/**
 * Runs a machine step by step as the pure function it is: no clock, no queue, nothing executed.
 * One inert actor scope serves all steps, since making one costs more than the step itself.
 */
import {
  type AnyStateMachine,
  type AnyStateNode,
  createActor,
  type EventFromLogic,
  type InputFrom,
  type SnapshotFrom,
} from 'xstate';

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

type Scope = Parameters<AnyStateMachine['transition']>[2];

export class Stepper<Machine extends AnyStateMachine> {
  readonly #machine: Machine;
  readonly #scope: Scope;
  #effects: Effect[] = [];

  /** `onTaken` hears of every transition that is taken, for coverage. */
  constructor(machine: Machine, onTaken?: (taken: Taken) => void) {
    this.#machine = machine;
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

  start(input: InputFrom<Machine>): Step<SnapshotFrom<Machine>> {
    this.#effects = [];
    const snapshot = this.#machine.getInitialSnapshot(this.#scope, input);
    return { snapshot: snapshot as SnapshotFrom<Machine>, effects: this.#effects };
  }

  step(
    snapshot: SnapshotFrom<Machine>,
    event: EventFromLogic<Machine>,
  ): Step<SnapshotFrom<Machine>> {
    this.#effects = [];
    const next = this.#machine.transition(snapshot as never, event as never, this.#scope);
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
