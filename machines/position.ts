/** Comparisons of epochs and points: plain arithmetic, used by every guard of rule P2. */
import type { Epoch, Point, Position, Relation } from './protocol.js';

/** The point before any data: version 0 means nothing yet. */
export const ORIGIN: Point = { version: 0, digest: '' };

/** Negative when `left` is the older reign; a term outweighs any number of starts. */
export function compareEpochs(left: Epoch, right: Epoch): number {
  return left.term - right.term || left.start - right.start;
}

/** The same place in the same history: version alone does not prove content (S12). */
export function samePoint(left: Point, right: Point): boolean {
  return left.version === right.version && left.digest === right.digest;
}

/** The point of a position; an empty copy stands at the origin. */
export function pointOf(position: Position | null): Point {
  return position === null ? ORIGIN : { version: position.version, digest: position.digest };
}

/**
 * How `point` stands to a history that ends at `head`. `digestAt` tells the digest at a version,
 * '' where the history is known to have passed over it (that is a fork, never merely trimmed),
 * and undefined only where it reaches further back than is remembered.
 */
export function relate(
  point: Point,
  head: Point,
  digestAt: (version: number) => string | undefined,
): Relation {
  if (point.version === 0) return head.version === 0 ? 'same' : 'behind';
  if (point.version > head.version) return 'ahead';
  if (point.version === head.version) return point.digest === head.digest ? 'same' : 'fork';
  const digest = digestAt(point.version);
  if (digest === undefined) return 'unknown';
  return digest === point.digest ? 'behind' : 'fork';
}
