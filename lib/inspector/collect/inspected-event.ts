/** What inspectors are told, as far as the collector looks into it. */
import type { AnyStateMachine } from 'xstate';
import type { InspectedNode, ReplicationInspectionEvent } from '../../service/inspection.js';
import type { StateValue } from '../entries.js';

export interface SeenSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly machine?: AnyStateMachine;
  readonly value?: StateValue;
  readonly context?: unknown;
  readonly output?: unknown;
}

export interface SeenActor {
  readonly id: string;
  readonly sessionId: string;
  readonly system: object;
  readonly _parent?: SeenActor;
  getSnapshot(): SeenSnapshot;
}

export interface SeenEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

interface OfActor {
  readonly actorRef: SeenActor;
  readonly node?: InspectedNode;
}

export type ActorEvent =
  | (OfActor & { readonly type: '@xstate.actor' })
  | (OfActor & {
      readonly type: '@xstate.event';
      readonly event: SeenEvent;
      readonly sourceRef?: SeenActor;
    })
  | (OfActor & {
      readonly type: '@xstate.microstep';
      readonly event: SeenEvent;
      readonly _transitions: readonly unknown[];
    })
  | (OfActor & {
      readonly type: '@xstate.snapshot';
      readonly event: SeenEvent;
      readonly snapshot: SeenSnapshot;
    });

export type TellableEvent = ActorEvent | ReplicationInspectionEvent;

const TYPES: ReadonlySet<unknown> = new Set<TellableEvent['type']>([
  '@xstate.actor',
  '@xstate.event',
  '@xstate.microstep',
  '@xstate.snapshot',
  '@replichart.started',
  '@replichart.stopped',
  '@replichart.message',
  '@replichart.change',
  '@replichart.trouble',
]);

/** Other events, of this or a later XState, are passed over. */
export function isTellable(event: unknown): event is TellableEvent {
  return (
    typeof event === 'object' &&
    event !== null &&
    TYPES.has((event as { readonly type?: unknown }).type)
  );
}
