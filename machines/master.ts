/**
 * The master service layer: one group of changes at a time goes through `round`, while
 * `heartbeat` repeats where the original stands, what is asked, and what was decided.
 */
import {
  answerTo,
  currentGroup,
  heartbeat,
  initialContext,
  laterReign,
  nextPosition,
  settledRounds,
} from './master-logic.js';
import { roundRegion } from './master-round.js';
import { masterSetup } from './master-setup.js';

/** Pure; run it in any XState tool, or bind its effects with `provide` as lib/service does. */
export const masterMachine = masterSetup.createMachine({
  id: 'master',
  description: 'Owns the protocol side of one item’s original.',
  context: ({ input }) => initialContext(input),
  options: { maxIterations: 100 },
  initial: 'recovering',
  on: {
    storeFailed: {
      target: '.halted',
      actions: { type: 'noteProblem', params: ({ event }) => ({ problem: event.problem }) },
      description: 'A store that failed once is never trusted again (fail-stop).',
    },
    stop: { target: '.stopped', description: 'The host stops this master.' },
  },
  states: {
    recovering: {
      description: 'Reads its records; decided commits are redone before any message leaves (P9).',
      initial: 'reading',
      states: {
        reading: {
          description: 'Reads lineage, reign, position and open decisions.',
          entry: 'recover',
          on: {
            recovered: {
              target: 'reigning',
              actions: { type: 'takeRecovered', params: ({ event }) => ({ found: event.found }) },
              description: 'The records are read, or a lineage was made.',
            },
          },
        },
        reigning: {
          description: 'A start raises the epoch, durably, before it acts under it (P16).',
          entry: {
            type: 'persistReign',
            params: ({ context }) => ({
              epoch: context.epoch,
              incarnation: context.incarnation,
              reserved: context.reserved,
            }),
          },
          on: {
            reignPersisted: [
              {
                guard: 'mustRedo',
                target: 'redoing',
                description: 'A decision awaits its commit.',
              },
              { target: '#master.serving', description: 'Nothing to redo.' },
            ],
          },
        },
        redoing: {
          description: 'A decision found on disk is committed again; commit is idempotent (P9).',
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
                  actions: { type: 'report', params: ({ event }) => ({ problem: event.problem }) },
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
              target: '#master.serving',
              actions: [
                { type: 'advance', params: ({ context }) => ({ group: currentGroup(context) }) },
                'closeRedone',
              ],
              description: 'The original holds what was decided.',
            },
          },
        },
      },
    },
    serving: {
      description: 'Announces, asks, decides, answers.',
      tags: 'serving',
      type: 'parallel',
      on: {
        epochSeen: {
          guard: { type: 'isHigherEpoch', params: ({ event }) => ({ epoch: event.epoch }) },
          target: 'fenced',
          actions: [
            {
              type: 'noteProblem',
              params: ({ event }) => ({ problem: laterReign(event) }),
            },
          ],
          description: 'A later reign exists: stop at once (P16, S10).',
        },
        rivalSeen: {
          actions: {
            type: 'report',
            params: ({ event }) => ({
              problem: {
                code: 'FENCED',
                reason: `${event.sender} follows ${event.incarnation}, a rival of this reign`,
              },
            }),
          },
          description: 'Two masters in one reign: the host is told (P16).',
        },
        inquired: {
          actions: {
            type: 'reply',
            params: ({ context, event }) => ({
              slave: event.slave,
              message: answerTo(context, event),
            }),
          },
          description: 'A slave in doubt asks what became of its round (P11).',
        },
        confirmations: {
          actions: [
            { type: 'confirm', params: ({ event }) => ({ confirmations: event.confirmations }) },
            { type: 'confirmed', params: ({ event }) => ({ confirmations: event.confirmations }) },
          ],
          description: 'Slaves say where they stand (P10, P20).',
        },
        slaveReturned: {
          actions: { type: 'confirmByHello', params: ({ event }) => event },
          description: 'A hello shows what a slave still holds.',
        },
        slaveForgotten: {
          actions: { type: 'forgetSlave', params: ({ event }) => ({ slave: event.slave }) },
          description: 'The host forgot a slave: nobody waits for it any more (P20).',
        },
        versionShown: {
          actions: {
            type: 'showVersion',
            params: ({ event }) => ({ version: event.version, ahead: event.ahead }),
          },
          description: 'A slave showed a number: it is never issued again (P7).',
        },
      },
      states: {
        round: roundRegion,
        heartbeat: {
          description: 'Repeats position, open question and unconfirmed outcomes.',
          initial: 'quiet',
          states: {
            quiet: {
              description: 'Between two heartbeats; closed rounds are dropped as they settle.',
              always: {
                guard: 'hasSettledRounds',
                actions: [
                  {
                    type: 'forgetDecisions',
                    params: ({ context }) => ({ rounds: settledRounds(context) }),
                  },
                  'dropSettled',
                ],
                description: 'Everybody confirmed these rounds: their records may go (P20).',
              },
              after: {
                HEARTBEAT: {
                  target: 'quiet',
                  reenter: true,
                  actions: {
                    type: 'multicast',
                    params: ({ context }) => ({ sends: heartbeat(context) }),
                  },
                  description: 'A heartbeat (claims 11, 19, 22).',
                },
              },
            },
          },
        },
      },
    },
    fenced: {
      description: 'A later reign exists: silent for good. The host decides what comes next.',
      entry: {
        type: 'report',
        params: ({ context }) => ({
          problem: context.problem ?? { code: 'FENCED', reason: 'a later reign exists' },
        }),
      },
    },
    halted: {
      description:
        'The store failed: neither outcome is sent; a restart decides by what is on disk.',
      entry: {
        type: 'report',
        params: ({ context }) => ({
          problem: context.problem ?? { code: 'STORE_FAILED', reason: 'the store failed' },
        }),
      },
    },
    stopped: { type: 'final', description: 'Over.' },
  },
});
