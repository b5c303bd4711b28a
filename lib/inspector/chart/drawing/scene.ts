/** A plan and the places of its parts, as an SVG. Looks are classes: see chart-style.ts. */

import type { ChartTransition } from '../read-chart.js';
import { borderKey, type Direction, hasStart, startKey } from './dot.js';
import type { Layout, Line, Point, Rectangle } from './layout.js';
import {
  LINE_HEIGHT,
  NAME_HEIGHT,
  PADDING,
  type Plan,
  type PlannedArrow,
  type PlannedBox,
  type PlannedText,
} from './plan.js';
import { rounded, type SvgNode, svg } from './svg-node.js';
import { stateInWords, transitionInWords } from './words.js';

/** Around everything, so that no border is cut in half. */
const EDGE = 4;
const HEAD_LENGTH = 8;
const HEAD_HALF = 3.2;

/** Ids in one attribute: a space ends one, so spaces inside are written otherwise. */
const idList = (ids: readonly string[]): string =>
  ids.map((id) => id.replaceAll('%', '%25').replaceAll(/\s/g, encodeURIComponent)).join(' ');

function forTransitions(
  name: string,
  ids: readonly string[],
  children: SvgNode['children'],
): SvgNode {
  const group = svg('g', { class: name, 'data-transition': idList(ids) }, children);
  return { ...group, about: { transitions: ids } };
}

const at = ({ x, y }: Point): string => `${rounded(x)},${rounded(y)}`;

function headOf(from: Point, tip: Point): string {
  const length = Math.hypot(tip.x - from.x, tip.y - from.y) || 1;
  const along = { x: (tip.x - from.x) / length, y: (tip.y - from.y) / length };
  const base = { x: tip.x - along.x * HEAD_LENGTH, y: tip.y - along.y * HEAD_LENGTH };
  const left = { x: base.x - along.y * HEAD_HALF, y: base.y + along.x * HEAD_HALF };
  const right = { x: base.x + along.y * HEAD_HALF, y: base.y - along.x * HEAD_HALF };
  return [tip, left, right].map(at).join(' ');
}

/** The curve and its head; `before` is where it begins when that is not its first point. */
function drawLine({ points, tip }: Line, before: Point | null): SvgNode[] {
  const [first, ...rest] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return [];
  const begin = before === null ? `M${at(first)}` : `M${at(before)}L${at(first)}`;
  const curve = rest.length === 0 ? '' : `C${rest.map(at).join(' ')}`;
  const path = svg('path', { class: 'chart-line', d: `${begin}${curve}` });
  if (tip === null) return [path];
  // Between the end of the curve and the tip lies the head; a curve may stop short of it.
  const from = Math.hypot(tip.x - last.x, tip.y - last.y) > 1 ? last : (points.at(-2) ?? last);
  return [path, svg('polygon', { class: 'chart-head', points: headOf(from, tip) })];
}

class Scene {
  readonly #plan: Plan;
  readonly #layout: Layout;
  readonly #direction: Direction;
  readonly #transitions = new Map<string, ChartTransition>();

  constructor(plan: Plan, layout: Layout, direction: Direction) {
    this.#plan = plan;
    this.#layout = layout;
    this.#direction = direction;
    for (const { state } of plan.boxes.values()) {
      for (const transition of state.transitions) this.#transitions.set(transition.id, transition);
    }
  }

  #frame(): Rectangle {
    const places = this.#plan.arrows.flatMap(({ key, width, height }): Rectangle[] => {
      const middle = this.#layout.lines.get(key)?.label;
      if (middle === null || middle === undefined) return [];
      return [{ x: middle.x - width / 2, y: middle.y - height / 2, width, height }];
    });
    const all = [this.#placeOf(this.#plan.root.key), ...places];
    const x = Math.min(...all.map((place) => place.x));
    const y = Math.min(...all.map((place) => place.y));
    const right = Math.max(...all.map((place) => place.x + place.width));
    const bottom = Math.max(...all.map((place) => place.y + place.height));
    return { x, y, width: right - x, height: bottom - y };
  }

  bounds(): Rectangle {
    const { x, y, width, height } = this.#frame();
    return { x: x - EDGE, y: y - EDGE, width: width + 2 * EDGE, height: height + 2 * EDGE };
  }

  draw(): SvgNode {
    const { x, y, width, height } = this.bounds();
    const boxes = [...this.#plan.boxes.values()];
    // Groups come before what is in them, and arrows above all boxes but below labels.
    return svg(
      'svg',
      {
        xmlns: 'http://www.w3.org/2000/svg',
        class: 'chart',
        viewBox: [x, y, width, height].map(rounded).join(' '),
      },
      [
        svg('title', {}, [`Statechart of ${this.#plan.root.name}`]),
        svg(
          'g',
          { class: 'chart-states' },
          boxes.map((box) => this.#box(box)),
        ),
        svg(
          'g',
          { class: 'chart-starts' },
          boxes.flatMap((box) => this.#starts(box)),
        ),
        svg(
          'g',
          { class: 'chart-arrows' },
          this.#plan.arrows.map((arrow) => this.#arrow(arrow)),
        ),
      ],
    );
  }

  #wordsOf(ids: readonly string[]): string {
    const found = ids.map((id) => this.#transitions.get(id));
    return found
      .filter((transition) => transition !== undefined)
      .map(transitionInWords)
      .join('\n\n');
  }

  #placeOf(key: string): Rectangle {
    return this.#layout.places.get(key) ?? { x: 0, y: 0, width: 0, height: 0 };
  }

  #box(box: PlannedBox): SvgNode {
    const { state } = box;
    const isGroup = box.children.length > 0;
    const isRegion = box.parent?.state.type === 'parallel';
    const kind = isGroup ? 'group' : 'leaf';
    const classes = ['chart-state', `chart-${kind}`, `chart-${state.type}`];
    if (isRegion) classes.push('chart-region');
    if (box.parent === null) classes.push('chart-root');
    // The frame of everything encloses the labels that Graphviz lets stand over it, too.
    const place = isGroup && box.parent === null ? this.#frame() : this.#placeOf(box.key);
    const group = svg('g', { class: classes.join(' '), 'data-state': state.path }, [
      svg('title', {}, [stateInWords(state)]),
      ...this.#outline(box, place),
      ...this.#words(box, place),
    ]);
    return { ...group, about: { state: state.path } };
  }

  #outline({ state }: PlannedBox, place: Rectangle): SvgNode[] {
    const rect = (inset: number, rx: number, name: string): SvgNode =>
      svg('rect', {
        class: name,
        x: place.x + inset,
        y: place.y + inset,
        width: Math.max(0, place.width - 2 * inset),
        height: Math.max(0, place.height - 2 * inset),
        rx,
      });
    const outer = rect(0, state.type === 'history' ? place.width / 2 : 8, 'chart-box');
    return state.type === 'final' ? [outer, rect(3, 6, 'chart-inner')] : [outer];
  }

  #words(box: PlannedBox, place: Rectangle): SvgNode[] {
    if (box.state.type === 'history') {
      const y = place.y + place.height / 2 + 5;
      return [svg('text', { class: 'chart-name', x: place.x + place.width / 2, y }, ['H'])];
    }
    const isGroup = box.children.length > 0;
    const x = isGroup ? place.x + PADDING + 2 : place.x + place.width / 2;
    const single = !isGroup && box.lines.length === 0;
    const top = single ? place.y + place.height / 2 + 4.5 : place.y + NAME_HEIGHT;
    const name = svg('text', { class: 'chart-name', x, y: top }, [box.name]);
    return [name, ...this.#texts(box.lines, x, top + LINE_HEIGHT + 3)];
  }

  #texts(texts: readonly PlannedText[], x: number, top: number): SvgNode[] {
    return texts.map(({ text, ids }, index) =>
      forTransitions('chart-text', ids, [
        svg('title', {}, [this.#wordsOf(ids)]),
        svg('text', { x, y: top + index * LINE_HEIGHT }, [text]),
      ]),
    );
  }

  #starts(box: PlannedBox): SvgNode[] {
    if (!hasStart(box)) return [];
    const { x, y, width, height } = this.#placeOf(startKey(box));
    const dot = svg('circle', {
      class: 'chart-dot',
      cx: x + width / 2,
      cy: y + height / 2,
      r: width / 2,
    });
    const lines = box.state.initial.flatMap((path) => {
      const key = `${startKey(box)}_${this.#plan.boxes.get(path)?.key ?? ''}`;
      const line = this.#layout.lines.get(key);
      return line === undefined ? [] : drawLine(line, null);
    });
    return [dot, ...lines];
  }

  #arrow(arrow: PlannedArrow): SvgNode {
    const line = this.#layout.lines.get(arrow.key);
    const title = svg('title', {}, [this.#wordsOf(arrow.ids)]);
    if (line === undefined) return forTransitions('chart-arrow', arrow.ids, [title]);
    const begin = arrow.inside ? this.#borderOf(arrow.from) : null;
    const dot = begin === null ? [] : [svg('circle', { cx: begin.x, cy: begin.y, r: 2.5 })];
    const parts = [...dot, ...drawLine(line, begin), ...this.#label(arrow, line)];
    return forTransitions('chart-arrow', arrow.ids, [title, ...parts]);
  }

  /** Where an arrow of a group into itself begins: on the border next to its first point. */
  #borderOf(box: PlannedBox): Point {
    const group = this.#placeOf(box.key);
    const { x, y } = this.#placeOf(borderKey(box));
    return this.#direction === 'TB' ? { x, y: group.y } : { x: group.x, y };
  }

  #label({ label, height }: PlannedArrow, { label: middle }: Line): SvgNode[] {
    if (middle === null) return [];
    const top = middle.y - height / 2 + LINE_HEIGHT - 2;
    return label.map(({ text }, index) =>
      svg('text', { class: 'chart-label', x: middle.x, y: top + index * LINE_HEIGHT }, [text]),
    );
  }
}

export interface Drawing {
  /** The `svg` element: states carry `data-state`, arrows and texts `data-transition`. */
  readonly root: SvgNode;
  /** In pixels, at the size at which its text is meant to be read. */
  readonly bounds: Rectangle;
}

export function drawScene(plan: Plan, layout: Layout, direction: Direction): Drawing {
  const scene = new Scene(plan, layout, direction);
  return { root: scene.draw(), bounds: scene.bounds() };
}
