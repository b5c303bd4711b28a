/**
 * A machine as plain data: what the diagrams draw and what test/tidy holds against the house
 * rules. Read from the definition that runs, never from a copy of it.
 */
import type { AnyStateMachine, AnyStateNode } from 'xstate';

export interface ChartAction {
  /** Empty for an inline function, which has no name to draw. */
  readonly name: string;
}

export interface ChartTransition {
  /** Unique in its chart, and the same for the same definition: see `transitionIds`. */
  readonly id: string;
  readonly source: string;
  /** The event in words people use: `ack`, `after VOTE_TIMEOUT`, `done: ask`, `always`. */
  readonly event: string;
  readonly kind: 'event' | 'after' | 'done' | 'error' | 'always';
  /** Name of the delay, or milliseconds written inline. */
  readonly delay: string | number | undefined;
  /** The condition in words: `canVote and not fenced`; empty when there is none. */
  readonly guard: string;
  /** True when any part of the guard is an inline function. */
  readonly guardUnnamed: boolean;
  readonly actions: readonly ChartAction[];
  readonly targets: readonly string[];
  readonly description: string;
}

export interface ChartState {
  /** Path inside the machine, dots between; empty for the root. */
  readonly path: string;
  readonly key: string;
  readonly type: AnyStateNode['type'];
  readonly description: string;
  readonly initial: readonly string[];
  readonly entry: readonly ChartAction[];
  readonly exit: readonly ChartAction[];
  /** Names of invoked actors; empty for inline logic. */
  readonly invokes: readonly string[];
  readonly transitions: readonly ChartTransition[];
  readonly children: readonly ChartState[];
}

export interface Chart {
  readonly id: string;
  readonly description: string;
  readonly maxIterations: number | undefined;
  /** Names of the delays that `setup` implements. */
  readonly delays: readonly string[];
  readonly root: ChartState;
}

interface BuiltIn {
  readonly type?: string;
  /** The raised event, or the function that builds it. */
  readonly event?: { readonly type?: string; readonly name?: string };
  readonly check?: { readonly name: string };
  readonly guards?: readonly unknown[];
}

const pathOf = (node: AnyStateNode): string => node.path.join('.');

/** Named actions can be drawn, and `raise` of a fixed event or of one a named function builds. */
function readAction(action: unknown): ChartAction {
  if (typeof action === 'string') return { name: action };
  const { type, event } = action as BuiltIn;
  if (typeof action !== 'function') return { name: type ?? '' };
  const raised = type === 'xstate.raise' ? event?.type || event?.name : undefined;
  return { name: raised ? `raise ${raised}` : '' };
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function readGuard(guard: unknown): { readonly text: string; readonly unnamed: boolean } {
  if (guard === undefined) return { text: '', unnamed: false };
  if (typeof guard === 'string') return { text: guard, unnamed: false };
  const { type, check, guards } = guard as BuiltIn;
  if (typeof guard === 'object') return { text: type ?? '', unnamed: type === undefined };
  const parts = guards?.map(readGuard) ?? [];
  const unnamed = parts.length === 0 || parts.some((part) => part.unnamed);
  const texts = parts.map((part) => part.text);
  if (check?.name === 'checkNot') return { text: `not ${texts[0] ?? ''}`, unnamed };
  const word = check?.name === 'checkOr' ? ' or ' : ' and ';
  return { text: texts.length > 1 ? `(${texts.join(word)})` : texts.join(word), unnamed };
}

interface RawTransition {
  readonly guard?: unknown;
  readonly actions?: unknown;
  readonly delay?: string | number;
  readonly target?: readonly AnyStateNode[] | undefined;
  readonly description?: string | undefined;
}

type Trigger = Pick<ChartTransition, 'event' | 'kind'>;

function readTransition(
  node: AnyStateNode,
  id: string,
  trigger: Trigger,
  raw: RawTransition,
): ChartTransition {
  const guard = readGuard(raw.guard);
  return {
    id,
    source: pathOf(node),
    ...trigger,
    delay: raw.delay,
    guard: guard.text,
    guardUnnamed: guard.unnamed,
    actions: listOf(raw.actions).map(readAction),
    targets: (raw.target ?? []).map(pathOf),
    description: raw.description?.trim() ?? '',
  };
}

function triggerOf(node: AnyStateNode, event: string, raw: RawTransition): Trigger {
  if (raw.delay !== undefined) return { event: `after ${raw.delay}`, kind: 'after' };
  const invoked = node.invoke.find(({ id }) => event.endsWith(`.actor.${id}`));
  const actor = invoked === undefined ? '' : `: ${nameOfActor(invoked.src)}`;
  if (event.startsWith('xstate.done.')) return { event: `done${actor}`, kind: 'done' };
  if (event.startsWith('xstate.error.')) return { event: `error${actor}`, kind: 'error' };
  return { event, kind: 'event' };
}

/** XState names inline logic itself, as `xstate.invoke...`. */
function nameOfActor(source: unknown): string {
  return typeof source === 'string' && !source.startsWith('xstate.') ? source : '';
}

interface Found {
  readonly id: string;
  /** What XState calls the event; empty for a transition without one. */
  readonly eventType: string;
  readonly raw: RawTransition;
}

/** By place, since a definition has no name: state, event, and rank among those of that event. */
function foundIn(node: AnyStateNode): Found[] {
  const found: Found[] = [];
  const take = (eventType: string, raws: readonly RawTransition[]): void => {
    for (const [rank, raw] of raws.entries()) {
      found.push({ id: `${pathOf(node)}/${eventType}/${rank}`, eventType, raw });
    }
  };
  take('', (node.always ?? []) as readonly RawTransition[]);
  for (const [eventType, raws] of node.transitions) {
    take(eventType, raws as readonly RawTransition[]);
  }
  return found;
}

function readTransitions(node: AnyStateNode): ChartTransition[] {
  return foundIn(node).map(({ id, eventType, raw }) => {
    const isAlways = eventType === '';
    const trigger: Trigger = isAlways
      ? { event: 'always', kind: 'always' }
      : triggerOf(node, eventType, raw);
    return readTransition(node, id, trigger, raw);
  });
}

/** The id of each transition by its definition, which is what XState's microsteps tell of. */
export function transitionIds(machine: AnyStateMachine): ReadonlyMap<unknown, string> {
  const ids = new Map<unknown, string>();
  const visit = (node: AnyStateNode): void => {
    for (const { id, raw } of foundIn(node)) ids.set(raw, id);
    for (const child of Object.values(node.states) as AnyStateNode[]) visit(child);
  };
  visit(machine.root);
  return ids;
}

function readState(node: AnyStateNode): ChartState {
  const children = Object.values(node.states) as AnyStateNode[];
  return {
    path: pathOf(node),
    key: node.key,
    type: node.type,
    description: node.description?.trim() ?? '',
    initial: node.type === 'compound' ? (node.initial.target ?? []).map(pathOf) : [],
    entry: listOf(node.config.entry).map(readAction),
    exit: listOf(node.config.exit).map(readAction),
    invokes: node.invoke.map(({ src }) => nameOfActor(src)),
    transitions: readTransitions(node),
    children: children.map(readState),
  };
}

export function readChart(machine: AnyStateMachine): Chart {
  const { delays } = machine.implementations as { readonly delays?: Record<string, unknown> };
  return {
    id: machine.id,
    description: machine.root.description?.trim() ?? '',
    maxIterations: machine.options?.maxIterations,
    delays: Object.keys(delays ?? {}),
    root: readState(machine.root),
  };
}

/** The state and everything below it, parents first. */
export function statesOf(state: ChartState): ChartState[] {
  return [state, ...state.children.flatMap(statesOf)];
}
