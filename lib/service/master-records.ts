/** What a master keeps on disk beside its data, and how it is read back (P7, P9, P20). */
import type { ClosedRound, RecoveredMaster, RoundGroup } from '../../machines/master-context.js';
import { RESERVE_BLOCK } from '../../machines/master-logic.js';
import { type Reign, reignsThatBound } from '../../machines/outcome.js';
import { ORIGIN, pointOf } from '../../machines/position.js';
import type { Epoch, Point, Position } from '../../machines/protocol.js';
import { ReplicationError } from '../errors.js';
import { serviceLimits } from '../limits.js';
import type { IdSource } from '../runtime/ids.js';
import { bytesOf, payloadOf } from './payload.js';

export const MASTER_RECORDS = {
  lineage: 'lineage',
  reigns: 'reigns',
  reserved: 'reserved',
  position: 'position',
  firm: 'firm',
  known: 'known',
  history: (version: number) => `history/${version}`,
  decision: (round: string) => `decision/${round}`,
} as const;

type DecisionRecord = Omit<RoundGroup, 'payload'> & { readonly delta: Uint8Array };

export function decisionRecord(group: RoundGroup): DecisionRecord {
  const { payload, ...rest } = group;
  return { ...rest, delta: bytesOf(payload) };
}

function readDecision(record: DecisionRecord): RoundGroup {
  const { delta, ...rest } = record;
  return { ...rest, payload: payloadOf(delta) };
}

function startingWith(records: ReadonlyMap<string, unknown>, prefix: string) {
  return [...records].filter(([key]) => key.startsWith(prefix)).map(([, value]) => value);
}

export function readHistory(records: ReadonlyMap<string, unknown>): readonly Point[] {
  return startingWith(records, 'history/') as Point[];
}

/** The next start of this master: a start raises `start`, an ordered takeover `term` (P16). */
function nextEpoch(last: Epoch | undefined, takeover: boolean, term: number | null): Epoch {
  if (term !== null) return { term, start: 1 };
  if (last === undefined) return { term: takeover ? 2 : 1, start: 1 };
  return takeover ? { term: last.term + 1, start: 1 } : { term: last.term, start: last.start + 1 };
}

/** What a run leaves to the next one of the same object when no store keeps it. */
export interface PastReign {
  readonly lineage: string;
  readonly reigns: readonly Reign[];
  /** No number up to here may be issued again (P7). */
  readonly issued: number;
}

export interface MasterStart {
  readonly ids: IdSource;
  readonly records: ReadonlyMap<string, unknown>;
  /** Without a store: what the run before in this process knew, so that it is a successor (P16). */
  readonly before: PastReign | null;
  readonly position: Position | null;
  readonly volatile: boolean;
  readonly takeover: boolean;
  /** The term that a succession gave it; null without one. */
  readonly term: number | null;
}

/** A term that was not fenced off from all before it would be two masters in one reign (P16). */
function refuseOldTerm(term: number | null, last: Epoch | undefined): void {
  if (term === null || last === undefined || term > last.term) return;
  const message = `the term ${term} was ordered, and this store has seen term ${last.term} already`;
  throw new ReplicationError('FENCED', message);
}

/** What the machine starts from: the records of an earlier life, under the next reign. */
export function readMaster(start: MasterStart): RecoveredMaster {
  const { records, position } = start;
  const lineage = (records.get(MASTER_RECORDS.lineage) as string | undefined) ?? position?.lineage;
  const before = start.before?.lineage === lineage ? start.before : null;
  const earlier =
    (records.get(MASTER_RECORDS.reigns) as readonly Reign[] | undefined) ?? before?.reigns ?? [];
  // A layer that keeps its position without our store at least shows the reign of its last change.
  const last = earlier.at(-1)?.epoch ?? position?.epoch;
  refuseOldTerm(start.term, last);
  const decisions = (startingWith(records, 'decision/') as DecisionRecord[]).map(readDecision);
  const point = pointOf(position);
  const redo = decisions.find((decision) => decision.to.version > point.version) ?? null;
  const reign: Reign = {
    epoch: nextEpoch(last, start.takeover, start.term),
    incarnation: start.ids(),
    ...(start.term === null ? {} : { base: redo?.to ?? point }),
  };
  return {
    lineage: lineage ?? start.ids(),
    volatile: start.volatile,
    ...reign,
    position: point,
    firm:
      (records.get(MASTER_RECORDS.firm) as Point | undefined) ?? (start.volatile ? ORIGIN : point),
    reserved: Math.max(
      (records.get(MASTER_RECORDS.reserved) as number | undefined) ?? 0,
      point.version,
      redo?.to.version ?? 0,
      before?.issued ?? 0,
    ),
    reigns: [...reignsThatBound(earlier, position), reign].slice(-serviceLimits.reignsMax),
    closed: decisions.map(closedOf),
    redo,
  };
}

/** After a start nobody is known to have confirmed anything. */
function closedOf({ id, to, participants }: RoundGroup): ClosedRound {
  return { round: id, outcome: 'committed', to, reason: '', waiting: participants };
}

/** A fresh original's first number leaves room for the block that is reserved with it. */
export const FIRST_VERSION = 1;
export const FIRST_RESERVATION = RESERVE_BLOCK;
