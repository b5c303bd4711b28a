/** Plain functions over the slave's context: what a message changes, and what follows from it. */
import { impliedVerdict } from './outcome.js';
import { compareEpochs, ORIGIN, pointOf, samePoint } from './position.js';
import type {
  DeltaLink,
  Enveloped,
  Point,
  Position,
  PreparedRound,
  PrepareMessage,
  SlaveMessage,
  Stamp,
  StampedMessage,
  WelcomeMessage,
} from './protocol.js';
import type {
  CommitStep,
  DeltaArrived,
  Offer,
  RecoveredSlave,
  SlaveContext,
  SlaveEvent,
  SlaveInput,
  SnapshotBegan,
} from './slave-context.js';

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

export function takeRecovered(found: RecoveredSlave): Change {
  return { ...found };
}

/** Is this stamp newer than all that was heard in this reign? Older ones decide nothing. */
function isNewest(context: SlaveContext, stamp: Stamp): boolean {
  return stamp.sequence > context.sequence;
}

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
  return bytes > context.heldBytesMax ? [] : held;
}

/** The verdict on the held round that this stamped message implies (P10). */
function verdictFrom(
  context: SlaveContext,
  message: Enveloped<StampedMessage>,
): SlaveContext['verdict'] {
  const { prepared } = context;
  if (prepared === null || context.verdict !== null) return context.verdict;
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

/** The reason a person sees when a master of other data answered. */
export function noteForeign(context: SlaveContext, message: Incoming): Change {
  if (message.kind !== 'welcome') return { ignored: context.ignored + 1 };
  const reason =
    `this copy is of lineage ${context.lineage}, the master's is ${message.envelope.lineage}; ` +
    'connect it to its own master, or order slave.adoptLineage with the new id';
  return { problem: { code: 'PROTOCOL', reason } };
}

/** Told to a master whose reign is over, in an envelope that shows the newer one (S10). */
export function fenced(context: SlaveContext): SlaveMessage {
  const { term, start } = context.epoch;
  const message = `${context.id} follows the reign ${term}.${start}, incarnation ${context.incarnation}`;
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
function isInHistory(relation: WelcomeMessage['relation']): boolean {
  return relation === 'same' || relation === 'behind';
}

/** Follow, fall back to what was promised on disk, or refuse to rewind (P2, P16, P19). */
function standingOf(message: WelcomeMessage): SlaveContext['standing'] {
  if (message.relation !== 'ahead' && message.relation !== 'fork') return 'following';
  return isInHistory(message.firmRelation) ? 'reset' : 'regressed';
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
  const following = newLineage || context.rebase ? 'following' : standingOf(message);
  return {
    lineage: envelope.lineage,
    volatile: message.volatile,
    left: [...context.left, ...left].slice(-LEFT_LINEAGES_MAX),
    adopt: null,
    epoch: envelope.epoch,
    incarnation: envelope.incarnation,
    reignPending: context.reignPending || newReign,
    sequence: newReign ? message.sequence : Math.max(context.sequence, message.sequence),
    openRound: message.openRound,
    target: message.position,
    masterFirm: message.firm,
    heartbeatMs: message.heartbeatMs,
    heard: context.heard + 1,
    held: newReign ? [] : context.held,
    rebase: context.rebase || newLineage,
    standing: following,
    problem: null,
    verdict: newLineage ? supersededBy(context) : welcomedVerdict(context, message),
  };
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

/** The deltas that start where this copy stands and follow each other without a gap. */
export function nextSteps(context: SlaveContext): readonly CommitStep[] {
  if (!canAct(context) || context.lineage === null) return [];
  if (context.rebase || context.position === null) return [];
  const steps: CommitStep[] = [];
  let at: Point = pointOf(context.position);
  for (;;) {
    const link = context.held.find((held) => samePoint(held.from, at));
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
  if (!canAct(context) || offer === null || position === null) return false;
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
  if (offer === null) return false;
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
  return context.masterFirm.version >= point.version ? point : context.masterFirm;
}

/** Drops held increments that the new position contains (P5). */
export function moveTo(context: SlaveContext, position: Position): Change {
  return {
    position,
    firm: firmAt(context, pointOf(position)),
    held: context.held.filter((link) => link.to.version > position.version),
    problem: null,
    failures: 0,
    progress: 0,
    progressBefore: 0,
  };
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
