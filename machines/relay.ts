/**
 * A relay between the slave it is above and the master it is below: a round of the master's is
 * asked of those below and becomes one vote, its outcome is passed on until they confirmed it,
 * and what they ask is answered by record or passed up. It never decides a round (P11).
 */
import { answerHere, askingOf, initialContext, repeated } from './relay-logic.js';
import { roundRegion } from './relay-round.js';
import { relaySetup } from './relay-setup.js';

const keeping = relaySetup.createStateConfig({
  description: 'Outcomes wait for their confirmations, inquiries for their answers.',
  always: [
    {
      guard: 'hasSettledRounds',
      actions: 'dropSettled',
      description: 'Everybody below confirmed these rounds, or left.',
      target: 'settling',
    },
  ],
  on: {
    heartbeat: {
      actions: { type: 'pass', params: ({ context }) => ({ passings: repeated(context) }) },
      description: 'The master speaks: outcomes are repeated until they are confirmed (P10).',
    },
    confirmations: {
      actions: {
        type: 'confirm',
        params: ({ event }) => ({ confirmations: event.confirmations }),
      },
      description: 'Slaves below say where they stand (P10, P20).',
    },
    slaveReturned: {
      actions: { type: 'confirmByHello', params: ({ event }) => event },
      description: 'A hello shows what a slave still holds.',
    },
    slaveGone: {
      actions: { type: 'forgetSlave', params: ({ event }) => ({ slave: event.slave }) },
      description: 'Its connection ended: it asks for the outcome when it is back (P11).',
    },
    slaveLost: {
      actions: { type: 'forgetSlave', params: ({ event }) => ({ slave: event.slave }) },
      description: 'It left on purpose: nobody waits for it any more.',
    },
    inquired: [
      {
        guard: { type: 'isOpenRound', params: ({ event }) => event.prepared },
        actions: { type: 'noteInquiry', params: ({ event }) => ({ event }) },
        description:
          'Open here as well. Only the master may say that it still is, or nobody below would ' +
          'notice its silence (T15); this relay asks it by itself, and for all of them.',
      },
      {
        guard: { type: 'isAnswerable', params: ({ event }) => ({ event }) },
        actions: {
          type: 'reply',
          params: ({ context, event }) => {
            const message = answerHere(context, event);
            return { slaves: [event.slave], message: message as NonNullable<typeof message> };
          },
        },
        description: 'A doubt that is answered by record, or by the history here (P10, P20).',
      },
      {
        guard: { type: 'isAskedAbove', params: ({ event }) => ({ event }) },
        actions: { type: 'noteInquiry', params: ({ event }) => ({ event }) },
        description: 'Another one asked the same, and the answer is on its way: for both.',
      },
      {
        actions: [
          { type: 'noteInquiry', params: ({ event }) => ({ event }) },
          { type: 'inquireUp', params: ({ event }) => ({ prepared: event.prepared }) },
        ],
        description: 'Not known here: the question is passed up, nothing is presumed (P11).',
      },
    ],
    answered: {
      guard: { type: 'isAwaited', params: ({ event }) => event.message },
      actions: [
        {
          type: 'reply',
          params: ({ context, event }) => ({
            slaves: askingOf(context, event.message.round) ?? [],
            message: event.message,
          }),
        },
        { type: 'endInquiry', params: ({ event }) => event.message },
      ],
      description: 'The master’s answer goes back to those who asked.',
    },
    cut: {
      actions: 'forgetInquiries',
      description: 'The link up was lost, and the questions with it: slaves ask again.',
    },
    born: {
      actions: { type: 'noteBirth', params: ({ event }) => event },
      description: 'The first welcome of this life tells which round it was born into.',
    },
  },
});

const settling = relaySetup.createStateConfig({
  description: 'Looks whether the last commit is confirmed by all of the subtree.',
  always: [
    {
      guard: 'isSettled',
      target: 'keeping',
      actions: 'subtreeSettled',
      description: 'Nobody below is waited for: the relay’s ack may say so (P20).',
    },
    { target: 'keeping', description: 'Somebody below has not confirmed a commit.' },
  ],
});

/** Pure; run it in any XState tool, or bind its effects with `provide` as lib/relay does. */
export const relayMachine = relaySetup.createMachine({
  id: 'relay',
  description: 'Gathers the votes of those below into one, and passes the outcome on.',
  context: ({ input }) => initialContext(input),
  options: { maxIterations: 100 },
  type: 'parallel',
  states: {
    round: roundRegion,
    ledger: {
      description: 'What those below still have to confirm, and what they ask.',
      initial: 'keeping',
      states: { keeping, settling },
    },
  },
});
