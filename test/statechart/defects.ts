/** Charts that run wrong on purpose, each in one respect: a comparison has to notice them. */
import type { AnyStateMachine, AnyStateNode } from 'xstate';

export interface Defect {
  readonly what: string;
  /** Changes a machine of its own before it is compiled. */
  spoil(machine: AnyStateMachine): void;
}

function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states as Record<string, AnyStateNode>).flatMap(nodesOf)];
}

const forEach = (change: (node: AnyStateNode) => void) => (machine: AnyStateMachine) => {
  for (const node of nodesOf(machine.root)) change(node);
};

export const DEFECTS: readonly Defect[] = [
  {
    what: 'entry actions run in reverse',
    spoil: forEach((node) => {
      node.entry = [...node.entry].reverse();
    }),
  },
  {
    what: 'exit actions are forgotten',
    spoil: forEach((node) => {
      node.exit = [];
    }),
  },
  {
    what: 'the last candidate is asked first',
    spoil: forEach((node) => {
      for (const [type, all] of node.transitions) node.transitions.set(type, [...all].reverse());
    }),
  },
  {
    what: 'states are entered in reverse document order',
    spoil: (machine) => {
      const nodes = nodesOf(machine.root);
      for (const node of nodes) node.order = nodes.length - node.order;
    },
  },
  {
    what: 'no transition re-enters its source',
    spoil: forEach((node) => {
      for (const transition of [...node.transitions.values()].flat()) transition.reenter = false;
    }),
  },
  {
    what: 'transitions without an event are not taken',
    spoil: forEach((node) => {
      delete node.always;
    }),
  },
];
