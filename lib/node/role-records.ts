/**
 * A node keeps its data once, in one part of its store; what tells an original from a copy are the
 * records beside it. A change of role is one synced batch of records, however much data there is.
 */
import type { Reign } from '../../machines/outcome.js';
import { pointOf } from '../../machines/position.js';
import type { Position } from '../../machines/protocol.js';
import type { Offer } from '../../machines/slave-context.js';
import {
  type HeldRound,
  type NodeStanding,
  reignsOnRecord,
  type Succession,
} from '../../machines/succession.js';
import { MASTER_RECORDS } from '../service/master-records.js';
import { SLAVE_RECORDS } from '../service/slave-records.js';

type Records = ReadonlyMap<string, unknown>;
type Changes = Record<string, unknown>;

/** Which of the two the records describe, and which round was decided but not made. */
const FORM = 'node';

interface FormRecord {
  readonly form: 'original' | 'copy';
  readonly decided: string | null;
}

/** As both sides keep it: a copy's promise and an original's decision differ in names only. */
type PromiseRecord = Omit<Offer, 'payload'> & { readonly delta: Uint8Array };

interface DecisionRecord {
  readonly id: string;
  readonly from: Offer['from'];
  readonly to: Offer['to'];
  readonly durability: 'disk';
  readonly participants: readonly string[];
  readonly voteMs: number;
  readonly delta: Uint8Array;
}

function formOf(records: Records): FormRecord {
  return (records.get(FORM) as FormRecord | undefined) ?? { form: 'copy', decided: null };
}

function reignsOf(records: Records): readonly Reign[] {
  return (records.get(MASTER_RECORDS.reigns) as readonly Reign[] | undefined) ?? [];
}

function positionIn(records: Records): Position | null {
  return (records.get(SLAVE_RECORDS.position) as Position | undefined) ?? null;
}

export function isOriginal(records: Records): boolean {
  return formOf(records).form === 'original';
}

/** Rounds are asked about soon after their master died: its last reigns are enough. */
const REIGNS_TOLD_MAX = 32;

/** Which reigns were this node's own. */
export function reignedIn(records: Records): NodeStanding['reigned'] {
  return reignsOf(records)
    .slice(-REIGNS_TOLD_MAX)
    .map(({ epoch, incarnation }) => ({ epoch, incarnation }));
}

/** The round this copy decided while it was an original, if its change was not made. */
export function decidedIn(records: Records): string | null {
  return formOf(records).decided;
}

/** The highest term on record, whoever reigned or was promised it. */
export function termIn(records: Records): number {
  const reign = records.get(SLAVE_RECORDS.reign) as Reign | undefined;
  const terms = [reign, ...reignsOf(records)].map((each) => each?.epoch.term ?? 0);
  return Math.max(0, positionIn(records)?.epoch.term ?? 0, ...terms);
}

function keysOf(records: Records, prefix: string): Changes {
  const keys = [...records.keys()].filter((key) => key.startsWith(prefix));
  return Object.fromEntries(keys.map((key) => [key, undefined]));
}

/**
 * Of what an original left: a copy under the reign it had. A decision whose change was not made
 * becomes a promise, of which this node knows the outcome.
 */
export function copyChanges(records: Records, volatile: boolean): Changes {
  const position = positionIn(records);
  const last = reignsOf(records).at(-1);
  const decisions = [...records]
    .filter(([key]) => key.startsWith('decision/'))
    .map(([, value]) => value as DecisionRecord);
  const open = decisions.find(({ to }) => to.version > (position?.version ?? 0));
  const promise: PromiseRecord | undefined = open && {
    round: open.id,
    from: open.from,
    to: open.to,
    epoch: last?.epoch ?? { term: 0, start: 0 },
    incarnation: last?.incarnation ?? '',
    sequence: Number.MAX_SAFE_INTEGER,
    participants: open.participants,
    delta: open.delta,
  };
  const reign = last &&
    position && {
      lineage: position.lineage,
      epoch: last.epoch,
      incarnation: last.incarnation,
      volatile,
      left: [],
    };
  return {
    ...keysOf(records, 'decision/'),
    ...keysOf(records, 'history/'),
    // Without data there was no reign: what it promised as a copy holds on.
    ...(reign ? { [SLAVE_RECORDS.reign]: reign } : {}),
    // What it holds is on disk with this batch: it is set aside, never reset, where it conflicts.
    [SLAVE_RECORDS.firm]: position === null ? undefined : pointOf(position),
    [SLAVE_RECORDS.promise]: promise,
    [FORM]: { form: 'copy', decided: open?.id ?? null } satisfies FormRecord,
  };
}

function decisionOf(promise: PromiseRecord): DecisionRecord {
  const { round, from, to, participants, delta } = promise;
  return {
    id: round,
    from,
    to,
    durability: 'disk',
    participants: participants ?? [],
    voteMs: 0,
    delta,
  };
}

/**
 * Of a copy: the original of the next term. A held round that was committed somewhere becomes a
 * decision, which the master's recovery carries out; any other is gone.
 * @param successions where terms began, as the lease's record tells it
 */
export function originalChanges(
  records: Records,
  fate: 'committed' | 'aborted' | null,
  round: HeldRound | null,
  successions: readonly Succession[],
): Changes {
  const position = positionIn(records);
  const form: FormRecord = { form: 'original', decided: null };
  if (position === null) return { [FORM]: form };
  const promise = records.get(SLAVE_RECORDS.promise) as PromiseRecord | undefined;
  const isCommitted = fate === 'committed' && promise?.round === round?.round;
  const reserved = (records.get(MASTER_RECORDS.reserved) as number | undefined) ?? 0;
  const point = pointOf(position);
  const reigns = reignsOf(records);
  return {
    ...keysOf(records, 'history/'),
    [MASTER_RECORDS.lineage]: position.lineage,
    ...(reigns.length === 0
      ? {}
      : { [MASTER_RECORDS.reigns]: reignsOnRecord(reigns, successions) }),
    [MASTER_RECORDS.reserved]: Math.max(
      reserved,
      point.version,
      promise?.to.version ?? 0,
      round?.to.version ?? 0,
    ),
    [MASTER_RECORDS.firm]: point,
    [MASTER_RECORDS.history(point.version)]: point,
    [SLAVE_RECORDS.promise]: undefined,
    ...(isCommitted && promise !== undefined
      ? { [MASTER_RECORDS.decision(promise.round)]: decisionOf(promise) }
      : {}),
    [FORM]: form,
  };
}
