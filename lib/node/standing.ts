/** What nodes say to each other on the board, and how it is checked when it arrives. */
import type { Epoch, Point, Position } from '../../machines/protocol.js';
import type { HeldRound, NodeStanding } from '../../machines/succession.js';

/** A candidate asks for a promise, or only how far somebody is; an operator's word to all. */
export type Question =
  | {
      readonly kind: 'ask';
      readonly term: number;
      readonly candidate: string;
      readonly lineage: string | null;
    }
  | { readonly kind: 'compare' }
  | { readonly kind: 'handOver'; readonly to: string }
  | { readonly kind: 'resolve'; readonly round: string; readonly outcome: 'committed' | 'aborted' };

/** The answer to `compare`. */
export interface Place {
  readonly node: string;
  readonly position: Position | null;
}

type Fields = Readonly<Record<string, unknown>>;

const TEXT_MAX = 300;
const LIST_MAX = 1000;

/** Node ids and round ids are short; what is longer was not made by a node. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= TEXT_MAX;
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null ? (value as Fields) : null;
}

function pointOf(value: unknown): Point | null {
  const { version, digest } = fieldsOf(value) ?? {};
  return isNumber(version) && isText(digest) ? { version, digest } : null;
}

function epochOf(value: unknown): Epoch | null {
  const { term, start } = fieldsOf(value) ?? {};
  return isNumber(term) && isNumber(start) ? { term, start } : null;
}

function positionOf(value: unknown): Position | null {
  const point = pointOf(value);
  const { lineage, epoch } = fieldsOf(value) ?? {};
  const reign = epochOf(epoch);
  return point !== null && reign !== null && isText(lineage)
    ? { lineage, epoch: reign, ...point }
    : null;
}

function namesOf(value: unknown): readonly string[] | null {
  return Array.isArray(value) && value.length <= LIST_MAX && value.every(isText) ? value : null;
}

function heldOf(value: unknown): HeldRound | null {
  const { round, from, to, epoch, incarnation, sequence, participants, isDecided } =
    fieldsOf(value) ?? {};
  const start = pointOf(from);
  const end = pointOf(to);
  const reign = epochOf(epoch);
  if (!isText(round) || !isText(incarnation) || start === null || end === null) return null;
  if (reign === null || !isNumber(sequence)) return null;
  const names = namesOf(participants);
  return {
    round,
    from: start,
    to: end,
    epoch: reign,
    incarnation,
    sequence,
    ...(names === null ? {} : { participants: names }),
    ...(isDecided === true ? { isDecided } : {}),
  };
}

function reignsOf(value: unknown): NodeStanding['reigned'] | null {
  if (!Array.isArray(value) || value.length > LIST_MAX) return null;
  const reigns = value.flatMap((entry: unknown) => {
    const { epoch, incarnation } = fieldsOf(entry) ?? {};
    const reign = epochOf(epoch);
    return reign !== null && isText(incarnation) ? [{ epoch: reign, incarnation }] : [];
  });
  return reigns.length === value.length ? reigns : null;
}

/** Null for whatever is no standing: half of one could decide a round. */
export function readStanding(value: unknown): NodeStanding | null {
  const fields = fieldsOf(value);
  if (fields === null) return null;
  const { node, term, candidate, lineage } = fields;
  const position = positionOf(fields.position);
  const held = heldOf(fields.held);
  const reigned = reignsOf(fields.reigned);
  const isWhole =
    (fields.position === null || position !== null) &&
    (fields.held === null || held !== null) &&
    (candidate === null || isText(candidate)) &&
    (lineage === null || isText(lineage));
  if (!isWhole || !isText(node) || !isNumber(term) || reigned === null) return null;
  return { node, term, candidate, lineage, position, held, reigned };
}

export function readPlace(value: unknown): Place | null {
  const { node, position } = fieldsOf(value) ?? {};
  const place = positionOf(position);
  if (!isText(node) || (position !== null && place === null)) return null;
  return { node, position: place };
}

export function readQuestion(value: unknown): Question | null {
  const { kind, term, candidate, lineage, to, round, outcome } = fieldsOf(value) ?? {};
  if (kind === 'compare') return { kind };
  if (kind === 'handOver') return isText(to) ? { kind, to } : null;
  if (kind === 'resolve') {
    const isOutcome = outcome === 'committed' || outcome === 'aborted';
    return isText(round) && isOutcome ? { kind, round, outcome } : null;
  }
  if (kind !== 'ask' || !isNumber(term) || term === 0 || !isText(candidate)) return null;
  return lineage === null || isText(lineage) ? { kind, term, candidate, lineage } : null;
}
