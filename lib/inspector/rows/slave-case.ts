/** Both sides of one slave joined: what it says of itself, and what its master says of it. */
import type { SlaveReport } from '../../service/inspection.js';
import type { SlaveInfo } from '../../service/status.js';
import { type Followed, followedBy, type Listing, leadingOf } from './leading.js';
import type { SeenMaster, SeenSlave, Sights } from './sights.js';

export interface SlaveCase {
  readonly item: string;
  readonly id: string;
  /** The run that reported itself, however long ago. */
  readonly seen: SeenSlave | null;
  /** Its own view, while it still tells it. */
  readonly own: SlaveReport | null;
  /** Its master's view, while that one still tells it. */
  readonly info: SlaveInfo | null;
  readonly master: SeenMaster | null;
  /** The master, or the relay, that lists it. */
  readonly teller: SeenMaster | SeenSlave | null;
  readonly version: number;
  /** Versions behind its master; null where no master of the item was seen. */
  readonly lag: number | null;
  /** Since the other side was heard; null where it never was. */
  readonly heardMs: number | null;
}

export const isOver = ({ ended, isSilent }: SeenMaster | SeenSlave): boolean => ended || isSilent;

const versionOf = (master: SeenMaster): number => master.report.status.position?.version ?? 0;

/**
 * The master counts the versions that exist; a slave that reports itself may have moved on since.
 * Numbers of aborted rounds are gaps, so a difference of numbers is an upper bound.
 */
function lagOf(version: number, master: SeenMaster, info: SlaveInfo | null): number {
  const ahead = versionOf(master) - version;
  if (ahead <= 0) return 0;
  if (info === null || info.version > version) return ahead;
  return Math.max(1, Math.min(ahead, info.lag));
}

function heardOf(seen: SeenSlave | null, listing: Listing | null): number | null {
  if (seen !== null && !isOver(seen)) return seen.report.age;
  if (listing !== null) {
    const { info, teller } = listing;
    return info.age + (teller.isSilent ? teller.silentMs : 0);
  }
  return seen?.silentMs ?? null;
}

/** What is newer: a run that ended or fell silent is known by what its master heard since. */
function newestVersion(seen: SeenSlave | null, listing: Listing | null): number {
  const own = seen?.report.position?.version ?? 0;
  if (seen === null || listing === null) return listing?.info.version ?? own;
  if (!isOver(seen)) return own;
  const told = listing.teller.silentMs + listing.info.age;
  return told < seen.silentMs ? listing.info.version : own;
}

function caseOf(
  item: string,
  id: string,
  seen: SeenSlave | null,
  { master, listing }: Followed,
): SlaveCase {
  const version = newestVersion(seen, listing);
  const told = listing !== null && !isOver(listing.teller) ? listing.info : null;
  return {
    item,
    id,
    seen,
    own: seen !== null && !isOver(seen) ? seen.report : null,
    info: told,
    master,
    teller: listing?.teller ?? null,
    version,
    lag: master === null ? (told?.lag ?? null) : lagOf(version, master, told),
    heardMs: heardOf(seen, listing),
  };
}

const nameOf = (item: string, id: string): string => JSON.stringify([item, id]);

function listingsOf(
  { masters, slaves }: Sights,
  leadersOf: (item: string) => readonly SeenMaster[],
): Map<string, Listing[]> {
  const found = new Map<string, Listing[]>();
  const take = (listing: Listing) => {
    const name = nameOf(listing.teller.entry.item, listing.info.id);
    const known = found.get(name);
    if (known === undefined) found.set(name, [listing]);
    else known.push(listing);
  };
  for (const master of masters) {
    for (const info of master.report.slaves) take({ master, teller: master, info });
  }
  for (const teller of slaves) {
    const master = leadersOf(teller.entry.item)[0] ?? null;
    for (const info of teller.report.slaves ?? []) take({ master, teller, info });
  }
  return found;
}

const isLinked = ({ info, teller }: Listing): boolean =>
  !isOver(teller) && info.link !== 'stale' && info.link !== 'refused';

/** A relay goes on listing a slave that moved: it is shown where it is. */
function withoutMoved(listings: readonly Listing[]): readonly Listing[] {
  const [first] = listings.filter(isLinked).concat(listings);
  return listings.filter((each) => each.teller === each.master || each === first);
}

/** A run that is over, whose id runs on elsewhere without an inspector. */
function isReplaced(seen: SeenSlave, listings: readonly Listing[]): boolean {
  if (!isOver(seen)) return false;
  const { incarnation } = seen.entry;
  return listings.some((each) => each.info.incarnation !== incarnation && isLinked(each));
}

/** One case for each slave that reports itself, and for each that only master or relay knows. */
export function slaveCases(sights: Sights): SlaveCase[] {
  const { masters, slaves } = sights;
  const leading = new Map<string, SeenMaster[]>();
  const leadersOf = (item: string): SeenMaster[] => {
    const known = leading.get(item) ?? leadingOf(masters, item);
    leading.set(item, known);
    return known;
  };
  const listings = listingsOf(sights, leadersOf);
  const cases: SlaveCase[] = [];
  const told = new Set<string>();
  for (const seen of slaves) {
    const { item, id } = seen.entry;
    const known = listings.get(nameOf(item, id)) ?? [];
    if (isReplaced(seen, known)) continue;
    told.add(nameOf(item, id));
    cases.push(caseOf(item, id, seen, followedBy(seen, known, leadersOf(item))));
  }
  for (const [name, known] of listings) {
    for (const listing of told.has(name) ? [] : withoutMoved(known)) {
      const { master, teller, info } = listing;
      const { item } = teller.entry;
      // A master that leads no more lists the slaves that left it for the one that does.
      const isHis = isLinked(listing) || master === null || leadersOf(item).includes(master);
      if (isHis) cases.push(caseOf(item, info.id, null, { master, listing }));
    }
  }
  return cases;
}
