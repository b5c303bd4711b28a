/** One message as a line between lifelines, with a mark for what became of it at each of them. */
import type { Fate, MessageRow } from '../timeline/message-pairs.js';

export interface Lanes {
  /** Middle of each lifeline, by its key. */
  readonly places: ReadonlyMap<string, number>;
  /** All lifelines over one row, as the path of an SVG. */
  readonly path: string;
  readonly widthPx: number;
}

export const LANE_PX = 64;
export const ROW_PX = 26;
const MIDDLE = ROW_PX / 2;
const RADIUS = 3.5;

export interface Mark {
  readonly place: number;
  readonly fate: Fate;
}

/** The lanes of lifelines with these keys, from left to right. */
export function lanesOf(keys: readonly string[]): Lanes {
  const places = new Map(keys.map((key, index) => [key, LANE_PX / 2 + index * LANE_PX]));
  const path = [...places.values()].map((x) => `M${x} 0V${ROW_PX}`).join('');
  return { places, path, widthPx: Math.max(1, places.size) * LANE_PX };
}

const circleAt = (x: number): string =>
  `M${x - RADIUS} ${MIDDLE}a${RADIUS} ${RADIUS} 0 1 0 ${2 * RADIUS} 0` +
  `a${RADIUS} ${RADIUS} 0 1 0 ${-2 * RADIUS} 0Z`;

/** `tip`: where the line ends; `direction`: 1 for lines that go to the right. */
const SHAPE: { readonly [K in Fate]: (tip: number, direction: number) => string } = {
  arrived: (tip, direction) => {
    const back = tip - direction * 7;
    return `M${tip} ${MIDDLE}L${back} ${MIDDLE - 4}V${MIDDLE + 4}Z`;
  },
  lost: (tip) => `M${tip - 4} ${MIDDLE - 4}l8 8m0 -8l-8 8`,
  ignored: (tip) => `${circleAt(tip)}M${tip - 4} ${MIDDLE + 4}l8 -8`,
  'under-way': circleAt,
  unseen: circleAt,
};

/** Marks of one fate are one element: to many slaves there are many, in each of the rows. */
function pathsOf(marks: readonly Mark[], start: number): Map<Fate, string> {
  const paths = new Map<Fate, string>();
  for (const { place, fate } of marks) {
    const direction = place < start ? -1 : 1;
    const shape = SHAPE[fate](place - direction * RADIUS, direction);
    paths.set(fate, `${paths.get(fate) ?? ''}${shape}`);
  }
  return paths;
}

export interface MessageLanesProps {
  readonly lanes: Lanes;
  readonly row: MessageRow;
  readonly marks: readonly Mark[];
}

export function MessageLanes({ lanes, row, marks }: MessageLanesProps) {
  const from = lanes.places.get(row.from);
  const ends = marks.map(({ place }) => place);
  const start = from ?? 0;
  const left = Math.min(start, ...ends);
  const right = Math.max(start, ...ends);
  const origin = from === undefined ? '' : circleAt(from);
  return (
    <svg width={lanes.widthPx} height={ROW_PX} aria-hidden="true">
      <path class="lifeline" d={lanes.path} />
      <path class="way" d={`M${left} ${MIDDLE}H${right}`} />
      <path class="origin" d={origin} />
      {[...pathsOf(marks, start)].map(([fate, path]) => (
        <path key={fate} class={fate} d={path} />
      ))}
    </svg>
  );
}
