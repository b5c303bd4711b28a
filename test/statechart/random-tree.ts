/** The skeleton of a random chart: its states, before anything happens in them. */
import type { Draw } from './draw.js';

export interface Sketch {
  readonly id: string;
  readonly key: string;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final';
  readonly parent: Sketch | null;
  readonly children: Sketch[];
}

const DEPTH_MAX = 4;
const NODES_MAX = 16;

export function withAncestors(node: Sketch): Sketch[] {
  return node.parent === null ? [node] : [node, ...withAncestors(node.parent)];
}

/** Two states that can be active together without one being inside the other. */
export function isOrthogonal(left: Sketch, right: Sketch): boolean {
  const above = withAncestors(right);
  if (above.includes(left) || withAncestors(left).includes(right)) return false;
  return withAncestors(left).find((node) => above.includes(node))?.type === 'parallel';
}

class Tree {
  readonly nodes: Sketch[] = [];
  readonly #draw: Draw;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  add(parent: Sketch | null, key: string, depth: number): void {
    const draw = this.#draw;
    const isLeaf = depth === DEPTH_MAX || this.nodes.length > NODES_MAX || draw.chance(depth * 0.2);
    const inner = draw.chance(0.4) ? 'parallel' : 'compound';
    const type = parent !== null && isLeaf ? 'atomic' : inner;
    const node: Sketch = { id: `n${this.nodes.length}`, key, type, parent, children: [] };
    this.nodes.push(node);
    parent?.children.push(node);
    if (type === 'atomic') return;
    // Objects list keys that look like integers first, whatever the order of the definition.
    const looksNumeric = draw.chance(0.15);
    const keys = Array.from({ length: 1 + draw.below(3) }, (_, at) =>
      looksNumeric ? String(9 - at) : `s${at}`,
    );
    for (const each of draw.shuffled(keys)) this.add(node, each, depth + 1);
    if (parent === null && type === 'compound' && draw.chance(0.4)) this.#addFinal(node);
  }

  #addFinal(root: Sketch): void {
    const id = `n${this.nodes.length}`;
    const final: Sketch = { id, key: 'over', type: 'final', parent: root, children: [] };
    this.nodes.push(final);
    root.children.push(final);
  }
}

/** The root first, then all others in the order of the definition. */
export function randomTree(draw: Draw): readonly Sketch[] {
  const tree = new Tree(draw);
  tree.add(null, 'n0', 0);
  return tree.nodes;
}
