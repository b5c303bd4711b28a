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

function allBelow(node: Node): Node[] {
  return [node, ...childrenOf(node).flatMap(allBelow)];
}

function oddityOf(node: Node): string | null {
  if (node.type === 'history') return 'a history state';
  if (node.invoke.length > 0) return 'an invoked actor';
  if (node.type === 'final' && node.parent !== node.machine.root) return 'a final state inside';
  if (node.output !== undefined) return 'an output';
  const descriptors = [...node.transitions.keys()];
  const wide = descriptors.find((descriptor) => descriptor.includes('*'));
  if (wide !== undefined) return `a transition on "${wide}"`;
  if (descriptors.some((descriptor) => descriptor.startsWith('xstate.done'))) return 'an onDone';
  return null;
}

/**
 * What this folder does not run, refused when a machine is made and not amid its events.
 * @throws {TypeError} naming the state and what it uses
 */
export function refuseOddities(machine: Machine): void {
  for (const node of allBelow(machine.root)) {
    const oddity = oddityOf(node);
    if (oddity !== null) throw new TypeError(`#${node.id} has ${oddity}, which is not compiled`);
  }
}
