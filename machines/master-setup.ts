/**
 * The vocabulary of the master machine: its effects (named actions that do nothing here and are
 * bound in lib/), its assignments, guards and delays.
 */
import { assign, setup } from 'xstate';
import type {
  AbortReason,
  Confirmation,
  Group,
  MasterContext,
  MasterEffects,
  MasterEvent,
  MasterInput,
  MasterProblem,
  RecoveredMaster,
  RoundGroup,
} from './master-context.js';
import * as logic from './master-logic.js';
import type { Epoch } from './protocol.js';
import { countVotes, firstNo, isUnanimous, type Vote, voidVote, voteBy } from './tally.js';

export const masterSetup = setup({
  types: {
    context: {} as MasterContext,
    events: {} as MasterEvent,
    input: {} as MasterInput,
    tags: {} as 'free' | 'serving' | 'decided',
  },
  actions: {
    recover: () => {},
    persistReign: (_, _params: MasterEffects['persistReign']) => {},
    reserve: (_, _params: MasterEffects['reserve']) => {},
    multicast: (_, _params: MasterEffects['multicast']) => {},
    reply: (_, _params: MasterEffects['reply']) => {},
    commitOriginal: (_, _params: MasterEffects['commitOriginal']) => {},
    persistDecision: (_, _params: MasterEffects['persistDecision']) => {},
    forgetDecisions: (_, _params: MasterEffects['forgetDecisions']) => {},
    pollNetwork: () => {},
    rollbackOriginal: (_, _params: MasterEffects['rollbackOriginal']) => {},
    settle: (_, _params: MasterEffects['settle']) => {},
    confirmed: (_, _params: MasterEffects['confirmed']) => {},
    report: (_, _params: MasterEffects['report']) => {},

    takeRecovered: assign((_, params: { found: RecoveredMaster }) =>
      logic.takeRecovered(params.found),
    ),
    takeGroup: assign((_, params: { group: Group }) => ({ group: params.group })),
    takeRound: assign((_, params: { group: RoundGroup }) => ({
      group: params.group,
      round: null,
      votes: {},
      abortReason: null,
    })),
    openRound: assign(({ context }) => ({
      round: context.group as RoundGroup,
      issued: Math.max(context.issued, context.group?.to.version ?? 0),
    })),
    burnNumber: assign(({ context }) => ({
      issued: Math.max(context.issued, context.group?.to.version ?? 0),
    })),
    widenReservation: assign(({ context }, params: { upTo: number }) => ({
      reserved: Math.max(context.reserved, params.upTo),
    })),
    count: assign(({ context }, params: { votes: readonly Vote[] }) => ({
      votes: countVotes(
        context.votes,
        context.round?.participants ?? [],
        params.votes.filter((vote) => vote.round === context.round?.id),
      ),
    })),
    voidVote: assign(({ context }, params: { slave: string }) => ({
      votes: voidVote(context.votes, params.slave),
    })),
    noteAbort: assign((_, params: { reason: AbortReason }) => ({ abortReason: params.reason })),
    closeAborted: assign(({ context }) => ({
      closed: logic.closeRound(context, 'aborted'),
      round: null,
    })),
    closeCommitted: assign(({ context }) => ({
      closed: logic.closeRound(context, 'committed'),
      round: null,
    })),
    advance: assign(({ context }, params: { group: Group }) =>
      logic.advance(context, params.group),
    ),
    closeRedone: assign({ redo: null }),
    endGroup: assign({ group: null, abortReason: null, problem: null }),
    confirm: assign(({ context }, params: { confirmations: readonly Confirmation[] }) => ({
      closed: logic.confirm(context, params.confirmations),
    })),
    confirmByHello: assign(({ context }, params: { slave: string; holds: string | null }) => ({
      closed: logic.confirmByHello(context, params.slave, params.holds),
    })),
    forgetSlave: assign(({ context }, params: { slave: string }) => ({
      closed: logic.forgetSlave(context, params.slave),
    })),
    dropSettled: assign(({ context }) => ({
      closed: context.closed.filter((closed) => closed.waiting.length > 0),
    })),
    showVersion: assign(({ context }, params: { version: number; ahead: boolean }) =>
      logic.showVersion(context, params.version, params.ahead),
    ),
    noteProblem: assign((_, params: { problem: MasterProblem }) => ({ problem: params.problem })),
  },
  guards: {
    fitsReservation: ({ context }, params: { group: Group }) =>
      logic.isBuildable(context, params.group) && logic.fitsReservation(context, params.group),
    isBuildable: ({ context }, params: { group: Group }) =>
      logic.isBuildable(context, params.group),
    isReserved: ({ context }, params: { upTo: number }) => logic.isReserved(context, params.upTo),
    isRoundReserved: ({ context }, params: { upTo: number }) =>
      context.group !== null &&
      'participants' in context.group &&
      logic.isReserved(context, params.upTo),
    mustRedo: ({ context }) => context.redo !== null,
    isUnanimous: ({ context }) =>
      context.round !== null && isUnanimous(context.votes, context.round.participants),
    isRefused: ({ context }) =>
      context.round !== null && firstNo(context.votes, context.round.participants) !== undefined,
    isOpenRound: ({ context }, params: { round: string }) => context.round?.id === params.round,
    isGroup: ({ context }, params: { id: string }) =>
      (context.group ?? context.redo)?.id === params.id,
    lacksVoteOf: ({ context }, params: { slave: string }) =>
      logic.unanswered(context).includes(params.slave),
    isParticipant: ({ context }, params: { slave: string }) =>
      context.round?.participants.includes(params.slave) ?? false,
    lostItsPromise: ({ context }, params: { slave: string; holds: string | null }) =>
      voteBy(context.votes, params.slave)?.answer === 'yes' && params.holds !== context.round?.id,
    hasSettledRounds: ({ context }) => logic.settledRounds(context).length > 0,
    isHigherEpoch: ({ context }, params: { epoch: Epoch }) => logic.isHigher(context, params.epoch),
  },
  delays: {
    HEARTBEAT: ({ context }) => context.delays.heartbeatMs,
    VOTE_DEADLINE: ({ context }) => context.round?.voteMs ?? context.delays.voteMs,
    COMMIT_RETRY: ({ context }) => context.delays.commitRetryMs,
  },
});
