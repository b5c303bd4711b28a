/** Rule P2: which messages of which master a slave listens to, checked in the rule's order. */
import { compareEpochs } from './position.js';
import type { Envelope, Enveloped, WelcomeMessage } from './protocol.js';
import type { SlaveContext, SlaveEvent } from './slave-context.js';

type Incoming = Extract<SlaveEvent, { type: 'message' }>['message'];

export type Judgement =
  | 'accept'
  | 'otherLineage'
  | 'lowerEpoch'
  | 'higherEpoch'
  | 'otherIncarnation'
  | 'outdated';

/** A lineage this slave may move to: ordered by the host, or the heir of a volatile one. */
function isAdoptable(context: SlaveContext, lineage: string): boolean {
  if (context.adopt === lineage) return true;
  return context.volatile && !context.left.includes(lineage);
}

function judgeWelcome(context: SlaveContext, message: Enveloped<WelcomeMessage>): Judgement {
  const { envelope } = message;
  if (message.hello !== context.hello) return 'outdated';
  if (context.lineage === null) return 'accept';
  if (envelope.lineage !== context.lineage) {
    return isAdoptable(context, envelope.lineage) ? 'accept' : 'otherLineage';
  }
  return judgeReign(context, envelope, 'accept');
}

function judgeReign(context: SlaveContext, envelope: Envelope, higher: Judgement): Judgement {
  const order = compareEpochs(envelope.epoch, context.epoch);
  if (order < 0) return 'lowerEpoch';
  if (order > 0) return higher;
  const same = context.incarnation === null || context.incarnation === envelope.incarnation;
  return same ? 'accept' : 'otherIncarnation';
}

/** Whether a chunk's sender is the master this slave was welcomed by. */
export function isFromMyMaster(context: SlaveContext, envelope: Envelope): boolean {
  return (
    envelope.lineage === context.lineage &&
    judgeReign(context, envelope, 'higherEpoch') === 'accept'
  );
}

/**
 * What to do with a message. Nothing is taken before a welcome fixed lineage and reign; a higher
 * epoch outside a welcome leads to a new hello, since only a welcome tells how histories relate.
 */
export function judge(context: SlaveContext, message: Incoming): Judgement {
  if (message.kind === 'welcome') return judgeWelcome(context, message);
  if (message.kind === 'refused') {
    return message.hello === null || message.hello === context.hello ? 'accept' : 'outdated';
  }
  if (context.lineage === null) return 'outdated';
  if (message.envelope.lineage !== context.lineage) return 'otherLineage';
  const judgement = judgeReign(context, message.envelope, 'higherEpoch');
  if (judgement !== 'accept') return judgement;
  if (message.kind === 'announce' && message.sequence <= context.sequence) return 'outdated';
  if (message.kind === 'prepare' && message.sequence < context.sequence) {
    return context.openRound === message.round ? 'accept' : 'outdated';
  }
  return 'accept';
}
