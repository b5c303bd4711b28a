/**
 * The vocabulary of the slave machine: its effects (named actions that do nothing here and are
 * bound in lib/), its assignments, guards and delays.
 */
import { assign, setup } from 'xstate';
import type { Verdict } from './outcome.js';
import { pointOf, samePoint } from './position.js';
import type { AnnounceMessage, Enveloped, Point, Position, PrepareMessage } from './protocol.js';
import type {
  DeltaArrived,
  Problem,
  RecoveredSlave,
  SlaveContext,
  SlaveEffects,
  SlaveEvent,
  SlaveInput,
  SnapshotBegan,
} from './slave-context.js';
import { isFromMyMaster, type Judgement, judge } from './slave-gate.js';
import * as logic from './slave-logic.js';
import { takeNote } from './slave-news.js';

type Incoming = Extract<SlaveEvent, { type: 'message' }>['message'];

/** Missed heartbeats in a row after which a master counts as silent. */
const SILENT_HEARTBEATS = 3;

export const slaveSetup = setup({
  types: {
    context: {} as SlaveContext,
    events: {} as SlaveEvent,
    input: {} as SlaveInput,
    tags: {} as 'holding' | 'settled',
  },
  actions: {
    recover: () => {},
    transmit: (_, _params: SlaveEffects['transmit']) => {},
    acknowledge: (_, _params: SlaveEffects['acknowledge']) => {},
    request: (_, _params: SlaveEffects['request']) => {},
    persistReign: (_, _params: SlaveEffects['persistReign']) => {},
    askUser: (_, _params: SlaveEffects['askUser']) => {},
    persistPromise: (_, _params: SlaveEffects['persistPromise']) => {},
    commitCopy: (_, _params: SlaveEffects['commitCopy']) => {},
    installCopy: (_, _params: SlaveEffects['installCopy']) => {},
    cancelTransfer: () => {},
    dropRound: (_, _params: SlaveEffects['dropRound']) => {},
    report: (_, _params: SlaveEffects['report']) => {},

    takeRecovered: assign((_, params: { found: RecoveredSlave }) =>
      logic.takeRecovered(params.found),
    ),
    takeNote: assign(({ context }, params: { message: Incoming }) =>
      takeNote(context, params.message),
    ),
    noteForeign: assign(({ context }, params: { message: Incoming }) =>
      logic.noteForeign(context, params.message),
    ),
    countIgnored: assign({ ignored: ({ context }) => context.ignored + 1 }),
    newHello: assign(({ context }) => ({
      helloCount: context.helloCount + 1,
      hello: `${context.self}.${context.helloCount + 1}`,
      moved: false,
      mustGreet: false,
    })),
    reignKnown: assign({ reignPending: false }),
    markHeard: assign({ heardBefore: ({ context }) => context.heard }),
    markProgress: assign({ progressBefore: ({ context }) => context.progress }),
    progress: assign({
      progress: ({ context }) => context.progress + 1,
      heard: ({ context }) => context.heard + 1,
    }),
    takeOffer: assign(({ context }, params: { message: Enveloped<PrepareMessage> }) => ({
      offer: logic.toOffer(context, params.message) ?? context.offer,
      offerSynced: !samePoint(pointOf(context.position), params.message.from),
    })),
    fillOffer: assign(({ context }, params: { arrived: DeltaArrived }) => ({
      offer: context.offer && { ...context.offer, payload: params.arrived.payload },
    })),
    dropOffer: assign({ offer: null }),
    refuseOffer: assign(({ context }, params: { problem: Problem }) => ({
      vote: {
        round: context.offer?.round ?? '',
        answer: 'no' as const,
        reason: params.problem.reason,
        code: params.problem.code,
      },
    })),
    promise: assign(({ context }) => ({
      prepared: context.offer,
      offer: null,
      vote: {
        round: context.offer?.round ?? '',
        answer: 'yes' as const,
        reason: null,
        code: null,
      },
    })),
    decide: assign((_, params: { verdict: Verdict }) => ({ verdict: params.verdict })),
    closeRound: assign(({ context }) => logic.closeRound(context)),
    closeCommitted: assign({ prepared: null, verdict: null }),
    holdArrived: assign(({ context }, params: { arrived: DeltaArrived }) => ({
      held: logic.holdArrived(context, params.arrived),
    })),
    foresee: assign((_, params: { firm: Point }) => ({ firmAhead: params.firm })),
    moveTo: assign(({ context }, params: { position: Position }) =>
      logic.moveTo(context, params.position),
    ),
    takeInstalled: assign(({ context }, params: { position: Position; volatile: boolean }) => ({
      ...logic.moveTo(context, params.position),
      volatile: params.volatile,
      rebase: false,
      standing: 'following' as const,
    })),
    startOver: assign({ rebase: true, held: [], standing: 'following' }),
    leaveToSync: assign(({ context }) => ({
      verdict: context.prepared === null ? null : ('superseded' as const),
    })),
    adoptLater: assign((_, params: { lineage: string }) => ({ adopt: params.lineage })),
    dropHeld: assign({ held: [] }),
    regress: assign({ standing: 'regressed' }),
    fail: assign(({ context }, params: { problem: Problem }) => ({
      problem: params.problem,
      failures: context.failures + 1,
    })),
    noteProblem: assign((_, params: { problem: Problem }) => ({ problem: params.problem })),
  },
  guards: {
    judged: ({ context }, params: { message: Incoming; as: Judgement }) =>
      judge(context, params.message) === params.as,
    isPlainNews: ({ context }, { message }: { message: Incoming }) =>
      message.kind === 'announce' && !message.reply && judge(context, message) === 'accept',
    isCurrentHello: ({ context }, params: { hello: string | null }) =>
      params.hello === null || params.hello === context.hello,
    isReign: ({ context }, params: { incarnation: string }) =>
      context.incarnation === params.incarnation,
    mustGreet: ({ context }) => context.mustGreet,
    awaitsWelcome: ({ context }) => context.hello !== null,
    reignIsPending: ({ context }) => context.reignPending,
    wasHeard: ({ context }) => context.heard !== context.heardBefore,
    progressed: ({ context }) => context.progress !== context.progressBefore,
    wantsReply: (_, params: { message: AnnounceMessage }) => params.message.reply,
    holdsPrepared: ({ context }) => context.prepared !== null,
    holdsNoRound: ({ context }) => context.prepared === null,
    isRegressed: ({ context }) => context.standing === 'regressed' && !context.rebase,
    followsAgain: ({ context }) => context.standing !== 'regressed' || context.rebase,
    isClosing: ({ context }, params: { round: string }) => context.closing === params.round,
    isDiverged: ({ context }) => logic.isDiverged(context),
    offerIsVoid: ({ context }) => logic.isOfferVoid(context),
    offerLacksPayload: ({ context }) =>
      logic.isAtOffer(context) && context.offer?.payload.body === undefined,
    offerIsReady: ({ context }) => logic.isAtOffer(context),
    hasNextSteps: ({ context }) => logic.nextSteps(context).length > 0,
    hasNextStepsUnasked: ({ context }) =>
      context.progress === 0 && logic.nextSteps(context).length > 0,
    isBehind: ({ context }) => logic.mustAsk(context),
    isNotBehind: ({ context }) => !logic.mustAsk(context),
    fitsDelta: ({ context }, params: { arrived: DeltaArrived }) =>
      isFromMyMaster(context, params.arrived.envelope) &&
      params.arrived.round === null &&
      !context.rebase &&
      context.position !== null &&
      samePoint(params.arrived.from, context.position),
    fitsOffer: ({ context }, params: { arrived: DeltaArrived }) =>
      isFromMyMaster(context, params.arrived.envelope) &&
      params.arrived.round === context.offer?.round,
    fitsSnapshot: ({ context }, params: { began: SnapshotBegan }) =>
      isFromMyMaster(context, params.began.envelope) && logic.isTakeable(context, params.began),
    wouldRewind: ({ context }, params: { began: SnapshotBegan }) =>
      isFromMyMaster(context, params.began.envelope) &&
      params.began.reason === 'fork' &&
      !logic.isTakeable(context, params.began),
    answersRound: ({ context }, params: { round: string }) =>
      context.vote?.round === params.round && context.offer?.round !== params.round,
    isNewOffer: ({ context }, params: { message: Enveloped<PrepareMessage> }) =>
      logic.toOffer(context, params.message) !== null &&
      (context.prepared === null || context.verdict !== null) &&
      context.offer?.round !== params.message.round &&
      context.vote?.round !== params.message.round,
    isPastOffer: ({ context }, params: { message: PrepareMessage }) =>
      (context.position?.version ?? 0) > params.message.from.version,
    isOffered: ({ context }, params: { round: string }) => context.offer?.round === params.round,
    isHeld: ({ context }, params: { round: string }) => context.prepared?.round === params.round,
    holdsOther: ({ context }, params: { round: string }) =>
      context.prepared !== null && context.prepared.round !== params.round,
    outcomeIs: ({ context }, params: { round: string; outcome: string; is: Verdict }) =>
      context.prepared?.round === params.round && params.outcome === params.is,
    endsRound: (_, params: { round: string | null }) => params.round !== null,
    isPartial: (_, params: { position: Position | null }) => params.position !== null,
    isCommitted: ({ context }) => context.prepared !== null && context.verdict === 'committed',
    mayCommit: ({ context }) =>
      logic.canAct(context) && context.prepared !== null && context.verdict === 'committed',
    mayDrop: ({ context }) => logic.canAct(context) && logic.isDropped(context),
    needsFreshCopy: ({ context }) => context.problem?.code === 'CORRUPT',
  },
  delays: {
    HELLO_RETRY: ({ context }) => context.delays.helloRetryMs,
    // A master with slow heartbeats is not lost between two of them.
    SILENCE: ({ context }) =>
      Math.max(context.delays.silenceMs, SILENT_HEARTBEATS * context.heartbeatMs),
    REQUEST_RETRY: ({ context }) => context.delays.requestRetryMs,
    PREPARE_WAIT: ({ context }) => context.delays.prepareMs,
    INQUIRE: ({ context }) => context.delays.inquireMs,
    QUARANTINE_RETRY: ({ context }) =>
      context.delays.quarantineRetryMs * 2 ** Math.min(5, Math.max(0, context.failures - 1)),
    REFUSED_RETRY: ({ context }) => context.delays.refusedRetryMs,
  },
});
