/** One recorded actor, run again: the real machine from where it was seen, on its own events. */
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type InspectionEvent,
} from 'xstate';
import { reasonOf } from '../../errors.js';
import { changedPaths, keysOf, withChanges } from '../context-paths.js';
import type { ActorEntry, StateValue, StepEntry } from '../entries.js';
import { keptValue } from '../lines/kept-value.js';
import { isEqual } from './equal.js';
import { restoredBytes } from './restored-bytes.js';

/** Where a machine did something else than is recorded. */
export interface Deviation {
  readonly what: 'value' | 'context' | 'taken' | 'failure';
  /** Of the context, see `StepEntry.changed`. */
  readonly path?: string;
  readonly recorded: unknown;
  readonly made: unknown;
}

/** Time is in the recording: what a timer did is an event of its own. */
const STOPPED_CLOCK = { setTimeout: () => 0, clearTimeout: () => {} };

function valueAt(context: unknown, path: string): unknown {
  let value = context;
  for (const key of keysOf(path)) {
    const fields = Object(value) as Record<string, unknown>;
    value = Object.hasOwn(fields, key) ? fields[key] : undefined;
  }
  return value;
}

export class ReplayedActor {
  readonly entry: ActorEntry;
  readonly #actor;
  readonly #payloads: boolean;
  readonly #ids: ReadonlyMap<unknown, string>;
  #value: StateValue | null;
  #context: unknown;
  #taken: string[] = [];
  #failure: string | null = null;

  /** @param ids of the machine's transitions: see `transitionIds` */
  constructor(
    machine: AnyStateMachine,
    ids: ReadonlyMap<unknown, string>,
    entry: ActorEntry,
    payloads: boolean,
  ) {
    this.entry = entry;
    this.#payloads = payloads;
    this.#value = entry.value;
    this.#context = entry.context;
    this.#ids = ids;
    const snapshot = machine.resolveState({
      value: entry.value as never,
      context: restoredBytes(entry.context) as never,
    });
    const inspect = (event: InspectionEvent) => this.#note(event);
    this.#actor = createActor(machine, { snapshot, clock: STOPPED_CLOCK, inspect });
    this.#actor.subscribe({
      error: (error) => {
        this.#failure = reasonOf(error);
      },
    });
    this.#actor.start();
  }

  /** Feeds one recorded event; tells the first thing that went another way. */
  step({ event, taken, value, changed = {} }: StepEntry): Deviation | null {
    if (value !== undefined) this.#value = value;
    this.#context = withChanges(this.#context, changed);
    const before = this.#snapshot.context;
    this.#taken = [];
    this.#actor.send(restoredBytes(event) as never);
    if (this.#failure !== null) {
      return { what: 'failure', recorded: null, made: this.#failure };
    }
    const { value: made, context } = this.#snapshot;
    if (!isEqual(made, this.#value)) return { what: 'value', recorded: this.#value, made };
    const paths = [...Object.keys(changed), ...Object.keys(changedPaths(before, context) ?? {})];
    for (const path of paths) {
      const deviation = this.#compareAt(context, path);
      if (deviation !== null) return deviation;
    }
    if (isEqual(taken, this.#taken)) return null;
    return { what: 'taken', recorded: taken, made: this.#taken };
  }

  stop(): void {
    this.#actor.stop();
  }

  get #snapshot(): AnyMachineSnapshot {
    return this.#actor.getSnapshot() as AnyMachineSnapshot;
  }

  #compareAt(context: unknown, path: string): Deviation | null {
    const recorded = valueAt(this.#context, path);
    const made = keptValue(valueAt(context, path), { payloads: this.#payloads });
    return isEqual(recorded, made) ? null : { what: 'context', path, recorded, made };
  }

  #note(event: InspectionEvent): void {
    if (event.type !== '@xstate.microstep') return;
    for (const transition of event._transitions) {
      const id = this.#ids.get(transition);
      if (id !== undefined) this.#taken.push(id);
    }
  }
}
