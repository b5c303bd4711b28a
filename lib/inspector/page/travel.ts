/** Moving through time: by slider, by steps, and by itself. */
import { computed, signal } from '@preact/signals';
import type { LineKind } from '../timeline/line-index.js';
import { lineEnd, pausedAt, shownActor, shownLine, sourceState, timeline } from './model.js';

/** What a step goes to. `actor`: the chosen one's transitions. */
export const STRIDES = ['entry', 'message', 'change', 'report', 'actor'] as const;
export type Stride = (typeof STRIDES)[number];
export const stride = signal<Stride>('entry');

export const SPEEDS = [0.1, 1, 10] as const;
export const speed = signal<number>(1);
export const isPlaying = signal(false);

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Times of the first and the last line there are. */
export const span = computed((): Span => {
  const { store } = timeline.value;
  const end = lineEnd.value;
  if (end <= store.first) return { from: 0, to: 0 };
  return { from: store.clockAt(store.first), to: store.clockAt(end - 1) };
});

function isOf(wanted: Stride): (line: number) => boolean {
  const current = timeline.value;
  if (wanted === 'entry') return () => true;
  if (wanted !== 'actor') return (line) => current.isKind(line, wanted satisfies LineKind);
  const actor = shownActor.value?.entry.actor ?? '';
  const owner = current.store.names.find(actor) ?? 0;
  return (line) => current.isKind(line, 'step') && current.store.ownerAt(line) === owner;
}

export function goToLine(line: number): void {
  const { first } = timeline.value.store;
  pausedAt.value = Math.max(first, Math.min(line, lineEnd.value));
}

export const goToTime = (at: number): void => goToLine(timeline.value.store.endAtTime(at));

/** To just behind the next, or the one before the last, entry of the stride. */
export function step(direction: 1 | -1, by: Stride = stride.value): void {
  isPlaying.value = false;
  const from = shownLine.value - 1;
  goToLine(timeline.value.nextLine(from, direction, isOf(by)) + 1);
}

export function goToEnd(direction: 1 | -1): void {
  isPlaying.value = false;
  if (direction === 1 && sourceState.value.kind === 'live') pausedAt.value = null;
  else goToLine(direction === 1 ? lineEnd.value : timeline.value.store.first + 1);
}

/** What is left out on the way: recordings of nights have hours without any line. */
const IDLE_MAX_MS = 500;
let playedAt = 0;
let playTime = 0;

function playOn(): void {
  if (!isPlaying.value) return;
  const now = performance.now();
  playTime += (now - playedAt) * speed.value;
  playedAt = now;
  const { store } = timeline.value;
  const next = store.clockAt(Math.min(shownLine.value, store.end - 1));
  if (next - playTime > IDLE_MAX_MS) playTime = next;
  goToTime(playTime);
  if (shownLine.value >= lineEnd.value) {
    isPlaying.value = false;
    if (sourceState.value.kind === 'live') pausedAt.value = null;
    return;
  }
  requestAnimationFrame(playOn);
}

/** Plays from the shown moment, from the beginning when that is the end; or stops. */
export function togglePlay(): void {
  if (isPlaying.value || (pausedAt.value === null && sourceState.value.kind === 'live')) {
    isPlaying.value = false;
    pausedAt.value = shownLine.value;
    return;
  }
  const { store } = timeline.value;
  if (shownLine.value >= lineEnd.value) goToLine(store.first + 1);
  isPlaying.value = true;
  playedAt = performance.now();
  playTime = store.clockAt(Math.max(store.first, shownLine.value - 1));
  requestAnimationFrame(playOn);
}
