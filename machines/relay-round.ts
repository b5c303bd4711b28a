/** The `round` region of the relay machine: one round of the master's, asked below (P9, P14). */
import type { RelayContext, RelayEvent } from './relay-context.js';
import {
  FORGOTTEN,
  overtaken,
  passedOutcome,
  refusalOf,
  supersession,
  unanswered,
} from './relay-logic.js';
import { relaySetup } from './relay-setup.js';

/** What to pass on when somebody below, or everybody who has not answered, is asked. */
const question = (context: RelayContext, only: readonly string[]) => ({
  passings: [{ kind: 'prepare' as const, round: context.round?.round ?? '', only }],
});

const no = (context: RelayContext) => ({
  round: context.round?.round ?? '',
  refusal: context.refusal ?? refusalOf(context),
});

const asIs = ({ event }: { event: RelayEvent }) => ({ event });

const outcome = (name: 'committed' | 'aborted') =>
  ({
    target: 'idle',
    guard: { type: 'endsRound', params: asIs },
    actions: [
      {
        type: 'pass',
        params: ({ context, event }: { context: RelayContext; event: RelayEvent }) => ({
          passings: passedOutcome(context, event),
        }),
      },
      { type: 'closeRound', params: asIs },
    ],
    description: `The round was ${name}: everybody who was asked hears of it (P9, P10).`,
  }) as const;

type Abort = Extract<RelayEvent, { type: 'aborted' }>;

/** However far the round came, its outcome ends it. */
const outcomes = {
  committed: outcome('committed'),
  aborted: [
    outcome('aborted'),
    {
      target: 'idle',
      guard: {
        type: 'isAnotherRound',
        params: ({ event }: { event: Abort }) => ({ round: event.round }),
      },
      actions: [
        {
          type: 'pass',
          params: ({ context, event }: { context: RelayContext; event: Abort }) => ({
            passings: passedOutcome(context, overtaken(context, event)),
          }),
        },
        {
          type: 'closeRound',
          params: ({ context, event }: { context: RelayContext; event: Abort }) => ({
            event: overtaken(context, event),
          }),
        },
      ],
      description: 'Another round was dropped: this one was overtaken by it, and never promised.',
    },
  ],
  superseded: {
    target: 'idle',
    guard: {
      type: 'isOpenRound',
      params: ({ event }: { event: Extract<RelayEvent, { type: 'superseded' }> }) => event,
    },
    actions: [
      {
        type: 'reply',
        params: ({
          context,
          event,
        }: {
          context: RelayContext;
          event: Extract<RelayEvent, { type: 'superseded' }>;
        }) => supersession(context, event),
      },
      'forgetRound',
    ],
    description: 'History went past the promise: those who hold it drop it and sync (P10).',
  },
} as const;

const idle = relaySetup.createStateConfig({
  description: 'No round of the master is open here.',
  on: {
    asked: [
      {
        guard: { type: 'wasAskedBefore', params: ({ event }) => event },
        target: 'refused',
        actions: [
          { type: 'takeRound', params: ({ event }) => event },
          { type: 'noteRefusal', params: { refusal: FORGOTTEN } },
          { type: 'answerNo', params: ({ context }) => no(context) },
        ],
        description: 'An earlier life asked; a no that it heard is lost with it: no (S2).',
      },
      {
        guard: { type: 'isObstructed', params: ({ event }) => event },
        target: 'refused',
        actions: [
          { type: 'takeRound', params: ({ event }) => event },
          {
            type: 'noteRefusal',
            params: ({ event }) => ({
              refusal: { code: 'ABORTED' as const, reason: event.obstacle ?? '' },
            }),
          },
          { type: 'answerNo', params: ({ context }) => no(context) },
        ],
        description: 'Fewer slaves than have to take part (P14).',
      },
      {
        guard: { type: 'asksNobody', params: ({ event }) => event },
        target: 'promised',
        actions: [
          { type: 'takeRound', params: ({ event }) => event },
          { type: 'answerYes', params: ({ event }) => ({ round: event.round }) },
        ],
        description: 'Nobody below has to be asked: the relay alone says yes.',
      },
      {
        target: 'gathering',
        actions: { type: 'takeRound', params: ({ event }) => event },
        description: 'The relay’s copy stands at the start of the round: those below are asked.',
      },
    ],
    committed: {
      actions: [
        {
          type: 'pass',
          params: ({ context, event }) => ({ passings: passedOutcome(context, event) }),
        },
        { type: 'closeRound', params: asIs },
      ],
      description: 'A round of an earlier life: those who say they hold it hear of it.',
    },
    aborted: {
      actions: [
        {
          type: 'pass',
          params: ({ context, event }) => ({ passings: passedOutcome(context, event) }),
        },
        { type: 'closeRound', params: asIs },
      ],
      description: 'A round of an earlier life: those who say they hold it hear of it.',
    },
    superseded: {
      actions: {
        type: 'reply',
        params: ({ context, event }) => supersession(context, event),
      },
      description: 'A round of an earlier life that history went past.',
    },
  },
});

const gathering = relaySetup.createStateConfig({
  description: 'Those below are asked; their votes become one (P8, P13).',
  initial: 'voting',
  entry: {
    type: 'pass',
    params: ({ context }) => question(context, context.round?.participants ?? []),
  },
  always: [
    {
      guard: 'isRefused',
      target: 'refused',
      actions: [
        { type: 'noteRefusal', params: ({ context }) => ({ refusal: refusalOf(context) }) },
        { type: 'answerNo', params: ({ context }) => no(context) },
      ],
      description: 'One no below is the no of the subtree, with the name of who said it (P9).',
    },
    {
      guard: 'isUnanimous',
      target: 'promised',
      actions: {
        type: 'answerYes',
        params: ({ context }) => ({ round: context.round?.round ?? '' }),
      },
      description: 'Everybody below said yes: so does the relay (S2).',
    },
  ],
  on: {
    ...outcomes,
    votes: {
      actions: { type: 'count', params: ({ event }) => ({ votes: event.votes }) },
      description: 'Votes that arrived together, counted by round and incarnation (P13).',
    },
    heartbeat: {
      actions: { type: 'pass', params: ({ context }) => question(context, unanswered(context)) },
      description: 'Repeated with the master’s heartbeat to those who have not said yes.',
    },
    slaveLost: {
      guard: { type: 'lacksVoteOf', params: ({ event }) => ({ slave: event.slave }) },
      target: 'refused',
      actions: [
        {
          type: 'noteRefusal',
          params: ({ event }) => ({
            refusal: {
              code: 'ABORTED' as const,
              reason: `${event.slave} left: ${event.reason}`,
            },
          }),
        },
        { type: 'answerNo', params: ({ context }) => no(context) },
      ],
      description: 'A participant is gone for good before it voted (P14).',
    },
    slaveReturned: [
      {
        guard: { type: 'lostItsPromise', params: ({ event }) => event },
        actions: [
          { type: 'voidVote', params: ({ event }) => ({ slave: event.slave }) },
          { type: 'pass', params: ({ context, event }) => question(context, [event.slave]) },
        ],
        description: 'Came again without its promise: its yes is void, it is asked again (P13).',
      },
      {
        guard: { type: 'isParticipant', params: ({ event }) => ({ slave: event.slave }) },
        actions: {
          type: 'pass',
          params: ({ context, event }) => question(context, [event.slave]),
        },
        description: 'Came again: asked again, it answers what it recorded (P8, P13).',
      },
    ],
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
          target: '#relay.round.refused',
          actions: [
            { type: 'noteRefusal', params: ({ context }) => ({ refusal: refusalOf(context) }) },
            { type: 'answerNo', params: ({ context }) => no(context) },
          ],
          description: 'Still not everybody: no, and who was missing.',
        },
      },
    },
  },
});

const promised = relaySetup.createStateConfig({
  description: 'The subtree can take it; only the master’s outcome moves it now (P11, S5).',
  on: outcomes,
});

const refused = relaySetup.createStateConfig({
  description: 'The relay said no and never says yes to this round: nobody can commit it.',
  on: outcomes,
});

export const roundRegion = relaySetup.createStateConfig({
  description: 'One round of the master’s after the other, asked of those below.',
  initial: 'idle',
  states: { idle, gathering, promised, refused },
});
