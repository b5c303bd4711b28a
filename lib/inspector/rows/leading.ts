/** Which master a slave is measured against, where several were seen. */
import type { SlaveInfo } from '../../service/status.js';
import type { SeenMaster, SeenSlave } from './sights.js';

const RANK = { serving: 0, recovering: 1, halted: 2, fenced: 3, stopped: 4 } as const;

/** Lower is better: one that serves and is heard, then the later reign. */
function compare(left: SeenMaster, right: SeenMaster): number {
  const isGone = ({ ended, isSilent }: SeenMaster) => Number(ended || isSilent);
  const rankOf = ({ report }: SeenMaster) => RANK[report.status.state];
  return (
    isGone(left) - isGone(right) ||
    rankOf(left) - rankOf(right) ||
    compareReigns(right, left) ||
    right.entry.at - left.entry.at
  );
}

/** By term, then start; 0 where they are not of one lineage. */
export function compareReigns(left: SeenMaster, right: SeenMaster): number {
  const mine = left.report.status.position;
  const other = right.report.status.position;
  if (mine === null || other === null || mine.lineage !== other.lineage) return 0;
  return mine.epoch.term - other.epoch.term || mine.epoch.start - other.epoch.start;
}

export const lineageOf = ({ report }: SeenMaster): string | null =>
  report.status.position?.lineage ?? null;

/** The best master of each lineage of the item, the best of all first. */
export function leadingOf(masters: readonly SeenMaster[], item: string): SeenMaster[] {
  const found = new Map<string | null, SeenMaster>();
  for (const master of masters.filter(({ entry }) => entry.item === item).sort(compare)) {
    const lineage = lineageOf(master);
    if (!found.has(lineage)) found.set(lineage, master);
  }
  return [...found.values()];
}

/** What one master knows of one slave, or a relay of one below it. */
export interface Listing {
  /** Of a relay's: the best master of the item; null where none was seen. */
  readonly master: SeenMaster | null;
  /** Who says it. */
  readonly teller: SeenMaster | SeenSlave;
  readonly info: SlaveInfo;
}

const isLinked = ({ info }: Listing): boolean => info.link === 'live' || info.link === 'lagging';

/** A slave's own master, and what that one says about this run of it. */
export interface Followed {
  readonly master: SeenMaster | null;
  readonly listing: Listing | null;
}

/**
 * The master that deals with this very run of the slave; else the best one of its lineage; else
 * the best one of the item. `listings`: all of this item and id.
 */
export function followedBy(
  slave: SeenSlave,
  listings: readonly Listing[],
  leading: readonly SeenMaster[],
): Followed {
  const own = listings.filter(({ info }) => info.incarnation === slave.entry.incarnation);
  const linked = own.find((listing) => isLinked(listing) && isFollowed(slave, listing.master));
  if (linked !== undefined) return { master: linked.master, listing: linked };
  const lineage = slave.report.position?.lineage;
  const master = leading.find((each) => lineageOf(each) === lineage) ?? leading[0] ?? null;
  return { master, listing: own.find((listing) => listing.master === master) ?? null };
}

/** A master that lost its slave to another lineage lists it for a while. */
function isFollowed({ report }: SeenSlave, master: SeenMaster | null): boolean {
  if (master === null) return true;
  const lineage = report.position?.lineage;
  return lineage === undefined || lineage === lineageOf(master);
}
