/**
 * The option `inspector` at work: what one master or slave does goes to an inspector elsewhere.
 * Loaded only where the option is set.
 */
import { systemClock } from '../../runtime/clock.js';
import { systemIds } from '../../runtime/ids.js';
import { createCollector } from '../collect/collector.js';
import { createFeed } from '../collect/feed.js';
import type { EntryFeed } from '../feed.js';
import { readLine, writeLine } from '../json.js';
import { parseLink } from './link.js';
import { Sender } from './sender.js';

/** Lines are kept by the sender; the feed is here to know what is the case. */
const KEPT_ENTRIES = 256;
const KEPT_BYTES = 256 * 1024;
/** Milliseconds for which the feed gathers lines. */
const GATHER_MS = 40;
/** Milliseconds that the last lines may take when its host stops. */
const FLUSH_MS = 1000;

export interface RemoteInspector {
  readonly inspect: (event: unknown) => void;
  /** Sends what is left, for a second at the most; never rejects. */
  readonly close: () => Promise<void>;
}

/** What is known now, entry by entry: as one line it might be longer than a server takes. */
function knownLines(feed: EntryFeed, dropped: number): readonly string[] {
  const keyframe = readLine(feed.skip());
  if (keyframe.kind !== 'keyframe') return [];
  const { at, entries } = keyframe;
  const nodes = dropped > 0 ? [...feed.nodes().keys()] : [];
  const gaps = nodes.map((node) =>
    writeLine({ kind: 'gap', at, node, count: dropped, reason: 'buffer' }),
  );
  return [...gaps, ...entries.map(writeLine)];
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
    restart: (dropped) => knownLines(feed, dropped),
    troubled,
  });
  // The ring's own keyframes repeat what was sent.
  const unsubscribe = feed.subscribe((lines) =>
    sender.take(lines.filter((line) => !line.startsWith('{"kind":"keyframe"'))),
  );
  const collector = createCollector({ sink: feed });
  const close = async (): Promise<void> => {
    collector.close();
    feed.flush();
    unsubscribe();
    await sender.close(FLUSH_MS);
  };
  return { inspect: collector.inspect, close };
}
