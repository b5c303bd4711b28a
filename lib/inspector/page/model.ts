/** What the page shows and what was chosen in it, as signals that the views follow. */
import { computed, signal } from '@preact/signals';
import { Timeline } from '../timeline/timeline.js';
import type { World } from '../timeline/world.js';
import type { SourceState } from './source.js';

/** Of lines from a live inspector: the page runs for days beside what it watches. */
export const LIVE_BYTES_MAX = 192 * 1024 * 1024;

export const timeline = signal(new Timeline());
export const sourceState = signal<SourceState>({ kind: 'connecting' });
/** Rises when the timeline has read more; what is computed from it follows. */
export const revision = signal(0);
/** The line before which the shown moment is; null follows what comes. */
export const pausedAt = signal<number | null>(null);
/** Milliseconds since 1970; moves on each second, so that silence shows without any line. */
export const wallClock = signal(Date.now());

/** Lines there are, as far as they were read. */
export const lineEnd = computed(() => {
  revision.value;
  return timeline.value.passed;
});

export const shownLine = computed(() => {
  const { first } = timeline.value.store;
  return Math.max(first, Math.min(pausedAt.value ?? lineEnd.value, lineEnd.value));
});

export const world = computed((): World => timeline.value.worldAt(shownLine.value));

export const isLive = computed(() => pausedAt.value === null && sourceState.value.kind === 'live');

/** The moment that is shown: of a running system its now, of anything else that of its line. */
export const shownTime = computed(() =>
  isLive.value ? Math.max(world.value.at, wallClock.value) : world.value.at,
);

/** The node whose statechart is shown, and the actor in it; null takes the first there is. */
export const chosenNode = signal<string | null>(null);
export const chosenActor = signal<string | null>(null);
