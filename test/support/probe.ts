/** One machine in a test: sends events, looks at state, context and the effects of each step. */
import type {
  AnyMachineSnapshot,
  AnyStateMachine,
  ContextFrom,
  EventFromLogic,
  InputFrom,
  SnapshotFrom,
} from 'xstate';
import { type Effect, Stepper } from './stepper.js';

/** Effects are recorded as they are named; `xstate.*` are timers and raised events. */
const isEffect = ({ type }: Effect): boolean => !type.startsWith('xstate.');

export class Probe<Machine extends AnyStateMachine> {
  readonly #stepper: Stepper<Machine>;
  #snapshot: SnapshotFrom<Machine>;
  #effects: readonly Effect[];

  constructor(machine: Machine, input: InputFrom<Machine>) {
    this.#stepper = new Stepper(machine);
    const { snapshot, effects } = this.#stepper.start(input);
    this.#snapshot = snapshot;
    this.#effects = effects;
  }

  /** The names of the effects of the last step, in order. */
  get names(): readonly string[] {
    return this.#effects.filter(isEffect).map(({ type }) => type);
  }

  get context(): ContextFrom<Machine> {
    return (this.#snapshot as AnyMachineSnapshot).context;
  }

  /** Active states without children, as dotted paths, in order of the definition. */
  get states(): readonly string[] {
    return leavesOf((this.#snapshot as AnyMachineSnapshot).value);
  }

  /** Sends events one after the other; `names` and `effects` tell of all of them together. */
  send(...events: readonly EventFromLogic<Machine>[]): this {
    const effects: Effect[] = [];
    for (const event of events) {
      const step = this.#stepper.step(this.#snapshot, event);
      this.#snapshot = step.snapshot;
      effects.push(...step.effects);
      const { status, error } = step.snapshot as AnyMachineSnapshot;
      if (status === 'error') throw error;
    }
    this.#effects = effects;
    return this;
  }

  /** Ends a delay that runs; fails when none of that name does. */
  elapse(delay: string): this {
    const waits = this.#stepper.waits(this.#snapshot);
    const waiting = waits.find((wait) => wait.delay === delay);
    if (waiting === undefined) {
      const running = waits.map((wait) => wait.delay).join(', ');
      throw new Error(`${delay} does not run in ${this.states.join(' ')}; running: ${running}`);
    }
    return this.send({ type: waiting.eventType } as EventFromLogic<Machine>);
  }

  /** Params of the effects of this name in the last step. */
  effects<Params>(name: string): readonly Params[] {
    return this.#effects.filter(({ type }) => type === name).map(({ params }) => params as Params);
  }

  /** Params of the only effect of this name in the last step. */
  effect<Params>(name: string): Params {
    const found = this.effects<Params>(name);
    if (found.length !== 1) throw new Error(`${found.length} ${name} among ${this.names}`);
    return found[0] as Params;
  }
}

function leavesOf(value: unknown, path = ''): readonly string[] {
  if (typeof value === 'string') return [path === '' ? value : `${path}.${value}`];
  return Object.entries(value as Record<string, unknown>).flatMap(([key, child]) => {
    const below = path === '' ? key : `${path}.${key}`;
    const isLeaf = typeof child === 'object' && Object.keys(child ?? {}).length === 0;
    return isLeaf ? [below] : leavesOf(child, below);
  });
}
