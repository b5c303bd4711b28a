/** How entries get from those who make them to those who show, keep or forward them. */
import type { Entry } from './entries.js';

/** Takes entries in the order in which they happened; must not throw. */
export interface EntrySink {
  /**
   * @param seenAtMs when they arrived from another host, in milliseconds since 1970 by the clock of
   * this one, which may be off from theirs; none of entries of this process
   */
  take(entries: readonly Entry[], seenAtMs?: number): void;
}

/** Receives JSON lines of entries, without line ends, oldest first; must not throw. */
export type LineListener = (lines: readonly string[]) => void;

/** The latest entries of one or more processes, bounded in number and bytes. */
export interface EntryFeed extends EntrySink {
  /**
   * Before it returns, in one call, a keyframe of the oldest moment that is kept and all that is
   * kept since: a server has to tell this history from what follows. Then what comes, gathered for
   * some tens of milliseconds. Returns the function that ends it.
   * A listener that is slow is the caller's affair: see `skip`.
   */
  subscribe(listener: LineListener): () => void;
  /** Gives listeners at once what was gathered, all of it: before an end. */
  flush(): void;
  /** A keyframe of now: for a listener that could not keep up and goes on from here. */
  skip(): string;
  /** The newest node entry and report of each node that runs, for tables and metrics. */
  nodes(): ReadonlyMap<string, KnownNode>;
}

export interface KnownNode {
  readonly entry: Extract<Entry, { kind: 'node' }>;
  readonly report: Extract<Entry, { kind: 'report' }> | null;
  /** When the report arrived here, where it came from another host: its clock may be off. */
  readonly seenAtMs?: number;
  /** Changes of this master by stage reached, since it started. */
  readonly changes: Readonly<Record<string, number>>;
}
