/** The `round` region of the master machine: one group of changes after the other (P17). */
import type { Group, MasterContext } from './master-context.js';
import { endings } from './master-ending.js';
import {
  announcement,
  currentGroup,
  currentRound,
  nextPosition,
  prepareMessage,
  RESERVE_BLOCK,
  refusal,
  unusable,
} from './master-logic.js';
import { outcomeStates } from './master-outcome.js';
import { masterSetup } from './master-setup.js';

const refuse = (context: MasterContext, group: Group) => ({
  id: group.id,
  settlement: { state: 'failed' as const, problem: unusable(context, group) },
});

const idle = masterSetup.createStateConfig({
  description: 'No group under way: the next one may start.',
  tags: 'free',
  on: {
    announceGroup: [
      {
        guard: { type: 'fitsReservation', params: ({ event }) => ({ group: event.group }) },
        target: 'announcing',
        actions: { type: 'takeGroup', params: ({ event }) => ({ group: event.group }) },
        description: 'A group of one-phase changes.',
      },
      {
        guard: { type: 'isBuildable', params: ({ event }) => ({ group: event.group }) },
        target: 'reserving',
        actions: { type: 'takeGroup', params: ({ event }) => ({ group: event.group }) },
        description: 'Its version number has to be reserved first (P7).',
      },
      {
        actions: {
          type: 'settle',
          params: ({ context, event }) => refuse(context, event.group),
        },
        description: 'Built on a state that is past, or with a number that is burnt (P7).',
      },
    ],
    proposeGroup: [
      {
        guard: { type: 'fitsReservation', params: ({ event }) => ({ group: event.group }) },
        target: 'preparing',
        actions: { type: 'takeRound', params: ({ event }) => ({ group: event.group }) },
        description: 'A group of two-phase changes: a round begins.',
      },
      {
        guard: { type: 'isBuildable', params: ({ event }) => ({ group: event.group }) },
        target: 'reserving',
        actions: { type: 'takeRound', params: ({ event }) => ({ group: event.group }) },
        description: 'Its version number has to be reserved first (P7).',
      },
      {
        actions: {
          type: 'settle',
          params: ({ context, event }) => refuse(context, event.group),
        },
        description: 'Built on a state that is past, or with a number that is burnt (P7).',
      },
    ],
  },
});

const reserving = masterSetup.createStateConfig({
  description: 'A block of version numbers is made durable before one of them is used (P7).',
  entry: {
    type: 'reserve',
    params: ({ context }) => ({ upTo: currentGroup(context).to.version + RESERVE_BLOCK }),
  },
  on: {
    reserved: [
      {
        guard: { type: 'isRoundReserved', params: ({ event }) => ({ upTo: event.upTo }) },
        target: 'preparing',
        actions: { type: 'widenReservation', params: ({ event }) => ({ upTo: event.upTo }) },
        description: 'The numbers are durable: the round begins.',
      },
      {
        guard: { type: 'isReserved', params: ({ event }) => ({ upTo: event.upTo }) },
        target: 'announcing',
        actions: { type: 'widenReservation', params: ({ event }) => ({ upTo: event.upTo }) },
        description: 'The numbers are durable: the group is committed.',
      },
      {
        target: 'idle',
        actions: [
          { type: 'widenReservation', params: ({ event }) => ({ upTo: event.upTo }) },
          { type: 'settle', params: ({ context }) => refuse(context, currentGroup(context)) },
          'endGroup',
        ],
        description: 'Meanwhile a slave showed this number: it must not be used again (P7).',
      },
    ],
    rollback: {
      guard: { type: 'isGroup', params: ({ event }) => ({ id: event.round }) },
      target: 'aborting',
      actions: {
        type: 'noteAbort',
        params: ({ event }) => ({ reason: { code: 'ROLLED_BACK', reason: event.reason } }),
      },
      description: 'The host takes it back before anybody was asked (claim 5).',
    },
    ...endings('nothing'),
  },
});

const announcing = masterSetup.createStateConfig({
  description: 'The original takes the group, durable as promised; then it is announced (P1).',
  entry: [
    'burnNumber',
    {
      type: 'commitOriginal',
      params: ({ context }) => {
        const group = currentGroup(context);
        return { group, next: nextPosition(context, group.to), decided: false };
      },
    },
  ],
  on: {
    originalCommitted: {
      guard: { type: 'isGroup', params: ({ event }) => ({ id: event.id }) },
      target: 'idle',
      actions: [
        { type: 'advance', params: ({ context }) => ({ group: currentGroup(context) }) },
        {
          type: 'multicast',
          params: ({ context }) => ({ sends: [{ message: announcement(context, false) }] }),
        },
        {
          type: 'settle',
          params: ({ context }) => ({
            id: currentGroup(context).id,
            settlement: { state: 'committed', version: context.position.version },
          }),
        },
        'endGroup',
      ],
      description: 'Durable: announce it with its delta (claims 10-16).',
    },
    originalFailed: {
      guard: { type: 'isGroup', params: ({ event }) => ({ id: event.id }) },
      target: 'idle',
      actions: [
        {
          type: 'settle',
          params: ({ event }) => ({
            id: event.id,
            settlement: { state: 'failed', problem: event.problem },
          }),
        },
        'endGroup',
      ],
      description: 'The user layer did not take it: nothing changed, its number is burnt.',
    },
    ...endings('unknown'),
  },
});

const preparing = masterSetup.createStateConfig({
  description: 'Every participant is asked whether it can take the delta (claim 47; P8, P14).',
  initial: 'voting',
  entry: [
    'openRound',
    {
      type: 'multicast',
      params: ({ context }) => ({
        sends: [{ message: prepareMessage(context), only: currentRound(context).participants }],
      }),
    },
  ],
  always: [
    {
      guard: 'isRefused',
      target: 'aborting',
      actions: { type: 'noteAbort', params: ({ context }) => ({ reason: refusal(context) }) },
      description: 'One no is enough (P9).',
    },
    { guard: 'isUnanimous', target: 'deciding', description: 'Every participant said yes (S2).' },
  ],
  on: {
    votes: {
      actions: { type: 'count', params: ({ event }) => ({ votes: event.votes }) },
      description: 'Votes that arrived together, counted by round and incarnation (P13).',
    },
    rollback: {
      guard: { type: 'isOpenRound', params: ({ event }) => ({ round: event.round }) },
      target: 'aborting',
      actions: {
        type: 'noteAbort',
        params: ({ event }) => ({ reason: { code: 'ROLLED_BACK', reason: event.reason } }),
      },
      description: 'The host takes it back before the decision (claim 5).',
    },
    slaveLost: {
      guard: { type: 'lacksVoteOf', params: ({ event }) => ({ slave: event.slave }) },
      target: 'aborting',
      actions: {
        type: 'noteAbort',
        params: ({ event }) => ({
          reason: {
            code: 'ABORTED',
            reason: `${event.slave} left: ${event.reason}`,
            left: event.slave,
          },
        }),
      },
      description: 'A participant is gone for good before it voted (P14).',
    },
    slaveReturned: [
      {
        guard: { type: 'lostItsPromise', params: ({ event }) => event },
        actions: [
          { type: 'voidVote', params: ({ event }) => ({ slave: event.slave }) },
          { type: 'confirmByHello', params: ({ event }) => event },
          {
            type: 'multicast',
            params: ({ context, event }) => ({
              sends: [{ message: prepareMessage(context), only: [event.slave] }],
            }),
          },
        ],
        description: 'Came again without its promise: its yes is void, it is asked again (P13).',
      },
      {
        guard: { type: 'isParticipant', params: ({ event }) => ({ slave: event.slave }) },
        actions: [
          { type: 'confirmByHello', params: ({ event }) => event },
          {
            type: 'multicast',
            params: ({ context, event }) => ({
              sends: [{ message: prepareMessage(context), only: [event.slave] }],
            }),
          },
        ],
        description: 'Came again: asked again, it answers what it recorded (P8, P13).',
      },
      {
        actions: { type: 'confirmByHello', params: ({ event }) => event },
        description: 'A slave that is not named in this round.',
      },
    ],
    ...endings('nothing'),
  },
  states: {
    voting: {
      description: 'Votes are coming in.',
      after: {
        VOTE_DEADLINE: { target: 'confirming', description: 'The deadline passed (claim 6).' },
      },
    },
    confirming: {
      description: 'The network is read once more: a stalled process aborts no good round (P12).',
      entry: 'pollNetwork',
      on: {
        polled: {
          target: '#master.serving.round.aborting',
          actions: { type: 'noteAbort', params: ({ context }) => ({ reason: refusal(context) }) },
          description: 'Still not everybody: abort.',
        },
      },
    },
  },
});

export const roundRegion = masterSetup.createStateConfig({
  description: 'One group of changes after the other: announced, or voted on.',
  initial: 'idle',
  states: { idle, reserving, announcing, preparing, ...outcomeStates },
});
