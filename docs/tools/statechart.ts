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

function readTransition(node: AnyStateNode, trigger: Trigger, raw: RawTransition): ChartTransition {
  const guard = readGuard(raw.guard);
  return {
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

function readTransitions(node: AnyStateNode): ChartTransition[] {
  const found: ChartTransition[] = [];
  for (const raw of node.always ?? []) {
    found.push(readTransition(node, { event: 'always', kind: 'always' }, raw as RawTransition));
  }
  for (const [event, definitions] of node.transitions) {
    for (const raw of definitions as readonly RawTransition[]) {
      found.push(readTransition(node, triggerOf(node, event, raw), raw));
    }
  }
  return found;
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
