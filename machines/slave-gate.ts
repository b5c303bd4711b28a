/** Rule P2: which messages of which master a slave listens to, checked in the rule's order. */
import { compareEpochs } from './position.js';
import type {
  AnnounceMessage,
  DeltaLink,
  Envelope,
  Enveloped,
  WelcomeMessage,
} from './protocol.js';
import type { SlaveEvent, SlaveFacts } from './slave-context.js';

type Incoming = Extract<SlaveEvent, { type: 'message' }>['message'];

export type Judgement =
  | 'accept'
  | 'otherLineage'
  | 'lowerEpoch'
  | 'higherEpoch'
  | 'otherIncarnation'
  | 'outdated';

/** A lineage this slave may move to: ordered by the host, or the heir of a volatile one. */
function isAdoptable(facts: SlaveFacts, lineage: string): boolean {
  if (facts.adopt === lineage) return true;
  return facts.volatile && !facts.left.includes(lineage);
}

function judgeWelcome(facts: SlaveFacts, message: Enveloped<WelcomeMessage>): Judgement {
  const { envelope } = message;
  if (message.hello !== facts.hello) return 'outdated';
  if (facts.lineage === null) return 'accept';
  if (envelope.lineage !== facts.lineage) {
    return isAdoptable(facts, envelope.lineage) ? 'accept' : 'otherLineage';
  }
  return judgeReign(facts, envelope, 'accept');
}

function judgeReign(facts: SlaveFacts, envelope: Envelope, higher: Judgement): Judgement {
  const order = compareEpochs(envelope.epoch, facts.epoch);
  if (order < 0) return 'lowerEpoch';
  if (order > 0) return higher;
  const same = facts.incarnation === null || facts.incarnation === envelope.incarnation;
  return same ? 'accept' : 'otherIncarnation';
}

/** Whether a chunk's sender is the master this slave was welcomed by. */
export function isFromMyMaster(facts: SlaveFacts, envelope: Envelope): boolean {
  return (
    envelope.lineage === facts.lineage && judgeReign(facts, envelope, 'higherEpoch') === 'accept'
  );
}

/**
 * Told again, an announcement says nothing new of the master; but a relay, which has no numbers of
 * its own, brings increments with the newest one that it heard (P3).
 */
function isOutdated(facts: SlaveFacts, { sequence, links }: Enveloped<AnnounceMessage>): boolean {
  if (sequence !== facts.sequence) return sequence < facts.sequence;
  const { position } = facts;
  const isNew = (link: DeltaLink) =>
    link.payload?.body !== undefined && link.to.version > (position?.version ?? 0);
  return !links.some(isNew);
}

/**
 * What to do with a message. Nothing is taken before a welcome fixed lineage and reign; a higher
 * epoch outside a welcome leads to a new hello, since only a welcome tells how histories relate.
 */
export function judge(facts: SlaveFacts, message: Incoming): Judgement {
  if (message.kind === 'welcome') return judgeWelcome(facts, message);
  if (message.kind === 'refused') {
    return message.hello === null || message.hello === facts.hello ? 'accept' : 'outdated';
  }
  if (facts.lineage === null) return 'outdated';
  if (message.envelope.lineage !== facts.lineage) return 'otherLineage';
  const judgement = judgeReign(facts, message.envelope, 'higherEpoch');
  if (judgement !== 'accept') return judgement;
  if (message.kind === 'announce' && isOutdated(facts, message)) return 'outdated';
  if (message.kind === 'prepare' && message.sequence < facts.sequence) {
    return facts.openRound === message.round ? 'accept' : 'outdated';
  }
  return 'accept';
}
