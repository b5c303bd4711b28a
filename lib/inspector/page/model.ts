/** What the page shows and what was chosen in it, as signals that the views follow. */
import { computed, signal } from '@preact/signals';
import { Timeline } from '../timeline/timeline.js';
import type { World, WorldActor } from '../timeline/world.js';
import type { SourceState } from './source.js';

/** Of lines from a live inspector: the page runs for days beside what it watches. */
export const LIVE_BYTES_MAX = 192 * 1024 * 1024;

export const timeline = signal(new Timeline());
export const sourceState = signal<SourceState>({ kind: 'connecting' });
/** Rises when the timeline has read more; what is computed from it follows. */
export const revision = signal(0);
/** Rises more often, for what tells how far a recording was read. */
export const progressRevision = signal(0);
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

/** While the slider is dragged: where the view under the tabs still is. */
export const heldLine = signal<number | null>(null);

/** The moment of the view under the tabs: a frame behind the shown one while one drags. */
export const viewLine = computed(() => heldLine.value ?? shownLine.value);

export const world = computed((): World => timeline.value.worldAt(shownLine.value));

export const isLive = computed(() => pausedAt.value === null && sourceState.value.kind === 'live');

/** The moment that is shown: of a running system its now, of anything else that of its line. */
export const shownTime = computed(() =>
  isLive.value ? Math.max(world.value.at, wallClock.value) : world.value.at,
);

/**
 * Milliseconds since a line was told. Of a running system by when it came, else by the clock of
 * the recording: one host whose clock is ahead would make all others look silent.
 */
export function ageOf(line: number): number {
  const { store } = timeline.value;
  const arrivedAt = isLive.value ? timeline.value.arrivedAt(line) : null;
  const age =
    arrivedAt === null ? world.value.at - store.clockAt(line) : wallClock.value - arrivedAt;
  return Math.max(0, age);
}

/** The node whose statechart is shown, and the actor in it; null takes the first there is. */
export const chosenNode = signal<string | null>(null);
export const chosenActor = signal<string | null>(null);

/** The node that the rows are about when none was chosen: a master before all others. */
export const shownNode = computed((): string | null => {
  const { nodes } = world.value;
  const chosen = chosenNode.value;
  if (chosen !== null && nodes.has(chosen)) return chosen;
  const running = [...nodes.values()].filter(({ endedAt }) => endedAt === null);
  const all = running.length > 0 ? running : [...nodes.values()];
  const master = all.find(({ entry }) => entry.role === 'master');
  return (master ?? all[0])?.entry.node ?? null;
});

/** Of the shown node: those that run first, then by name. */
export const actorsShown = computed((): WorldActor[] => {
  const node = shownNode.value;
  return [...world.value.actors.values()]
    .filter(({ entry }) => entry.node === node)
    .sort((a, b) => Number(a.endedAt !== null) - Number(b.endedAt !== null));
});

export const shownActor = computed((): WorldActor | null => {
  const actors = actorsShown.value;
  const chosen = actors.find(({ entry }) => entry.actor === chosenActor.value);
  const named = actors.find(({ entry }) => entry.name === 'master' || entry.name === 'slave');
  return chosen ?? named ?? actors.find(({ entry }) => entry.machine !== null) ?? actors[0] ?? null;
});

export const TABS = ['sequence', 'changes', 'plots'] as const;
export type Tab = (typeof TABS)[number];
export const tab = signal<Tab>('sequence');

export interface MessageFilter {
  readonly round: string;
  readonly lifeline: string;
  readonly item: string;
  readonly kind: string;
}

export const NO_FILTER: MessageFilter = { round: '', lifeline: '', item: '', kind: '' };
export const messageFilter = signal(NO_FILTER);

/** Shows what was said about one round, and nothing else. */
export function showRound(round: string): void {
  messageFilter.value = { ...NO_FILTER, round };
  tab.value = 'sequence';
}
