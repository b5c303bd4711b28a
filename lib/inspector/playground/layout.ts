/** Where the nodes stand: the master in the middle, its slaves around it. */

export interface Place {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly card: { readonly width: number; readonly height: number };
  readonly places: ReadonlyMap<string, Place>;
}

const CARD_HEIGHT = 72;
const CARD_WIDTH = 148;
const CARD_WIDTH_NARROW = 104;
const MARGIN = 8;
/** Below this the ring stands upright, as a phone does. */
const NARROW = 560;
const HEIGHT_WIDE = 520;
const HEIGHT_NARROW = 540;

/** @param width pixels there are */
export function layOut(master: string, slaves: readonly string[], width: number): Layout {
  const isNarrow = width < NARROW;
  const height = isNarrow ? HEIGHT_NARROW : HEIGHT_WIDE;
  const card = { width: isNarrow ? CARD_WIDTH_NARROW : CARD_WIDTH, height: CARD_HEIGHT };
  const middle: Place = { x: width / 2, y: height / 2 };
  const radiusX = width / 2 - card.width / 2 - MARGIN;
  const radiusY = height / 2 - card.height / 2 - MARGIN;
  const places = new Map<string, Place>([[master, middle]]);
  const step = (2 * Math.PI) / Math.max(1, slaves.length);
  for (const [index, id] of slaves.entries()) {
    // Half a step off the top, so that a pair stands left and right.
    const angle = -Math.PI / 2 + step * (index + 0.5);
    const x = middle.x + radiusX * Math.cos(angle);
    places.set(id, { x, y: middle.y + radiusY * Math.sin(angle) });
  }
  return { width, height, card, places };
}

/** Messages to and from a slave go on either side of the line between them. */
const LANE = 9;

/** From where to where messages fly: from edge to edge of two cards, to the right of the line. */
export function pathOf(from: Place, to: Place, card: Layout['card']): readonly [Place, Place] {
  const x = to.x - from.x;
  const y = to.y - from.y;
  const length = Math.max(1, Math.hypot(x, y));
  const toEdge = Math.min(
    card.width / 2 / Math.max(1e-6, Math.abs(x)),
    card.height / 2 / Math.max(1e-6, Math.abs(y)),
  );
  // Cards that touch leave no way: then all of it is at the middle.
  const edge = Math.min(0.5, toEdge);
  const aside = { x: (-y / length) * LANE, y: (x / length) * LANE };
  const at = (part: number) => ({ x: from.x + x * part + aside.x, y: from.y + y * part + aside.y });
  return [at(edge), at(1 - edge)];
}

/** A part of the way between two places: 0 is the first, 1 the second. */
export function between(from: Place, to: Place, part: number): Place {
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}
