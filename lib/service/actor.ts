/**
 * Runs one protocol machine: an event goes in, its effects are collected as data and carried out
 * in order, one event after the other. No effect runs inside an XState transition, so nothing a
 * host's code throws can put the actor into `error` (F2), and handlers may send events freely.
 */
import {
  type AnyStateMachine,
  createActor,
  type EventFromLogic,
  type InspectionEvent,
  type SnapshotFrom,
} from 'xstate';
import { reasonOf } from '../errors.js';
import type { Clock } from '../runtime/clock.js';
import { compile, type Effects as EffectCalls } from '../statechart/compile.js';

/** Who hears of an actor's steps, as it looks from the actor. */
export interface ActorInspection {
  /** Asked before each step: with nobody who wants it, it is not told. */
  isWanted(): boolean;
  wantAll(): void;
  inspect(event: object): void;
  inspectStep(event: object): void;
}

/** One handler per effect name; each gets the params of the action. */
export type EffectHandlers<Effects> = {
  readonly [K in keyof Effects]: (params: Effects[K]) => void;
};

interface CollectedEffect {
  readonly name: string;
  readonly params: unknown;
}

export interface ProtocolActorOptions<Machine extends AnyStateMachine, Effects> {
  readonly machine: Machine;
  readonly input: unknown;
  readonly handlers: EffectHandlers<Effects>;
  readonly clock: Clock;
  /** Gets XState's inspection events, where somebody inspects. */
  readonly inspection?: ActorInspection | undefined;
  /** After every event and its effects. */
  readonly settled: () => void;
  /** A defect in the protocol code itself: the actor is dead, the host is not. */
  readonly crashed: (reason: string) => void;
}

export class ProtocolActor<Machine extends AnyStateMachine, Effects> {
  readonly #actor;
  readonly #options: ProtocolActorOptions<Machine, Effects>;
  #effects: CollectedEffect[] = [];
  #events: EventFromLogic<Machine>[] = [];
  #isRunning = false;
  #isStopped = false;
  /** XState's events, while an inspector wants the step under way: else they are not even made. */
  #telling: { unsubscribe(): void } | null = null;
  #isEndTold = false;

  constructor(options: ProtocolActorOptions<Machine, Effects>) {
    this.#options = options;
    const { clock, crashed } = options;
    const isInspected = () => this.#telling !== null;
    const machine: AnyStateMachine = options.machine;
    this.#actor = createActor(compile(machine, { effects: this.#collectors(), isInspected }), {
      input: options.input as never,
      clock: {
        setTimeout: (callback, timeout) => clock.setTimeout(() => this.#run(callback), timeout),
        clearTimeout: (handle) => clock.clearTimeout(handle),
      },
    });
    this.#actor.subscribe({ error: (error) => crashed(reasonOf(error)) });
  }

  get snapshot(): SnapshotFrom<Machine> {
    return this.#actor.getSnapshot() as SnapshotFrom<Machine>;
  }

  /** An event and its effects are under way; what is sent now waits its turn. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  start(): void {
    this.#run(() => {
      // An inspector that missed this would know nothing of the actor.
      this.#tellAll();
      const { sessionId: rootId } = this.#actor;
      const made = { type: '@xstate.actor', actorRef: this.#actor, rootId };
      this.#options.inspection?.inspect(made);
      this.#actor.start();
    });
  }

  /** Clears every timer; later events are ignored. */
  stop(): void {
    this.#isStopped = true;
    this.#tellAll();
    this.#actor.stop();
    this.#events = [];
  }

  /** Queues an event behind those under way. */
  send(event: EventFromLogic<Machine>): void {
    // XState warns on the console of events to a stopped actor; late answers are no news.
    if (this.#isStopped) return;
    this.#events.push(event);
    if (!this.#isRunning) this.#run(() => {});
  }

  #collectors(): EffectCalls {
    const names = Object.keys(this.#options.handlers);
    const collect = (name: string) => (_: unknown, params: unknown) => {
      this.#effects.push({ name, params });
    };
    return Object.fromEntries(names.map((name) => [name, collect(name)]));
  }

  /** One step, its effects, and then whatever was sent meanwhile. */
  #run(step: () => void): void {
    if (this.#isRunning) {
      step();
      return;
    }
    this.#isRunning = true;
    try {
      // What a timer brings is a step as any other.
      this.#look();
      step();
      this.#lookForEnd();
      this.#carryOut();
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
        this.#look();
        this.#actor.send(event);
        this.#lookForEnd();
        this.#carryOut();
      }
    } finally {
      this.#isRunning = false;
    }
    this.#options.settled();
  }

  #look(): void {
    const { inspection } = this.#options;
    if (inspection === undefined) return;
    if (inspection.isWanted()) this.#beTold(inspection);
    else {
      this.#telling?.unsubscribe();
      this.#telling = null;
    }
  }

  #tellAll(): void {
    const { inspection } = this.#options;
    if (inspection === undefined) return;
    inspection.wantAll();
    this.#beTold(inspection);
  }

  #beTold(inspection: ActorInspection): void {
    this.#telling ??= this.#actor.system.inspect((event) => this.#tell(inspection, event));
  }

  /** Ends are told to all: an inspector must not take for running what is over. */
  #tell(inspection: ActorInspection, event: InspectionEvent): void {
    const isEnd = event.type === '@xstate.snapshot' && event.snapshot.status !== 'active';
    this.#isEndTold ||= isEnd;
    if (isEnd) inspection.inspect(event);
    else inspection.inspectStep(event);
  }

  /** One that came in a step which nobody wanted. */
  #lookForEnd(): void {
    const { inspection } = this.#options;
    if (inspection === undefined || this.#telling !== null || this.#isEndTold) return;
    const snapshot = this.#actor.getSnapshot();
    if (snapshot.status === 'active') return;
    this.#isEndTold = true;
    const { sessionId: rootId } = this.#actor;
    const event = { type: 'xstate.stop' };
    const ended = { type: '@xstate.snapshot', actorRef: this.#actor, rootId, event, snapshot };
    inspection.inspect(ended);
  }

  #carryOut(): void {
    while (this.#effects.length > 0) {
      const effects = this.#effects;
      this.#effects = [];
      for (const { name, params } of effects) this.#perform(name, params);
    }
  }

  #perform(name: string, params: unknown): void {
    const handler = this.#options.handlers[name as keyof Effects];
    try {
      handler(params as Effects[keyof Effects]);
    } catch (error) {
      this.#options.crashed(`effect ${name} failed: ${reasonOf(error)}`);
    }
  }
}
