/** Plain functions over the relay's context: what is passed on, counted, answered, or passed up. */
import type { ClosedRound } from './master-context.js';
import { samePoint } from './position.js';
import type { OutcomeMessage, Point, RoundOutcome } from './protocol.js';
import type {
  Below,
  Passing,
  RelayContext,
  RelayEvent,
  RelayInput,
  RelayRefusal,
} from './relay-context.js';
import { firstNo, missingVotes } from './tally.js';

/** Outcomes remembered while somebody below has not confirmed; older doubts are passed up. */
const CLOSED_MAX = 64;

export function initialContext(input: RelayInput | undefined): RelayContext {
  return {
    delays: input?.delays ?? { voteMs: 1500 },
    openAtBirth: null,
    round: null,
    votes: {},
    refusal: null,
    closed: [],
    inquiries: {},
  };
}

/** Below this relay: nobody who was asked has yet to say yes. */
export function unanswered({ round, votes }: RelayContext): readonly string[] {
  return round === null ? [] : missingVotes(votes, round.participants);
}

/** Why the subtree cannot take the round, with the name of who cannot (P9, P14). */
export function refusalOf(context: RelayContext): RelayRefusal {
  const no = firstNo(context.votes, context.round?.participants ?? []);
  if (no !== undefined) {
    const code = no.code === 'TIMEOUT' || no.code === 'ABORTED' ? 'ABORTED' : 'VETOED';
    return { code, reason: `${no.slave}: ${no.reason ?? 'no'}` };
  }
  const missing = unanswered(context).join(', ');
  return { code: 'TIMEOUT', reason: `no vote in time from ${missing}` };
}

/** A life that finds the round open cannot know whom the life before it asked, or who said no. */
export const FORGOTTEN: RelayRefusal = {
  code: 'ABORTED',
  reason: 'the relay was restarted within this round and does not know who refused it',
};

/** Everybody asked in this life or known to hold the round, as long as they are here to hear. */
function audience(context: RelayContext, round: string | null, below: Below): readonly string[] {
  const asked = context.round?.round === round ? context.round.participants : [];
  const present = new Set(below.present);
  return [...new Set([...asked, ...below.holders])].filter((slave) => present.has(slave)).sort();
}

function closing(
  context: RelayContext,
  closed: Omit<ClosedRound, 'waiting'>,
  below: Below,
): ClosedRound {
  const waiting = audience(context, closed.round, below);
  return { ...closed, waiting };
}

/** The outcome that this event tells, as a closed round; null where it concerns nobody here. */
export function closedBy(context: RelayContext, event: RelayEvent): ClosedRound | null {
  if (event.type === 'committed') {
    const { to } = event;
    // An implied outcome names no round: where it leads tells which one it was (P10).
    const isOwn = context.round !== null && samePoint(context.round.to, to);
    const round = isOwn ? (context.round?.round ?? null) : event.round;
    if (round === null) return null;
    return closing(context, { round, outcome: 'committed', to, reason: '' }, event);
  }
  if (event.type !== 'aborted') return null;
  const { round } = event;
  const reason = context.refusal?.reason ?? 'aborted by the master';
  const to = context.round?.to ?? { version: 0, digest: '' };
  return closing(context, { round, outcome: 'aborted', to, reason }, event);
}

export function closeRound(context: RelayContext, event: RelayEvent): Partial<RelayContext> {
  const closed = closedBy(context, event);
  const isOpen = closed !== null && context.round?.round === closed.round;
  const ended = isOpen ? { round: null, votes: {}, refusal: null } : {};
  if (closed === null || closed.waiting.length === 0) return ended;
  const others = context.closed.filter(({ round }) => round !== closed.round);
  return { ...ended, closed: [...others, closed].slice(-CLOSED_MAX) };
}

/**
 * The slave's machine went on to another round, so it never promised the one that is open here: a
 * promise is kept until its outcome (P8). Without this relay's yes nobody can commit that one.
 */
export function overtaken(
  { round }: RelayContext,
  { present }: Pick<Below, 'present'>,
): Extract<RelayEvent, { type: 'aborted' }> {
  return { type: 'aborted', round: round?.round ?? '', holders: [], present };
}

export function passingOf(closed: ClosedRound, only: readonly string[]): Passing {
  const { round, to, reason } = closed;
  return closed.outcome === 'committed'
    ? { kind: 'commit', round, to, only }
    : { kind: 'abort', round, reason, only };
}

/** What an outcome makes this relay say at once. */
export function passedOutcome(context: RelayContext, event: RelayEvent): readonly Passing[] {
  const closed = closedBy(context, event);
  return closed === null || closed.waiting.length === 0 ? [] : [passingOf(closed, closed.waiting)];
}

/** What the master's heartbeat makes this relay repeat: open question, unconfirmed outcomes. */
export function repeated(context: RelayContext): readonly Passing[] {
  return context.closed.map((closed) => passingOf(closed, closed.waiting));
}

/**
 * History went past a promise: the round may have been committed where this relay was not looking,
 * so nobody below may hear of an abort (S1).
 */
export function supersession(
  context: RelayContext,
  event: Extract<RelayEvent, { type: 'superseded' }>,
) {
  const { round, position } = event;
  const message: OutcomeMessage = { kind: 'outcome', round, outcome: 'superseded', position };
  return { slaves: audience(context, round, event), message };
}

type Inquiry = Extract<RelayEvent, { type: 'inquired' }>;

/** By record or by this relay's own part of the history; null is passed up (P10, P11, P20). */
function outcomeHere(context: RelayContext, event: Inquiry): RoundOutcome | null {
  const { prepared, position, digestAtTo } = event;
  const closed = context.closed.find(({ round }) => round === prepared.round);
  if (closed !== undefined) return closed.outcome;
  if (position === null || position.version < prepared.to.version) return null;
  if (samePoint(position, prepared.to)) return 'committed';
  if (digestAtTo === undefined) return null;
  return digestAtTo === prepared.to.digest ? 'committed' : 'superseded';
}

/** Never an abort that no master told: what is not known here is asked above. */
export function answerHere(context: RelayContext, event: Inquiry): OutcomeMessage | null {
  const outcome = outcomeHere(context, event);
  if (outcome === null) return null;
  const position: Point = event.position ?? { version: 0, digest: '' };
  return { kind: 'outcome', round: event.prepared.round, outcome, position };
}

/** Who below asked about this round; ids are what slaves sent, "constructor" may be among them. */
export function askingOf(
  { inquiries }: RelayContext,
  round: string,
): readonly string[] | undefined {
  return Object.hasOwn(inquiries, round) ? inquiries[round] : undefined;
}

/** One that asks again heard no answer: then the question itself may be lost. */
export function isAskedByOthers(context: RelayContext, { slave, prepared }: Inquiry) {
  const asking = askingOf(context, prepared.round);
  return asking !== undefined && !asking.includes(slave);
}

export function noteInquiry(context: RelayContext, event: Inquiry): Partial<RelayContext> {
  const { round } = event.prepared;
  const asking = new Set(askingOf(context, round)).add(event.slave);
  return { inquiries: { ...context.inquiries, [round]: [...asking] } };
}

export function endInquiry(context: RelayContext, round: string): Partial<RelayContext> {
  const { [round]: _answered, ...inquiries } = context.inquiries;
  return { inquiries };
}

/** No committed round waits for anybody below: an ack may name the level asked for (P20). */
export function isSubtreeSettled({ closed }: Pick<RelayContext, 'closed'>): boolean {
  return !closed.some(({ outcome, waiting }) => outcome === 'committed' && waiting.length > 0);
}

/** This round was committed, and somebody below has not confirmed it. */
export function isAwaitedBelow({ closed }: Pick<RelayContext, 'closed'>, round: string): boolean {
  return closed.some((each) => each.round === round && each.outcome === 'committed');
}
