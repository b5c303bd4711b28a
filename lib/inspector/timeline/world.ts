/**
 * Everything that is known at one moment of a recording. The maps belong to one world; what they
 * hold is never changed, only replaced, so that a copy is cheap and old moments can be kept.
 */

import type { Chart } from '../chart/read-chart.js';
import type {
  ActorEntry,
  ChangeEntry,
  GapEntry,
  NodeEntry,
  ReportEntry,
  TroubleEntry,
} from '../entries.js';

export interface WorldNode {
  readonly entry: NodeEntry;
  readonly report: ReportEntry | null;
  /** Number of the line that told of it last; null where only a keyframe repeats that. */
  readonly heardLine: number | null;
  /** Null while it runs. */
  readonly endedAt: number | null;
}

/** An actor at the beginning of what is known of it; its steps since are in `ActorStories`. */
export interface WorldActor {
  readonly entry: ActorEntry;
  /** Number of the line that told of it. */
  readonly line: number;
  /** Null while it runs. */
  readonly endedAt: number | null;
}

export interface Remark<T> {
  readonly line: number;
  readonly entry: T;
}

export interface World {
  /** Number of the line after the last one that is in it. */
  line: number;
  /** Of the last line in it; 0 before the first. */
  at: number;
  readonly nodes: Map<string, WorldNode>;
  readonly machines: Map<string, Chart>;
  readonly actors: Map<string, WorldActor>;
  /** Changes that are under way, by node and change: see `changeKey`. */
  readonly changes: Map<string, ChangeEntry>;
  /** Newest last, at most `REMARKS_MAX` each. */
  troubles: ReadonlyArray<Remark<TroubleEntry>>;
  gaps: ReadonlyArray<Remark<GapEntry>>;
}

export const REMARKS_MAX = 50;

export const changeKey = (node: string, change: string): string => `${node} ${change}`;

export function emptyWorld(line = 0): World {
  return {
    line,
    at: 0,
    nodes: new Map(),
    machines: new Map(),
    actors: new Map(),
    changes: new Map(),
    troubles: [],
    gaps: [],
  };
}

export function copyWorld(world: World): World {
  return {
    ...world,
    nodes: new Map(world.nodes),
    machines: new Map(world.machines),
    actors: new Map(world.actors),
    changes: new Map(world.changes),
  };
}
