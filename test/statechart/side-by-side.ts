/** One machine and what claims to run like it, stepped through the same events. */
import {
  type AnyActorScope,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type InspectionEvent,
} from 'xstate';
import { actionText, messageOf, snapshotText, textOf } from './views.js';

interface Seen {
  /** What it was before if the event made it fail. */
  readonly snapshot: AnyMachineSnapshot;
  readonly text: string;
  readonly hasFailed: boolean;
}

/** Nothing is executed and no time passes: actions are noted. */
class Watched {
  readonly machine: AnyStateMachine;
  readonly #scope: AnyActorScope;
  #notes: string[] = [];

  constructor(machine: AnyStateMachine) {
    this.machine = machine;
    const self = createActor(machine);
    self.system.inspect((inspected) => this.#noteMicrostep(inspected));
    this.#scope = {
      self,
      system: self.system,
      id: '',
      sessionId: '',
      logger: () => undefined,
      defer: () => undefined,
      emit: () => undefined,
      stopChild: () => undefined,
      actionExecutor: (action) => this.#notes.push(actionText(action)),
    };
  }

  start(): Seen {
    return this.#see(null, () => this.machine.getInitialSnapshot(this.#scope, undefined));
  }

  step(before: AnyMachineSnapshot, event: AnyEventObject): Seen {
    return this.#see(before, () => this.machine.transition(before, event, this.#scope));
  }

  #see(before: AnyMachineSnapshot | null, make: () => AnyMachineSnapshot): Seen {
    this.#notes = [];
    try {
      const snapshot = make();
      const isSame = snapshot === before ? 'the same snapshot' : 'another snapshot';
      const text = [...this.#notes, isSame, snapshotText(snapshot)].join('\n');
      return { snapshot, text, hasFailed: snapshot.status === 'error' };
    } catch (error) {
      if (before === null) throw error;
      const text = [...this.#notes, `failed: ${messageOf(error)}`].join('\n');
      return { snapshot: before, text, hasFailed: true };
    }
  }

  #noteMicrostep(inspected: InspectionEvent): void {
    if (inspected.type !== '@xstate.microstep') return;
    const { event, snapshot, _transitions, rootId: _, actorRef: __, ...others } = inspected;
    const taken = _transitions.map(({ source, eventType, target, reenter }) => [
      source.id,
      eventType,
      target?.map(({ id }) => id),
      reenter,
    ]);
    const noted = textOf({ event, taken, others });
    this.#notes.push(`${noted} ${snapshotText(snapshot as AnyMachineSnapshot)}`);
  }
}

export interface Difference {
  readonly events: readonly AnyEventObject[];
  readonly wanted: string;
  readonly made: string;
}

export class SideBySide {
  readonly #wanted: Watched;
  readonly #made: Watched;
  readonly #events: AnyEventObject[] = [];
  #last: { readonly wanted: Seen; readonly made: Seen };
  difference: Difference | null = null;

  constructor(machine: AnyStateMachine, made: AnyStateMachine) {
    this.#wanted = new Watched(machine);
    this.#made = new Watched(made);
    this.#last = { wanted: this.#wanted.start(), made: this.#made.start() };
    this.#compare();
  }

  get hasFailed(): boolean {
    return this.#last.wanted.hasFailed;
  }

  get snapshot(): AnyMachineSnapshot {
    return this.#last.wanted.snapshot;
  }

  /** Each side goes on from its own last snapshot. */
  step(event: AnyEventObject): void {
    this.#events.push(event);
    const { wanted, made } = this.#last;
    this.#last = {
      wanted: this.#wanted.step(wanted.snapshot, event),
      made: this.#made.step(made.snapshot, event),
    };
    this.#compare();
  }

  /** Both go on from a snapshot that no transition made. */
  resolve(value: AnyMachineSnapshot['value'], context: unknown): void {
    const resolved = (machine: AnyStateMachine): Seen => {
      const snapshot = machine.resolveState({ value, context } as never);
      return { snapshot, text: snapshotText(snapshot), hasFailed: false };
    };
    this.#last = { wanted: resolved(this.#wanted.machine), made: resolved(this.#made.machine) };
    this.#compare();
  }

  #compare(): void {
    const { wanted, made } = this.#last;
    if (this.difference !== null || wanted.text === made.text) return;
    this.difference = { events: [...this.#events], wanted: wanted.text, made: made.text };
  }
}
