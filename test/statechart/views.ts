/** Snapshots and actions as text: the same text only for the same content in the same order. */
import type { AnyActorScope, AnyMachineSnapshot, AnyStateNode } from 'xstate';

type Action = Parameters<AnyActorScope['actionExecutor']>[0];

/** Unlike plain JSON it keeps what is undefined, and the order of keys as it is. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, each) => {
    if (each === undefined) return '(undefined)';
    if (typeof each === 'function') return `(function ${each.name})`;
    return each;
  });
}

/** XState tells in its message where a guard threw; lib/statechart lets the error through. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  if (/did not settle|Infinite loop/.test(message)) return 'infinite loop';
  return message.replace(/^Unable to evaluate guard.*\n/, '');
}

export function snapshotText(snapshot: AnyMachineSnapshot): string {
  const { _nodes, machine, tags, children, error, toJSON, ...rest } = snapshot;
  return textOf({
    keys: Object.keys(snapshot).join(),
    ...rest,
    text: toJSON,
    error: error === undefined ? undefined : messageOf(error),
    machine: machine.id,
    nodes: _nodes.map(({ id }: AnyStateNode) => id),
    tags: [...tags],
    children: Object.keys(children),
  });
}

export function actionText({ type, info, params, exec }: Action): string {
  const { context, event, self, system, ...others } = info;
  const given = { context, event, ...others, hasSelf: self.system === system };
  return textOf({ type, given, params, isExecuted: exec !== undefined });
}
