/** The `link` region of the slave machine: is there a master, does it accept me, does it speak? */
import { helloOf } from './slave-logic.js';
import { slaveSetup } from './slave-setup.js';

const down = slaveSetup.createStateConfig({
  description: 'No connection to a master. The copy is served as it is.',
  on: {
    disconnected: {
      description: 'The one it gave up is gone: on the next it waits as long for an answer.',
    },
  },
});

const announcing = slaveSetup.createStateConfig({
  description: 'Connected; says hello with its position and what it holds prepared (P5).',
  entry: [
    'newHello',
    { type: 'transmit', params: ({ context: { facts } }) => ({ message: helloOf(facts) }) },
  ],
  on: {
    welcome: [
      {
        guard: 'awaitsWelcome',
        description: 'It answered the hello before this one, and led here: the new one is out.',
      },
      {
        guard: 'reignIsPending',
        target: 'adopting',
        description: 'Welcomed under a reign that is not on disk yet.',
      },
      { target: 'live', description: 'Welcomed by the master it already follows.' },
    ],
  },
  after: {
    HELLO_RETRY: [
      {
        guard: 'isUnheard',
        target: 'down',
        actions: 'hangUp',
        description: 'Half open: the other end is gone, and nobody said so. Connect anew.',
      },
      {
        target: 'announcing',
        reenter: true,
        description: 'Nobody answered the hello: say it again.',
      },
    ],
  },
});

const adopting = slaveSetup.createStateConfig({
  description: 'Makes lineage, epoch and incarnation durable before acting under them (P2, P16).',
  entry: {
    type: 'persistReign',
    params: ({ context: { facts } }) => ({
      lineage: facts.lineage ?? '',
      epoch: facts.epoch,
      incarnation: facts.incarnation ?? '',
      volatile: facts.volatile,
      left: facts.left,
    }),
  },
  always: {
    guard: 'reignIsOver',
    target: 'announcing',
    description: 'Fenced off meanwhile: whoever reigns now has to say so.',
  },
  on: {
    reignPersisted: {
      guard: { type: 'isReign', params: ({ event }) => ({ incarnation: event.incarnation }) },
      target: 'live',
      actions: 'reignKnown',
      description: 'The reign is on disk: its messages may be acted on.',
    },
  },
});

const live = slaveSetup.createStateConfig({
  description: 'The master speaks: its heartbeat or any other message was heard lately.',
  entry: 'markAnswered',
  always: [
    {
      guard: 'reignIsPending',
      target: 'adopting',
      description: 'Heard again by a welcome under a reign that is not on disk yet.',
    },
    {
      guard: 'mustGreet',
      target: 'announcing',
      description: 'The copy moved since its last hello: asks how it stands to this reign.',
    },
  ],
  on: { greet: { target: 'announcing', description: 'A higher epoch was seen (P2).' } },
  after: {
    SILENCE: [
      {
        guard: 'wasHeard',
        target: 'live',
        reenter: true,
        description: 'Something was heard since the last check.',
      },
      { target: 'stale', description: 'A whole span without a word.' },
    ],
  },
});

const stale = slaveSetup.createStateConfig({
  description: 'Connected but silent: the copy may be old, and says so (T15, T60).',
  entry: [
    'markHeard',
    'newHello',
    { type: 'transmit', params: ({ context: { facts } }) => ({ message: helloOf(facts) }) },
  ],
  always: { guard: 'wasHeard', target: 'live', description: 'The master speaks again.' },
  after: {
    HELLO_RETRY: [
      {
        guard: 'isUnheard',
        target: 'down',
        actions: 'hangUp',
        description: 'Half open: the other end is gone, and nobody said so. Connect anew.',
      },
      {
        target: 'stale',
        reenter: true,
        description: 'Asks again by itself, heartbeats or not (T60).',
      },
    ],
  },
});

const refused = slaveSetup.createStateConfig({
  description:
    'The master refused: other lineage, duplicate id, other protocol. Tries later (P22).',
  entry: {
    type: 'report',
    params: ({ context: { facts } }) => ({
      problem: facts.problem ?? { code: 'PROTOCOL', reason: 'refused without a reason' },
    }),
  },
  on: {
    adopt: {
      target: 'announcing',
      actions: { type: 'adoptLater', params: ({ event }) => ({ lineage: event.lineage }) },
      description: 'The host chose another lineage.',
    },
  },
  after: {
    REFUSED_RETRY: { target: 'announcing', description: 'The reason may be gone by now.' },
  },
});

/** States and common transitions of the region; composed in slave.ts. */
export const linkRegion = slaveSetup.createStateConfig({
  description: 'Is there a master, does it accept this slave, and does it speak?',
  initial: 'down',
  on: {
    connected: { target: '.announcing', description: 'The transport reached a master.' },
    adopt: {
      actions: { type: 'adoptLater', params: ({ event }) => ({ lineage: event.lineage }) },
      description: 'The host allows another lineage, should its master answer (P22).',
    },
    disconnected: {
      target: '.down',
      actions: 'forgetHellos',
      description: 'The transport lost the master: hellos lost with it say nothing of the next.',
    },
    refused: {
      target: '.refused',
      guard: { type: 'isCurrentHello', params: ({ event }) => ({ hello: event.message.hello }) },
      actions: {
        type: 'noteProblem',
        params: ({ event }) => ({
          problem: { code: event.message.code, reason: event.message.message },
        }),
      },
      description: 'The master does not deal with this slave and says why.',
    },
    foreign: { target: '.refused', description: 'Welcomed by the master of another lineage.' },
  },
  states: { down, announcing, adopting, live, stale, refused },
});
