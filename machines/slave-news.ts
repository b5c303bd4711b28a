/**
 * What an accepted message of the master changes in the slave's facts, before any region acts.
 */
import { impliedVerdict } from './outcome.js';
import { compareEpochs, samePoint } from './position.js';
import type { DeltaLink, Enveloped, Stamp, StampedMessage, WelcomeMessage } from './protocol.js';
import type { SlaveEvent, SlaveFacts } from './slave-context.js';

type Change = Partial<SlaveFacts>;

/** Is this stamp newer than all that was heard in this reign? Older ones decide nothing. */
function isNewest(facts: SlaveFacts, stamp: Stamp): boolean {
  return stamp.sequence > facts.sequence;
}

/** Past this many increments one coalesced delta costs less than they do. */
const HELD_LINKS_MAX = 1024;

/** Adds links with content up to the high-water mark; past it only the target counts (P5). */
function holdLinks(facts: SlaveFacts, links: readonly DeltaLink[]): readonly DeltaLink[] {
  const held = [...facts.held];
  let bytes = held.reduce((sum, link) => sum + (link.payload?.bytes ?? 0), 0);
  for (const link of links) {
    if (link.payload?.body === undefined) continue;
    if (held.some((known) => samePoint(known.to, link.to))) continue;
    bytes += link.payload.bytes;
    held.push(link);
  }
  return bytes > facts.heldBytesMax || held.length > HELD_LINKS_MAX ? [] : held;
}

/** The verdict on the held round that this stamped message implies (P10). */
function verdictFrom(facts: SlaveFacts, message: Enveloped<StampedMessage>): SlaveFacts['verdict'] {
  const { prepared } = facts;
  if (prepared === null || facts.verdict !== null) return facts.verdict;
  if (message.kind === 'commit' && message.round === prepared.round) return 'committed';
  if (message.kind === 'abort' && message.round === prepared.round) return 'aborted';
  const links = 'links' in message ? message.links : [];
  const passed = links.some(
    (link) => samePoint(link.from, prepared.to) || samePoint(link.to, prepared.to),
  );
  return passed ? 'committed' : impliedVerdict(prepared, message, message.envelope);
}

type Incoming = Extract<SlaveEvent, { type: 'message' }>['message'];

/** What an accepted message changes, whatever the regions make of it. */
export function takeNote(facts: SlaveFacts, message: Incoming): Change {
  if (message.kind === 'refused') return {};
  if (message.kind === 'welcome') return takeWelcome(facts, message);
  if (message.kind === 'outcome') return { heard: facts.heard + 1 };
  return hear(facts, message);
}

/** Takes note of an accepted stamped message: life, newest position, open round, increments. */
function hear(facts: SlaveFacts, message: Enveloped<StampedMessage>): Change {
  const heard = facts.heard + 1;
  if (!isNewest(facts, message)) {
    const isAgain = message.kind === 'announce' && message.sequence === facts.sequence;
    return isAgain ? { heard, held: holdLinks(facts, message.links) } : { heard };
  }
  const isAnnounce = message.kind === 'announce';
  const links = 'links' in message ? holdLinks(facts, message.links) : facts.held;
  return {
    heard,
    sequence: message.sequence,
    openRound: message.openRound,
    target: message.position,
    masterFirm: message.firm,
    verdict: verdictFrom(facts, message),
    held: isAnnounce ? links : facts.held,
  };
}

/** Whether this point, in the words of a welcome, lies in the master's history. */
export function isInHistory(relation: WelcomeMessage['relation']): boolean {
  return relation === 'same' || relation === 'behind';
}

/** Follow, fall back to what was promised on disk, or refuse to rewind (P2, P16, P19). */
function standingOf(message: WelcomeMessage): SlaveFacts['standing'] {
  if (message.relation !== 'ahead' && message.relation !== 'fork') return 'following';
  return isInHistory(message.firmRelation) ? 'reset' : 'regressed';
}

function standingAfter(facts: SlaveFacts, message: WelcomeMessage): SlaveFacts['standing'] {
  const standing = standingOf(message);
  return facts.moved && standing !== 'following' ? facts.standing : standing;
}

/**
 * The copy moved after the hello that this welcome answers: how a later reign stands to it, or
 * that it has to be reset, was said of a place where it is no more, and is asked anew (P2, L2).
 */
function isPast(facts: SlaveFacts, message: WelcomeMessage, newReign: boolean): boolean {
  return facts.moved && (newReign || standingOf(message) !== 'following');
}

/** Accepts a master: its lineage, its reign, and where it stands. */
function takeWelcome(facts: SlaveFacts, message: Enveloped<WelcomeMessage>): Change {
  const { envelope } = message;
  const newLineage = facts.lineage !== null && facts.lineage !== envelope.lineage;
  const newReign =
    newLineage ||
    facts.incarnation !== envelope.incarnation ||
    compareEpochs(facts.epoch, envelope.epoch) !== 0;
  const left = newLineage && facts.lineage !== null ? [facts.lineage] : [];
  return {
    lineage: envelope.lineage,
    volatile: message.volatile,
    left: [...facts.left, ...left].slice(-LEFT_LINEAGES_MAX),
    adopt: null,
    epoch: envelope.epoch,
    incarnation: envelope.incarnation,
    reignPending: facts.reignPending || newReign,
    ...(newReign || message.sequence >= facts.sequence ? whereItStands(message) : {}),
    heartbeatMs: message.heartbeatMs,
    heard: facts.heard + 1,
    // Answered: a late copy of this welcome tells of a moment that is past (P2).
    hello: null,
    mustGreet: facts.mustGreet || isPast(facts, message, newReign),
    held: newReign ? [] : facts.held,
    rebase: facts.rebase || newLineage,
    standing: newLineage || facts.rebase ? 'following' : standingAfter(facts, message),
    problem: null,
    verdict: newLineage ? supersededBy(facts) : welcomedVerdict(facts, message),
  };
}

/** Not taken from a welcome that was overtaken by newer words of the same reign (P2). */
function whereItStands(message: WelcomeMessage): Change {
  const { sequence, openRound, position, firm } = message;
  return { sequence, openRound, target: position, masterFirm: firm };
}

/** A round held under a lineage that was left is nobody's any more. */
function supersededBy(facts: SlaveFacts): SlaveFacts['verdict'] {
  return facts.prepared === null ? null : 'superseded';
}

function welcomedVerdict(
  facts: SlaveFacts,
  message: Enveloped<WelcomeMessage>,
): SlaveFacts['verdict'] {
  const { prepared, verdict } = facts;
  if (prepared === null || verdict !== null) return verdict;
  return impliedVerdict(prepared, message, message.envelope);
}

/** More would mean an operator moving a slave back and forth all day. */
const LEFT_LINEAGES_MAX = 64;
