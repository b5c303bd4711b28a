/** The states of the node machine on the way from slave to master. */
import type { NodeContext } from './node-context.js';
import { nodeSetup } from './node-setup.js';

function ruling({ judgment }: NodeContext) {
  return judgment?.verdict === 'lead' ? judgment : null;
}

function heirOf({ judgment }: NodeContext): string | null {
  return judgment?.verdict === 'yield' ? judgment.to : null;
}

function shownTerm({ judgment }: NodeContext): number {
  return judgment?.verdict === 'outranked' ? judgment.term : 0;
}

const comparing = nodeSetup.createStateConfig({
  description: 'Asks the others where they stand: who is behind or alone lets them go first.',
  entry: 'compare',
  on: {
    compared: [
      {
        guard: { type: 'isMinority', params: ({ event }) => ({ answered: event.answered }) },
        target: '#node.following.resting',
        actions: [
          { type: 'noteTooFew', params: ({ event }) => ({ answered: event.answered }) },
          // One that an earlier attempt asked for may have come meanwhile.
          { type: 'release', params: { heir: null } },
          'dropLease',
          'forgetOwnLead',
        ],
        description: 'No majority answers: the lease is left to who reaches one.',
      },
      {
        guard: { type: 'isBehind', params: ({ event }) => ({ isBehind: event.isBehind }) },
        target: 'waiting',
        description: 'Another node holds more: it should lead.',
      },
      { target: 'acquiring', description: 'Nobody who answered holds more.' },
    ],
  },
});

const waiting = nodeSetup.createStateConfig({
  description: 'Leaves the lease to a newer node for a while.',
  after: {
    COURTESY: {
      target: 'acquiring',
      description: 'It did not take it: better this one than none.',
    },
  },
});

const acquiring = nodeSetup.createStateConfig({
  description: 'Takes the lease with a number above all that was ever shown.',
  entry: {
    type: 'acquire',
    params: ({ context }) => ({ fenceMin: context.fenceMin }),
  },
  on: {
    acquired: {
      target: 'asking',
      actions: { type: 'holdLease', params: ({ event }) => ({ fence: event.fence }) },
      description: 'The lease is held, and its number is the term.',
    },
    notAcquired: {
      target: '#node.following.resting',
      actions: [
        {
          type: 'noteProblem',
          params: ({ event }) => ({ problem: { code: 'TIMEOUT', reason: event.reason } }),
        },
        // Of a lower number it may hold the lease still: it would be renewed, and lead nobody.
        { type: 'release', params: { heir: null } },
        'dropLease',
        'forgetOwnLead',
      ],
      description: 'Somebody was faster, or the lease service does not answer.',
    },
  },
});

const asking = nodeSetup.createStateConfig({
  description: 'Asks every node to promise this term, and where it then stands.',
  entry: { type: 'ask', params: ({ context }) => ({ term: context.fence }) },
  on: {
    answered: {
      guard: { type: 'isOfThisTerm', params: ({ event }) => ({ term: event.term }) },
      target: 'judging',
      actions: { type: 'judge', params: ({ event }) => ({ answers: event.answers }) },
      description: 'Everybody reachable answered, this node among them.',
    },
  },
});

const judging = nodeSetup.createStateConfig({
  description: 'What the answers prove; whatever they do not prove is not assumed.',
  always: [
    {
      guard: 'isOutranked',
      target: 'acquiring',
      actions: {
        type: 'raiseFence',
        params: ({ context }) => ({ above: shownTerm(context) }),
      },
      description: 'A later term was promised already: takes a higher number.',
    },
    {
      guard: 'mustYield',
      target: '#node.following.resting',
      actions: [
        { type: 'release', params: ({ context }) => ({ heir: heirOf(context) }) },
        'dropLease',
        'forgetOwnLead',
      ],
      description: 'Another node holds more: the lease is left to it.',
    },
    { guard: 'isInDoubt', target: 'doubting', description: 'A round’s outcome is not provable.' },
    { guard: 'mayLead', target: 'taking', description: 'Nothing is missing.' },
    { target: 'short', description: 'No majority answered.' },
  ],
});

const short = nodeSetup.createStateConfig({
  description: 'Too few answered for a majority: asks again, then lets another one try.',
  after: {
    ASK_AGAIN: {
      target: '#node.following.resting',
      actions: [{ type: 'release', params: { heir: null } }, 'dropLease', 'forgetOwnLead'],
      description: 'Somebody else may reach more nodes.',
    },
  },
});

const doubting = nodeSetup.createStateConfig({
  description: 'All who answered are prepared and somebody is missing: waits for him, or for you.',
  tags: 'doubtful',
  entry: [
    'tellRole',
    {
      type: 'report',
      params: ({ context }) => ({
        problem: context.problem ?? { code: 'OUTCOME_UNKNOWN', reason: 'a round is in doubt' },
      }),
    },
  ],
  on: {
    resolve: {
      target: 'asking',
      actions: { type: 'noteForced', params: ({ event }) => ({ forced: event.forced }) },
      description: 'The operator chose the outcome (P22).',
    },
  },
  after: {
    ASK_AGAIN: { target: 'asking', description: 'The missing node may be back.' },
  },
});

const taking = nodeSetup.createStateConfig({
  description: 'The copy becomes the original of a new term; a proven round is carried out first.',
  entry: [
    {
      type: 'lead',
      params: ({ context }) => {
        const lead = ruling(context);
        return { term: context.fence, fate: lead?.fate ?? null, round: lead?.round ?? null };
      },
    },
  ],
  on: {
    leading: [
      {
        guard: 'isForced',
        target: '#node.leading',
        actions: {
          type: 'report',
          params: ({ context }) => ({
            heuristic: true,
            problem: {
              code: 'OUTCOME_UNKNOWN',
              reason:
                `round ${context.forced?.round} was forced to ${context.forced?.outcome} ` +
                `when ${context.id} took over in term ${context.fence}`,
            },
          }),
        },
        description: 'The master serves, with an outcome the operator forced (P22).',
      },
      { target: '#node.leading', description: 'The master serves.' },
    ],
    cannotLead: {
      target: '#node.steppingDown',
      actions: { type: 'noteProblem', params: ({ event }) => ({ problem: event.problem }) },
      description: 'It did not start: a slave again, and another one may try.',
    },
    leaseLost: {
      target: '#node.steppingDown',
      actions: {
        type: 'noteProblem',
        params: ({ event }) => ({ problem: { code: 'FENCED', reason: event.reason } }),
      },
      description: 'Too late: what was begun is undone.',
    },
    masterEnded: {
      target: '#node.steppingDown',
      actions: { type: 'noteProblem', params: ({ event }) => ({ problem: event.problem }) },
      description: 'Its master was fenced, or its store failed, before it led: it never does.',
    },
    asked: {
      guard: { type: 'isLater', params: ({ event }) => ({ term: event.term }) },
      target: '#node.steppingDown',
      actions: [
        { type: 'raiseFence', params: ({ event }) => ({ above: event.term }) },
        {
          type: 'noteProblem',
          params: ({ event }) => ({
            problem: { code: 'FENCED', reason: `${event.candidate} asks for term ${event.term}` },
          }),
        },
      ],
      description: 'A candidate of a later term: what was begun is undone.',
    },
  },
});

export const promoting = nodeSetup.createStateConfig({
  description: 'On the way to lead: still a copy, and still readable.',
  tags: 'promoting',
  entry: 'tellRole',
  initial: 'comparing',
  states: {
    comparing: { ...comparing, tags: 'answering' },
    waiting: { ...waiting, tags: 'answering' },
    acquiring: { ...acquiring, tags: 'answering' },
    asking: { ...asking, tags: 'answering' },
    judging,
    short: { ...short, tags: 'answering' },
    doubting: { ...doubting, tags: ['doubtful', 'answering'] },
    taking,
  },
  on: {
    leaseSeen: [
      {
        guard: { type: 'isOther', params: ({ event }) => ({ leader: event.leader }) },
        target: '#node.following',
        actions: [
          'dropLease',
          { type: 'noteLeader', params: ({ event }) => ({ leader: event.leader }) },
        ],
        description: 'Another node took the lease.',
      },
    ],
    leaseLost: {
      target: '#node.following.resting',
      actions: ['dropLease', 'forgetOwnLead'],
      description: 'The lease ran out before the end.',
    },
    asked: {
      guard: { type: 'isLater', params: ({ event }) => ({ term: event.term }) },
      target: '#node.following.resting',
      actions: [
        { type: 'raiseFence', params: ({ event }) => ({ above: event.term }) },
        { type: 'release', params: { heir: null } },
        'dropLease',
        'forgetOwnLead',
      ],
      description: 'A candidate of a later term: this attempt is over.',
    },
    promote: { actions: 'noteOrder', description: 'Already trying.' },
  },
});
