/** What the fields of a frame may be, and how a frame that breaks it is refused. */
import { ReplicationError } from '../errors.js';

/** Characters of a name, id, digest or code; a longer one is refused. */
export const NAME_LENGTH_MAX = 256;
/** Characters of a reason for people; longer ones are cut, not refused. */
export const REASON_LENGTH_MAX = 4096;
/** UTF-8 bytes of one UTF-16 unit. */
export const UNIT_BYTES_MAX = 3;
/** Slaves named in one round; more do not fit a sensible frame. */
export const PARTICIPANTS_MAX = 100_000;
export const LINKS_MAX = 16;
/** Versions that a relay tells those below it by; more are folded into the next lower one. */
export const VERSIONS_MAX = 8;
/** Nodes that a relay names with each word about those below it. */
export const NODES_MAX = 32;
/** Relays between a master and a slave that are named. */
export const LEVELS_MAX = 8;
/** A head is names, numbers and at most all participants. */
export const HEAD_BYTES_MAX = 4 * 1024 * 1024;
/** The points of a frame that a later one may be the same as; a power of two. */
export const POINTS_KEPT = 8;

/** A frame is wrong; `what` completes "a frame ...". */
export function broken(what: string): ReplicationError {
  return new ReplicationError('PROTOCOL', `a peer sent a frame ${what}; it was dropped`);
}
