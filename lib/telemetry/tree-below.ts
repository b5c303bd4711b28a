/** The whole tree below a master or a relay, of what it reports. */
import { belowOf } from '../service/below.js';
import type { NodeReport } from '../service/inspection.js';
import type { BelowStatus } from '../service/status.js';

/** Without relays it is the slaves of the report; null of a slave, which has nobody below. */
export function treeBelow(report: NodeReport): BelowStatus | null {
  const { below, slaves } = report;
  if (below !== undefined) return below;
  if (slaves === undefined) return null;
  const newest = report.role === 'master' ? report.status.position : report.status.target;
  return belowOf(slaves, newest?.version ?? 0, null);
}

/** Of the node furthest behind; null where nobody is below. */
export function lowestVersion({ versions }: BelowStatus): number | null {
  return versions.at(-1)?.version ?? null;
}
