/**
 * The slave service layer. Two questions run side by side: is there a master and does it speak
 * (`link`), and what happens to the copy (`copy`). Everything a master sends passes the gate of
 * rule P2 at the root first and reaches the regions as an event of its own kind.
 */
import { raise } from 'xstate';
import type { SlaveEvent } from './slave-context.js';
import { copyRegion } from './slave-copy.js';
import type { Judgement } from './slave-gate.js';
import { linkRegion } from './slave-link.js';
import { fenced, initialFacts, twoMasters } from './slave-logic.js';
import { slaveSetup } from './slave-setup.js';

type Message = Extract<SlaveEvent, { type: 'message' }>['message'];

/** The kinds a decoder lets through are exactly the event types of the regions. */
const asEvent = (message: Message) => ({ type: message.kind, message }) as SlaveEvent;

/** Only a welcome of another lineage moves the link; other strays are merely counted. */
const asForeign = (message: Message): SlaveEvent =>
  message.kind === 'welcome' ? { type: 'foreign' } : { type: 'stray' };

const judged = (as: Judgement) => ({
  type: 'judged' as const,
  params: ({ event }: { event: { message: Message } }) => ({ message: event.message, as }),
});

/** Pure; run it in any XState tool, or bind its effects with `provide` as lib/service does. */
export const slaveMachine = slaveSetup.createMachine({
  id: 'slave',
  description: 'Follows one master’s item: keeps a copy that is never ahead and never torn.',
  context: ({ input }) => ({ facts: initialFacts(input) }),
  options: { maxIterations: 100 },
  initial: 'recovering',
  on: {
    storeFailed: {
      target: '.failed',
      actions: { type: 'noteProblem', params: ({ event }) => ({ problem: event.problem }) },
      description: 'A store that failed once is never trusted again (fail-stop).',
    },
    stop: { target: '.stopped', description: 'The host stops this slave.' },
  },
  states: {
    recovering: {
      description: 'Reads what an earlier process life left on disk.',
      entry: 'recover',
      on: {
        recovered: {
          target: 'serving',
          actions: { type: 'takeRecovered', params: ({ event }) => ({ found: event.found }) },
          description: 'The records are read; the cached copy is served at once.',
        },
      },
    },
    serving: {
      description: 'Serves its copy, with or without a master, and follows when there is one.',
      type: 'parallel',
      on: {
        fence: {
          guard: { type: 'isLaterTerm', params: ({ event }) => ({ term: event.term }) },
          actions: [
            { type: 'fenceOff', params: ({ event }) => event },
            {
              type: 'persistFence',
              params: ({ context: { facts } }) => ({
                lineage: facts.lineage ?? '',
                term: facts.epoch.term,
                candidate: facts.incarnation ?? '',
                volatile: facts.volatile,
                left: facts.left,
              }),
            },
          ],
          description: 'The host promised not to follow masters of lower terms (P16, S10).',
        },
        message: [
          {
            guard: {
              type: 'isPlainNews',
              params: ({ event }) => ({ message: event.message }),
            },
            actions: { type: 'takeNote', params: ({ event }) => ({ message: event.message }) },
            description: 'News that ask for no answer: the regions see them in the context.',
          },
          {
            guard: judged('accept'),
            actions: [
              { type: 'takeNote', params: ({ event }) => ({ message: event.message }) },
              raise(function messageByKind({ event }) {
                return asEvent(event.message);
              }),
            ],
            description: 'A message of the master this slave follows: on to the regions.',
          },
          {
            guard: judged('otherLineage'),
            actions: [
              {
                type: 'noteForeign',
                params: ({ event }) => ({ message: event.message }),
              },
              raise(function foreignOrStray({ event }) {
                return asForeign(event.message);
              }),
            ],
            description: 'Another lineage: refused, visible in the status (P2).',
          },
          {
            guard: judged('lowerEpoch'),
            actions: {
              type: 'transmit',
              params: ({ context: { facts } }) => ({ message: fenced(facts) }),
            },
            description: 'An old reign: rejected, and told so (P2, P16, S10).',
          },
          {
            guard: judged('higherEpoch'),
            actions: raise({ type: 'greet' }),
            description: 'A new reign: only its welcome tells how the histories relate (P2).',
          },
          {
            guard: judged('otherIncarnation'),
            actions: [
              {
                type: 'transmit',
                params: ({ context: { facts } }) => ({ message: fenced(facts) }),
              },
              {
                type: 'noteProblem',
                params: ({ event }) => ({ problem: twoMasters(event.message) }),
              },
              { type: 'report', params: ({ event }) => ({ problem: twoMasters(event.message) }) },
              raise(function rivalOrStray({ event }) {
                return asForeign(event.message);
              }),
            ],
            description: 'Two masters in one reign: the first accepted stays (P16).',
          },
          {
            actions: 'countIgnored',
            description: 'Older than what was heard: counted, ignored (P2).',
          },
        ],
      },
      states: { link: linkRegion, copy: copyRegion },
    },
    failed: {
      description: 'The store failed. Reads go on from memory; a restart of the slave is needed.',
    },
    stopped: { type: 'final', description: 'Over.' },
  },
});
