/**
 * The vocabulary of the node machine: its effects (named actions that do nothing here and are
 * bound in lib/), its assignments, guards and delays.
 */
import { assign, setup } from 'xstate';
import type {
  Leader,
  NodeContext,
  NodeEffects,
  NodeEvent,
  NodeInput,
  NodeProblem,
} from './node-context.js';
import {
  type ForcedOutcome,
  type Judgment,
  judge,
  type NodeStanding,
  tooFew,
} from './succession.js';

function initialContext(input: NodeInput | undefined): NodeContext {
  return {
    id: input?.id ?? '',
    members: input?.members ?? 1,
    isAutomatic: input?.isAutomatic ?? true,
    delays: input?.delays ?? { askAgainMs: 500, courtesyMs: 500, retryMs: 500 },
    leader: null,
    isOrdered: false,
    fence: 0,
    fenceMin: 1,
    judgment: null,
    forced: null,
    heir: null,
    problem: null,
  };
}

/** What the answers amount to, for the guards; the verdict is kept for those who look. */
function judged(context: NodeContext, answers: readonly NodeStanding[]): Judgment {
  const { id, fence, members, forced } = context;
  return judge({ self: id, term: fence, members, answers, forced });
}

/** What people see of an attempt that waits. */
export function hindrance(judgment: Judgment | null): NodeProblem | null {
  if (judgment?.verdict === 'short') return { code: 'TIMEOUT', reason: judgment.reason };
  if (judgment?.verdict === 'doubt') return { code: 'OUTCOME_UNKNOWN', reason: judgment.reason };
  return null;
}

export const nodeSetup = setup({
  types: {
    context: {} as NodeContext,
    events: {} as NodeEvent,
    input: {} as NodeInput,
    tags: {} as 'following' | 'promoting' | 'leading' | 'doubtful' | 'answering',
  },
  actions: {
    open: () => {},
    follow: (_, _params: NodeEffects['follow']) => {},
    compare: () => {},
    acquire: (_, _params: NodeEffects['acquire']) => {},
    ask: (_, _params: NodeEffects['ask']) => {},
    lead: (_, _params: NodeEffects['lead']) => {},
    silence: (_, _params: NodeEffects['silence']) => {},
    stepDown: () => {},
    release: (_, _params: NodeEffects['release']) => {},
    askHandOver: (_, _params: NodeEffects['askHandOver']) => {},
    setAside: () => {},
    tellRole: () => {},
    close: () => {},
    report: (_, _params: NodeEffects['report']) => {},
    tellConflict: (_, _params: NodeEffects['tellConflict']) => {},

    noteLeader: assign((_, params: { leader: Leader | null }) => ({ leader: params.leader })),
    forgetOwnLead: assign(({ context }) => ({
      leader: context.leader?.id === context.id ? null : context.leader,
    })),
    noteOrder: assign({ isOrdered: true }),
    dropOrder: assign({ isOrdered: false }),
    holdLease: assign(({ context }, params: { fence: number }) => ({
      fence: params.fence,
      fenceMin: Math.max(context.fenceMin, params.fence),
      leader: { id: context.id, term: params.fence },
    })),
    dropLease: assign({ fence: 0, judgment: null }),
    raiseFence: assign(({ context }, params: { above: number }) => ({
      fenceMin: Math.max(context.fenceMin, params.above + 1),
    })),
    judge: assign(({ context }, params: { answers: readonly NodeStanding[] }) => {
      const judgment = judged(context, params.answers);
      return { judgment, problem: hindrance(judgment) };
    }),
    noteTooFew: assign(({ context }, params: { answered: number }) => {
      const reason = tooFew(context.members, params.answered);
      return reason === null ? {} : { problem: { code: 'TIMEOUT', reason } };
    }),
    noteForced: assign((_, params: { forced: ForcedOutcome }) => ({ forced: params.forced })),
    noteHeir: assign((_, params: { heir: string | null }) => ({ heir: params.heir })),
    noteProblem: assign((_, params: { problem: NodeProblem }) => ({ problem: params.problem })),
    /** What kept this node from leading is no problem of one that follows another. */
    clearHindrance: assign(({ context: { leader, id, problem } }) => ({
      problem: leader === null || leader.id === id ? problem : null,
    })),
    clearProblem: assign({ problem: null, forced: null, heir: null }),
  },
  guards: {
    mayTry: ({ context }) => context.isAutomatic || context.isOrdered,
    isHeldByOther: ({ context }) => context.leader !== null && context.leader.id !== context.id,
    isOther: ({ context }, params: { leader: Leader | null }) =>
      params.leader !== null && params.leader.id !== context.id,
    isMinority: ({ context }, params: { answered: number }) =>
      tooFew(context.members, params.answered) !== null,
    isBehind: (_, params: { isBehind: boolean }) => params.isBehind,
    isForced: ({ context: { judgment } }) => judgment?.verdict === 'lead' && judgment.isForced,
    isLater: ({ context }, params: { term: number }) => params.term > context.fence,
    isOfThisTerm: ({ context }, params: { term: number }) => params.term === context.fence,
    isOutranked: ({ context }) => context.judgment?.verdict === 'outranked',
    isShort: ({ context }) => context.judgment?.verdict === 'short',
    mustYield: ({ context }) => context.judgment?.verdict === 'yield',
    isInDoubt: ({ context }) => context.judgment?.verdict === 'doubt',
    mayLead: ({ context }) => context.judgment?.verdict === 'lead',
  },
  delays: {
    ASK_AGAIN: ({ context }) => context.delays.askAgainMs,
    COURTESY: ({ context }) => context.delays.courtesyMs,
    RETRY: ({ context }) => context.delays.retryMs,
  },
});

export const initialNodeContext = initialContext;
