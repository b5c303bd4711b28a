/**
 * The table of nodes from what was reported: which node is not on which version, and why. Pure,
 * and the same in the page, in the terminal and in the metrics.
 */
import { MASTER_RULES } from './master-rules.js';
import type { NodeRow } from './node-row.js';
import { judge } from './rule.js';
import { type NodeSight, type SeenMaster, type SeenOther, sightsOf } from './sights.js';
import { isOver, type SlaveCase, slaveCases } from './slave-case.js';
import { SLAVE_RULES, wholeReason } from './slave-rules.js';

const DIGEST_SHOWN = 8;
/** A node reports at least once per heartbeat, which is a second unless its host chose another. */
const SILENT_MS = 5000;

export interface RowsOptions {
  /** Milliseconds without a report from which on a node counts as silent. @default 5000 */
  readonly silentMsMin?: number;
}

function masterRow(seen: SeenMaster, masters: readonly SeenMaster[]): NodeRow {
  const { entry, report } = seen;
  const { position, round } = report.status;
  const others = masters.filter((other) => other !== seen && other.entry.item === entry.item);
  return {
    node: entry.node,
    role: 'master',
    item: entry.item,
    id: entry.id,
    version: position?.version ?? 0,
    lag: null,
    digest: position?.digest.slice(0, DIGEST_SHOWN) ?? '',
    link: '',
    heardMs: null,
    round: round === null ? null : `${round.id} ${round.stage}`,
    ...judge(MASTER_RULES, { seen, others }),
  };
}

function linkOf({ own, info, seen }: SlaveCase): string {
  const told = info?.link ?? (seen?.ended === true ? 'stopped' : 'stale');
  if (own === null) return told;
  const isOneSided = own.status.link === 'live' && (told === 'lagging' || told === 'stale');
  return isOneSided && info !== null ? told : own.status.link;
}

function roundOf({ own, info, master }: SlaveCase): string | null {
  if (own !== null && own.status.roundId !== null)
    return `${own.status.roundId} ${own.status.round}`;
  const round = master?.report.status.round ?? null;
  const isAsked =
    info?.stage === 'voting' || info?.stage === 'vetoed' || info?.stage === 'prepared';
  return isAsked && round !== null ? `${round.id} ${info.stage}` : null;
}

function slaveRow(of: SlaveCase): NodeRow {
  const { seen, own, id, item, version, lag, heardMs, teller } = of;
  const verdict = judge(SLAVE_RULES, of);
  // Of a run that is over the version may be what its master heard later: then no digest is known.
  const position = seen?.report.position ?? null;
  const digest = position?.version === version ? position.digest.slice(0, DIGEST_SHOWN) : '';
  return {
    node: seen?.entry.node ?? `${teller?.entry.node ?? ''}/${id}`,
    role: 'slave',
    item,
    id,
    version,
    lag,
    digest,
    link: linkOf(of),
    heardMs,
    round: own === null && seen !== null && isOver(seen) ? null : roundOf(of),
    ...verdict,
    reason: wholeReason(of, verdict.reason),
  };
}

function otherRow({ entry, ended, isSilent }: SeenOther): NodeRow {
  const isActor = entry.role === 'actor';
  const stage = ended ? 'stopped' : isActor ? 'running' : isSilent ? 'silent' : 'starting';
  const isGood = isActor || stage === 'starting';
  return {
    node: entry.node,
    role: entry.role,
    item: entry.item,
    id: entry.id,
    version: 0,
    lag: null,
    digest: '',
    link: '',
    stage,
    heardMs: null,
    round: null,
    severity: isGood ? 'good' : stage === 'silent' ? 'bad' : 'warning',
    reason: isActor ? '' : stage === 'stopped' ? 'stopped by its host' : 'has not reported yet',
  };
}

const SEVERITY = { bad: 0, warning: 1, good: 2 } as const;
const ROLE = { master: 0, slave: 1, actor: 2 } as const;

/** What needs a person first; within that masters, then who is furthest behind. */
export function compareRows(left: NodeRow, right: NodeRow): number {
  return (
    SEVERITY[left.severity] - SEVERITY[right.severity] ||
    ROLE[left.role] - ROLE[right.role] ||
    (right.lag ?? -1) - (left.lag ?? -1) ||
    compareText(left.item, right.item) ||
    compareText(left.id, right.id) ||
    compareText(left.node, right.node)
  );
}

/** By code units: the same order on every machine. */
function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/**
 * One row for each master, for each slave that reports itself, and for each that only a master or
 * a relay knows (its `node` is that one's, a slash, and its id). `nowMs`: milliseconds since 1970,
 * the moment for which the table is made.
 */
export function nodeRows(
  nodes: Iterable<NodeSight>,
  nowMs: number,
  options: RowsOptions = {},
): NodeRow[] {
  const sights = sightsOf(nodes, { nowMs, silentMsMin: options.silentMsMin ?? SILENT_MS });
  const rows = [
    ...sights.masters.map((seen) => masterRow(seen, sights.masters)),
    ...slaveCases(sights).map(slaveRow),
    ...sights.others.map(otherRow),
  ];
  return rows.sort(compareRows);
}
