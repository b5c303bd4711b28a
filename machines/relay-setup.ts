/**
 * The vocabulary of the relay machine: its effects (named actions that do nothing here and are
 * bound in lib/relay), its assignments, guards and delays.
 */
import { assign, setup } from 'xstate';
import type { Confirmation } from './master-context.js';
import { confirm, confirmByHello, forgetSlave, settledRounds } from './master-logic.js';
import type {
  RelayContext,
  RelayEffects,
  RelayEvent,
  RelayInput,
  RelayRefusal,
  RelayRound,
} from './relay-context.js';
import * as logic from './relay-logic.js';
import { countVotes, firstNo, isUnanimous, type Vote, voidVote, voteBy } from './tally.js';

export const relaySetup = setup({
  types: {
    context: {} as RelayContext,
    events: {} as RelayEvent,
    input: {} as RelayInput,
  },
  actions: {
    pass: (_, _params: RelayEffects['pass']) => {},
    answerYes: (_, _params: RelayEffects['answerYes']) => {},
    answerNo: (_, _params: RelayEffects['answerNo']) => {},
    pollNetwork: () => {},
    reply: (_, _params: RelayEffects['reply']) => {},
    inquireUp: (_, _params: RelayEffects['inquireUp']) => {},
    subtreeSettled: () => {},

    noteBirth: assign((_, params: { openRound: string | null }) => ({
      openAtBirth: params.openRound,
    })),
    takeRound: assign((_, { round, to, participants }: RelayRound) => ({
      round: { round, to, participants },
      votes: {},
      refusal: null,
    })),
    count: assign(({ context }, params: { votes: readonly Vote[] }) => ({
      votes: countVotes(
        context.votes,
        context.round?.participants ?? [],
        params.votes.filter((vote) => vote.round === context.round?.round),
      ),
    })),
    voidVote: assign(({ context }, params: { slave: string }) => ({
      votes: voidVote(context.votes, params.slave),
    })),
    noteRefusal: assign((_, params: { refusal: RelayRefusal }) => ({ refusal: params.refusal })),
    closeRound: assign(({ context }, params: { event: RelayEvent }) =>
      logic.closeRound(context, params.event),
    ),
    forgetRound: assign({ round: null, votes: {}, refusal: null }),
    confirm: assign(({ context }, params: { confirmations: readonly Confirmation[] }) => ({
      closed: confirm(context, params.confirmations),
    })),
    confirmByHello: assign(({ context }, params: { slave: string; holds: string | null }) => ({
      closed: confirmByHello(context, params.slave, params.holds),
    })),
    forgetSlave: assign(({ context }, params: { slave: string }) => ({
      closed: forgetSlave(context, params.slave),
    })),
    dropSettled: assign(({ context }) => ({
      closed: context.closed.filter((closed) => closed.waiting.length > 0),
    })),
    noteInquiry: assign(
      ({ context }, params: { event: Extract<RelayEvent, { type: 'inquired' }> }) =>
        logic.noteInquiry(context, params.event),
    ),
    endInquiry: assign(({ context }, params: { round: string }) =>
      logic.endInquiry(context, params.round),
    ),
    forgetInquiries: assign({ inquiries: {} }),
  },
  guards: {
    wasAskedBefore: ({ context }, params: RelayRound) => context.openAtBirth === params.round,
    isObstructed: (_, params: { obstacle: string | null }) => params.obstacle !== null,
    asksNobody: (_, params: RelayRound) => params.participants.length === 0,
    isRefused: ({ context }) =>
      context.round !== null && firstNo(context.votes, context.round.participants) !== undefined,
    isUnanimous: ({ context }) =>
      context.round !== null && isUnanimous(context.votes, context.round.participants),
    lacksVoteOf: ({ context }, params: { slave: string }) =>
      logic.unanswered(context).includes(params.slave),
    isParticipant: ({ context }, params: { slave: string }) =>
      context.round?.participants.includes(params.slave) ?? false,
    lostItsPromise: ({ context }, params: { slave: string; holds: string | null }) =>
      voteBy(context.votes, params.slave)?.answer === 'yes' &&
      params.holds !== context.round?.round,
    endsRound: ({ context }, params: { event: RelayEvent }) =>
      context.round !== null &&
      logic.closedBy(context, params.event)?.round === context.round.round,
    isAnotherRound: ({ context }, params: { round: string }) =>
      context.round !== null && context.round.round !== params.round,
    isOpenRound: ({ context }, params: { round: string }) => context.round?.round === params.round,
    isAnswerable: ({ context }, params: { event: Extract<RelayEvent, { type: 'inquired' }> }) =>
      logic.answerHere(context, params.event) !== null,
    isAskedAbove: ({ context }, params: { event: Extract<RelayEvent, { type: 'inquired' }> }) =>
      logic.isAskedByOthers(context, params.event),
    isAwaited: ({ context }, params: { round: string }) =>
      logic.askingOf(context, params.round) !== undefined,
    isSettled: ({ context }) => logic.isSubtreeSettled(context),
    hasSettledRounds: ({ context }) => settledRounds(context).length > 0,
  },
  delays: { VOTE_DEADLINE: ({ context }) => context.delays.voteMs },
});
