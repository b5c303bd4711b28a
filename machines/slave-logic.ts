/** Plain functions over the slave's facts: what a message changes, and what follows from it. */
import { compareEpochs, ORIGIN, pointOf, samePoint } from './position.js';
import type { DeltaLink, Point, Position, PreparedRound, SlaveMessage } from './protocol.js';
import type {
  CommitStep,
  DeltaArrived,
  Fence,
  Moved,
  Offer,
  Problem,
  RecoveredSlave,
  SlaveEvent,
  SlaveFacts,
  SlaveInput,
  SnapshotBegan,
} from './slave-context.js';
import { isInHistory } from './slave-news.js';

type Change = Partial<SlaveFacts>;

/** A slave that knows nothing yet. XState's pure `transition` calls this without input, too. */
export function initialFacts(input: SlaveInput | undefined): SlaveFacts {
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
    unanswered: 0,
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
    isForced: false,
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
export function noteForeign(facts: SlaveFacts, message: Incoming): Change {
  if (message.kind !== 'welcome') return { ignored: facts.ignored + 1 };
  const reason =
    `this copy is of lineage ${facts.lineage}, the master's is ${message.envelope.lineage}; ` +
    'connect it to its own master, or order slave.adoptLineage with the new id';
  return { problem: { code: 'PROTOCOL', reason } };
}

/** What people see while the master stands where this copy may not follow (P16). */
export function regression({ target, position, firm }: SlaveFacts): Problem {
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

/**
 * Refuses every master below `term`: its own host has told a candidate where it stands, who goes by
 * that. No start of a master has the number 0, so whoever reigns under this term is newer, and the
 * incarnation can name who the term was promised to. What the old reign has on its way is left out.
 */
export function fenceOff(facts: SlaveFacts, { term, candidate, lineage }: Fence): Change {
  return {
    lineage: facts.lineage ?? lineage,
    epoch: { term, start: 0 },
    incarnation: candidate,
    // A reign that was on its way to the disk is over: nothing of it waits to be acted on.
    reignPending: false,
    held: [],
  };
}

/** Told to a master whose reign is over, in an envelope that shows the newer one (S10). */
export function fenced(facts: SlaveFacts): SlaveMessage {
  const { term, start } = facts.epoch;
  const { id, incarnation } = facts;
  const message = `${id} follows the reign ${term}.${start}, incarnation ${incarnation}`;
  return { kind: 'refused', code: 'FENCED', message, hello: null };
}

/** Only upwards: links that led in a circle would never end (S14). */
function leadsOn(link: DeltaLink, at: Point): boolean {
  return samePoint(link.from, at) && link.to.version > at.version;
}

function mayStepOn(facts: SlaveFacts): boolean {
  return canAct(facts) && !facts.rebase && facts.standing === 'following';
}

/** Whether an increment at hand starts where this copy stands; asked after every event. */
export function hasNextStep(facts: SlaveFacts): boolean {
  const { held, position } = facts;
  if (held.length === 0 || position === null || !mayStepOn(facts)) return false;
  return held.find((link) => leadsOn(link, position))?.payload !== undefined;
}

/** The deltas that start where this copy stands and follow each other without a gap. */
function nextSteps(facts: SlaveFacts): readonly CommitStep[] {
  if (!mayStepOn(facts) || facts.lineage === null || facts.position === null) return [];
  const steps: CommitStep[] = [];
  let at: Point = pointOf(facts.position);
  for (;;) {
    const link = facts.held.find((held) => leadsOn(held, at));
    if (link?.payload === undefined) return steps;
    steps.push({
      from: link.from,
      payload: link.payload,
      next: { lineage: facts.lineage, epoch: facts.epoch, ...link.to },
      durability: link.durability,
    });
    at = link.to;
  }
}

/** The increment a held round's commit makes. */
export function preparedStep(facts: SlaveFacts): readonly CommitStep[] {
  const { prepared, lineage } = facts;
  if (prepared === null || lineage === null) return [];
  const next: Position = { lineage, epoch: prepared.epoch, ...prepared.to };
  return [{ from: prepared.from, payload: prepared.payload, next, durability: 'disk' }];
}

/** A requested increment joins the held ones, in front: it starts where this copy stands. */
export function holdArrived(facts: SlaveFacts, arrived: DeltaArrived): readonly DeltaLink[] {
  const { from, payload, durability, to } = arrived;
  return [
    { from, to: { version: to.version, digest: to.digest }, durability, payload },
    ...facts.held,
  ];
}

/** What the commit job of this moment makes: the decided round's delta, or the next increments. */
export function stepsToCommit(facts: SlaveFacts): readonly CommitStep[] {
  return facts.verdict === 'committed' ? preparedStep(facts) : nextSteps(facts);
}

/** Nothing is acted on before a welcome, or while its reign is not on disk yet (P2, P16). */
export function canAct(facts: SlaveFacts): boolean {
  return facts.lineage !== null && !facts.reignPending;
}

/** A delta has to be asked for, and nothing at hand closes the gap. */
export function mustAsk(facts: SlaveFacts): boolean {
  return canAct(facts) && (isBehind(facts) || facts.standing === 'reset');
}

/** Behind the master, or at its version with other content (P2): either way it must ask. */
export function isBehind(facts: SlaveFacts): boolean {
  const { target, position } = facts;
  if (target === null || target.version === 0) return false;
  if (position === null || facts.rebase) return true;
  return target.version > position.version;
}

/** Same version, same reign, other digest: this copy is wrong and starts again (S12). */
export function isDiverged(facts: SlaveFacts): boolean {
  const { target, position } = facts;
  if (target === null || position === null || facts.rebase) return false;
  if (facts.standing !== 'following') return false;
  return target.version === position.version && target.digest !== position.digest;
}

/** May this snapshot replace the copy? Never past what was promised on disk (P3, P19). */
export function isTakeable(facts: SlaveFacts, event: SnapshotBegan): boolean {
  if (facts.rebase || facts.position === null) return true;
  if (event.reason === 'fork') return isInHistory(event.firmRelation);
  return event.to.version > facts.position.version;
}

/** What of this slave's own history is promised on disk once it stands at `point`. */
export function firmAt(facts: SlaveFacts, point: Point): Point {
  const { firm, masterFirm } = facts;
  const { version, digest } = masterFirm.version >= point.version ? point : masterFirm;
  const isKept = firm !== null && !facts.rebase && facts.standing === 'following';
  if (isKept && firm.version > version && firm.version <= point.version) return firm;
  return { version, digest };
}

/**
 * What the commit job of this moment makes firm. A committed round is: its decision was on the
 * master's disk before anybody heard of it (S4), though the master's next stamp says so only later.
 * What the host forced is not: the master may have decided otherwise, and then replaces it (P22).
 */
export function firmAfterCommit(facts: SlaveFacts): Point {
  const { version, digest } = stepsToCommit(facts).at(-1)?.next ?? facts.masterFirm;
  const isPromised = facts.verdict === 'committed' && !facts.isForced && !facts.volatile;
  if (isPromised) return { version, digest };
  return firmAt(facts, { version, digest });
}

/** Of a promise that reaches further, a copy that came only to `point` has kept this much. */
export function firmWithin(firm: Point, point: Point): Point {
  const { version, digest } = firm.version > point.version ? point : firm;
  return { version, digest };
}

/**
 * Drops held increments that the new position contains (P5). A copy that moved under an earlier
 * reign than it follows now stands elsewhere than it said, and greets anew (P2).
 */
export function moveTo(facts: SlaveFacts, { position, firm }: Moved): Change {
  const isPastReign = compareEpochs(position.epoch, facts.epoch) !== 0;
  return {
    position,
    mustGreet: facts.mustGreet || isPastReign,
    firm,
    moved: true,
    held: facts.held.filter((link) => link.to.version > position.version),
    problem: null,
    failures: 0,
    progress: 0,
    progressBefore: 0,
  };
}

/** The hello of this moment: who I am, where I stand, what I hold prepared (P5). */
export function helloOf(facts: SlaveFacts): SlaveMessage {
  const { prepared } = facts;
  return {
    kind: 'hello',
    hello: facts.hello ?? '',
    position: facts.position,
    firm: facts.firm,
    prepared: prepared === null ? null : promiseOf(prepared),
    durable: facts.durable,
  };
}

/** A prepared round without its delta, as it travels. */
export function promiseOf(offer: Offer): PreparedRound {
  const { payload: _left, participants: _told, ...promise } = offer;
  return promise;
}
