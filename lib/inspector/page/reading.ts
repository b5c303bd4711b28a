/** Reads what came in slices between frames, and tells the views at most once per frame. */
import { batch } from '@preact/signals';
import { Timeline } from '../timeline/timeline.js';
import {
  LIVE_BYTES_MAX,
  pausedAt,
  progressRevision,
  revision,
  sourceState,
  timeline,
} from './model.js';
import type { SourceListener, SourceState } from './source.js';

/** Of a frame's 16 ms; while a recording opens there is little else to do than to read. */
const SLICE_MS = 8;
const OPENING_SLICE_MS = 40;
/** Views of a busy system: each update draws tables and a chart anew. */
const UPDATE_MS = 100;
/**
 * While a recording opens, its beginning is shown, and how far it was read. The views are drawn
 * again when it takes long: each drawing costs as much as reading some megabytes.
 */
const OPENING_UPDATE_MS = 3000;

let scheduled = false;
/** Of the views, and of the progress; not at all yet. */
let updatedAt = Number.NEGATIVE_INFINITY;
let toldAt = Number.NEGATIVE_INFINITY;

function update(isDone: boolean): void {
  const now = performance.now();
  if (isDone || now - toldAt >= UPDATE_MS) {
    toldAt = now;
    progressRevision.value += 1;
  }
  const isOpening = sourceState.value.kind === 'connecting';
  const isDue = now - updatedAt >= (isOpening ? OPENING_UPDATE_MS : UPDATE_MS);
  // Between two chunks of a file all is read for a moment, which is no news yet.
  if (!isDue && (isOpening || !isDone)) return;
  updatedAt = now;
  revision.value += 1;
}

function readSlice(): void {
  scheduled = false;
  const current = timeline.value;
  const isOpening = sourceState.value.kind !== 'live';
  const isDone = current.read(isOpening ? OPENING_SLICE_MS : SLICE_MS, () => performance.now());
  update(isDone);
  if (!isDone) schedule();
}

/** A hidden tab has no frames, and its timers are slow enough for it. */
function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  const isOpening = sourceState.value.kind !== 'live';
  setTimeout(readSlice, isOpening || timeline.value.isRead ? 0 : SLICE_MS);
}

function stateReached(state: SourceState): void {
  batch(() => {
    sourceState.value = state;
    // What is said to be whole is shown whole, at the same moment.
    if (timeline.value.isRead) update(true);
  });
  schedule();
}

/** A recording is kept whole; of what never ends, the newest part. */
function begin(isWhole = false): Timeline {
  pausedAt.value = null;
  timeline.value = new Timeline(isWhole ? {} : { bytesMax: LIVE_BYTES_MAX });
  updatedAt = Number.NEGATIVE_INFINITY;
  revision.value += 1;
  return timeline.value;
}

export const liveListener: SourceListener = { begin, more: schedule, state: stateReached };
