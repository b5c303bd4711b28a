/** What is known of each node, and how old that knowledge is: what the table is made of. */
import type { MasterReport, SlaveReport } from '../../service/inspection.js';
import type { NodeEntry, ReportEntry } from '../entries.js';

/** One run of a node as it was seen last. A `KnownNode` of a feed is one. */
export interface NodeSight {
  readonly entry: NodeEntry;
  readonly report: ReportEntry | null;
  /**
   * When the report arrived, by the clock that `nowMs` is of: clocks of other hosts may be off.
   * @default the report's own `at`
   */
  readonly seenAtMs?: number;
  /** True after a `node-end`. @default false */
  readonly ended?: boolean;
}

interface Seen {
  readonly entry: NodeEntry;
  readonly ended: boolean;
  /** Milliseconds since its last report, or since it began where it made none. */
  readonly silentMs: number;
  /** Reports stopped coming although nobody said that it ended: killed, hung, or cut off. */
  readonly isSilent: boolean;
}

export interface SeenMaster extends Seen {
  readonly report: MasterReport;
}

export interface SeenSlave extends Seen {
  readonly report: SlaveReport;
}

/** Without a report yet, or an actor that is no node of ours. */
export interface SeenOther extends Seen {
  readonly report: null;
}

export interface Sights {
  readonly masters: readonly SeenMaster[];
  readonly slaves: readonly SeenSlave[];
  readonly others: readonly SeenOther[];
}

function seenOf({ entry, report, seenAtMs, ended = false }: NodeSight, at: Moment): Seen {
  const silentMs = Math.max(0, at.nowMs - (seenAtMs ?? report?.at ?? entry.at));
  const isActor = entry.role === 'actor';
  return { entry, ended, silentMs, isSilent: !ended && !isActor && silentMs > at.silentMsMin };
}

export interface Moment {
  readonly nowMs: number;
  /** Milliseconds without a report from which on a node counts as silent. */
  readonly silentMsMin: number;
}

const isOver = ({ ended, isSilent }: Seen): boolean => ended || isSilent;

const nameOf = ({ role, item, id }: NodeEntry): string => JSON.stringify([role, item, id]);

/** A run that is over tells nothing once a later run of the same node is there. */
function withoutSuperseded(all: readonly Seen[]): Set<Seen> {
  const newest = new Map<string, Seen>();
  for (const seen of all) {
    const name = nameOf(seen.entry);
    const known = newest.get(name);
    if (known === undefined || isNewer(seen, known)) newest.set(name, seen);
  }
  return new Set(all.filter((seen) => !isOver(seen) || newest.get(nameOf(seen.entry)) === seen));
}

function isNewer(left: Seen, right: Seen): boolean {
  if (isOver(left) !== isOver(right)) return isOver(right);
  return left.entry.at >= right.entry.at;
}

/** Sorted out by role; runs that a later run of the same node replaced are left out. */
export function sightsOf(nodes: Iterable<NodeSight>, moment: Moment): Sights {
  const all = [...nodes].map((sight) => ({ sight, seen: seenOf(sight, moment) }));
  const kept = withoutSuperseded(all.map(({ seen }) => seen));
  const masters: SeenMaster[] = [];
  const slaves: SeenSlave[] = [];
  const others: SeenOther[] = [];
  for (const { sight, seen } of all) {
    if (!kept.has(seen)) continue;
    const report = sight.report?.report ?? null;
    if (report === null) others.push({ ...seen, report });
    else if (report.role === 'master') masters.push({ ...seen, report });
    else slaves.push({ ...seen, report });
  }
  return { masters, slaves, others };
}
