/** A real actor on a virtual clock, and everything that can be seen of it, in order. */

import type { AnyEventObject, AnyStateMachine } from 'xstate';
import { type AnyActor, type AnyMachineSnapshot, createActor, type InspectionEvent } from 'xstate';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import { messageOf, snapshotText, textOf } from './views.js';

export type Stimulus =
  | { readonly kind: 'send'; readonly event: AnyEventObject }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'stop' };

type EffectCall = (info: unknown, params: unknown) => void;
export type EffectCalls = Readonly<Record<'tell' | 'send', EffectCall>>;

/** Gives the effects a place to be told at, and makes the machine to be run with them. */
export type MachineWith = (effects: EffectCalls) => AnyStateMachine;

interface EffectInfo {
  readonly context: { readonly a: number };
  readonly event: AnyEventObject;
  readonly self: AnyActor;
}

class ActorLog {
  readonly lines: string[] = [];
  readonly #clock = new VirtualClock();
  readonly #actor: AnyActor;
  #timers = 0;

  constructor(machineWith: MachineWith) {
    const { setTimeout, clearTimeout } = this.#clock;
    const clock = {
      setTimeout: (callback: () => void, ms: number) => {
        this.#timers += 1;
        this.lines.push(`timer ${this.#timers} of ${ms} ms`);
        return { number: this.#timers, handle: setTimeout(callback, ms) };
      },
      clearTimeout: (timer: { readonly number: number; readonly handle: unknown }) => {
        this.lines.push(`timer ${timer.number} is cleared`);
        clearTimeout(timer.handle);
      },
    };
    const inspect = (inspected: InspectionEvent) => this.#note(inspected);
    this.#actor = createActor(machineWith(this.#effects()), { clock: clock as never, inspect });
    this.#actor.subscribe({
      next: (snapshot: AnyMachineSnapshot) => this.lines.push(`next ${snapshotText(snapshot)}`),
      error: (error: unknown) => this.lines.push(`error ${messageOf(error)}`),
      complete: () => this.lines.push('complete'),
    });
  }

  start(): void {
    this.#actor.start();
  }

  async apply(stimulus: Stimulus): Promise<void> {
    this.lines.push(`--- ${this.#clock.now()} ms: ${textOf(stimulus)}`);
    if (stimulus.kind === 'pass') await this.#clock.pass(stimulus.ms);
    else if (stimulus.kind === 'stop') this.#actor.stop();
    // XState warns on the console of events to an actor that is over.
    else if (this.#isActive) this.#actor.send(stimulus.event);
  }

  end(): void {
    const due = this.#clock.pending.map(({ atMs }) => atMs);
    this.lines.push(textOf({ due, last: snapshotText(this.#actor.getSnapshot()) }));
    this.#actor.stop();
    this.lines.push(textOf({ leaked: this.#clock.pending.length }));
  }

  get #isActive(): boolean {
    return this.#actor.getSnapshot().status === 'active';
  }

  #effects(): EffectCalls {
    const note = (name: string, info: unknown, params: unknown): EffectInfo => {
      const given = info as EffectInfo;
      const { context, event } = given;
      this.lines.push(textOf({ name, context, event, params }));
      return given;
    };
    return {
      tell: (info, params) => {
        note('tell', info, params);
      },
      send: (info, params) => {
        const { self, context } = note('send', info, params);
        if (context.a === 1 && this.lines.length < 400)
          self.send({ type: 'E3', size: 2 } as AnyEventObject);
      },
    };
  }

  #note(inspected: InspectionEvent): void {
    const parts: Record<string, unknown> = { type: inspected.type };
    if ('event' in inspected) parts.event = inspected.event;
    if ('action' in inspected) parts.action = inspected.action;
    if ('_transitions' in inspected) {
      parts.taken = inspected._transitions.map(({ source, eventType, target }) => [
        source.id,
        eventType,
        target?.map(({ id }) => id),
      ]);
    }
    if ('snapshot' in inspected) {
      parts.snapshot = snapshotText(inspected.snapshot as AnyMachineSnapshot);
    }
    if ('sourceRef' in inspected) parts.isFromSelf = inspected.sourceRef === inspected.actorRef;
    this.lines.push(textOf(parts));
  }
}

export async function logActor(
  machineWith: MachineWith,
  stimuli: readonly Stimulus[],
): Promise<readonly string[]> {
  const log = new ActorLog(machineWith);
  log.start();
  for (const stimulus of stimuli) await log.apply(stimulus);
  log.end();
  return log.lines;
}
