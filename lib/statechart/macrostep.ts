/** One event until nothing more follows from it, in the order of SCXML as XState keeps it. */
import type { Choice, Configuration } from './configuration.js';
import type { Snapshot, Transition } from './nodes.js';
import type { Run } from './run.js';

/** The part of an actor's system that tells inspectors of microsteps. */
interface Inspected {
  _sendInspectionEvent(event: object): void;
}

/** XState tells of all transitions that an event enables; of those without one, who won. */
function toldOf(choices: readonly Choice[], taken: readonly Transition[]): readonly Transition[] {
  const isWithoutEvent = choices[0]?.transition.eventType === '';
  return isWithoutEvent ? taken : choices.map(({ transition }) => transition);
}

export class Macrostep {
  readonly #run: Run;
  readonly #isInspected: boolean;
  #configuration: Configuration;
  #isOver = false;

  constructor(run: Run, configuration: Configuration, isInspected: boolean) {
    this.#run = run;
    this.#configuration = configuration;
    this.#isInspected = isInspected;
  }

  /** The next snapshot; the very same one when nothing changed. */
  make(): Snapshot {
    const run = this.#run;
    this.#take(this.#configuration.choose(run));
    this.#settle();
    return run.isChanged || this.#isOver ? this.#snapshot() : run.snapshot;
  }

  /** Transitions without an event first, then what was raised, until both are used up. */
  #settle(): void {
    const run = this.#run;
    const { id, options } = run.snapshot.machine;
    const iterationsMax = options.maxIterations ?? Number.POSITIVE_INFINITY;
    let asksAlways = true;
    for (let iteration = 1; !this.#isOver; iteration += 1) {
      if (iteration > iterationsMax) throw new Error(`${id} did not settle: ${run.event.type}`);
      const always = asksAlways ? this.#configuration.chooseAlways(run) : [];
      if (always.length > 0) {
        // One that changes nothing would be taken for ever.
        asksAlways = this.#take(always);
        continue;
      }
      const event = run.raised.shift();
      if (event === undefined) return;
      run.event = event;
      this.#take(this.#configuration.choose(run));
      asksAlways = true;
    }
  }

  /** One microstep; tells whether it changed anything. */
  #take(choices: readonly Choice[]): boolean {
    if (choices.length === 0) {
      if (this.#isInspected) this.#tell([]);
      return false;
    }
    const run = this.#run;
    const wasChanged = run.isChanged;
    run.isChanged = false;
    const { actions, next, isLast, taken } = this.#configuration.stepOf(choices);
    for (const action of actions) action(run);
    const isChanged = run.isChanged || next !== this.#configuration || isLast;
    this.#configuration = next;
    this.#isOver = isLast;
    run.isChanged = isChanged || wasChanged;
    if (this.#isInspected) this.#tell(toldOf(choices, taken));
    return isChanged;
  }

  /** Its fields are spelt out: spreading the last one costs as much as all the rest of a step. */
  #snapshot(): Snapshot {
    const { snapshot: last, context } = this.#run;
    const { nodes, value, tags } = this.#configuration;
    return {
      status: this.#isOver ? 'done' : 'active',
      output: undefined,
      error: undefined,
      machine: last.machine,
      context,
      _nodes: nodes,
      value,
      tags,
      children: last.children,
      historyValue: last.historyValue,
      matches: last.matches,
      hasTag: last.hasTag,
      can: last.can,
      getMeta: last.getMeta,
      toJSON: last.toJSON,
    } as unknown as Snapshot;
  }

  #tell(_transitions: readonly Transition[]): void {
    const { event, scope } = this.#run;
    const snapshot = this.#snapshot();
    const microstep = { type: '@xstate.microstep', actorRef: scope.self, event, snapshot };
    (scope.system as unknown as Inspected)._sendInspectionEvent({ ...microstep, _transitions });
  }
}
