/** Plain functions over the slave's context: what a message changes, and what follows from it. */
import { compareEpochs, ORIGIN, pointOf, samePoint } from './position.js';
import type {
  DeltaLink,
  Enveloped,
  Point,
  Position,
  PreparedRound,
  PrepareMessage,
  SlaveMessage,
} from './protocol.js';
import type {
  CommitStep,
  DeltaArrived,
  Offer,
  Problem,
  RecoveredSlave,
  SlaveContext,
  SlaveEvent,
  SlaveInput,
  SnapshotBegan,
} from './slave-context.js';
import { isInHistory } from './slave-news.js';

type Change = Partial<SlaveContext>;

/** A slave that knows nothing yet. XState's pure `transition` calls this without input, too. */
export function initialContext(input: SlaveInput | undefined): SlaveContext {
  return {
    id: input?.id ?? '',
    self: input?.self ?? '',
    delays: input?.delays ?? NO_DELAYS,
    durable: input?.durable ?? false,
    heldBytesMax: input?.heldBytesMax ?? 0,
    lineage: null,
    volatile: false,
    left: [],
    adopt: null,
    epoch: { term: 0, start: 0 },
    incarnation: null,
    reignPending: false,
    position: null,
    firm: null,
    firmAhead: null,
    masterFirm: ORIGIN,
    sequence: 0,
    openRound: null,
    target: null,
    hello: null,
    helloCount: 0,
    heartbeatMs: 0,
    heard: 0,
    heardBefore: 0,
    held: [],
    moved: false,
    mustGreet: false,
    rebase: false,
    standing: 'following',
    offer: null,
    offerSynced: false,
    prepared: null,
    verdict: null,
    closing: null,
    vote: null,
    problem: null,
    failures: 0,
    progress: 0,
    progressBefore: 0,
    ignored: 0,
  };
}

const NO_DELAYS = {
  helloRetryMs: 1000,
  silenceMs: 3000,
  jitterMs: 0,
  requestRetryMs: 1000,
  prepareMs: 10_000,
  inquireMs: 2000,
  quarantineRetryMs: 1000,
  refusedRetryMs: 1000,
};

/** A recovered promise is a given yes: asked again, it is repeated (P8). */
export function takeRecovered(found: RecoveredSlave): Change {
  const { prepared } = found;
  if (prepared === null) return { ...found };
  return { ...found, vote: { round: prepared.round, answer: 'yes', reason: null, code: null } };
}

type Incoming = Extract<SlaveEvent, { type: 'message' }>['message'];

/** The reason a person sees when a master of other data answered. */
export function noteForeign(context: SlaveContext, message: Incoming): Change {
  if (message.kind !== 'welcome') return { ignored: context.ignored + 1 };
  const reason =
    `this copy is of lineage ${context.lineage}, the master's is ${message.envelope.lineage}; ` +
    'connect it to its own master, or order slave.adoptLineage with the new id';
  return { problem: { code: 'PROTOCOL', reason } };
}

/** What people see while the master stands where this copy may not follow (P16). */
export function regression({ target, position, firm }: SlaveContext): Problem {
  const reason =
    `the master stands at version ${target?.version ?? 0}, this copy at ` +
    `${position?.version ?? 0}, promised on disk up to ${firm?.version ?? 0}`;
  return { code: 'REGRESSED', reason };
}

/** What people see while two masters claim one reign; the first accepted stays (P16). */
export function twoMasters({ envelope }: Incoming): Problem {
  const reason =
    `a second master (${envelope.sender}) claims the same reign of ${envelope.item}, as one ` +
    'restored from a backup does: stop it, or start it with takeover: true';
  return { code: 'FENCED', reason };
}

/** Told to a master whose reign is over, in an envelope that shows the newer one (S10). */
export function fenced(context: SlaveContext): SlaveMessage {
  const { term, start } = context.epoch;
  const { id, incarnation } = context;
  const message = `${id} follows the reign ${term}.${start}, incarnation ${incarnation}`;
  return { kind: 'refused', code: 'FENCED', message, hello: null };
}

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

export function currentOffer(context: SlaveContext): Offer {
  return context.offer ?? NO_OFFER;
}

export function currentPromise(context: SlaveContext): PreparedRound {
  return promiseOf(context.prepared ?? NO_OFFER);
}

/** Only upwards: links that led in a circle would never end (S14). */
function leadsOn(link: DeltaLink, at: Point): boolean {
  return samePoint(link.from, at) && link.to.version > at.version;
}

/** The deltas that start where this copy stands and follow each other without a gap. */
export function nextSteps(context: SlaveContext): readonly CommitStep[] {
  if (!canAct(context) || context.lineage === null) return [];
  if (context.rebase || context.position === null) return [];
  if (context.standing !== 'following') return [];
  const steps: CommitStep[] = [];
  let at: Point = pointOf(context.position);
  for (;;) {
    const link = context.held.find((held) => leadsOn(held, at));
    if (link?.payload === undefined) return steps;
    steps.push({
      from: link.from,
      payload: link.payload,
      next: { lineage: context.lineage, epoch: context.epoch, ...link.to },
      durability: link.durability,
    });
    at = link.to;
  }
}

/** The increment a held round's commit makes. */
export function preparedStep(context: SlaveContext): readonly CommitStep[] {
  const { prepared, lineage } = context;
  if (prepared === null || lineage === null) return [];
  const next: Position = { lineage, epoch: prepared.epoch, ...prepared.to };
  return [{ from: prepared.from, payload: prepared.payload, next, durability: 'disk' }];
}

/** A requested increment joins the held ones, in front: it starts where this copy stands. */
export function holdArrived(context: SlaveContext, arrived: DeltaArrived): readonly DeltaLink[] {
  const { from, payload, durability, to } = arrived;
  return [
    { from, to: { version: to.version, digest: to.digest }, durability, payload },
    ...context.held,
  ];
}

/** What the commit job of this moment makes: the decided round's delta, or the next increments. */
export function stepsToCommit(context: SlaveContext): readonly CommitStep[] {
  return context.verdict === 'committed' ? preparedStep(context) : nextSteps(context);
}

/** Nothing is acted on before a welcome, or while its reign is not on disk yet (P2, P16). */
export function canAct(context: SlaveContext): boolean {
  return context.lineage !== null && !context.reignPending;
}

/** The copy stands exactly where the offered round starts (P8). */
export function isAtOffer(context: SlaveContext): boolean {
  const { offer, position } = context;
  if (!canAct(context) || offer === null || position === null || context.rebase) return false;
  return samePoint(position, offer.from);
}

/** A delta has to be asked for, and nothing at hand closes the gap. */
export function mustAsk(context: SlaveContext): boolean {
  return canAct(context) && (isBehind(context) || context.standing === 'reset');
}

/** Behind the master, or at its version with other content (P2): either way it must ask. */
export function isBehind(context: SlaveContext): boolean {
  const { target, position } = context;
  if (target === null || target.version === 0) return false;
  if (position === null || context.rebase) return true;
  return target.version > position.version;
}

/** Same version, same reign, other digest: this copy is wrong and starts again (S12). */
export function isDiverged(context: SlaveContext): boolean {
  const { target, position } = context;
  if (target === null || position === null || context.rebase) return false;
  if (context.standing !== 'following') return false;
  return target.version === position.version && target.digest !== position.digest;
}

/** A prepare this slave is named in becomes an offer, unless it already answered the round. */
export function toOffer(context: SlaveContext, message: Enveloped<PrepareMessage>): Offer | null {
  if (!message.participants.includes(context.id)) return null;
  return {
    round: message.round,
    from: message.from,
    to: message.to,
    epoch: message.envelope.epoch,
    incarnation: message.envelope.incarnation,
    sequence: message.sequence,
    payload: message.payload,
  };
}

/** The newest message no longer names this round as open: whatever becomes of it, not by a yes. */
export function isOfferVoid(context: SlaveContext): boolean {
  const { offer } = context;
  if (offer === null || !canAct(context)) return false;
  if (offer.incarnation !== context.incarnation) return true;
  if (context.sequence > offer.sequence && context.openRound !== offer.round) return true;
  return (context.position?.version ?? 0) > offer.from.version;
}

/** May this snapshot replace the copy? Never past what was promised on disk (P3, P19). */
export function isTakeable(context: SlaveContext, event: SnapshotBegan): boolean {
  if (context.rebase || context.position === null) return true;
  if (event.reason === 'fork') return isInHistory(event.firmRelation);
  return event.to.version > context.position.version;
}

/** What of this slave's own history is promised on disk once it stands at `point`. */
export function firmAt(context: SlaveContext, point: Point): Point {
  const { firm, masterFirm } = context;
  const { version, digest } = masterFirm.version >= point.version ? point : masterFirm;
  const isKept = firm !== null && !context.rebase && context.standing === 'following';
  if (isKept && firm.version > version && firm.version <= point.version) return firm;
  return { version, digest };
}

/**
 * What the commit job of this moment makes firm. A committed round is: its decision was on the
 * master's disk before anybody heard of it (S4), though the master's next stamp says so only later.
 */
export function firmAfterCommit(context: SlaveContext): Point {
  const { version, digest } = stepsToCommit(context).at(-1)?.next ?? context.masterFirm;
  if (context.verdict === 'committed' && !context.volatile) return { version, digest };
  return firmAt(context, { version, digest });
}

/** Drops held increments that the new position contains (P5). */
export function moveTo(context: SlaveContext, position: Position): Change {
  return {
    position,
    firm: context.firmAhead ?? firmAt(context, pointOf(position)),
    firmAhead: null,
    moved: true,
    held: context.held.filter((link) => link.to.version > position.version),
    problem: null,
    failures: 0,
    progress: 0,
    progressBefore: 0,
  };
}

/** A copy that moved under an earlier reign than it follows now stands elsewhere than it said. */
export function noteMove(context: SlaveContext, position: Position): Change {
  const moved = compareEpochs(position.epoch, context.epoch) !== 0;
  return { mustGreet: context.mustGreet || moved };
}

/** The held round is decided, and not by a commit. */
export function isDropped(context: SlaveContext): boolean {
  const { prepared, verdict } = context;
  return prepared !== null && verdict !== null && verdict !== 'committed';
}

/** The round is over here; a yes that no record backs any more must not be repeated (P8). */
export function closeRound(context: SlaveContext): Change {
  const { prepared, offer, vote } = context;
  const closing = prepared?.round ?? offer?.round ?? null;
  const voided =
    vote?.round === closing && vote?.answer === 'yes'
      ? { ...vote, answer: 'no' as const, reason: 'the round is over here', code: 'ABORTED' }
      : vote;
  return { closing, prepared: null, offer: null, verdict: null, vote: voided };
}

/** The hello of this moment: who I am, where I stand, what I hold prepared (P5). */
export function helloOf(context: SlaveContext): SlaveMessage {
  const { prepared } = context;
  return {
    kind: 'hello',
    hello: context.hello ?? '',
    position: context.position,
    firm: context.firm,
    prepared: prepared === null ? null : promiseOf(prepared),
    durable: context.durable,
  };
}

/** A prepared round without its delta, as it travels. */
export function promiseOf(offer: Offer) {
  const { payload: _left, ...promise } = offer;
  return promise;
}

/** The vote in the words of the wire. */
export function voteOf(context: SlaveContext): SlaveMessage {
  const vote = context.vote;
  return {
    kind: 'vote',
    round: vote?.round ?? '',
    answer: vote?.answer ?? 'no',
    reason: vote?.reason ?? null,
    code: vote?.code ?? null,
    position: context.position,
    needsSync: context.offerSynced,
  };
}
