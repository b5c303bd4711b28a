/** Zoom and pan of a chart in a page: wheel, mouse, fingers and keys. */
import type { Point, Rectangle } from './layout.js';
import { panned, wholeOf, zoomed } from './viewport.js';

const STEP = 1.25;
/** Of what is seen, for one press of an arrow key. */
const KEY_SHARE = 0.1;
/** Of the wheel, for coming nearer by the factor e. */
const WHEEL_PIXELS = 400;

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

export class ChartMotion {
  readonly #place: HTMLElement;
  readonly #element: SVGElement;
  readonly #whole: Rectangle;
  readonly #pointers = new Map<number, Point>();
  readonly #ended = new AbortController();
  #view: Rectangle;

  /** @param place what the drawing fills and what has the focus while keys move it */
  constructor(place: HTMLElement, element: SVGElement, bounds: Rectangle) {
    this.#place = place;
    this.#element = element;
    this.#whole = wholeOf(bounds);
    this.#view = this.#whole;
    const { signal } = this.#ended;
    place.addEventListener('wheel', this.#onWheel, { signal, passive: false });
    place.addEventListener('keydown', this.#onKey, { signal });
    element.addEventListener('pointerdown', this.#onDown, { signal });
    element.addEventListener('pointermove', this.#onMove, { signal });
    element.addEventListener('pointerup', this.#onUp, { signal });
    element.addEventListener('pointercancel', this.#onUp, { signal });
    this.#show(this.#whole);
  }

  nearer = (): void => this.#zoom(STEP, this.#middle());
  further = (): void => this.#zoom(1 / STEP, this.#middle());
  fit = (): void => this.#show(this.#whole);
  close = (): void => this.#ended.abort();

  /** Brings what got the focus into view. */
  reveal({ x, y, width, height }: Rectangle): void {
    const { x: left, y: top, width: wide, height: tall } = this.#view;
    if (x >= left && y >= top && x + width <= left + wide && y + height <= top + tall) return;
    const right = x + width / 2 - left - wide / 2;
    this.#show(panned(this.#view, right, y + height / 2 - top - tall / 2, this.#whole));
  }

  #show(view: Rectangle): void {
    this.#view = view;
    const numbers = [view.x, view.y, view.width, view.height];
    this.#element.setAttribute('viewBox', numbers.map((each) => each.toFixed(2)).join(' '));
  }

  /** Pixels of the drawing per pixel of the screen; what does not fit leaves a margin. */
  #scale(): number {
    const { width, height } = this.#element.getBoundingClientRect();
    return Math.max(this.#view.width / (width || 1), this.#view.height / (height || 1));
  }

  #middle(): Point {
    const { x, y, width, height } = this.#view;
    return { x: x + width / 2, y: y + height / 2 };
  }

  #at(clientX: number, clientY: number): Point {
    const { left, top, width, height } = this.#element.getBoundingClientRect();
    const scale = this.#scale();
    const middle = this.#middle();
    return {
      x: middle.x + (clientX - left - width / 2) * scale,
      y: middle.y + (clientY - top - height / 2) * scale,
    };
  }

  #zoom(factor: number, at: Point): void {
    const { width } = this.#element.getBoundingClientRect();
    this.#show(zoomed(this.#view, factor, at, this.#whole, width || 1));
  }

  /** Without a modifier the wheel scrolls the page, unless the chart has the focus. */
  #onWheel = (event: WheelEvent): void => {
    const isMeant = event.ctrlKey || event.metaKey || this.#place.matches(':focus-within');
    if (!isMeant) return;
    event.preventDefault();
    const at = this.#at(event.clientX, event.clientY);
    this.#zoom(Math.exp(-event.deltaY / WHEEL_PIXELS), at);
  };

  #onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    if (arrow !== undefined) {
      const { width, height } = this.#view;
      const [right, down] = [arrow[0] * width * KEY_SHARE, arrow[1] * height * KEY_SHARE];
      this.#show(panned(this.#view, right, down, this.#whole));
    } else if (event.key === '+' || event.key === '=') this.nearer();
    else if (event.key === '-') this.further();
    else if (event.key === '0') this.fit();
    else return;
    event.preventDefault();
  };

  #onDown = (event: PointerEvent): void => {
    if (event.pointerType === 'mouse' && event.button !== 0) return;
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  };

  #onMove = (event: PointerEvent): void => {
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined) return;
    const now = { x: event.clientX, y: event.clientY };
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#pointers.set(event.pointerId, now);
    // Captured only when it moves: a press alone must reach the state it is on.
    if (this.#element.hasPointerCapture?.(event.pointerId) === false) {
      this.#element.setPointerCapture(event.pointerId);
    }
    if (other !== undefined) this.#pinch(other, before, now);
    else {
      const scale = this.#scale();
      const [right, down] = [(before.x - now.x) * scale, (before.y - now.y) * scale];
      this.#show(panned(this.#view, right, down, this.#whole));
    }
  };

  #pinch(other: Point, before: Point, now: Point): void {
    const was = Math.hypot(before.x - other.x, before.y - other.y);
    const is = Math.hypot(now.x - other.x, now.y - other.y);
    const at = this.#at((now.x + other.x) / 2, (now.y + other.y) / 2);
    if (was > 0 && is > 0) this.#zoom(is / was, at);
  }

  #onUp = (event: PointerEvent): void => {
    this.#pointers.delete(event.pointerId);
  };
}
