/** The `copy` region of the slave machine: what happens to the data and to an open round. */
import type { Moved } from './slave-context.js';
import { firmAfterCommit, firmAt, regression, stepsToCommit } from './slave-logic.js';
import { voteOf } from './slave-offers.js';
import { roundStates } from './slave-round.js';
import { slaveSetup } from './slave-setup.js';

const idle = slaveSetup.createStateConfig({
  description: 'Nothing under way: picks the next thing that the copy needs.',
  tags: 'settled',
  always: [
    { guard: 'isRegressed', target: 'regressed', description: 'The master is behind this copy.' },
    { guard: 'mayDrop', target: 'aborting', description: 'The held round is nobody’s any more.' },
    {
      guard: 'offerIsVoid',
      actions: 'dropOffer',
      description: 'The offered round is over before it could be prepared.',
    },
    {
      guard: 'isDiverged',
      actions: [
        {
          type: 'report',
          params: ({ context: { facts } }) => ({
            problem: {
              code: 'CORRUPT',
              reason: `version ${facts.position?.version} here differs from the master's`,
            },
          }),
        },
        'startOver',
      ],
      description: "At the master's version with another digest: start again (P2, S12).",
    },
    {
      guard: 'offerLacksPayload',
      target: 'fetching',
      description: 'The delta of the round was too large for the prepare itself.',
    },
    { guard: 'offerIsReady', target: 'preparing', description: 'Exactly at the round’s start.' },
    { guard: 'hasNextSteps', target: 'committing', description: 'The next increment is at hand.' },
    { guard: 'isBehind', target: 'syncing', description: 'Behind, and nothing at hand (P3).' },
  ],
});

const syncing = slaveSetup.createStateConfig({
  description: 'Behind: asks the master for exactly what it lacks (claims 32, 40; P3, P6).',
  initial: 'asking',
  states: {
    asking: {
      description: 'A request is out, or a delta is on its way.',
      entry: [
        'markProgress',
        {
          type: 'request',
          params: ({ context: { facts } }) => ({
            round: null,
            rebase: facts.rebase,
            jitterMs: facts.delays.jitterMs,
          }),
        },
      ],
      always: [
        {
          guard: 'isRegressed',
          target: '#slave.serving.copy.idle',
          actions: 'cancelTransfer',
          description: 'A new welcome showed that the master is behind this copy.',
        },
        {
          guard: 'hasNextStepsUnasked',
          target: '#slave.serving.copy.committing',
          actions: 'cancelTransfer',
          description: 'An announcement closed the gap before the answer came.',
        },
        {
          guard: 'isNotBehind',
          target: '#slave.serving.copy.idle',
          actions: 'cancelTransfer',
          description: 'Nothing is lacking any more.',
        },
      ],
      on: {
        deltaArrived: {
          guard: { type: 'fitsDelta', params: ({ event }) => ({ arrived: event }) },
          actions: { type: 'holdArrived', params: ({ event }) => ({ arrived: event }) },
          target: '#slave.serving.copy.committing',
          description: 'The missing increment arrived whole.',
        },
        snapshotBegan: [
          {
            guard: { type: 'fitsSnapshot', params: ({ event }) => ({ began: event }) },
            target: 'installing',
            actions: [
              {
                type: 'installCopy',
                params: ({ context: { facts }, event }) => ({
                  build: event.build,
                  to: event.to,
                  firm: firmAt(facts, event.to),
                  volatile: facts.volatile,
                  left: facts.left,
                  reset: facts.position !== null && event.reason !== 'trimmed',
                }),
              },
            ],
            description: 'No increment exists: a whole state comes instead.',
          },
          {
            guard: { type: 'wouldRewind', params: ({ event }) => ({ began: event }) },
            target: '#slave.serving.copy.regressed',
            actions: ['regress', 'cancelTransfer'],
            description: 'It would rewind past what was promised on disk (P16, P19).',
          },
        ],
        welcome: {
          target: 'asking',
          reenter: true,
          description: 'Connected anew: ask again, going on where a transfer stopped (P6).',
        },
        transferLost: {
          target: 'asking',
          reenter: true,
          description: 'The transfer cannot go on; start again.',
        },
        transferProgressed: {
          actions: 'progress',
          description: 'A part arrived; progress counts as life (P6).',
        },
      },
      after: {
        REQUEST_RETRY: {
          target: 'asking',
          reenter: true,
          description: 'Asks again; the transfer goes on at its next missing part.',
        },
      },
    },
    installing: {
      description:
        'A whole state streams into the user layer; readers still see the old one (S13).',
      entry: 'markProgress',
      on: {
        installed: {
          target: '#slave.serving.copy.idle',
          actions: [
            {
              type: 'takeInstalled',
              params: ({ event: { position, firm, volatile } }) => ({ position, firm, volatile }),
            },
            { type: 'acknowledge', params: { round: null } },
          ],
          description: 'The whole state is in place and durable.',
        },
        installFailed: {
          target: '#slave.serving.copy.quarantined',
          actions: { type: 'fail', params: ({ event }) => ({ problem: event.problem }) },
          description: 'The user layer could not take the state; the old one stays.',
        },
        transferLost: {
          target: 'asking',
          description: 'The transfer cannot go on; the old state stays, start again.',
        },
        welcome: {
          actions: {
            type: 'request',
            params: ({ context: { facts } }) => ({
              round: null,
              rebase: facts.rebase,
              jitterMs: 0,
            }),
          },
          description: 'Connected anew: the transfer goes on where it stopped (P6).',
        },
        transferProgressed: {
          actions: 'progress',
          description: 'A part arrived; progress counts as life (P6).',
        },
      },
      after: {
        REQUEST_RETRY: {
          target: 'installing',
          reenter: true,
          actions: {
            type: 'request',
            params: ({ context: { facts } }) => ({
              round: null,
              rebase: facts.rebase,
              jitterMs: 0,
            }),
          },
          description: 'Repeats how far the transfer came, should that word be lost.',
        },
      },
    },
  },
});

const committing = slaveSetup.createStateConfig({
  description: 'The user layer takes the delta; data and version in one durable step (P4).',
  entry: [
    {
      type: 'commitCopy',
      params: ({ context: { facts } }) => ({
        steps: stepsToCommit(facts),
        round: facts.verdict === 'committed' ? (facts.prepared?.round ?? null) : null,
        firm: firmAfterCommit(facts),
      }),
    },
  ],
  on: {
    commit: {
      guard: { type: 'isHeld', params: ({ event }) => ({ round: event.message.round }) },
      description: 'This is under way already, and is confirmed once it holds.',
    },
    committed: [
      {
        guard: { type: 'endsRound', params: ({ event }) => ({ round: event.round }) },
        target: 'idle',
        actions: [
          {
            type: 'moveTo',
            params: ({ event: { position, firm } }) => ({ position, firm }),
          },
          { type: 'acknowledge', params: ({ event }) => ({ round: event.round }) },
          'closeCommitted',
        ],
        description: 'The round’s delta is part of the copy, durable, and its record is gone.',
      },
      {
        target: 'idle',
        actions: [
          {
            type: 'moveTo',
            params: ({ event: { position, firm } }) => ({ position, firm }),
          },
          { type: 'acknowledge', params: { round: null } },
        ],
        description: 'The increments are part of the copy, and durable as far as promised.',
      },
    ],
    commitFailed: [
      {
        guard: { type: 'isPartial', params: ({ event }) => ({ moved: event.moved }) },
        target: 'quarantined',
        actions: [
          { type: 'moveTo', params: ({ event }) => event.moved as Moved },
          { type: 'acknowledge', params: { round: null } },
          { type: 'fail', params: ({ event }) => ({ problem: event.problem }) },
        ],
        description: 'Some increments hold, the next one failed: they are not made twice (S8).',
      },
      {
        target: 'quarantined',
        actions: { type: 'fail', params: ({ event }) => ({ problem: event.problem }) },
        description: 'The user layer vetoed or failed; this copy alone stops here (T49).',
      },
    ],
  },
});

const quarantined = slaveSetup.createStateConfig({
  description: 'The user layer could not take a delta. The old version is served; tries again.',
  entry: {
    type: 'report',
    params: ({ context: { facts } }) => ({
      problem: facts.problem ?? { code: 'CORRUPT', reason: 'unknown' },
    }),
  },
  after: {
    QUARANTINE_RETRY: [
      {
        guard: 'needsFreshCopy',
        target: 'idle',
        actions: ['startOver', 'leaveToSync'],
        description: 'What is there cannot be trusted: start again from a whole state.',
      },
      {
        guard: 'isCommitted',
        target: 'committing',
        description: 'A decided round is tried again until it holds.',
      },
      {
        target: 'idle',
        actions: 'dropHeld',
        description: 'Asks for one delta to whatever is newest by then, past the one that failed.',
      },
    ],
  },
});

const regressed = slaveSetup.createStateConfig({
  description:
    'The master is behind this copy or on another history: keeps and serves its data (P16).',
  entry: [
    { type: 'noteProblem', params: ({ context: { facts } }) => ({ problem: regression(facts) }) },
    { type: 'report', params: ({ context: { facts } }) => ({ problem: regression(facts) }) },
  ],
  always: [
    {
      guard: 'followsAgain',
      target: 'idle',
      description: 'A welcome showed a master whose history contains this copy, or the host chose.',
    },
  ],
});

/** All states of the region; composed in slave.ts. */
export const copyRegion = slaveSetup.createStateConfig({
  description: 'What happens to the data, and to a round that needs this slave’s vote.',
  initial: 'resuming',
  on: {
    prepare: [
      {
        guard: {
          type: 'answersRound',
          params: ({ event }) => ({ round: event.message.round }),
        },
        actions: {
          type: 'transmit',
          params: ({ context: { facts } }) => ({ message: voteOf(facts) }),
        },
        description: 'Asked again: the same answer, the user layer is not asked twice (P8).',
      },
      {
        guard: { type: 'isPastOffer', params: ({ event }) => ({ message: event.message }) },
        actions: { type: 'acknowledge', params: ({ event }) => ({ round: event.message.round }) },
        description: 'Already past the round’s start: never prepare, say where it stands (P8).',
      },
      {
        guard: { type: 'isNewOffer', params: ({ event }) => ({ message: event.message }) },
        actions: { type: 'takeOffer', params: ({ event }) => ({ message: event.message }) },
        description: 'A round this slave is named in: prepared as soon as the copy is ready.',
      },
      {
        guard: { type: 'holdsOther', params: ({ event }) => ({ round: event.message.round }) },
        actions: {
          type: 'transmit',
          params: ({ context: { facts }, event }) => ({
            message: {
              kind: 'vote',
              round: event.message.round,
              answer: 'no',
              reason: `still holds round ${facts.prepared?.round} prepared`,
              code: 'ABORTED',
              position: facts.position,
              needsSync: false,
            },
          }),
        },
        description: 'Holds another round whose outcome this message does not tell (P8).',
      },
    ],
    announce: {
      guard: { type: 'wantsReply', params: ({ event }) => ({ message: event.message }) },
      actions: { type: 'acknowledge', params: { round: null } },
      description: 'A heartbeat or a probe: says that it lives and where it stands.',
    },
    abort: {
      actions: { type: 'acknowledge', params: ({ event }) => ({ round: event.message.round }) },
      description: 'Holds nothing of this round: confirms that nobody will see it.',
    },
    commit: {
      actions: { type: 'acknowledge', params: ({ event }) => ({ round: event.message.round }) },
      description: 'Holds nothing of this round: says where it stands.',
    },
    resync: {
      guard: 'holdsNoRound',
      actions: 'startOver',
      description: 'The host orders a fresh copy (P22).',
    },
  },
  states: {
    resuming: {
      description: 'Where a start begins: in doubt about a held round, else idle (P11).',
      always: [
        {
          guard: 'holdsPrepared',
          target: 'prepared.doubtful',
          description: 'A promise of an earlier process life is still open.',
        },
        { target: 'idle', description: 'No promise is open.' },
      ],
    },
    idle,
    syncing,
    ...roundStates,
    committing,
    quarantined,
    regressed,
  },
});
