/** The part of a drawing that is seen, in its own pixels; pure, so that it needs no page. */
import type { Point, Rectangle } from './layout.js';

/** How far in: one pixel of the drawing is never more than so many on the screen, nor fewer. */
const ENLARGED_MAX = 4;
const SHRUNK_MAX = 2;
const MARGIN = 8;

/** All of it, with a little room around. */
export function wholeOf({ x, y, width, height }: Rectangle): Rectangle {
  return { x: x - MARGIN, y: y - MARGIN, width: width + 2 * MARGIN, height: height + 2 * MARGIN };
}

/** `factor` above 1 comes nearer; `at` stays where it is. `whole` and `screenWidth` bound it. */
export function zoomed(
  view: Rectangle,
  factor: number,
  at: Point,
  whole: Rectangle,
  screenWidth: number,
): Rectangle {
  const least = Math.min(screenWidth / ENLARGED_MAX, whole.width);
  const width = Math.min(Math.max(view.width / factor, least), whole.width * SHRUNK_MAX);
  const scale = width / view.width;
  const x = at.x - (at.x - view.x) * scale;
  const y = at.y - (at.y - view.y) * scale;
  return panned({ x, y, width, height: view.height * scale }, 0, 0, whole);
}

const between = (value: number, low: number, high: number): number =>
  Math.min(Math.max(value, low), high);

/** By so many of its own pixels; its middle stays over the drawing, which cannot get lost. */
export function panned(view: Rectangle, right: number, down: number, whole: Rectangle): Rectangle {
  const { width, height } = view;
  const x = between(view.x + right, whole.x - width / 2, whole.x + whole.width - width / 2);
  const y = between(view.y + down, whole.y - height / 2, whole.y + whole.height - height / 2);
  return { x, y, width, height };
}
