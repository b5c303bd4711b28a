/** The whole tree below a master or relay, as a person would say it: terminal and page alike. */
import type { NodeBelow } from '../../../machines/protocol.js';
import { countText } from '../../runtime/quantities.js';
import type { BelowStatus } from '../../service/status.js';
import { problemText } from './rule.js';

/** `998 of 1010 nodes on version 4711; 1009 live; 10 relays`. */
export function belowText({ current, slaves, live, relays }: BelowStatus, newest: number): string {
  const nodes = `${current} of ${countText(slaves, 'node')} on version ${newest}`;
  return `${nodes}; ${live} live; ${countText(relays, 'relay')}`;
}

/** `4711: 998, 4710: 11`: the newest first. */
export function versionsBelowText({ versions }: BelowStatus): string {
  return versions.map(({ version, slaves }) => `${version}: ${slaves}`).join(', ');
}

/** `relay-1 > relay-4`: the way from here. */
export const viaText = ({ via }: NodeBelow): string => via.join(' > ');

const REASONS: ReadonlyMap<string, string> = new Map([
  ['gone', 'killed or unreachable'],
  ['foreign', 'its copy is of another lineage; see adoptLineage'],
  ['regressed', 'it holds what the master lost'],
  ['syncing', 'receives what it lacks'],
  ['behind', 'has not confirmed the newest version'],
]);

/** Why it is not where the master is, as the relay above it sees it. */
export function reasonBelow({ link, stage, problem }: NodeBelow): string {
  if (problem !== null) return problemText(problem);
  if (stage !== 'gone' && link === 'stale') return 'connected, but nothing is heard of it';
  if (link === 'lagging') return 'takes less than is sent to it';
  return REASONS.get(stage) ?? '';
}

/** Those that no row of the table is about: it has the slaves of the master itself. */
export function namedBelow({ behind }: BelowStatus): readonly NodeBelow[] {
  return behind.filter(({ via }) => via.length > 0);
}
