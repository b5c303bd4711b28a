/** The tree of states that XState made of a machine's definition. */
import type {
  AnyMachineSnapshot,
  AnyStateMachine,
  AnyStateNode,
  AnyTransitionDefinition,
} from 'xstate';

export type Node = AnyStateNode;
export type Transition = AnyTransitionDefinition;
export type Machine = AnyStateMachine;
export type Snapshot = AnyMachineSnapshot;

export const isAtomic = ({ type }: Node): boolean => type === 'atomic' || type === 'final';

export const childrenOf = (node: Node): Node[] => Object.values(node.states);

/** Nearest first, up to but without `end`; to the root, it included, where that is undefined. */
export function ancestorsOf(node: Node, end?: Node): Node[] {
  const ancestors: Node[] = [];
  if (node === end) return ancestors;
  for (let above = node.parent; above !== undefined && above !== end; above = above.parent) {
    ancestors.push(above);
  }
  return ancestors;
}

/** Everything is below `undefined`, the place above the root. */
export function isBelow(node: Node, ancestor: Node | undefined): boolean {
  for (let above = node.parent; above !== undefined; above = above.parent) {
    if (above === ancestor) return true;
  }
  return ancestor === undefined;
}

/** This state and all inside it. */
export function allOf(node: Node): Node[] {
  return [node, ...childrenOf(node).flatMap(allOf)];
}

/** With an event, after a delay, and without either. */
export function transitionsOf(node: Node): Transition[] {
  return [...node.transitions.values(), node.always ?? []].flat();
}

/** One region that is final is not yet the end of its chart. */
function endsChart({ parent, machine }: Node): boolean {
  return parent === machine.root && parent.type === 'compound';
}

/** They can be active together, neither inside the other. */
function areApart(first: Node, second: Node): boolean {
  const above = [first, ...ancestorsOf(first)];
  const common = above.find((node) => node === second || isBelow(second, node));
  return first !== common && second !== common && common?.type === 'parallel';
}

function excludesItself({ target = [] }: Transition): boolean {
  return target.some((one, at) => target.slice(at + 1).some((other) => !areApart(one, other)));
}

function oddityOf(node: Node): string | null {
  if (node.type === 'history') return 'a history state';
  if (node.invoke.length > 0) return 'an invoked actor';
  if (node.type === 'final' && !endsChart(node)) return 'a final state inside';
  if (node.output !== undefined) return 'an output';
  const descriptors = [...node.transitions.keys()];
  const wide = descriptors.find((descriptor) => descriptor.includes('*'));
  if (wide !== undefined) return `a transition on "${wide}"`;
  if (descriptors.some((descriptor) => descriptor.startsWith('xstate.done'))) return 'an onDone';
  if (transitionsOf(node).some(excludesItself)) return 'targets that exclude each other';
  return null;
}

/**
 * What this folder does not run, refused when a machine is made and not amid its events.
 * @throws {TypeError} naming the state and what it uses
 */
export function refuseOddities(machine: Machine): void {
  const ids = new Set<string>();
  for (const node of allOf(machine.root)) {
    // XState numbers states by their ids, and here they are told apart by that number.
    const oddity = ids.has(node.id) ? 'an id that another state has' : oddityOf(node);
    ids.add(node.id);
    if (oddity !== null) throw new TypeError(`#${node.id} has ${oddity}, which is not compiled`);
  }
}
