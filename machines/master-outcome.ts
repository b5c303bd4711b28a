/** The states of the `round` region in which a two-phase round is decided and carried out (P9). */
import { endings } from './master-ending.js';
import {
  abortMessage,
  announcement,
  commitMessage,
  currentGroup,
  currentRound,
  nextPosition,
  participantsOf,
} from './master-logic.js';
import { masterSetup } from './master-setup.js';

const deciding = masterSetup.createStateConfig({
  description: 'The decision is written down; nothing of it leaves before it is durable (P9, S4).',
  entry: {
    type: 'persistDecision',
    params: ({ context }) => {
      const group = currentRound(context);
      return { group, next: nextPosition(context, group.to) };
    },
  },
  on: {
    decisionPersisted: {
      guard: { type: 'isOpenRound', params: ({ event }) => ({ round: event.round }) },
      target: 'committing',
      actions: {
        type: 'multicast',
        params: ({ context }) => ({
          sends: [
            {
              message: commitMessage(context, {
                round: currentRound(context).id,
                to: currentRound(context).to,
              }),
              only: currentRound(context).participants,
            },
          ],
        }),
      },
      description: 'Decided and durable: commit leaves (claims 18, 20).',
    },
    ...endings('unknown'),
  },
});

const committing = masterSetup.createStateConfig({
  description: 'Decided. The original takes the delta; until it did, it is tried again (P9).',
  tags: 'decided',
  initial: 'applying',
  states: {
    applying: {
      description: 'The user layer commits the decided delta.',
      entry: {
        type: 'commitOriginal',
        params: ({ context }) => {
          const group = currentGroup(context);
          return { group, next: nextPosition(context, group.to), decided: true };
        },
      },
      on: {
        originalFailed: {
          guard: { type: 'isGroup', params: ({ event }) => ({ id: event.id }) },
          target: 'waiting',
          actions: [
            { type: 'noteProblem', params: ({ event }) => ({ problem: event.problem }) },
            { type: 'report', params: ({ event }) => ({ problem: event.problem }) },
          ],
          description: 'The user layer failed on what is decided: tried again later.',
        },
      },
    },
    waiting: {
      description: 'Waits before the user layer is given the decided delta again.',
      after: { COMMIT_RETRY: { target: 'applying', description: 'Tries again.' } },
    },
  },
  on: {
    originalCommitted: {
      guard: { type: 'isGroup', params: ({ event }) => ({ id: event.id }) },
      target: 'idle',
      actions: [
        { type: 'advance', params: ({ context }) => ({ group: currentGroup(context) }) },
        'closeCommitted',
        {
          type: 'multicast',
          params: ({ context }) => ({
            sends: [
              {
                message: announcement(context, false),
                except: participantsOf(currentGroup(context)),
              },
            ],
          }),
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
      description:
        'The original moved; the commit is repeated until all confirmed (claim 19; P10).',
    },
    ...endings('decided'),
  },
});

const aborting = masterSetup.createStateConfig({
  description: 'The round is off: all who were asked are told, the user layer undoes (P9).',
  entry: [
    'closeAborted',
    {
      type: 'multicast',
      params: ({ context }) => ({
        sends: [
          {
            message: abortMessage(context, {
              round: currentGroup(context).id,
              reason: context.abortReason?.reason ?? '',
            }),
            only: participantsOf(currentGroup(context)),
          },
        ],
      }),
    },
    {
      type: 'rollbackOriginal',
      params: ({ context }) => ({
        group: currentGroup(context),
        reason: context.abortReason?.reason ?? '',
      }),
    },
  ],
  on: {
    originalRolledBack: {
      guard: { type: 'isGroup', params: ({ event }) => ({ id: event.round }) },
      target: 'idle',
      actions: [
        {
          type: 'settle',
          params: ({ context }) => ({
            id: currentGroup(context).id,
            settlement: {
              state: 'aborted',
              reason: context.abortReason ?? { code: 'ABORTED', reason: 'aborted' },
              votes: context.votes,
            },
          }),
        },
        'endGroup',
      ],
      description: 'Nothing changed anywhere; the abort is repeated until confirmed (claim 22).',
    },
    ...endings('nothing'),
  },
});

export const outcomeStates = { deciding, committing, aborting };
