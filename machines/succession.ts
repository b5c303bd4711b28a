/**
 * Who may lead next, and what became of a round its master left open (design P9-P11, P16): plain
 * functions over what the nodes answered. Nothing here is guessed: what the answers do not prove
 * waits for more answers, or for the operator.
 */
import { type Reign, withoutBase } from './outcome.js';
import { compareEpochs, pointOf, samePoint } from './position.js';
import type { Epoch, Position, PreparedRound } from './protocol.js';

/** A round that a node voted yes in, or decided while it was master. */
export interface HeldRound extends PreparedRound {
  readonly participants?: readonly string[];
  /** The node was its master, and its decision to commit is on disk. */
  readonly isDecided?: boolean;
}

/** What a node answers a candidate, after it refused, durably, all terms below the candidate's. */
export interface NodeStanding {
  readonly node: string;
  /** It refuses masters of lower terms; above the candidate's it refuses the candidate. */
  readonly term: number;
  /** Who it promised that term to; null where it followed a master of it. */
  readonly candidate: string | null;
  readonly lineage: string | null;
  readonly position: Position | null;
  readonly held: HeldRound | null;
  /** The reigns in which it was master itself, by what is on its disk. */
  readonly reigned: ReadonlyArray<{ readonly epoch: Epoch; readonly incarnation: string }>;
}

/** More than half: two such sets of nodes always share one. */
export function majorityOf(members: number): number {
  return Math.floor(members / 2) + 1;
}

/**
 * Negative when `left` is the older place. The term comes first: a change of a later term is on
 * top of all that a majority confirmed before it, whatever number an old master gave to another.
 */
export function comparePlaces(left: Position | null, right: Position | null): number {
  if (left === null || right === null) return Number(right === null) - Number(left === null);
  return left.epoch.term - right.epoch.term || left.version - right.version;
}

/**
 * Where an answer stands. A promise shows a later term than the last change does: its master had
 * brought the node to where the round begins, so that place is part of that term's history.
 */
function placeOf({ position, held }: NodeStanding): Position | null {
  if (position === null || held === null) return position;
  return held.epoch.term > position.epoch.term ? { ...position, epoch: held.epoch } : position;
}

/** Where a term began: no position of an earlier term beyond it is part of the history. */
export interface Succession {
  readonly term: number;
  readonly version: number;
}

/** Whether this place holds changes that a later term left out (P16). */
export function isForkedFrom(
  position: Position | null,
  successions: readonly Succession[],
): boolean {
  if (position === null) return false;
  return successions.some(
    ({ term, version }) => term > position.epoch.term && version < position.version,
  );
}

/**
 * What a node's own reigns say of where terms began, by the record that all nodes share. Whoever
 * led after them left out those that came to nothing, and went on from what they had not seen.
 */
export function reignsOnRecord(
  reigns: readonly Reign[],
  successions: readonly Succession[],
): readonly Reign[] {
  const terms = successions.map(({ term }) => term);
  // Else the record is shorter than its history was: it was cut, or the service lost it.
  const isCovered = ({ epoch: { term } }: Reign) =>
    terms.some((each) => each < term) && terms.some((each) => each > term);
  return reigns.map((reign) => {
    const isKept = reign.base === undefined || terms.includes(reign.epoch.term);
    return isKept || !isCovered(reign) ? reign : withoutBase(reign);
  });
}

/** What the answers prove of a round. */
export type RoundFate = 'committed' | 'aborted' | 'superseded' | 'wait';

/** The master of the round answered, and its disk holds no decision. */
function isDenied(round: HeldRound, { reigned, held }: NodeStanding): boolean {
  const wasMaster = reigned.some(
    ({ epoch, incarnation }) =>
      incarnation === round.incarnation && compareEpochs(epoch, round.epoch) === 0,
  );
  return wasMaster && !(held?.round === round.round && held.isDecided === true);
}

/**
 * It was asked to vote, and its promise is not there: it never will be, since it is fenced off. One
 * without any data was not asked: it lost its disk, and whatever it promised with it.
 */
function didNotVote(round: HeldRound, { node, held, position }: NodeStanding): boolean {
  if (position === null) return false;
  return round.participants?.includes(node) === true && held?.round !== round.round;
}

/**
 * Someone committed => committed; history went past it => superseded; its master did not decide,
 * or someone asked did not vote => aborted; else all who answered are prepared, and who did not
 * may know more.
 */
export function fateOf(round: HeldRound, answers: readonly NodeStanding[]): RoundFate {
  const isCommitted = answers.some(
    ({ position, held }) =>
      samePoint(pointOf(position), round.to) ||
      (held?.round === round.round && held.isDecided === true),
  );
  if (isCommitted) return 'committed';
  const { epoch, to } = round;
  // A higher number of an earlier term is a fork that the round's own term left out: no proof.
  const isPast = answers.some(
    ({ position }) =>
      position !== null &&
      (position.epoch.term > epoch.term ||
        (position.epoch.term === epoch.term && position.version >= to.version)),
  );
  if (isPast) return 'superseded';
  const isAborted = answers.some((answer) => isDenied(round, answer) || didNotVote(round, answer));
  return isAborted ? 'aborted' : 'wait';
}

/** What an operator ordered of a round that nobody reachable can tell the end of (P22). */
export interface ForcedOutcome {
  readonly round: string;
  readonly outcome: 'committed' | 'aborted';
}

/** What a candidate knows when it judges. */
export interface Conference {
  readonly self: string;
  readonly term: number;
  /** How many nodes there are, the candidate included. */
  readonly members: number;
  readonly answers: readonly NodeStanding[];
  readonly forced: ForcedOutcome | null;
}

export type Judgment =
  /** A later term was promised to somebody: this one is worthless. */
  | { readonly verdict: 'outranked'; readonly term: number }
  /** Too few answered for a majority, or too many are without data. */
  | { readonly verdict: 'short'; readonly reason: string }
  /** That node holds more: it has to lead. */
  | { readonly verdict: 'yield'; readonly to: string }
  /** All who answered are prepared; who is missing may know the outcome. */
  | { readonly verdict: 'doubt'; readonly round: HeldRound; readonly reason: string }
  | {
      readonly verdict: 'lead';
      /** What becomes of the round this node holds; null when it holds none. */
      readonly fate: 'committed' | 'aborted' | null;
      /** The fate is the operator's word. */
      readonly isForced: boolean;
      readonly round: HeldRound | null;
    };

/** Later reign, then later number: of two rounds from one point the later one closed the other. */
function isLater(left: HeldRound, right: HeldRound): boolean {
  const order = compareEpochs(left.epoch, right.epoch) || left.to.version - right.to.version;
  return order > 0;
}

/** The one round that can still be open: every other one was closed when it began. */
export function openRoundOf(answers: readonly NodeStanding[]): HeldRound | null {
  const held = answers.flatMap((answer) => answer.held ?? []);
  const [first, ...rest] = held;
  if (first === undefined) return null;
  return rest.reduce((open, round) => (isLater(round, open) ? round : open), first);
}

function newestOf(answers: readonly NodeStanding[], self: NodeStanding): NodeStanding {
  let newest = self;
  for (const answer of answers) {
    if (comparePlaces(placeOf(answer), placeOf(newest)) > 0) newest = answer;
  }
  return newest;
}

function isEmpty({ position }: NodeStanding): boolean {
  return position === null;
}

/** Why so few answers, its own among them, let no node lead; null where they are a majority. */
export function tooFew(members: number, answered: number): string | null {
  const needed = majorityOf(members);
  if (answered >= needed) return null;
  return `${needed} of ${members} nodes have to answer, ${answered} did`;
}

/** Too few, or a majority that holds nothing while somebody who is missing may hold everything. */
function shortage({ members, answers }: Conference, self: NodeStanding): string | null {
  const ours = answers.filter(
    ({ lineage }) => lineage === null || self.lineage === null || lineage === self.lineage,
  );
  const foreign = answers.length - ours.length;
  const few = tooFew(members, ours.length);
  if (few !== null) return foreign === 0 ? few : `${few}, ${foreign} of another lineage`;
  if (answers.every(isEmpty) && answers.length < members) {
    return `no node that answered has data; a first leader needs all ${members} to answer`;
  }
  return null;
}

function leadOrAsk(conference: Conference, self: NodeStanding, newest: NodeStanding): Judgment {
  const { answers, forced } = conference;
  const round = openRoundOf(answers);
  const none = { verdict: 'lead', fate: null, isForced: false, round: null } as const;
  if (round === null) return none;
  const proven = fateOf(round, answers);
  if (proven === 'superseded') return none;
  const isForced = proven === 'wait' && forced?.round === round.round;
  const fate = isForced ? (forced?.outcome ?? 'aborted') : proven;
  if (fate === 'wait') {
    const silent = (round.participants ?? []).filter(
      (id) => !answers.some(({ node }) => node === id),
    );
    const missing = ['its master', ...silent].join(', ');
    const { version } = round.to;
    const reason = `all who answered are prepared for version ${version}; missing: ${missing}`;
    return { verdict: 'doubt', round, reason };
  }
  const isHeld = self.held?.round === round.round;
  // Only who holds the delta can make it; who made it is newer, and was yielded to already.
  if (fate === 'committed' && !isHeld && samePoint(pointOf(newest.position), round.from)) {
    const holder = answers.find(({ held }) => held?.round === round.round);
    if (holder !== undefined) return { verdict: 'yield', to: holder.node };
  }
  return { verdict: 'lead', fate: isHeld ? fate : null, isForced, round };
}

/**
 * What a candidate does with what it was answered. It answered itself as well. What was answered to
 * an earlier term is no promise of this one, and its author may have confirmed changes since.
 */
export function judge(told: Conference): Judgment {
  const { term, self: id } = told;
  const answers = told.answers.filter((answer) => answer.term >= term);
  const conference = { ...told, answers };
  const outranking = answers.filter(
    (answer) => answer.term > term || (answer.term === term && answer.candidate !== id),
  );
  if (outranking.length > 0) {
    return { verdict: 'outranked', term: Math.max(...outranking.map((answer) => answer.term)) };
  }
  const self = answers.find(({ node }) => node === id);
  if (self === undefined) return { verdict: 'short', reason: 'this node could not answer itself' };
  const reason = shortage(conference, self);
  if (reason !== null) return { verdict: 'short', reason };
  const newest = newestOf(answers, self);
  if (comparePlaces(placeOf(newest), placeOf(self)) > 0) {
    return { verdict: 'yield', to: newest.node };
  }
  return leadOrAsk(conference, self, newest);
}
