/** A round as a slave sees it: what is offered, promised and voted (P8 to P11). */
import { ORIGIN, samePoint } from './position.js';
import type { Enveloped, PreparedRound, PrepareMessage, SlaveMessage } from './protocol.js';
import type { Offer, SlaveFacts } from './slave-context.js';
import { canAct, promiseOf } from './slave-logic.js';

/** Stands in where a state cannot be without an offer, so that no params function can throw. */
const NO_OFFER: Offer = {
  round: '',
  from: ORIGIN,
  to: ORIGIN,
  epoch: { term: 0, start: 0 },
  incarnation: '',
  sequence: 0,
  payload: { bytes: 0, checksum: '' },
};

export function currentOffer(facts: SlaveFacts): Offer {
  return facts.offer ?? NO_OFFER;
}

export function currentPromise(facts: SlaveFacts): PreparedRound {
  return promiseOf(facts.prepared ?? NO_OFFER);
}

/** The copy stands exactly where the offered round starts (P8). */
export function isAtOffer(facts: SlaveFacts): boolean {
  const { offer, position } = facts;
  if (!canAct(facts) || offer === null || position === null || facts.rebase) return false;
  return samePoint(position, offer.from);
}

/** A prepare this slave is named in becomes an offer, unless it already answered the round. */
export function toOffer(facts: SlaveFacts, message: Enveloped<PrepareMessage>): Offer | null {
  const { participants } = message;
  if (participants.length > 0 && !participants.includes(facts.id)) return null;
  return {
    round: message.round,
    from: message.from,
    to: message.to,
    epoch: message.envelope.epoch,
    incarnation: message.envelope.incarnation,
    sequence: message.sequence,
    payload: message.payload,
    participants,
  };
}

/** This copy is past where the round starts: it can never be prepared here (P8). */
export function isPast(facts: SlaveFacts, message: PrepareMessage): boolean {
  return (facts.position?.version ?? 0) > message.from.version;
}

/** A round that this slave is named in, did not answer, and may turn to. */
export function isNewOffer(facts: SlaveFacts, message: Enveloped<PrepareMessage>): boolean {
  return (
    toOffer(facts, message) !== null &&
    (facts.prepared === null || facts.verdict !== null) &&
    facts.offer?.round !== message.round &&
    facts.vote?.round !== message.round
  );
}

/**
 * Another round keeps this copy from this one: its outcome is not known, or cannot be carried out.
 * One that is being committed does not, however long that takes: what was asked waits for it, and a
 * repeated question is no reason for a no. What failed is counted: `problem` tells of other things,
 * too, and a welcome clears it.
 */
export function holdsOther(facts: SlaveFacts, round: string): boolean {
  const { prepared, verdict, failures } = facts;
  return prepared !== null && prepared.round !== round && (verdict === null || failures > 0);
}

/** The newest message no longer names this round as open: whatever becomes of it, not by a yes. */
export function isOfferVoid(facts: SlaveFacts): boolean {
  const { offer } = facts;
  if (offer === null || !canAct(facts)) return false;
  if (offer.incarnation !== facts.incarnation) return true;
  if (facts.sequence > offer.sequence && facts.openRound !== offer.round) return true;
  return (facts.position?.version ?? 0) > offer.from.version;
}

/** The held round is decided, and not by a commit. */
export function isDropped(facts: SlaveFacts): boolean {
  const { prepared, verdict } = facts;
  return prepared !== null && verdict !== null && verdict !== 'committed';
}

/** The round is over here; a yes that no record backs any more must not be repeated (P8). */
export function closeRound(facts: SlaveFacts): Partial<SlaveFacts> {
  const { prepared, offer, vote } = facts;
  const closing = prepared?.round ?? offer?.round ?? null;
  const voided =
    vote?.round === closing && vote?.answer === 'yes'
      ? { ...vote, answer: 'no' as const, reason: 'the round is over here', code: 'ABORTED' }
      : vote;
  return { closing, prepared: null, offer: null, verdict: null, isForced: false, vote: voided };
}

/** The vote in the words of the wire. */
export function voteOf(facts: SlaveFacts): SlaveMessage {
  const vote = facts.vote;
  return {
    kind: 'vote',
    round: vote?.round ?? '',
    answer: vote?.answer ?? 'no',
    reason: vote?.reason ?? null,
    code: vote?.code ?? null,
    position: facts.position,
    needsSync: facts.offerSynced,
  };
}
