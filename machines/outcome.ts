/** What became of a round: told by a master from its log, implied to a slave by what it hears. */
import { compareEpochs, samePoint } from './position.js';
import type { Envelope, Epoch, Point, PreparedRound, RoundOutcome, Stamp } from './protocol.js';

/** One start of a master of this lineage, as its records keep it (P7). */
export interface Reign {
  readonly epoch: Epoch;
  readonly incarnation: string;
  /**
   * Set where this reign began by a succession among nodes: where its history began, after every
   * round of the terms before it was settled. What those terms made beyond it is a fork.
   */
  readonly base?: Point;
}

/** The latest reign that began by a succession, of those remembered. */
export function lastSuccession(reigns: readonly Reign[]): Reign | undefined {
  return reigns.findLast(({ base }) => base !== undefined);
}

/**
 * Whether a copy stands where only a term before some succession can have brought it: past the
 * point from which that succession went on. Known however long ago it was, unlike digests.
 */
export function isPastSuccession(
  reigns: readonly Reign[],
  { epoch, version }: { readonly epoch: Epoch; readonly version: number },
): boolean {
  return reigns.some(
    (reign) =>
      reign.base !== undefined && epoch.term < reign.epoch.term && version > reign.base.version,
  );
}

/**
 * The reigns of a master that starts here. Its own history cannot be past where it went on: a term
 * that it stands beyond, with changes of terms before, came to nothing and bounds nobody. Kept, it
 * would make a fork of each copy of this history, for ever, since a fresh one is no other (P16).
 */
export function reignsThatBound(
  reigns: readonly Reign[],
  position: { readonly epoch: Epoch; readonly version: number } | null,
): readonly Reign[] {
  if (position === null) return reigns;
  return reigns.map((reign) => (isPastSuccession([reign], position) ? withoutBase(reign) : reign));
}

/** It was a reign all the same: rounds are asked about by it. */
export function withoutBase({ epoch, incarnation }: Reign): Reign {
  return { epoch, incarnation };
}

/** What a master knows when it is asked about a round it does not hold open. */
export interface OutcomeGrounds {
  readonly position: Point;
  /** This master's digest at the asked round's `to`, where it still knows it. */
  readonly digestAtTo: string | undefined;
  readonly closed: 'committed' | 'aborted' | undefined;
  readonly openRound: string | null;
  /** Where the open round leads, decided or not: who stands there took it elsewhere. */
  readonly openTo: Point | null;
  readonly reigns: readonly Reign[];
  /** The term of the present reign. */
  readonly term: number;
  readonly reserved: number;
  /** A slave showed more than this master's log holds: it must not presume anything (P16). */
  readonly shownBehind: boolean;
}

/**
 * Whether this master's own log would hold the decision, had there been one (P11). A folder that
 * was put back from a backup looks whole from within; the takeover it is to be started with raises
 * the term, and rounds of an earlier term are not presumed upon.
 */
function logCovers(grounds: OutcomeGrounds, prepared: PreparedRound): boolean {
  if (grounds.shownBehind || prepared.to.version > grounds.reserved) return false;
  if (grounds.term !== prepared.epoch.term) return false;
  return grounds.reigns.some(
    (reign) =>
      reign.incarnation === prepared.incarnation &&
      compareEpochs(reign.epoch, prepared.epoch) === 0,
  );
}

/** The master's answer to an inquiry (P10, P11, P20): abort is presumed only on a covering log. */
export function outcomeOf(grounds: OutcomeGrounds, prepared: PreparedRound): RoundOutcome {
  if (grounds.openRound === prepared.round) return 'pending';
  if (grounds.closed !== undefined) return grounds.closed;
  const { position, openTo } = grounds;
  if (openTo !== null && samePoint(openTo, prepared.to)) return 'pending';
  if (samePoint(position, prepared.to)) return 'committed';
  if (position.version >= prepared.to.version) {
    return grounds.digestAtTo === prepared.to.digest ? 'committed' : 'superseded';
  }
  if (logCovers(grounds, prepared)) return 'aborted';
  // The nodes settled what the terms before it left open: what is not here is not anywhere.
  const settledBelow = lastSuccession(grounds.reigns)?.epoch.term ?? 0;
  return prepared.epoch.term < settledBelow ? 'superseded' : 'unknown';
}

/** An outcome that a slave can act on. */
export type Verdict = 'committed' | 'aborted' | 'superseded';

/** What the newest stamped message implies for a round this slave holds prepared (P10). */
export function impliedVerdict(
  prepared: PreparedRound,
  stamp: Pick<Stamp, 'sequence' | 'position' | 'openRound'>,
  envelope: Pick<Envelope, 'epoch' | 'incarnation'>,
): Verdict | null {
  const { position } = stamp;
  if (samePoint(position, prepared.to)) return 'committed';
  if (position.version > prepared.to.version) return 'superseded';
  const higherEpoch = compareEpochs(envelope.epoch, prepared.epoch) > 0;
  if (position.version === prepared.to.version) return higherEpoch ? 'superseded' : null;
  const sameLife = envelope.incarnation === prepared.incarnation;
  const later = stamp.sequence > prepared.sequence;
  return sameLife && later && stamp.openRound !== prepared.round ? 'aborted' : null;
}
