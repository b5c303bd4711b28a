/**
 * A node: slave until it holds the lease and a majority of the nodes promised it the term, master
 * from then until it lost either. Everything it may do for others hangs on the state it is in.
 */
import type { NodeContext, NodeProblem } from './node-context.js';
import { promoting } from './node-promoting.js';
import { initialNodeContext, nodeSetup } from './node-setup.js';

const following = nodeSetup.createStateConfig({
  description: 'A slave of the leader, if there is one; serves its copy in any case.',
  tags: ['following', 'answering'],
  entry: [
    'clearHindrance',
    { type: 'follow', params: ({ context }) => ({ leader: context.leader }) },
    'tellRole',
  ],
  initial: 'watching',
  states: {
    watching: {
      description: 'Follows whoever holds the lease, and watches that it is renewed.',
      on: {
        leaseFree: {
          guard: 'mayTry',
          target: '#node.promoting',
          description: 'The lease can be taken: tries to lead.',
        },
        forked: {
          target: 'settingAside',
          description: 'The copy holds changes that the leader’s history lacks (P16).',
        },
      },
    },
    resting: {
      description: 'An attempt to lead failed: others go first.',
      after: {
        RETRY: [
          {
            guard: 'isHeldByOther',
            target: 'watching',
            description: 'Another node leads by now.',
          },
          { guard: 'mayTry', target: '#node.promoting', description: 'Still nobody: tries again.' },
          { target: 'watching', description: 'Only an order starts another attempt.' },
        ],
      },
      on: {
        forked: {
          target: 'settingAside',
          description: 'The copy holds changes that the leader’s history lacks (P16).',
        },
      },
    },
    settingAside: {
      description: 'Keeps the whole copy for the operator, then takes the leader’s.',
      entry: 'setAside',
      on: {
        setAside: {
          target: 'watching',
          actions: {
            type: 'tellConflict',
            params: ({ event }) => ({ conflict: event.conflict }),
          },
          description: 'What conflicts is kept in the store, and the host knows where.',
        },
      },
    },
  },
  on: {
    leaseSeen: {
      actions: [
        { type: 'noteLeader', params: ({ event }) => ({ leader: event.leader }) },
        'clearHindrance',
        { type: 'follow', params: ({ event }) => ({ leader: event.leader }) },
        'tellRole',
      ],
      description: 'Another node took the lease, or gave it back.',
    },
    promote: [
      {
        guard: 'isHeldByOther',
        actions: [
          'noteOrder',
          {
            type: 'askHandOver',
            params: ({ context }) => ({ leader: context.leader ?? { id: '', term: 0 } }),
          },
        ],
        description: 'Ordered while another leads: it is asked to hand over.',
      },
      {
        target: '#node.promoting',
        actions: 'noteOrder',
        description: 'Ordered, and nobody leads.',
      },
    ],
    asked: {
      actions: { type: 'raiseFence', params: ({ event }) => ({ above: event.term }) },
      description: 'A candidate asks: promised by the copy, which is fenced off (P16).',
    },
    acquired: {
      actions: { type: 'release', params: { heir: null } },
      description: 'The lease came after this attempt was over: given back, else nobody leads.',
    },
  },
});

const leading = nodeSetup.createStateConfig({
  description: 'The master of this term. Confirms nothing that a majority did not.',
  tags: 'leading',
  entry: ['dropOrder', 'clearProblem', 'tellRole'],
  on: {
    leaseLost: {
      target: 'steppingDown',
      actions: {
        type: 'noteProblem',
        params: ({ event }) => ({ problem: { code: 'FENCED', reason: event.reason } }),
      },
      description: 'The lease was not renewed in time, or somebody else took it.',
    },
    asked: {
      guard: { type: 'isLater', params: ({ event }) => ({ term: event.term }) },
      target: 'steppingDown',
      actions: [
        { type: 'raiseFence', params: ({ event }) => ({ above: event.term }) },
        {
          type: 'noteProblem',
          params: ({ event }) => ({
            problem: { code: 'FENCED', reason: `${event.candidate} asks for term ${event.term}` },
          }),
        },
      ],
      description: 'A candidate of a later term: this reign is over (P16, S10).',
    },
    masterEnded: {
      target: 'steppingDown',
      actions: { type: 'noteProblem', params: ({ event }) => ({ problem: event.problem }) },
      description: 'Fenced by what a slave showed, or the store failed.',
    },
    handOver: {
      target: 'steppingDown',
      actions: [
        { type: 'noteHeir', params: ({ event }) => ({ heir: event.to }) },
        {
          type: 'noteProblem',
          params: ({ event }) => ({
            problem: { code: 'FENCED', reason: `handing over to ${event.to}, by order` },
          }),
        },
      ],
      description: 'Ordered to leave the lease to another node.',
    },
  },
});

function problemOf({ problem }: NodeContext): NodeProblem {
  return problem ?? { code: 'FENCED', reason: 'it does not lead any more' };
}

const steppingDown = nodeSetup.createStateConfig({
  description: 'Confirms nothing from the first moment on; its original becomes a copy.',
  entry: [
    { type: 'silence', params: ({ context }) => ({ problem: problemOf(context) }) },
    'tellRole',
    { type: 'report', params: ({ context }) => ({ problem: problemOf(context) }) },
    'stepDown',
  ],
  on: {
    steppedDown: {
      target: 'following.resting',
      actions: [
        { type: 'release', params: ({ context }) => ({ heir: context.heir }) },
        'dropLease',
        'forgetOwnLead',
      ],
      description: 'A slave again, with all that it has.',
    },
    failed: {
      target: 'failed',
      actions: [
        { type: 'release', params: { heir: null } },
        'dropLease',
        { type: 'noteProblem', params: ({ event }) => ({ problem: event.problem }) },
      ],
      description: 'Its original cannot be read any more: only a restart can tell.',
    },
    asked: {
      actions: { type: 'raiseFence', params: ({ event }) => ({ above: event.term }) },
      description: 'A candidate asks: answered once this is a copy.',
    },
  },
});

/** Pure; run it in any XState tool, or bind its effects with `provide` as lib/node does. */
export const nodeMachine = nodeSetup.createMachine({
  id: 'node',
  description: 'One of several processes that own an item in turn.',
  context: ({ input }) => initialNodeContext(input),
  options: { maxIterations: 100 },
  initial: 'starting',
  on: {
    leaseSeen: {
      actions: { type: 'noteLeader', params: ({ event }) => ({ leader: event.leader }) },
      description: 'Who leads is told once: whatever is under way, it is noted.',
    },
    resolve: {
      actions: { type: 'noteForced', params: ({ event }) => ({ forced: event.forced }) },
      description: 'The operator decides a round that nobody reachable can tell of (P22).',
    },
    failed: {
      target: '.failed',
      actions: [
        { type: 'release', params: { heir: null } },
        { type: 'noteProblem', params: ({ event }) => ({ problem: event.problem }) },
      ],
      description: 'The store failed: it is never trusted again (fail-stop).',
    },
    stop: { target: '.stopped', description: 'The host stops this node.' },
  },
  states: {
    starting: {
      description: 'Opens its store; an original that a dead master left becomes a copy first.',
      entry: 'open',
      on: {
        opened: { target: 'following', description: 'A slave, whatever it was before.' },
      },
    },
    following,
    promoting,
    leading,
    steppingDown,
    failed: {
      description: 'Reads go on from memory; a restart of the node is needed.',
      entry: [
        'tellRole',
        {
          type: 'report',
          params: ({ context }) => ({
            problem: context.problem ?? { code: 'STORE_FAILED', reason: 'the store failed' },
          }),
        },
      ],
      on: {
        acquired: {
          actions: { type: 'release', params: { heir: null } },
          description: 'The lease came after its store had failed: given back.',
        },
      },
    },
    stopped: {
      type: 'final',
      description: 'Over. Whatever runs is ended in order, and the lease given back last.',
      entry: ['tellRole', 'close'],
    },
  },
});
