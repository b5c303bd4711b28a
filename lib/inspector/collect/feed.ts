/**
 * The latest entries, as lines, in a ring of segments. Each segment begins with a keyframe, so
 * that the oldest can be dropped whole and a reader can begin at any that is left.
 */
import type { Clock } from '../../runtime/clock.js';
import { systemClock } from '../../runtime/clock.js';
import type { Entry } from '../entries.js';
import type { EntryFeed, KnownNode, LineListener } from '../feed.js';
import { writeLine } from '../json.js';
import { KnownState } from './known-state.js';
import { LineRing } from './line-ring.js';

export interface FeedOptions {
  /** Entries that are kept. @default 50_000 */
  readonly entriesMax?: number;
  /** Characters of their lines that are kept, a measure of memory. @default 32 MiB */
  readonly bytesMax?: number;
  /** Milliseconds for which lines are gathered before listeners get them. @default 30 */
  readonly gatherMs?: number;
  /** Nodes that are known at a time; those that are silent longest make room. @default 1024 */
  readonly nodesMax?: number;
  readonly clock?: Clock;
}

/** Lines a listener gets in one turn of the event loop: the host's own work goes between. */
const LINES_PER_TURN = 2000;

/** A keyframe of so many has 4 MB: 4 KB for each node with its actors, as measured. */
const NODES_MAX = 1024;

interface Reader {
  readonly listener: LineListener;
  /** Of the next line it gets. */
  next: number;
}

class Feed implements EntryFeed {
  readonly #known = new KnownState();
  readonly #ring: LineRing;
  readonly #readers = new Set<Reader>();
  readonly #clock: Clock;
  readonly #gatherMs: number;
  readonly #nodesMax: number;
  #isScheduled = false;

  constructor(options: FeedOptions) {
    const { entriesMax = 50_000, bytesMax = 32 * 1024 * 1024, gatherMs = 30 } = options;
    this.#ring = new LineRing(entriesMax, bytesMax);
    this.#gatherMs = gatherMs;
    this.#nodesMax = options.nodesMax ?? NODES_MAX;
    this.#clock = options.clock ?? systemClock;
  }

  take(entries: readonly Entry[], seenAtMs?: number): void {
    for (const entry of entries) {
      if (entry.kind === 'node') {
        for (const each of this.#known.roomFor(entry, this.#nodesMax)) this.#put(each, seenAtMs);
      }
      this.#put(entry, seenAtMs);
    }
    if (this.#readers.size > 0) this.#schedule(false);
  }

  #put(entry: Entry, seenAtMs: number | undefined): void {
    if (this.#ring.isSegmentDue) this.#beginSegment(entry.at);
    this.#known.apply(entry, seenAtMs);
    this.#ring.add(writeLine(entry));
  }

  subscribe(listener: LineListener): () => void {
    if (this.#ring.end === 0) this.#beginSegment(0);
    const { lines, next } = this.#ring.read(this.#ring.first, Number.POSITIVE_INFINITY);
    const reader: Reader = { listener, next };
    this.#readers.add(reader);
    listener(lines);
    return () => void this.#readers.delete(reader);
  }

  flush(): void {
    while ([...this.#readers].some(({ next }) => next < this.#ring.end)) this.#deliver();
  }

  skip(): string {
    return writeLine(this.#known.keyframe());
  }

  nodes(): ReadonlyMap<string, KnownNode> {
    return this.#known.nodes;
  }

  #schedule(isUrgent: boolean): void {
    if (isUrgent) return this.#clock.setImmediate(this.#deliver);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.setTimeout(() => {
      this.#isScheduled = false;
      this.#deliver();
    }, this.#gatherMs);
  }

  /** @param next when what follows happened */
  #beginSegment(next: number): void {
    const keyframe = this.#known.keyframe(next);
    this.#ring.begin(writeLine(keyframe), keyframe.at);
  }

  /**
   * Lines made room before this reader got them; the keyframe that follows says all. Told at the
   * moment of that keyframe: the newest one would put all that follows seconds too late.
   */
  #gap(count: number): string {
    return writeLine({ kind: 'gap', at: this.#ring.firstAt, node: '', count, reason: 'buffer' });
  }

  readonly #deliver = (): void => {
    let isBehind = false;
    for (const reader of this.#readers) {
      try {
        this.#give(reader);
        isBehind ||= reader.next < this.#ring.end;
      } catch {
        // It must not throw, and here nobody but the process would catch it: it hears no more.
        this.#readers.delete(reader);
      }
    }
    if (isBehind) this.#schedule(true);
  };

  #give(reader: Reader): void {
    const lost = this.#ring.first - reader.next;
    if (lost > 0) reader.listener([this.#gap(lost)]);
    const { lines, next } = this.#ring.read(reader.next, LINES_PER_TURN);
    reader.next = next;
    if (lines.length > 0) reader.listener(lines);
  }
}

/** A feed for any number of collectors and readers. */
export function createFeed(options: FeedOptions = {}): EntryFeed {
  return new Feed(options);
}
