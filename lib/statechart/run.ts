/** What guards and actions of one macrostep see and change, before it is a snapshot. */
import type { AnyActorScope, AnyEventObject, MachineContext } from 'xstate';
import type { Snapshot } from './nodes.js';

/** What takes the place of a machine's named actions, given what XState gives an action. */
export type Effects = Readonly<Record<string, (info: unknown, params: unknown) => void>>;

interface ActionArguments {
  readonly context: MachineContext;
  readonly event: AnyEventObject;
  readonly self: AnyActorScope['self'];
  readonly system: AnyActorScope['system'];
}

export class Run {
  readonly snapshot: Snapshot;
  readonly scope: AnyActorScope;
  readonly effects: Effects;
  /** Raised and not yet taken, oldest first. */
  readonly raised: AnyEventObject[] = [];
  context: MachineContext;
  event: AnyEventObject;
  /** Something was assigned, entered or left since this was last set to false. */
  isChanged = false;

  constructor(snapshot: Snapshot, event: AnyEventObject, scope: AnyActorScope, effects: Effects) {
    this.snapshot = snapshot;
    this.context = snapshot.context;
    this.event = event;
    this.scope = scope;
    this.effects = effects;
  }

  /** What XState gives an action. */
  args(): ActionArguments {
    const { context, event, scope } = this;
    return { context, event, self: scope.self, system: scope.system };
  }

  assign(change: object): void {
    this.context = { ...this.context, ...change };
    this.isChanged = true;
  }
}
