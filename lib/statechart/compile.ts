/**
 * Runs an XState machine as XState does, with all that depends on the definition alone worked out
 * once: which transitions an event can enable in which states, what each of them leaves and
 * enters, and every guard and action by reference instead of by name. XState works that out at
 * each microstep, which costs it tens of microseconds per event; a copy's whole latency is not
 * much more. Snapshots, inspection events and the order of everything are XState's own (a test
 * holds both side by side), so that the definition, the visualizer and the model checker stay
 * what they are.
 */
import type { AnyActorScope, AnyEventObject, AnyStateMachine } from 'xstate';
import { Chart } from './chart.js';
import { Macrostep } from './macrostep.js';
import type { Machine, Snapshot } from './nodes.js';
import { type Effects, Run } from './run.js';

export type { Effects } from './run.js';

export interface CompiledOptions {
  /** Called in the place of the machine's own actions of these names. */
  readonly effects?: Effects;
  /** Asked with each event: are its microsteps told to the system's inspectors? @default never */
  readonly isInspected?: () => boolean;
}

const charts = new WeakMap<Machine, Chart>();

function chartOf(machine: Machine): Chart {
  let chart = charts.get(machine);
  if (chart === undefined) {
    chart = new Chart(machine);
    charts.set(machine, chart);
  }
  return chart;
}

/** Events in which XState sees more than their type, and those that only it makes. */
function isReserved(type: string): boolean {
  return type === '*' || (type.startsWith('xstate.') && !type.startsWith('xstate.after.'));
}

/** For what XState itself runs: the first snapshot, what is over, and its own events. */
function withEffects(scope: AnyActorScope, effects: Effects): AnyActorScope {
  const actionExecutor: AnyActorScope['actionExecutor'] = (action) => {
    const exec = effects[action.type] ?? action.exec;
    scope.actionExecutor({ ...action, exec } as typeof action);
  };
  return { ...scope, actionExecutor };
}

/**
 * The same machine, to be given to `createActor` in its place.
 * @throws {TypeError} when the machine uses what is not compiled, naming it
 */
export function compile<M extends AnyStateMachine>(machine: M, options: CompiledOptions = {}): M {
  const { effects = {}, isInspected = () => false } = options;
  const chart = chartOf(machine);

  const transition = (snapshot: Snapshot, event: AnyEventObject, scope: AnyActorScope) => {
    if (snapshot.status !== 'active' || isReserved(event.type)) {
      return machine.transition(snapshot, event, withEffects(scope, effects));
    }
    const run = new Run(snapshot, event, scope, effects);
    const macrostep = new Macrostep(run, chart.configurationOf(snapshot._nodes), isInspected());
    return macrostep.make();
  };

  const getInitialSnapshot = (scope: AnyActorScope, input: unknown) =>
    machine.getInitialSnapshot(withEffects(scope, effects), input);

  // Whatever else a tool asks a machine for, this one answers as well.
  return Object.assign(Object.create(machine), { transition, getInitialSnapshot });
}
