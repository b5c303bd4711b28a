/** One message as a line between lifelines, with a mark for what became of it at each of them. */
import type { Fate, MessageRow } from '../timeline/message-pairs.js';

export interface Lanes {
  /** Middle of each lifeline, by its key. */
  readonly places: ReadonlyMap<string, number>;
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

function Shape({ place, fate, direction }: Mark & { readonly direction: number }) {
  const tip = place - direction * RADIUS;
  if (fate === 'arrived') {
    const back = tip - direction * 7;
    return <path class="arrow" d={`M${tip} ${MIDDLE}L${back} ${MIDDLE - 4}V${MIDDLE + 4}Z`} />;
  }
  if (fate === 'lost') {
    const cross = `M${tip - 4} ${MIDDLE - 4}l8 8m0 -8l-8 8`;
    return <path class="lost" d={cross} />;
  }
  if (fate === 'ignored') {
    const slash = `M${tip - 4} ${MIDDLE + 4}l8 -8`;
    return (
      <g class="ignored">
        <circle cx={tip} cy={MIDDLE} r={RADIUS} />
        <path d={slash} />
      </g>
    );
  }
  return <circle class={fate} cx={tip} cy={MIDDLE} r={RADIUS} />;
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
  return (
    <svg width={lanes.widthPx} height={ROW_PX} aria-hidden="true">
      {[...lanes.places.values()].map((x) => (
        <line key={x} class="lifeline" x1={x} x2={x} y1={0} y2={ROW_PX} />
      ))}
      <line class="way" x1={left} x2={right} y1={MIDDLE} y2={MIDDLE} />
      {from === undefined ? null : <circle class="origin" cx={from} cy={MIDDLE} r={RADIUS} />}
      {marks.map((mark) => (
        <Shape key={mark.place} {...mark} direction={mark.place < start ? -1 : 1} />
      ))}
    </svg>
  );
}
