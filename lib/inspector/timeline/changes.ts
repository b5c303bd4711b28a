/** Every change of a recording, and how it stood at any line. */
import type { ChangeStage } from '../../service/inspection.js';
import type { ChangeEntry } from '../entries.js';
import type { LineStore } from './line-store.js';
import { changeKey } from './world.js';

/** One change on its master, over all lines. */
export interface ChangeTrack {
  readonly key: string;
  readonly node: string;
  readonly change: string;
  /** Lines that tell of it, in order. */
  readonly lines: number[];
  /** The stage that each of these lines tells. */
  readonly stages: ChangeStage[];
  readonly moments: StageMoment[];
}

export interface StageMoment {
  readonly stage: ChangeStage;
  readonly at: number;
}

export interface Veto {
  readonly slave: string;
  readonly reason: string;
}

/** Stages in the order in which they are reached; `aborted` and `failed` end a change early. */
export const STAGES = ['begun', 'decided', 'committed', 'applied'] as const;

/** A change as it stood at one moment. */
export interface ChangeView {
  readonly track: ChangeTrack;
  /** The newest line that tells of it. */
  readonly entry: ChangeEntry;
  readonly beganAt: number;
  /** Milliseconds from one stage to the next, in order; the last is open when it has no end. */
  readonly stages: ReadonlyArray<{ readonly stage: ChangeStage; readonly durationMs: number }>;
  readonly totalMs: number;
  readonly votes: { readonly yes: number; readonly no: number; readonly open: number };
  readonly vetoes: readonly Veto[];
}

const YES = new Set(['prepared', 'committed', 'applied']);

/** With a veto nobody waits for the rest: whoever had not answered by then refused nothing. */
function noOf({ slaves }: ChangeEntry): 'vetoed' | 'lost' {
  return Object.values(slaves).some(({ stage }) => stage === 'vetoed') ? 'vetoed' : 'lost';
}

function votesOf(entry: ChangeEntry): ChangeView['votes'] {
  const { slaves, stage } = entry;
  const stages = Object.values(slaves).map((progress) => progress.stage);
  const yes = stages.filter((each) => YES.has(each)).length;
  const no = stages.filter((each) => each === noOf(entry)).length;
  // What was aborted waits for no vote any more.
  const isOver = stage === 'aborted' || stage === 'failed';
  return { yes, no, open: isOver ? 0 : stages.length - yes - no };
}

export function vetoesOf(entry: ChangeEntry): Veto[] {
  return Object.entries(entry.slaves)
    .filter(([, { stage }]) => stage === noOf(entry))
    .map(([slave, { stage, reason }]) => ({ slave, reason: reason ?? stage }));
}

export class Changes {
  readonly #store: LineStore;
  readonly #byKey = new Map<string, ChangeTrack>();
  readonly #byId = new Map<string, ChangeTrack>();
  #tracks: ChangeTrack[] = [];

  constructor(store: LineStore) {
    this.#store = store;
  }

  /** In the order in which they began. */
  get tracks(): readonly ChangeTrack[] {
    return this.#tracks;
  }

  /** By the id of its round. */
  withId(change: string): ChangeTrack | undefined {
    return this.#byId.get(change);
  }

  take(entry: ChangeEntry, line: number): void {
    const track = this.#trackOf(entry);
    // A keyframe tells again what a line told.
    if (track.lines.at(-1) === line) return;
    track.lines.push(line);
    track.stages.push(entry.stage);
    const known = track.moments.at(-1);
    if (known?.stage !== entry.stage) track.moments.push({ stage: entry.stage, at: entry.at });
  }

  /** Number of changes that had begun before this line. */
  begunBefore(line: number): number {
    let low = 0;
    let high = this.#tracks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#tracks[middle]?.lines[0] ?? 0) < line) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Its stage before this line, without reading any; null when it had not begun. */
  stageAt({ lines, stages }: ChangeTrack, line: number): ChangeStage | null {
    return stages[lines.findLastIndex((each) => each < line)] ?? null;
  }

  /** As it stood before this line; null when it had not begun. */
  viewAt(track: ChangeTrack, line: number, now: number): ChangeView | null {
    const newest = track.lines.findLast((each) => each < line);
    if (newest === undefined) return null;
    const entry = this.#entryAt(newest, track);
    if (entry === undefined) return null;
    const moments = track.moments.slice(0, momentsUntil(track, entry));
    const beganAt = moments[0]?.at ?? entry.at;
    const stages = moments.map(({ stage, at }, index) => {
      const next = moments[index + 1]?.at ?? (isOver(stage) ? at : Math.max(at, now));
      return { stage, durationMs: next - at };
    });
    const end = isOver(entry.stage) ? (moments.at(-1)?.at ?? entry.at) : Math.max(entry.at, now);
    const votes = votesOf(entry);
    return {
      track,
      entry,
      beganAt,
      stages,
      totalMs: end - beganAt,
      votes,
      vetoes: vetoesOf(entry),
    };
  }

  forgetBefore(first: number): void {
    this.#tracks = this.#tracks.filter((track) => {
      const isKept = (track.lines.at(-1) ?? 0) >= first;
      if (!isKept) {
        this.#byKey.delete(track.key);
        this.#byId.delete(track.change);
      }
      return isKept;
    });
  }

  #trackOf({ node, change }: ChangeEntry): ChangeTrack {
    const key = changeKey(node, change);
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const track: ChangeTrack = { key, node, change, lines: [], stages: [], moments: [] };
    this.#byKey.set(key, track);
    this.#byId.set(change, track);
    this.#tracks.push(track);
    return track;
  }

  /** The line itself, or the entry of it in a keyframe. */
  #entryAt(line: number, { key }: ChangeTrack): ChangeEntry | undefined {
    const found = this.#store.lineAt(line);
    const entries = found?.kind === 'keyframe' ? found.entries : [found];
    return entries.find((entry): entry is ChangeEntry => {
      return entry?.kind === 'change' && changeKey(entry.node, entry.change) === key;
    });
  }
}

const isOver = (stage: ChangeStage): boolean =>
  stage === 'applied' || stage === 'aborted' || stage === 'failed';

/** Moments of stages reached by the time of this entry. */
function momentsUntil(track: ChangeTrack, entry: ChangeEntry): number {
  const index = track.moments.findIndex(({ stage }) => stage === entry.stage);
  return index < 0 ? track.moments.length : index + 1;
}
