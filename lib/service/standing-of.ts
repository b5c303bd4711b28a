/** How what a slave shows of its copy relates to this master's own history (P2, P16). */
import { isPastSuccession } from '../../machines/outcome.js';
import { ORIGIN, pointOf, relate } from '../../machines/position.js';
import type { Point, Position, Relation } from '../../machines/protocol.js';
import type { Standing } from '../../machines/session.js';
import type { MasterPort } from './master-port.js';
import type { KnownSlave } from './slave-roster.js';

export type HistoryFacts = Pick<MasterPort, 'lineage' | 'head' | 'digestAt' | 'reigns'>;

export function standingOf(
  port: HistoryFacts,
  position: Position | null,
  firm: Point | null,
): Standing {
  if (position === null) return { position: null, relation: 'behind', firmRelation: 'behind' };
  if (position.lineage !== port.lineage()) {
    return { position: null, relation: 'unknown', firmRelation: 'unknown' };
  }
  const { epoch } = position;
  const isFork = ({ version }: Point) => isPastSuccession(port.reigns(), { epoch, version });
  const relation = (point: Point): Relation =>
    isFork(point) ? 'fork' : relate(point, port.head(), port.digestAt);
  const point = pointOf(position);
  return { position: point, relation: relation(point), firmRelation: relation(firm ?? ORIGIN) };
}

/** Keeps where a slave says that it stands; of another lineage that says nothing about this one. */
export function takePosition(
  port: HistoryFacts,
  known: KnownSlave,
  position: Position | null,
): void {
  const point = position?.lineage === port.lineage() ? pointOf(position) : ORIGIN;
  known.position = point;
  const relation = relate(point, port.head(), port.digestAt);
  known.isOwn = relation === 'same' || relation === 'behind';
}
