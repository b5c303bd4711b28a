/** The messages around the shown moment, paired and filtered. */
import { computed, signal } from '@preact/signals';
import type { Lifeline, MessageRow } from '../timeline/message-pairs.js';
import { messageFilter, NO_FILTER, timeline, viewLine, world } from './model.js';

/** Message lines before the moment that are looked at; `earlier` makes it more. */
const BEFORE = 256;
/** With a filter few of them are shown, so more are looked at. */
const BEFORE_FILTERED = 2048;
/** Behind the moment: where what is under way arrives. */
const BEHIND = 128;
/** The window moves in steps, so that small steps through time pair nothing anew. */
const STEP = 128;
const LIFELINES_MAX = 40;

export const depth = signal(1);

/** Around all lines that tell of a round. */
function roundRange(round: string): { from: number; to: number } | null {
  const { changes, messages } = timeline.value;
  const lines = changes.withId(round)?.lines;
  const [first] = lines ?? [];
  if (lines === undefined || first === undefined) return null;
  const from = messages.countBefore(first) - 16;
  return { from: Math.max(0, from), to: messages.countBefore(lines.at(-1) ?? first) + BEHIND };
}

const range = computed((): string => {
  const { messages } = timeline.value;
  const filter = messageFilter.value;
  const ofRound = filter.round === '' ? null : roundRange(filter.round);
  if (ofRound !== null) return `${ofRound.from} ${ofRound.to}`;
  const end = messages.countBefore(viewLine.value);
  const before = (filter === NO_FILTER ? BEFORE : BEFORE_FILTERED) * depth.value;
  const from = Math.max(0, Math.floor((end - before) / STEP) * STEP);
  return `${from} ${Math.min(messages.count, Math.ceil((end + BEHIND) / STEP) * STEP)}`;
});

const pairs = computed(() => {
  const [from = 0, to = 0] = range.value.split(' ').map(Number);
  return timeline.value.pairs(world.peek(), from, to);
});

/** Whether there are messages before the window. */
export const hasEarlier = computed(() => !range.value.startsWith('0 '));

export const knownLifelines = computed((): Lifeline[] => pairs.value.lifelines);

/** The columns: all there are, or the first of very many. */
export const lifelines = computed((): Lifeline[] => {
  const { item, lifeline } = messageFilter.value;
  const ofItem = knownLifelines.value.filter((each) => item === '' || each.item === item);
  const chosen = ofItem.filter(({ role, key }) => {
    return lifeline === '' || role === 'master' || key === lifeline;
  });
  return chosen.slice(0, LIFELINES_MAX);
});

function isShown(row: MessageRow): boolean {
  const { round, lifeline, item, kind } = messageFilter.value;
  return (
    (round === '' || row.round === round) &&
    (item === '' || row.item === item) &&
    (kind === '' || row.name === kind) &&
    (lifeline === '' ||
      row.from === lifeline ||
      row.targets.some((target) => target.lifeline === lifeline))
  );
}

/** What had been sent by the shown moment. */
export const rows = computed((): MessageRow[] => {
  const line = viewLine.value;
  return pairs.value.rows.filter((row) => row.line < line && isShown(row));
});
