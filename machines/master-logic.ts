/** Plain functions over the master's context: what it says, what it counts, what follows. */

import type {
  AbortReason,
  ClosedRound,
  Confirmation,
  Group,
  MasterContext,
  MasterEvent,
  MasterInput,
  RecoveredMaster,
  RoundGroup,
  Sending,
  Unsequenced,
} from './master-context.js';
import { outcomeOf } from './outcome.js';
import { compareEpochs, ORIGIN, samePoint } from './position.js';
import type { DeltaLink, MasterMessage, Point, Position, PreparedRound } from './protocol.js';
import { firstNo, missingVotes } from './tally.js';

type Change = Partial<MasterContext>;

/** Version numbers made durable at once (P7): one synced write per so many groups. */
export const RESERVE_BLOCK = 1024;

/**
 * Earlier increments told by number and digest with each announcement and prepare (claim 46). Their
 * content is not sent again: over connections that lose nothing it would only double the bytes, and
 * a slave that is behind asks for one delta over all of them.
 */
const RECENT_LINKS_MAX = 4;

export function initialContext(input: MasterInput | undefined): MasterContext {
  return {
    delays: input?.delays ?? { heartbeatMs: 1000, voteMs: 2000, commitRetryMs: 1000 },
    lineage: '',
    volatile: true,
    epoch: { term: 0, start: 0 },
    incarnation: '',
    position: ORIGIN,
    firm: ORIGIN,
    issued: 0,
    reserved: 0,
    reigns: [],
    shownBehind: false,
    group: null,
    round: null,
    votes: {},
    abortReason: null,
    closed: [],
    redo: null,
    recent: [],
    problem: null,
  };
}

/** Numbers up to the reserved bound may have been issued before a crash: all are burnt (P7). */
export function takeRecovered(found: RecoveredMaster): Change {
  return { ...found, issued: Math.max(found.reserved, found.position.version) };
}

/** The part of every stamp that the context knows; the sequence is added at sending. */
function stamp(context: MasterContext) {
  const { position, firm, round } = context;
  return { position, firm, openRound: round?.id ?? null };
}

/** A link as it is told when only the fact matters. */
function bare({ payload: _left, ...link }: DeltaLink): DeltaLink {
  return link;
}

/** Where the original stands, with the last few increments; the newest one whole (claims 11-16). */
export function announcement(context: MasterContext, reply: boolean): Unsequenced {
  const { recent } = context;
  const links = recent.map((link, index) =>
    !reply && index === recent.length - 1 ? link : bare(link),
  );
  return { kind: 'announce', ...stamp(context), links, reply };
}

/** The question of the open round, to whoever still has to answer. */
export function prepareMessage(context: MasterContext): Unsequenced {
  const round = context.round ?? NO_ROUND;
  const { from, to, participants, payload } = round;
  const links = context.recent.map(bare);
  return {
    kind: 'prepare',
    ...stamp(context),
    round: round.id,
    from,
    to,
    participants,
    links,
    payload,
  };
}

export function commitMessage(context: MasterContext, closed: Pick<ClosedRound, 'round' | 'to'>) {
  const { round, to } = closed;
  return { kind: 'commit', ...stamp(context), round, to } satisfies Unsequenced;
}

export function abortMessage(
  context: MasterContext,
  closed: Pick<ClosedRound, 'round' | 'reason'>,
) {
  const { round, reason } = closed;
  return { kind: 'abort', ...stamp(context), round, reason } satisfies Unsequenced;
}

const NO_ROUND: RoundGroup = {
  id: '',
  from: ORIGIN,
  to: ORIGIN,
  payload: { bytes: 0, checksum: '' },
  durability: 'memory',
  participants: [],
  voteMs: 0,
};

export function currentRound(context: MasterContext): RoundGroup {
  return context.round ?? NO_ROUND;
}

export function currentGroup(context: MasterContext): Group {
  return context.group ?? context.round ?? context.redo ?? NO_ROUND;
}

/** Everybody the prepare went to; nobody for a one-phase group. */
export function participantsOf(group: Group | RoundGroup): readonly string[] {
  return 'participants' in group ? group.participants : [];
}

/** What the host is told when a later reign shows (P16). */
export function laterReign(seen: { epoch: PreparedRound['epoch']; sender: string }) {
  const { term, start } = seen.epoch;
  return { code: 'FENCED', reason: `${seen.sender} follows the later reign ${term}.${start}` };
}

export function nextPosition(context: MasterContext, to: Point): Position {
  return { lineage: context.lineage, epoch: context.epoch, ...to };
}

/** A group may only use a number that was never issued and is durably reserved (P7). */
export function fitsReservation(context: MasterContext, group: Group): boolean {
  return group.to.version > context.issued && group.to.version <= context.reserved;
}

/** A number that a slave showed meanwhile is burnt: the group needs another one (P7). */
export function isReserved(context: MasterContext, upTo: number): boolean {
  const { version } = currentGroup(context).to;
  return version > context.issued && version <= Math.max(context.reserved, upTo);
}

/** What the caller of a group is told whose number cannot be used, or whose start is past. */
export function unusable(context: MasterContext, group: Group) {
  const { version } = group.to;
  const reason =
    `version ${version} cannot follow: the original stands at ${context.position.version}, ` +
    `numbers up to ${context.issued} were issued or shown; build the group again`;
  return { code: 'ABORTED', reason };
}

/** The group belongs to the original as it stands and uses a fresh number. */
export function isBuildable(context: MasterContext, group: Group): boolean {
  return samePoint(group.from, context.position) && group.to.version > context.issued;
}

/** The original took the group: the position moves, and with it what is promised (P1, P19). */
export function advance(context: MasterContext, group: Group): Change {
  const { from, to, payload, durability } = group;
  const link: DeltaLink = { from, to, payload, durability };
  return {
    position: to,
    firm: durability === 'disk' ? to : context.firm,
    recent: [...context.recent.map(bare), link].slice(-RECENT_LINKS_MAX),
  };
}

/** What a heartbeat repeats: position, open question, unconfirmed outcomes (claims 11, 19, 22). */
export function heartbeat(context: MasterContext): readonly Sending[] {
  const asking = context.round !== null && context.abortReason === null;
  const outcomes = context.closed.map((closed) => ({
    message:
      closed.outcome === 'committed'
        ? commitMessage(context, closed)
        : abortMessage(context, closed),
    only: closed.waiting,
  }));
  return [
    { message: announcement(context, true) },
    ...(asking ? [{ message: prepareMessage(context), only: unanswered(context) }] : []),
    ...outcomes,
  ];
}

/** Slaves without a yes in the open round: they get the prepare again. */
export function unanswered(context: MasterContext): readonly string[] {
  const { round, votes } = context;
  return round === null ? [] : missingVotes(votes, round.participants);
}

/** Why the open round cannot commit any more, by its votes. */
export function refusal(context: MasterContext): AbortReason {
  const { participants } = currentRound(context);
  const no = firstNo(context.votes, participants);
  if (no !== undefined) {
    const code = no.code === 'TIMEOUT' || no.code === 'ABORTED' ? 'ABORTED' : 'VETOED';
    return { code, reason: `${no.slave}: ${no.reason ?? 'no'}` };
  }
  const missing = missingVotes(context.votes, participants).join(', ');
  return { code: 'TIMEOUT', reason: `no vote in time from ${missing}` };
}

/** The open round joins the closed ones until everybody who was asked confirmed it (P10, P20). */
export function closeRound(
  context: MasterContext,
  outcome: ClosedRound['outcome'],
): readonly ClosedRound[] {
  const round = currentRound(context);
  const reason = context.abortReason?.reason ?? '';
  if (round.participants.length === 0) return context.closed;
  const { id, to, participants } = round;
  return [...context.closed, { round: id, outcome, to, reason, waiting: participants }];
}

/** Whether this confirmation settles that closed round for its slave. */
function settles(closed: ClosedRound, confirmation: Confirmation): boolean {
  if (closed.outcome === 'aborted') return confirmation.round === closed.round;
  return confirmation.settled && confirmation.position.version >= closed.to.version;
}

function withoutWaiting(closed: ClosedRound, done: (slave: string) => boolean): ClosedRound {
  const waiting = closed.waiting.filter((slave) => !done(slave));
  return waiting.length === closed.waiting.length ? closed : { ...closed, waiting };
}

/** Closed rounds after these confirmations, those with nobody waiting still in it. */
export function confirm(
  context: Pick<MasterContext, 'closed'>,
  confirmations: readonly Confirmation[],
): readonly ClosedRound[] {
  return context.closed.map((closed) => {
    const given = confirmations.filter((confirmation) => settles(closed, confirmation));
    const done = new Set(given.map(({ slave }) => slave));
    return withoutWaiting(closed, (slave) => done.has(slave));
  });
}

/** A hello tells what a slave holds: an aborted round that it does not hold is settled. */
export function confirmByHello(
  context: Pick<MasterContext, 'closed'>,
  slave: string,
  holds: string | null,
): readonly ClosedRound[] {
  return context.closed.map((closed) =>
    closed.outcome === 'aborted' && closed.round !== holds
      ? withoutWaiting(closed, (waiting) => waiting === slave)
      : closed,
  );
}

export function forgetSlave(
  context: Pick<MasterContext, 'closed'>,
  slave: string,
): readonly ClosedRound[] {
  return context.closed.map((closed) => withoutWaiting(closed, (waiting) => waiting === slave));
}

/** Closed rounds that everybody confirmed. */
export function settledRounds(context: Pick<MasterContext, 'closed'>): readonly string[] {
  return context.closed.filter((closed) => closed.waiting.length === 0).map(({ round }) => round);
}

/** The answer to an inquiry (P10, P11, P20). */
export function answerTo(
  context: MasterContext,
  event: Extract<MasterEvent, { type: 'inquired' }>,
): MasterMessage {
  const { prepared, digestAtTo } = event;
  const outcome = outcomeOf(
    {
      position: context.position,
      digestAtTo,
      closed: context.closed.find((closed) => closed.round === prepared.round)?.outcome,
      openRound: context.round?.id ?? null,
      openTo: context.round?.to ?? null,
      reigns: context.reigns,
      term: context.epoch.term,
      reserved: context.reserved,
      shownBehind: context.shownBehind,
    },
    prepared,
  );
  return { kind: 'outcome', round: prepared.round, outcome, position: context.position };
}

/** Numbers that anybody showed are never issued again (P7). */
export function showVersion(context: MasterContext, version: number, ahead: boolean): Change {
  return {
    issued: Math.max(context.issued, version),
    shownBehind: context.shownBehind || ahead,
  };
}

export function isHigher(context: MasterContext, epoch: PreparedRound['epoch']): boolean {
  return compareEpochs(epoch, context.epoch) > 0;
}
