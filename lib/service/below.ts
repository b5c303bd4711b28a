/** Those below in figures, on all levels, and the few to look at first: derived, never stored. */
import type { BelowMessage, NodeBelow } from '../../machines/protocol.js';
import { VERSIONS_MAX } from '../wire/limits.js';
import type { MasterReport } from './inspection.js';
import type { BelowStatus, SlaveInfo } from './status.js';
import type { Subtree } from './subtree.js';

/** Nodes that a status names. */
const BEHIND_MAX = 32;

type Versions = BelowMessage['versions'];

function isWell({ link, version, problem }: NodeBelow, newest: number): boolean {
  return link === 'live' && version >= newest && problem === null;
}

/** What a relay says is not checked against anything, and a sum of it has to fit a frame. */
function plus(left: number, right: number): number {
  return Math.min(left + right, Number.MAX_SAFE_INTEGER);
}

/** Furthest behind first. */
function byNeed(left: NodeBelow, right: NodeBelow): number {
  return left.version - right.version || (left.id < right.id ? -1 : 1);
}

/**
 * The newest and the lowest version are kept, of the others those with the fewest slaves are told
 * as the next lower one: nobody is told to be further than it is.
 */
function folded(counts: ReadonlyMap<number, number>): Versions {
  const versions = [...counts]
    .map(([version, slaves]) => ({ version, slaves }))
    .sort((left, right) => right.version - left.version);
  while (versions.length > VERSIONS_MAX) {
    const between = versions.slice(1, -1);
    const least = Math.min(...between.map(({ slaves }) => slaves));
    const at = 1 + between.findIndex(({ slaves }) => slaves === least);
    const [gone] = versions.splice(at, 1);
    const lower = versions[at];
    if (gone === undefined || lower === undefined) break;
    versions[at] = { ...lower, slaves: plus(lower.slaves, gone.slaves) };
  }
  return versions;
}

/**
 * What a relay said, without those that are elsewhere now: it counts each where it stood when it
 * left, or, folded, at the next lower version; and nobody who is live has left.
 */
function withoutMoved({ versions, live }: BelowMessage, moved: readonly number[]): Versions {
  const counts = new Map(versions.map(({ version, slaves }) => [version, slaves]));
  let away = versions.reduce((total, { slaves }) => plus(total, slaves), 0) - live;
  for (const leftAt of moved) {
    const at = versions.find(({ version }) => version <= leftAt && counts.get(version) !== 0);
    if (at === undefined || away <= 0) continue;
    counts.set(at.version, (counts.get(at.version) ?? 0) - 1);
    away -= 1;
  }
  return [...counts].map(([version, slaves]) => ({ version, slaves }));
}

/** What a relay of this side said, from here: its own name goes in front of the others. */
function fromHere(relay: string, { behind }: BelowMessage): readonly NodeBelow[] {
  return behind.map((node) => ({ ...node, via: [relay, ...node.via] }));
}

/**
 * @param rows the slaves of this side
 * @param newest the version that the master last named
 * @param subtree what relays among them said
 */
export function belowOf(
  rows: readonly SlaveInfo[],
  newest: number,
  subtree: Subtree | null,
): BelowStatus {
  const counts = new Map<number, number>();
  const count = (version: number, slaves: number) =>
    counts.set(version, plus(counts.get(version) ?? 0, slaves));
  const nodes: NodeBelow[] = [];
  let relays = 0;
  let live = 0;
  const moved = subtree?.movedBelow();
  // Who moved is counted and shown where it is now, not where it was.
  const hasMoved = ({ id, via, link }: Pick<NodeBelow, 'id' | 'via' | 'link'>) =>
    link === 'stale' && subtree?.hasMoved(id, via) === true;
  for (const { id, version, link, stage, problem } of rows) {
    if (hasMoved({ id, via: [], link })) continue;
    nodes.push({ id, via: [], version, link, stage, problem });
    count(version, 1);
    if (link === 'live') live = plus(live, 1);
    const report = subtree?.reportOf(id) ?? null;
    if (report === null) continue;
    relays = plus(relays + 1, report.relays);
    // Of a relay that is silent nobody knows who still hears it.
    if (link === 'live') live = plus(live, report.live);
    const settled = withoutMoved(report, moved?.get(id) ?? []);
    for (const { version: at, slaves } of settled) if (slaves > 0) count(at, slaves);
    nodes.push(...fromHere(id, report));
  }
  const behind = nodes
    .filter((node) => !isWell(node, newest) && !hasMoved(node))
    .sort(byNeed)
    .slice(0, BEHIND_MAX);
  const all = [...counts];
  const sum = (some: typeof all) => some.reduce((total, [, slaves]) => plus(total, slaves), 0);
  return {
    slaves: sum(all),
    relays,
    live,
    current: sum(all.filter(([version]) => version >= newest)),
    versions: folded(counts),
    worst: behind[0] ?? null,
    behind,
  };
}

/** Of a master or relay that does not run. */
export const NOBODY: BelowStatus = belowOf([], 0, null);

/** For who inspects: the slaves of this side, and the whole tree where that is more than these. */
export function reportBelow(
  slaves: readonly SlaveInfo[],
  newest: number,
  subtree: Subtree,
): Pick<MasterReport, 'slaves' | 'below'> {
  return subtree.isDeep ? { slaves, below: belowOf(slaves, newest, subtree) } : { slaves };
}
