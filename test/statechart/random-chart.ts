/**
 * Random machines of everything that lib/statechart runs: regions in regions, candidates with
 * guards, targets anywhere, transitions without an event, delays, and a final state at the top.
 */
import { type AnyStateMachine, createMachine } from 'xstate';
import { Draw } from './draw.js';
import {
  EVENT_TYPES,
  implementations,
  randomActions,
  randomDelay,
  randomGuard,
} from './random-content.js';
import { isOrthogonal, randomTree, type Sketch } from './random-tree.js';

/** Enough for most of these charts to settle; those that do not are part of the comparison. */
const ITERATIONS_MAX = 12;

class ChartMaker {
  readonly #draw: Draw;
  readonly #nodes: readonly Sketch[];

  constructor(draw: Draw) {
    this.#draw = draw;
    this.#nodes = randomTree(draw);
  }

  config(): object {
    const context = { a: this.#draw.below(3), b: this.#draw.below(3), c: 0 };
    const options = { maxIterations: ITERATIONS_MAX };
    return { ...this.#stateOf(this.#nodes[0] as Sketch), context, options };
  }

  #stateOf(node: Sketch): object {
    const draw = this.#draw;
    const { id, type, children } = node;
    const config: Record<string, unknown> = {
      id,
      tags: draw.several(2, () => draw.pick(['calm', 'busy', id])),
      entry: randomActions(draw, `entry ${id}`),
      exit: randomActions(draw, `exit ${id}`),
    };
    if (type === 'parallel' || type === 'final') config.type = type;
    if (type === 'compound') config.initial = this.#initialOf(node);
    if (children.length > 0) {
      config.states = Object.fromEntries(
        children.map((child) => [child.key, this.#stateOf(child)]),
      );
    }
    if (type !== 'final') Object.assign(config, this.#transitionsOf(node));
    return config;
  }

  #initialOf(node: Sketch): unknown {
    const draw = this.#draw;
    const target = draw.pick(node.children.filter(({ type }) => type !== 'final')).key;
    if (draw.chance(0.6)) return target;
    return { target, actions: randomActions(draw, `initial ${node.id}`) };
  }

  #transitionsOf(node: Sketch): object {
    const draw = this.#draw;
    const on = draw.several(3, () => [draw.pick(EVENT_TYPES), this.#candidates(node, 'on')]);
    const after = draw.several(1, () => [randomDelay(draw), this.#candidates(node, 'after')]);
    const parts: Record<string, unknown> = { on: Object.fromEntries(on) };
    if (after.length > 0) parts.after = Object.fromEntries(after);
    if (draw.chance(0.12)) parts.always = this.#candidates(node, 'always');
    return parts;
  }

  #candidates(node: Sketch, kind: string): object[] {
    const count = 1 + this.#draw.below(2);
    return Array.from({ length: count }, () => this.#transition(node, kind));
  }

  #transition(node: Sketch, kind: string): object {
    const draw = this.#draw;
    const place = `${kind} ${node.id}`;
    const transition: Record<string, unknown> = { actions: randomActions(draw, place, 2) };
    if (draw.chance(kind === 'always' ? 0.97 : 0.4)) transition.guard = randomGuard(draw);
    if (draw.chance(0.75)) transition.target = this.#targetOf(node);
    if (draw.chance(0.3)) transition.reenter = draw.chance(0.8);
    return transition;
  }

  #targetOf(node: Sketch): unknown {
    const draw = this.#draw;
    const { parent, children } = node;
    if (children.length > 0 && draw.chance(0.25)) return `.${draw.pick(children).key}`;
    if (parent !== null && draw.chance(0.35)) return draw.pick(parent.children).key;
    const first = draw.pick(this.#nodes);
    const targets = [first];
    // Several targets are several regions of one parallel state.
    for (const other of draw.shuffled(this.#nodes)) {
      const fits = targets.every((target) => isOrthogonal(target, other));
      if (fits && draw.chance(0.3)) targets.push(other);
    }
    const ids = targets.map(({ id }) => `#${id}`);
    return ids.length === 1 && draw.chance(0.5) ? ids[0] : ids;
  }
}

/** The same seed makes the same chart, each time anew. */
export function randomChart(seed: string | number): AnyStateMachine {
  const config = new ChartMaker(new Draw(seed, 'chart')).config();
  return createMachine(config as never, implementations as never) as unknown as AnyStateMachine;
}
