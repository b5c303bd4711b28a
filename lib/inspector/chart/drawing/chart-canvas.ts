/** The elements of one drawing in a page, found by state and by transition, to be lit. */

import type { Rectangle } from './layout.js';
import type { Drawing } from './scene.js';
import { buildSvg, type SvgNode } from './svg-node.js';

export type About = NonNullable<SvgNode['about']>;

const TAKEN = 'chart-taken';
/**
 * In turn: the other name starts the animation of the same arrow anew. To take the class away and
 * read a size did so too, and cost each step one layout of the whole page.
 */
const LATEST = ['chart-latest', 'chart-latest-again'] as const;

/** While steps come faster, as under a slider, only the one that it comes to rest at moves. */
const SEEN_MS = 80;

export class ChartCanvas {
  readonly element: SVGElement;
  readonly #states = new Map<string, SVGElement>();
  readonly #transitions = new Map<string, SVGElement[]>();
  readonly #about = new WeakMap<Element, About>();
  #lit: SVGElement[] = [];
  #taken: SVGElement[] = [];
  #turn: 0 | 1 = 0;
  #movedMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(document: Document, drawing: Drawing) {
    this.element = buildSvg(document, drawing.root, (element, { about }) => {
      if (about !== undefined) this.#know(element, about);
    });
  }

  #know(element: SVGElement, about: About): void {
    this.#about.set(element, about);
    for (const id of about.transitions ?? []) {
      this.#transitions.set(id, [...(this.#transitions.get(id) ?? []), element]);
    }
    if (about.state === undefined) return;
    this.#states.set(about.state, element);
    // States can be reached by keys; transitions are in the list below the chart.
    element.setAttribute('tabindex', '0');
    element.setAttribute('role', 'img');
  }

  /** What the thing under a pointer, or with the focus, stands for. */
  aboutOf(target: EventTarget | null): About | null {
    if (!(target instanceof Element)) return null;
    const element = target.closest('[data-state], [data-transition]');
    return element === null ? null : (this.#about.get(element) ?? null);
  }

  /** Where the box of a state is, in pixels of the drawing. */
  placeOf(path: string): Rectangle | null {
    const box = this.#states.get(path)?.querySelector('rect');
    if (box === null || box === undefined) return null;
    const number = (name: string): number => Number(box.getAttribute(name));
    return { x: number('x'), y: number('y'), width: number('width'), height: number('height') };
  }

  /** Lights exactly these states. */
  light(paths: ReadonlySet<string>): void {
    for (const element of this.#lit) element.removeAttribute('data-active');
    this.#lit = [...paths].flatMap((path) => this.#states.get(path) ?? []);
    for (const element of this.#lit) element.setAttribute('data-active', 'true');
  }

  /** Marks exactly these transitions, and moves those that were taken right now. */
  take(ids: readonly string[], isNew: boolean): void {
    for (const element of this.#taken) element.classList.remove(TAKEN, ...LATEST);
    this.#taken = ids.flatMap((id) => this.#transitions.get(id) ?? []);
    for (const element of this.#taken) element.classList.add(TAKEN);
    if (!isNew || this.#taken.length === 0) return;
    const nowMs = performance.now();
    const isSeen = nowMs - this.#movedMs >= SEEN_MS;
    this.#movedMs = nowMs;
    clearTimeout(this.#timer);
    if (isSeen) this.#move();
    else this.#timer = setTimeout(() => this.#move(), SEEN_MS);
  }

  #move(): void {
    this.#turn = this.#turn === 0 ? 1 : 0;
    for (const element of this.#taken) element.classList.add(LATEST[this.#turn]);
  }
}
