/**
 * What each actor did, step by step. There are more steps than anything else but messages, so
 * they are read only for the actor that one looks at, up to the moment one looks at.
 */
import type { StateValue, StepEntry } from '../entries.js';
import { contextAfter } from './context-change.js';
import { type Column, words } from './growing.js';
import type { LineStore } from './line-store.js';
import type { WorldActor } from './world.js';

/** One transition, or an event that was ignored, as the list of an actor shows it. */
export interface PastStep {
  readonly line: number;
  /** Counts the steps of the actor that are kept. */
  readonly ordinal: number;
  readonly at: number;
  readonly event: string;
  readonly taken: readonly string[];
}

/** An actor at one moment. */
export interface ActorState {
  readonly value: StateValue | null;
  readonly context: unknown;
  /** What moved it last, and the number of that line; null where it was not seen to move. */
  readonly step: StepEntry | null;
  readonly stepLine: number | null;
}

/** Steps between two states that are kept: going through as many takes about a millisecond. */
const KEPT_EVERY = 32;

interface Kept extends ActorState {
  /** Of the first step that is not in it. */
  readonly next: number;
}

interface Story {
  readonly steps: Column<Uint32Array>;
  /** States by the line at which the actor began, or was told of again, which keyframes do. */
  readonly kept: Map<number, Kept[]>;
}

export class ActorStories {
  readonly #store: LineStore;
  readonly #stories = new Map<number, Story>();

  constructor(store: LineStore) {
    this.#store = store;
  }

  /** A step came. */
  add(line: number): void {
    const owner = this.#store.ownerAt(line);
    const known = this.#stories.get(owner);
    const story = known ?? { steps: words(), kept: new Map() };
    if (known === undefined) this.#stories.set(owner, story);
    story.steps.push(line);
  }

  /** How the actor stood before this line. */
  at(actor: WorldActor, line: number): ActorState {
    const { value, context } = actor.entry;
    const story = this.#storyOf(actor.entry.actor);
    const first = story?.steps.firstAbove(actor.line) ?? 0;
    const begin: Kept = { value, context, step: null, stepLine: null, next: first };
    if (story === undefined) return begin;
    const kept = story.kept.get(actor.line) ?? [begin];
    story.kept.set(actor.line, kept);
    const target = story.steps.firstAbove(line - 1);
    let state = kept.findLast(({ next }) => next <= target) ?? begin;
    while (state.next < target) {
      state = this.#moved(state, story);
      const isNew = state.next > (kept.at(-1)?.next ?? 0);
      if (isNew && state.next % KEPT_EVERY === 0) kept.push(state);
    }
    return state;
  }

  /** The last steps before this line, newest first. */
  past(actor: string, line: number, count: number): PastStep[] {
    const story = this.#storyOf(actor);
    if (story === undefined) return [];
    const past: PastStep[] = [];
    const target = story.steps.firstAbove(line - 1);
    for (let index = target - 1; index >= Math.max(0, target - count); index -= 1) {
      const number = story.steps.get(index);
      const step = this.#store.lineAt(number);
      if (step?.kind !== 'step') continue;
      const { at, event, taken } = step;
      past.push({ line: number, ordinal: index, at, event: event.type, taken });
    }
    return past;
  }

  forgetBefore(first: number): void {
    for (const [owner, story] of this.#stories) {
      const gone = story.steps.firstAbove(first - 1);
      if (gone === story.steps.length) this.#stories.delete(owner);
      story.steps.cut(gone);
      story.kept.clear();
    }
  }

  #storyOf(actor: string): Story | undefined {
    const owner = this.#store.names.find(actor);
    return owner === undefined ? undefined : this.#stories.get(owner);
  }

  #moved(state: Kept, { steps }: Story): Kept {
    const stepLine = steps.get(state.next);
    const next = state.next + 1;
    const step = this.#store.parseAt(stepLine);
    if (step?.kind !== 'step') return { ...state, next };
    return {
      value: step.value ?? state.value,
      context: contextAfter(state.context, step.changed),
      step,
      stepLine,
      next,
    };
  }
}
