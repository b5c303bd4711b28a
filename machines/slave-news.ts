/**
 * What an accepted message of the master changes in the slave's context, before any region acts.
 */
import { impliedVerdict } from './outcome.js';
import { compareEpochs, samePoint } from './position.js';
import type { DeltaLink, Enveloped, Stamp, StampedMessage, WelcomeMessage } from './protocol.js';
import type { SlaveContext, SlaveEvent } from './slave-context.js';

type Change = Partial<SlaveContext>;

/** Is this stamp newer than all that was heard in this reign? Older ones decide nothing. */
function isNewest(context: SlaveContext, stamp: Stamp): boolean {
  return stamp.sequence > context.sequence;
}

/** Past this many increments one coalesced delta costs less than they do. */
const HELD_LINKS_MAX = 1024;

/** Adds links with content up to the high-water mark; past it only the target counts (P5). */
function holdLinks(context: SlaveContext, links: readonly DeltaLink[]): readonly DeltaLink[] {
  const held = [...context.held];
  let bytes = held.reduce((sum, link) => sum + (link.payload?.bytes ?? 0), 0);
  for (const link of links) {
    if (link.payload?.body === undefined) continue;
    if (held.some((known) => samePoint(known.to, link.to))) continue;
    bytes += link.payload.bytes;
    held.push(link);
  }
  return bytes > context.heldBytesMax || held.length > HELD_LINKS_MAX ? [] : held;
}

/** The verdict on the held round that this stamped message implies (P10). */
function verdictFrom(
  context: SlaveContext,
  message: Enveloped<StampedMessage>,
): SlaveContext['verdict'] {
  const { prepared } = context;
  if (prepared === null || context.verdict !== null) return context.verdict;
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
export function takeNote(context: SlaveContext, message: Incoming): Change {
  if (message.kind === 'refused') return {};
  if (message.kind === 'welcome') return takeWelcome(context, message);
  if (message.kind === 'outcome') return { heard: context.heard + 1 };
  return hear(context, message);
}

/** Takes note of an accepted stamped message: life, newest position, open round, increments. */
function hear(context: SlaveContext, message: Enveloped<StampedMessage>): Change {
  const heard = context.heard + 1;
  if (!isNewest(context, message)) return { heard };
  const isAnnounce = message.kind === 'announce';
  const links = 'links' in message ? holdLinks(context, message.links) : context.held;
  return {
    heard,
    sequence: message.sequence,
    openRound: message.openRound,
    target: message.position,
    masterFirm: message.firm,
    verdict: verdictFrom(context, message),
    held: isAnnounce ? links : context.held,
  };
}

/** Whether this point, in the words of a welcome, lies in the master's history. */
export function isInHistory(relation: WelcomeMessage['relation']): boolean {
  return relation === 'same' || relation === 'behind';
}

/** Follow, fall back to what was promised on disk, or refuse to rewind (P2, P16, P19). */
function standingOf(message: WelcomeMessage): SlaveContext['standing'] {
  if (message.relation !== 'ahead' && message.relation !== 'fork') return 'following';
  return isInHistory(message.firmRelation) ? 'reset' : 'regressed';
}

function standingAfter(context: SlaveContext, message: WelcomeMessage): SlaveContext['standing'] {
  const standing = standingOf(message);
  return context.moved && standing !== 'following' ? context.standing : standing;
}

/**
 * The copy moved after the hello that this welcome answers: how a later reign stands to it, or
 * that it has to be reset, was said of a place where it is no more, and is asked anew (P2, L2).
 */
function isPast(context: SlaveContext, message: WelcomeMessage, newReign: boolean): boolean {
  return context.moved && (newReign || standingOf(message) !== 'following');
}

/** Accepts a master: its lineage, its reign, and where it stands. */
function takeWelcome(context: SlaveContext, message: Enveloped<WelcomeMessage>): Change {
  const { envelope } = message;
  const newLineage = context.lineage !== null && context.lineage !== envelope.lineage;
  const newReign =
    newLineage ||
    context.incarnation !== envelope.incarnation ||
    compareEpochs(context.epoch, envelope.epoch) !== 0;
  const left = newLineage && context.lineage !== null ? [context.lineage] : [];
  return {
    lineage: envelope.lineage,
    volatile: message.volatile,
    left: [...context.left, ...left].slice(-LEFT_LINEAGES_MAX),
    adopt: null,
    epoch: envelope.epoch,
    incarnation: envelope.incarnation,
    reignPending: context.reignPending || newReign,
    ...(newReign || message.sequence >= context.sequence ? whereItStands(message) : {}),
    heartbeatMs: message.heartbeatMs,
    heard: context.heard + 1,
    // Answered: a late copy of this welcome tells of a moment that is past (P2).
    hello: null,
    mustGreet: context.mustGreet || isPast(context, message, newReign),
    held: newReign ? [] : context.held,
    rebase: context.rebase || newLineage,
    standing: newLineage || context.rebase ? 'following' : standingAfter(context, message),
    problem: null,
    verdict: newLineage ? supersededBy(context) : welcomedVerdict(context, message),
  };
}

/** Not taken from a welcome that was overtaken by newer words of the same reign (P2). */
function whereItStands(message: WelcomeMessage): Change {
  const { sequence, openRound, position, firm } = message;
  return { sequence, openRound, target: position, masterFirm: firm };
}

/** A round held under a lineage that was left is nobody's any more. */
function supersededBy(context: SlaveContext): SlaveContext['verdict'] {
  return context.prepared === null ? null : 'superseded';
}

function welcomedVerdict(
  context: SlaveContext,
  message: Enveloped<WelcomeMessage>,
): SlaveContext['verdict'] {
  const { prepared, verdict } = context;
  if (prepared === null || verdict !== null) return verdict;
  return impliedVerdict(prepared, message, message.envelope);
}

/** More would mean an operator moving a slave back and forth all day. */
const LEFT_LINEAGES_MAX = 64;
