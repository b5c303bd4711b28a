/**
 * The vocabulary of the slave machine: its effects (named actions that do nothing here and are
 * bound in lib/), its assignments, guards and delays.
 */
import { assign, type ParameterizedObject, setup } from 'xstate';
import type { Verdict } from './outcome.js';
import { pointOf, samePoint } from './position.js';
import type { AnnounceMessage, Enveloped, PrepareMessage } from './protocol.js';
import type {
  DeltaArrived,
  Fence,
  Moved,
  Problem,
  RecoveredSlave,
  SlaveContext,
  SlaveEffects,
  SlaveEvent,
  SlaveFacts,
  SlaveInput,
  SnapshotBegan,
} from './slave-context.js';
import { isFromMyMaster, type Judgement, judge } from './slave-gate.js';
import * as logic from './slave-logic.js';
import { takeNote } from './slave-news.js';
import * as offers from './slave-offers.js';

type Incoming = Extract<SlaveEvent, { type: 'message' }>['message'];

/** Missed heartbeats in a row after which a master counts as silent. */
const SILENT_HEARTBEATS = 3;

/** Hellos without an answer after which the connection itself is taken for dead. */
const UNANSWERED_MAX = 4;

/** An assignment of facts. They are spread, which keeps one shape however many there are. */
const learn = <Params extends ParameterizedObject['params'] | undefined = undefined>(
  change: (facts: SlaveFacts, params: Params) => Partial<SlaveFacts>,
) =>
  assign<SlaveContext, SlaveEvent, Params, SlaveEvent, never>(({ context: { facts } }, params) => ({
    facts: { ...facts, ...change(facts, params) },
  }));

export const slaveSetup = setup({
  types: {
    context: {} as SlaveContext,
    events: {} as SlaveEvent,
    input: {} as SlaveInput,
    tags: {} as 'holding' | 'settled' | 'doubtful',
  },
  actions: {
    recover: () => {},
    transmit: (_, _params: SlaveEffects['transmit']) => {},
    acknowledge: (_, _params: SlaveEffects['acknowledge']) => {},
    request: (_, _params: SlaveEffects['request']) => {},
    persistReign: (_, _params: SlaveEffects['persistReign']) => {},
    persistFence: (_, _params: SlaveEffects['persistFence']) => {},
    askUser: (_, _params: SlaveEffects['askUser']) => {},
    persistPromise: (_, _params: SlaveEffects['persistPromise']) => {},
    commitCopy: (_, _params: SlaveEffects['commitCopy']) => {},
    installCopy: (_, _params: SlaveEffects['installCopy']) => {},
    cancelTransfer: () => {},
    hangUp: () => {},
    dropRound: (_, _params: SlaveEffects['dropRound']) => {},
    report: (_, _params: SlaveEffects['report']) => {},

    takeRecovered: learn((_, params: { found: RecoveredSlave }) =>
      logic.takeRecovered(params.found),
    ),
    takeNote: learn((facts, params: { message: Incoming }) => takeNote(facts, params.message)),
    noteForeign: learn((facts, params: { message: Incoming }) =>
      logic.noteForeign(facts, params.message),
    ),
    countIgnored: learn((facts) => ({ ignored: facts.ignored + 1 })),
    newHello: learn((facts) => ({
      helloCount: facts.helloCount + 1,
      hello: `${facts.self}.${facts.helloCount + 1}`,
      unanswered: facts.unanswered + 1,
      moved: false,
      mustGreet: false,
    })),
    fenceOff: learn((facts, params: Fence) => logic.fenceOff(facts, params)),
    reignKnown: learn(() => ({ reignPending: false })),
    markHeard: learn((facts) => ({ heardBefore: facts.heard })),
    markAnswered: learn((facts) => ({ heardBefore: facts.heard, unanswered: 0 })),
    forgetHellos: learn(() => ({ unanswered: 0 })),
    markProgress: learn((facts) => ({ progressBefore: facts.progress })),
    progress: learn((facts) => ({ progress: facts.progress + 1, heard: facts.heard + 1 })),
    takeOffer: learn((facts, params: { message: Enveloped<PrepareMessage> }) => ({
      offer: offers.toOffer(facts, params.message) ?? facts.offer,
      offerSynced: !samePoint(pointOf(facts.position), params.message.from),
    })),
    fillOffer: learn((facts, params: { arrived: DeltaArrived }) => ({
      offer: facts.offer && { ...facts.offer, payload: params.arrived.payload },
    })),
    dropOffer: learn(() => ({ offer: null })),
    refuseOffer: learn((facts, params: { problem: Problem }) => ({
      vote: {
        round: facts.offer?.round ?? '',
        answer: 'no',
        reason: params.problem.reason,
        code: params.problem.code,
      },
    })),
    promise: learn((facts) => ({
      prepared: facts.offer,
      offer: null,
      vote: { round: facts.offer?.round ?? '', answer: 'yes', reason: null, code: null },
    })),
    decide: learn((_, params: { verdict: Verdict }) => ({ verdict: params.verdict })),
    force: learn((_, params: { verdict: Verdict }) => ({
      verdict: params.verdict,
      isForced: true,
    })),
    closeRound: learn((facts) => offers.closeRound(facts)),
    closeCommitted: learn(() => ({ prepared: null, verdict: null, isForced: false })),
    holdArrived: learn((facts, params: { arrived: DeltaArrived }) => ({
      held: logic.holdArrived(facts, params.arrived),
    })),
    moveTo: learn((facts, params: Moved) => logic.moveTo(facts, params)),
    takeInstalled: learn((facts, params: Moved & { volatile: boolean }) => ({
      ...logic.moveTo(facts, params),
      volatile: params.volatile,
      rebase: false,
      standing: 'following',
    })),
    startOver: learn(() => ({ rebase: true, held: [], standing: 'following' })),
    leaveToSync: learn((facts) => ({ verdict: facts.prepared === null ? null : 'superseded' })),
    adoptLater: learn((_, params: { lineage: string }) => ({ adopt: params.lineage })),
    dropHeld: learn(() => ({ held: [] })),
    regress: learn(() => ({ standing: 'regressed' })),
    fail: learn((facts, params: { problem: Problem }) => ({
      problem: params.problem,
      failures: facts.failures + 1,
    })),
    noteProblem: learn((_, params: { problem: Problem }) => ({ problem: params.problem })),
  },
  guards: {
    judged: ({ context: { facts } }, params: { message: Incoming; as: Judgement }) =>
      judge(facts, params.message) === params.as,
    isPlainNews: ({ context: { facts } }, { message }: { message: Incoming }) =>
      message.kind === 'announce' && !message.reply && judge(facts, message) === 'accept',
    isCurrentHello: ({ context: { facts } }, params: { hello: string | null }) =>
      params.hello === null || params.hello === facts.hello,
    isReign: ({ context: { facts } }, params: { incarnation: string }) =>
      facts.incarnation === params.incarnation,
    isLaterTerm: ({ context: { facts } }, params: { term: number }) =>
      params.term > facts.epoch.term,
    isUnheard: ({ context: { facts } }) => facts.unanswered >= UNANSWERED_MAX,
    mustGreet: ({ context: { facts } }) => facts.mustGreet,
    awaitsWelcome: ({ context: { facts } }) => facts.hello !== null,
    reignIsPending: ({ context: { facts } }) => facts.reignPending,
    reignIsOver: ({ context: { facts } }) => !facts.reignPending,
    wasHeard: ({ context: { facts } }) => facts.heard !== facts.heardBefore,
    progressed: ({ context: { facts } }) => facts.progress !== facts.progressBefore,
    wantsReply: (_, params: { message: AnnounceMessage }) => params.message.reply,
    holdsPrepared: ({ context: { facts } }) => facts.prepared !== null,
    holdsNoRound: ({ context: { facts } }) => facts.prepared === null,
    isRegressed: ({ context: { facts } }) => facts.standing === 'regressed' && !facts.rebase,
    followsAgain: ({ context: { facts } }) => facts.standing !== 'regressed' || facts.rebase,
    isClosing: ({ context: { facts } }, params: { round: string }) =>
      facts.closing === params.round,
    isDiverged: ({ context: { facts } }) => logic.isDiverged(facts),
    offerIsVoid: ({ context: { facts } }) => offers.isOfferVoid(facts),
    offerLacksPayload: ({ context: { facts } }) =>
      offers.isAtOffer(facts) && facts.offer?.payload.body === undefined,
    offerIsReady: ({ context: { facts } }) => offers.isAtOffer(facts),
    hasNextSteps: ({ context: { facts } }) => logic.hasNextStep(facts),
    hasNextStepsUnasked: ({ context: { facts } }) =>
      facts.progress === 0 && logic.hasNextStep(facts),
    isBehind: ({ context: { facts } }) => logic.mustAsk(facts),
    isNotBehind: ({ context: { facts } }) => !logic.mustAsk(facts),
    fitsDelta: ({ context: { facts } }, params: { arrived: DeltaArrived }) =>
      isFromMyMaster(facts, params.arrived.envelope) &&
      params.arrived.round === null &&
      !facts.rebase &&
      facts.position !== null &&
      samePoint(params.arrived.from, facts.position),
    fitsOffer: ({ context: { facts } }, params: { arrived: DeltaArrived }) =>
      isFromMyMaster(facts, params.arrived.envelope) && params.arrived.round === facts.offer?.round,
    fitsSnapshot: ({ context: { facts } }, params: { began: SnapshotBegan }) =>
      isFromMyMaster(facts, params.began.envelope) && logic.isTakeable(facts, params.began),
    wouldRewind: ({ context: { facts } }, params: { began: SnapshotBegan }) =>
      isFromMyMaster(facts, params.began.envelope) &&
      params.began.reason === 'fork' &&
      !logic.isTakeable(facts, params.began),
    answersRound: ({ context: { facts } }, params: { round: string }) =>
      facts.vote?.round === params.round && facts.offer?.round !== params.round,
    isNewOffer: ({ context: { facts } }, params: { message: Enveloped<PrepareMessage> }) =>
      offers.isNewOffer(facts, params.message),
    isPastOffer: ({ context: { facts } }, params: { message: PrepareMessage }) =>
      offers.isPast(facts, params.message),
    replacesOffer: ({ context: { facts } }, params: { message: Enveloped<PrepareMessage> }) =>
      offers.isNewOffer(facts, params.message) && !offers.isPast(facts, params.message),
    isOffered: ({ context: { facts } }, params: { round: string }) =>
      facts.offer?.round === params.round,
    isHeld: ({ context: { facts } }, params: { round: string }) =>
      facts.prepared?.round === params.round,
    holdsOther: ({ context: { facts } }, params: { round: string }) =>
      offers.holdsOther(facts, params.round),
    outcomeIs: ({ context: { facts } }, params: { round: string; outcome: string; is: Verdict }) =>
      facts.prepared?.round === params.round && params.outcome === params.is,
    endsRound: (_, params: { round: string | null }) => params.round !== null,
    isPartial: (_, params: { moved: Moved | null }) => params.moved !== null,
    isCommitted: ({ context: { facts } }) =>
      facts.prepared !== null && facts.verdict === 'committed',
    mayCommit: ({ context: { facts } }) =>
      logic.canAct(facts) && facts.prepared !== null && facts.verdict === 'committed',
    mayDrop: ({ context: { facts } }) => logic.canAct(facts) && offers.isDropped(facts),
    needsFreshCopy: ({ context: { facts } }) => facts.problem?.code === 'CORRUPT',
  },
  delays: {
    // Each hello voids the one before: said faster than an answer takes, none would ever count.
    HELLO_RETRY: ({ context: { facts } }) =>
      facts.delays.helloRetryMs * 2 ** Math.min(4, Math.max(0, facts.unanswered - 1)),
    // A master with slow heartbeats is not lost between two of them.
    SILENCE: ({ context: { facts } }) =>
      Math.max(facts.delays.silenceMs, SILENT_HEARTBEATS * facts.heartbeatMs),
    REQUEST_RETRY: ({ context: { facts } }) => facts.delays.requestRetryMs,
    PREPARE_WAIT: ({ context: { facts } }) => facts.delays.prepareMs,
    INQUIRE: ({ context: { facts } }) => facts.delays.inquireMs,
    QUARANTINE_RETRY: ({ context: { facts } }) =>
      facts.delays.quarantineRetryMs * 2 ** Math.min(5, Math.max(0, facts.failures - 1)),
    REFUSED_RETRY: ({ context: { facts } }) => facts.delays.refusedRetryMs,
  },
});
