/** The states of the `copy` region that belong to one two-phase round (P8-P11). */
import type { SlaveEvent } from './slave-context.js';
import { currentOffer, currentPromise, voteOf } from './slave-offers.js';
import { slaveSetup } from './slave-setup.js';

type PrepareEvent = Extract<SlaveEvent, { type: 'prepare' }>;

const isReplaced = {
  type: 'replacesOffer' as const,
  params: ({ event }: { event: PrepareEvent }) => ({ message: event.message }),
};

/**
 * Under one reign the stamp of a later prepare voids the offer before the prepare is looked at.
 * Under a reign that is not on disk yet no stamp is acted on, and the offer was overwritten: of the
 * earlier round, which it was asked about, the user layer heard no end (claims 27, 35).
 */
const endsForAnother = {
  guard: isReplaced,
  target: 'aborting' as const,
  actions: slaveSetup.raise(function askedAnew({ event }) {
    return event;
  }),
  description: 'A newer reign asks for another round: taken once this one is ended.',
};

const fetching = slaveSetup.createStateConfig({
  description: 'Fetches the delta of a round that was too large for its prepare.',
  entry: [
    'markProgress',
    {
      type: 'request',
      params: ({ context: { facts } }) => ({
        round: facts.offer?.round ?? null,
        rebase: false,
        jitterMs: 0,
      }),
    },
  ],
  always: {
    guard: 'offerIsVoid',
    target: 'idle',
    actions: ['dropOffer', 'cancelTransfer'],
    description: 'The round is over.',
  },
  on: {
    deltaArrived: {
      guard: { type: 'fitsOffer', params: ({ event }) => ({ arrived: event }) },
      target: 'preparing',
      actions: { type: 'fillOffer', params: ({ event }) => ({ arrived: event }) },
      description: 'The delta of the round is here.',
    },
    abort: {
      guard: { type: 'isOffered', params: ({ event }) => ({ round: event.message.round }) },
      target: 'idle',
      actions: [
        'cancelTransfer',
        'dropOffer',
        { type: 'acknowledge', params: ({ event }) => ({ round: event.message.round }) },
      ],
      description: 'The round was aborted before its delta was here.',
    },
    prepare: {
      guard: isReplaced,
      target: 'idle',
      actions: [
        'cancelTransfer',
        { type: 'takeOffer', params: ({ event }) => ({ message: event.message }) },
      ],
      description: 'A newer reign asks for another round: nobody waits for this delta any more.',
    },
    welcome: { target: 'fetching', reenter: true, description: 'Connected anew: go on (P6).' },
    transferLost: { target: 'fetching', reenter: true, description: 'Start the transfer again.' },
    transferProgressed: { actions: 'progress', description: 'A part arrived (P6).' },
  },
  after: {
    REQUEST_RETRY: { target: 'fetching', reenter: true, description: 'Asks again.' },
  },
});

const preparing = slaveSetup.createStateConfig({
  description: 'The user layer is asked whether it can take the delta (claims 28, 29).',
  entry: {
    type: 'askUser',
    params: ({ context: { facts } }) => {
      const offer = currentOffer(facts);
      const next = { lineage: facts.lineage ?? '', epoch: offer.epoch, ...offer.to };
      return { offer, next };
    },
  },
  always: { guard: 'offerIsVoid', target: 'aborting', description: 'The round is over meanwhile.' },
  on: {
    prepare: endsForAnother,
    canPrepare: {
      guard: { type: 'isOffered', params: ({ event }) => ({ round: event.round }) },
      target: 'voting',
      description: 'The user layer can take it.',
    },
    cannotPrepare: {
      guard: { type: 'isOffered', params: ({ event }) => ({ round: event.round }) },
      target: 'aborting',
      actions: [
        { type: 'refuseOffer', params: ({ event }) => ({ problem: event.problem }) },
        { type: 'transmit', params: ({ context: { facts } }) => ({ message: voteOf(facts) }) },
      ],
      description: 'A veto, a throw or a rejection is a no with its reason (P8).',
    },
    abort: {
      guard: { type: 'isOffered', params: ({ event }) => ({ round: event.message.round }) },
      target: 'aborting',
      description: 'The round was aborted while the user layer thinks.',
    },
  },
  after: {
    PREPARE_WAIT: {
      target: 'aborting',
      actions: [
        {
          type: 'refuseOffer',
          params: {
            problem: {
              code: 'TIMEOUT',
              reason: 'the user layer did not answer the prepare in time',
            },
          },
        },
        { type: 'transmit', params: ({ context: { facts } }) => ({ message: voteOf(facts) }) },
      ],
      description: 'A user layer that never answers is a no, not a stuck round (P8).',
    },
  },
});

const voting = slaveSetup.createStateConfig({
  description: 'The promise is written down; the yes leaves only when it is durable (P8, S4).',
  entry: {
    type: 'persistPromise',
    params: ({ context: { facts } }) => ({ offer: currentOffer(facts) }),
  },
  always: { guard: 'offerIsVoid', target: 'aborting', description: 'The round is over meanwhile.' },
  on: {
    prepare: endsForAnother,
    promised: {
      guard: { type: 'isOffered', params: ({ event }) => ({ round: event.round }) },
      target: 'prepared',
      actions: [
        'promise',
        { type: 'transmit', params: ({ context: { facts } }) => ({ message: voteOf(facts) }) },
      ],
      description: 'The promise is on disk: vote yes.',
    },
    abort: {
      guard: { type: 'isOffered', params: ({ event }) => ({ round: event.message.round }) },
      target: 'aborting',
      description: 'The round was aborted before the yes left.',
    },
  },
});

const prepared = slaveSetup.createStateConfig({
  description: 'Voted yes: serves the old version and never decides alone (P11, S5).',
  initial: 'waiting',
  always: [
    {
      guard: 'mayCommit',
      target: 'committing',
      description: 'The round is decided: commit.',
    },
    { guard: 'mayDrop', target: 'aborting', description: 'Aborted or superseded (P10).' },
  ],
  on: {
    commit: {
      guard: { type: 'isHeld', params: ({ event }) => ({ round: event.message.round }) },
      actions: { type: 'decide', params: { verdict: 'committed' } },
      description: 'The commit of this round.',
    },
    abort: {
      guard: { type: 'isHeld', params: ({ event }) => ({ round: event.message.round }) },
      actions: { type: 'decide', params: { verdict: 'aborted' } },
      description: 'The abort of this round.',
    },
    outcome: [
      {
        guard: {
          type: 'outcomeIs',
          params: ({ event }) => ({ ...event.message, is: 'committed' as const }),
        },
        actions: { type: 'decide', params: { verdict: 'committed' } },
        description: 'Inquired: it was committed.',
      },
      {
        guard: {
          type: 'outcomeIs',
          params: ({ event }) => ({ ...event.message, is: 'aborted' as const }),
        },
        actions: { type: 'decide', params: { verdict: 'aborted' } },
        description: 'Inquired: it was aborted.',
      },
      {
        guard: {
          type: 'outcomeIs',
          params: ({ event }) => ({ ...event.message, is: 'superseded' as const }),
        },
        actions: { type: 'decide', params: { verdict: 'superseded' } },
        description: 'Inquired: history went past it; drop it and sync.',
      },
    ],
    resolve: {
      guard: { type: 'isHeld', params: ({ event }) => ({ round: event.round }) },
      actions: [
        {
          type: 'report',
          params: ({ context: { facts }, event }) => ({
            heuristic: true,
            problem: {
              code: 'OUTCOME_UNKNOWN',
              reason: `round ${event.round} of ${facts.id} was forced to ${event.verdict}`,
            },
          }),
        },
        { type: 'force', params: ({ event }) => ({ verdict: event.verdict }) },
      ],
      description: 'The host decides by force; reported as heuristic (P22).',
    },
  },
  states: {
    waiting: {
      description: 'The yes is out; the outcome is expected.',
      on: {
        welcome: { target: 'doubtful', description: 'Connected anew: ask what became of it.' },
      },
      after: { INQUIRE: { target: 'doubtful', description: 'No word of the outcome.' } },
    },
    doubtful: {
      description: 'In doubt: asks the master again and again, never decides alone (P11).',
      tags: 'doubtful',
      entry: {
        type: 'transmit',
        params: ({ context: { facts } }) => ({
          message: { kind: 'inquire', prepared: currentPromise(facts) },
        }),
      },
      on: {
        welcome: { target: 'doubtful', reenter: true, description: 'Connected anew: ask again.' },
      },
      after: { INQUIRE: { target: 'doubtful', reenter: true, description: 'Asks again.' } },
    },
  },
});

const aborting = slaveSetup.createStateConfig({
  description: 'The user layer forgets the round, its record is deleted (claims 27, 35).',
  entry: [
    {
      type: 'dropRound',
      params: ({ context: { facts } }) => ({
        round: facts.prepared?.round ?? facts.offer?.round ?? '',
        superseded: facts.verdict === 'superseded',
      }),
    },
    'closeRound',
  ],
  on: {
    abort: {
      guard: { type: 'isClosing', params: ({ event }) => ({ round: event.message.round }) },
      description: 'Confirmed only once nothing of the round is left (S4).',
    },
    commit: {
      guard: { type: 'isClosing', params: ({ event }) => ({ round: event.message.round }) },
      description: 'History went past it: the position of the coming request says so (P10).',
    },
    roundDropped: {
      guard: { type: 'isClosing', params: ({ event }) => ({ round: event.round }) },
      target: 'idle',
      actions: { type: 'acknowledge', params: ({ event }) => ({ round: event.round }) },
      description: 'Nothing of the round is left.',
    },
  },
});

export const roundStates = { fetching, preparing, voting, prepared, aborting };
