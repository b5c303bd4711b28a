/**
 * The option `inspector` at work: what one master or slave does goes to an inspector elsewhere.
 * Loaded only where the option is set.
 */
import { systemClock } from '../../runtime/clock.js';
import { systemIds } from '../../runtime/ids.js';
import { createCollector } from '../collect/collector.js';
import { createFeed } from '../collect/feed.js';
import type { GapEntry, KeyframeEntry } from '../entries.js';
import { writeLine } from '../json.js';
import { parseLink } from './link.js';
import { Sender } from './sender.js';

/**
 * Lines are kept by the sender; the feed is here to know what is the case. It holds what comes in
 * one burst (each slave that joins is an entry), and its keyframes are rare: they cost, unsent.
 */
const KEPT_ENTRIES = 16_384;
const KEPT_BYTES = 2 * 1024 * 1024;
/** Milliseconds for which the feed gathers lines. */
const GATHER_MS = 40;
/** Milliseconds that the last lines may take when its host stops. */
const FLUSH_MS = 1000;

export interface RemoteInspector {
  readonly inspect: (event: unknown) => void;
  /** Sends what is left, for a second at the most; never rejects. */
  readonly close: () => Promise<void>;
}

const KEYFRAME = '{"kind":"keyframe"';
const GAP = '{"kind":"gap"';

/** What a keyframe tells, entry by entry: as one line it might be longer than a server takes. */
function knownLines(keyframe: string, dropped: number): readonly string[] {
  // Written by this feed, so its marks stay as they are, and no reader's limit holds for it.
  const { at, entries } = JSON.parse(keyframe) as KeyframeEntry;
  const nodes = dropped > 0 ? entries.filter((entry) => entry.kind === 'node') : [];
  const gaps = nodes.map(({ node }) =>
    writeLine({ kind: 'gap', at, node, count: dropped, reason: 'buffer' }),
  );
  return [...gaps, ...entries.map((entry) => JSON.stringify(entry))];
}

/** Lines that the feed's ring lost before they were told; 0 of every other line. */
function lostBefore(line: string): number {
  if (!line.startsWith(GAP)) return 0;
  const { node, count } = JSON.parse(line) as GapEntry;
  return node === '' ? count : 0;
}

/** What the sender gets: keyframes of the ring repeat what was sent, but for one behind a gap. */
function newFilter(): (lines: readonly string[]) => readonly string[] {
  let lost = 0;
  return (lines) =>
    lines.flatMap((line) => {
      const count = lostBefore(line);
      lost += count;
      if (count > 0) return [];
      if (!line.startsWith(KEYFRAME)) return [line];
      const known = lost > 0 ? knownLines(line, lost) : [];
      lost = 0;
      return known;
    });
}

/** @param troubled told once about each thing that is wrong */
export function connectInspector(
  link: string,
  troubled: (code: string, reason: string) => void,
): RemoteInspector {
  const clock = systemClock;
  const feed = createFeed({ entriesMax: KEPT_ENTRIES, bytesMax: KEPT_BYTES, gatherMs: GATHER_MS });
  const sender = new Sender({
    link: parseLink(link),
    id: systemIds(),
    clock,
    restart: (dropped) => knownLines(feed.skip(), dropped),
    troubled,
  });
  const unsent = newFilter();
  const unsubscribe = feed.subscribe((lines) => sender.take(unsent(lines)));
  const collector = createCollector({ sink: feed });
  const close = async (): Promise<void> => {
    collector.close();
    feed.flush();
    unsubscribe();
    await sender.close(FLUSH_MS);
  };
  return { inspect: collector.inspect, close };
}
