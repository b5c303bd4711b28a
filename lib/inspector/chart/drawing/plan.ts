/**
 * What of a chart becomes a box, an arrow, or a line of small text inside a box. Arrows between
 * the same two states are one; what stays where it is, and what would cross the whole picture
 * from many places to the same end (every state `-> stopped`), is text: with an arrow for each,
 * the machines of this package were a tangle of a hundred lines.
 */
import { type Chart, type ChartState, type ChartTransition, statesOf } from '../read-chart.js';
import { shortened, textWidth } from './text-width.js';

export const NAME_SIZE = 13;
export const SMALL_SIZE = 10.5;
export const NAME_HEIGHT = 18;
export const LINE_HEIGHT = 13;
export const PADDING = 8;

const NAME_LENGTH = 40;
const TEXT_LENGTH = 36;
const ENDING_LENGTH = 20;
const SHORTEST = 14;
/** Labels of arrows up to this length stay on one line. */
const UNWRAPPED_LENGTH = 18;
const BOX_LINES = 7;
const LABEL_LINES = 4;
/** So many sources outside its own group make a state one that is named, not pointed at. */
const FAR_SOURCES = 3;
const BOX_WIDTH_MIN = 72;

/** Small text that stands for these transitions. */
export interface PlannedText {
  readonly text: string;
  readonly ids: readonly string[];
}

export interface PlannedBox {
  /** Letters and digits only: what the layout knows it by. */
  readonly key: string;
  readonly state: ChartState;
  readonly name: string;
  readonly lines: readonly PlannedText[];
  /** Of the box; of a group that of its heading, the least it may have. */
  readonly width: number;
  readonly height: number;
  readonly parent: PlannedBox | null;
  readonly children: PlannedBox[];
  /** True when the group has arrows from its own border into itself. */
  leadsInside: boolean;
}

export interface PlannedArrow {
  readonly key: string;
  readonly from: PlannedBox;
  readonly to: PlannedBox;
  readonly ids: readonly string[];
  readonly label: readonly PlannedText[];
  readonly width: number;
  readonly height: number;
  /** From a group into itself. */
  readonly inside: boolean;
}

export interface Plan {
  readonly root: PlannedBox;
  readonly boxes: ReadonlyMap<string, PlannedBox>;
  /** Empty where arrows would be too many: then each transition is text in its box. */
  readonly arrows: readonly PlannedArrow[];
  readonly hasArrows: boolean;
}

/** Who is in whom. Paths do not tell: the key of a state may have dots in it. */
class Nesting {
  readonly #parents = new Map<string, string | null>();

  constructor(root: ChartState) {
    const visit = (state: ChartState, parent: string | null): void => {
      this.#parents.set(state.path, parent);
      for (const child of state.children) visit(child, state.path);
    };
    visit(root, null);
  }

  parentOf(path: string): string | null {
    return this.#parents.get(path) ?? null;
  }

  isWithin(path: string, group: string | null): boolean {
    for (let at: string | null = path; at !== null; at = this.parentOf(at)) {
      if (at === group) return true;
    }
    return group === null;
  }

  /** It leads out of the group that the state itself is in. */
  leavesGroup({ from, to }: Pair): boolean {
    return !this.isWithin(to, this.parentOf(from));
  }
}

interface Pair {
  readonly from: string;
  readonly to: string;
  readonly transitions: ChartTransition[];
}

function pairsOf(transitions: readonly ChartTransition[]): Pair[] {
  const pairs = new Map<string, Pair>();
  for (const transition of transitions) {
    for (const to of transition.targets) {
      const key = JSON.stringify([transition.source, to]);
      const pair = pairs.get(key) ?? { from: transition.source, to, transitions: [] };
      pair.transitions.push(transition);
      pairs.set(key, pair);
    }
  }
  return [...pairs.values()];
}

function bySource(pairs: readonly Pair[]): Map<string, Pair[]> {
  const found = new Map<string, Pair[]>();
  for (const pair of pairs) found.set(pair.from, [...(found.get(pair.from) ?? []), pair]);
  return found;
}

/**
 * How far all arrows lead together, in states of the order of definition. The layout takes time
 * with the square of it: 0.9 s at 900, 12 s at 3,600 (100 states, 200 arrows across all of them).
 * It cannot be interrupted, and nobody can read such a picture.
 */
const REACH_MAX = 900;

function reachOf(pairs: readonly Pair[], order: ReadonlyMap<string, number>): number {
  const distances = pairs.map(({ from, to }) =>
    Math.abs((order.get(from) ?? 0) - (order.get(to) ?? 0)),
  );
  return distances.reduce((sum, distance) => sum + distance, 0);
}

/** Ends that many states have far away: outside the group that the state itself is in. */
function farEnds(pairs: readonly Pair[], nesting: Nesting): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const pair of pairs) {
    if (nesting.leavesGroup(pair)) counts.set(pair.to, (counts.get(pair.to) ?? 0) + 1);
  }
  return new Set([...counts].filter(([, count]) => count >= FAR_SOURCES).map(([to]) => to));
}

/** One line per event; its conditions are told only when none of them is missing. */
function textsOf(transitions: readonly ChartTransition[], ending: string): PlannedText[] {
  const events = new Map<string, ChartTransition[]>();
  for (const transition of transitions) {
    const same = events.get(transition.event);
    if (same === undefined) events.set(transition.event, [transition]);
    else same.push(transition);
  }
  return [...events].map(([event, same]) => {
    const guards = same.some(({ guard }) => guard === '')
      ? []
      : [...new Set(same.map(({ guard }) => guard))];
    const guarded = guards.length === 0 ? event : `${event} [${guards.join(' | ')}]`;
    const room = Math.max(TEXT_LENGTH - ending.length, SHORTEST);
    return { text: `${shortened(guarded, room)} ${ending}`.trimEnd(), ids: idsOf(same) };
  });
}

const idsOf = (transitions: readonly ChartTransition[]): string[] =>
  transitions.map(({ id }) => id);

/** At most `count` lines; the last one stands for the rest. */
function limited(texts: readonly PlannedText[], count: number): PlannedText[] {
  if (texts.length <= count) return [...texts];
  const rest = texts.slice(count - 1);
  const ids = [...new Set(rest.flatMap((text) => text.ids))];
  return [...texts.slice(0, count - 1), { text: `and ${rest.length} more`, ids }];
}

/** Narrow labels leave room for arrows: a long one has its condition on a line of its own. */
function wrapped(text: PlannedText): PlannedText[] {
  const cut = text.text.indexOf(' [');
  if (cut < 0 || text.text.length <= UNWRAPPED_LENGTH) return [text];
  const parts = [text.text.slice(0, cut), text.text.slice(cut + 1)];
  return parts.map((part) => ({ ...text, text: part }));
}

const widest = (texts: readonly PlannedText[]): number =>
  Math.max(0, ...texts.map(({ text }) => textWidth(text, SMALL_SIZE)));

class Planner {
  readonly boxes = new Map<string, PlannedBox>();
  readonly arrows: PlannedArrow[] = [];
  readonly hasArrows: boolean;
  readonly #written: ReadonlyMap<string, Pair[]>;
  readonly #drawn: readonly Pair[];
  readonly #nesting: Nesting;
  readonly #keys: ReadonlyMap<string, string>;

  constructor(chart: Chart) {
    const states = statesOf(chart.root);
    this.#keys = new Map(states.map(({ path, key }) => [path, key]));
    const pairs = pairsOf(states.flatMap((state) => state.transitions));
    this.#nesting = new Nesting(chart.root);
    const far = farEnds(pairs, this.#nesting);
    const written: Pair[] = [];
    const drawn: Pair[] = [];
    for (const pair of pairs) {
      const { from, to } = pair;
      // An arrow to a group around it could only end inside that group, at the wrong state.
      const isAround = this.#nesting.isWithin(from, to);
      const isText = isAround || (far.has(to) && this.#nesting.leavesGroup(pair));
      if (!isText) drawn.push(pair);
      else written.push(pair);
    }
    const order = new Map(states.map(({ path }, index) => [path, index]));
    this.hasArrows = reachOf(drawn, order) <= REACH_MAX;
    this.#written = bySource(this.hasArrows ? written : pairs);
    this.#drawn = this.hasArrows ? drawn : [];
  }

  box(state: ChartState, parent: PlannedBox | null, name: string): PlannedBox {
    const lines = this.#linesOf(state);
    const shown = shortened(name, NAME_LENGTH) || '(no name)';
    const wide = Math.max(textWidth(shown, NAME_SIZE, true), widest(lines)) + 2 * PADDING;
    const tall = NAME_HEIGHT + lines.length * LINE_HEIGHT + PADDING;
    const isSmall = state.type === 'history';
    const box: PlannedBox = {
      key: `s${this.boxes.size}`,
      state,
      name: shown,
      lines: isSmall ? [] : lines,
      width: isSmall ? 28 : Math.max(BOX_WIDTH_MIN, wide),
      height: isSmall ? 28 : tall + (lines.length > 0 ? 4 : 0),
      parent,
      children: [],
      leadsInside: false,
    };
    this.boxes.set(state.path, box);
    box.children.push(...state.children.map((child) => this.box(child, box, child.key)));
    return box;
  }

  #linesOf(state: ChartState): PlannedText[] {
    const stays = state.transitions.filter(({ targets }) => targets.length === 0);
    const leaves = (this.#written.get(state.path) ?? []).flatMap(({ to, transitions }) => {
      const end = to === state.path ? 'again' : (this.#keys.get(to) ?? to);
      return textsOf(transitions, `→ ${shortened(end, ENDING_LENGTH)}`);
    });
    return limited([...textsOf(stays, ''), ...leaves], BOX_LINES);
  }

  connect(): void {
    for (const { from, to, transitions } of this.#drawn) {
      const source = this.boxes.get(from);
      const target = this.boxes.get(to);
      // A target outside its chart cannot come from `readChart`, but a recording may be of others.
      if (source === undefined || target === undefined) continue;
      const inside = this.#nesting.isWithin(to, from);
      if (inside) source.leadsInside = true;
      const label = limited(textsOf(transitions, ''), LABEL_LINES).flatMap(wrapped);
      this.arrows.push({
        key: `a${this.arrows.length}`,
        from: source,
        to: target,
        ids: idsOf(transitions),
        label,
        width: widest(label) + 6,
        height: label.length * LINE_HEIGHT + 2,
        inside,
      });
    }
  }
}

export function planChart(chart: Chart): Plan {
  const planner = new Planner(chart);
  const root = planner.box(chart.root, null, chart.id);
  planner.connect();
  const { boxes, arrows, hasArrows } = planner;
  return { root, boxes, arrows, hasArrows };
}
