/** The elements of one drawing in a page, found by state and by transition, to be lit. */
import type { Drawing } from './draw-chart.js';
import { buildSvg } from './svg-node.js';

const TAKEN = 'chart-taken';
const LATEST = 'chart-latest';

export class ChartCanvas {
  readonly element: SVGElement;
  readonly #states = new Map<string, SVGElement>();
  readonly #transitions = new Map<string, SVGElement[]>();
  #lit: SVGElement[] = [];
  #taken: SVGElement[] = [];

  constructor(document: Document, drawing: Drawing) {
    this.element = buildSvg(document, drawing.root, (element, { about }) => {
      if (about?.state !== undefined) this.#states.set(about.state, element);
      for (const id of about?.transitions ?? []) {
        this.#transitions.set(id, [...(this.#transitions.get(id) ?? []), element]);
      }
    });
  }

  stateElement(path: string): SVGElement | undefined {
    return this.#states.get(path);
  }

  /** Lights exactly these states. */
  light(paths: ReadonlySet<string>): void {
    for (const element of this.#lit) element.removeAttribute('data-active');
    this.#lit = [...paths].flatMap((path) => this.#states.get(path) ?? []);
    for (const element of this.#lit) element.setAttribute('data-active', 'true');
  }

  /** Marks exactly these transitions, and moves those that were taken right now. */
  take(ids: readonly string[], isNew: boolean): void {
    for (const element of this.#taken) element.classList.remove(TAKEN, LATEST);
    this.#taken = ids.flatMap((id) => this.#transitions.get(id) ?? []);
    for (const element of this.#taken) element.classList.add(TAKEN);
    if (!isNew || this.#taken.length === 0) return;
    // Reading a size ends the old animation, so that the same arrow moves once more.
    this.element.getBoundingClientRect();
    for (const element of this.#taken) element.classList.add(LATEST);
  }
}
