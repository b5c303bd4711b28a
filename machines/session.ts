/**
 * One slave as the master sees it; one actor each, beside the master's (spawning children costs
 * O(children)). Whether it is current or behind follows from positions and is no state: an event
 * per slave and change would cost the master more than the change itself.
 */
import { assign, setup } from 'xstate';
import type { SessionDelays } from './delays.js';
import type { MasterMessage, Point, Relation, SnapshotReason } from './protocol.js';

/** How a slave's points stand to the master's history, looked up by lib/ before the event. */
export interface Standing {
  readonly position: Point | null;
  readonly relation: Relation;
  readonly firmRelation: Relation;
}

export interface SessionContext {
  readonly slave: string;
  readonly incarnation: string;
  readonly delays: SessionDelays;
  readonly hello: string;
  readonly standing: Standing;
}

export interface SessionInput {
  readonly slave: string;
  readonly incarnation: string;
  readonly delays: SessionDelays;
  readonly hello: string;
  readonly standing: Standing;
  /** Another process life holds this slave id and has not left (P13). */
  readonly hasRival: boolean;
}

export type SessionEvent =
  | { readonly type: 'hello'; readonly hello: string; readonly standing: Standing }
  | { readonly type: 'requested'; readonly standing: Standing; readonly resumes: boolean }
  | { readonly type: 'roundRequested'; readonly isOpen: boolean }
  | { readonly type: 'deltaUnavailable' }
  | { readonly type: 'transferEnded' }
  | { readonly type: 'rivalAnswered' }
  | { readonly type: 'rivalGone' }
  | { readonly type: 'blocked' }
  | { readonly type: 'drained' }
  | { readonly type: 'left' };

export interface SessionEffects {
  /** Tell the slave that it is accepted and how it stands (P2); from now on it gets messages. */
  welcome: { readonly hello: string; readonly standing: Standing };
  /** Ask the earlier holder of the id whether it lives. */
  probeRival: undefined;
  /** The earlier holder is silent: it is gone, this one takes its place. */
  replaceRival: undefined;
  refuse: { readonly message: MasterMessage };
  /** Build or share the increment from the slave's position to the original's (P3). */
  serveDelta: { readonly from: Point };
  serveSnapshot: { readonly reason: SnapshotReason; readonly firmRelation: Relation };
  /** The payload of the open round, which was too large for its prepare. */
  serveRound: undefined;
  /** The next parts of the running transfer. */
  resumeTransfer: undefined;
  /** Say where the original stands, so that the slave asks for what it missed (P15). */
  invite: undefined;
}

/** A slave with a promise on disk that this history lacks: the original lost something (P16). */
export function isBeyond({ relation, firmRelation }: Standing): boolean {
  const isOff = relation === 'ahead' || relation === 'fork';
  return isOff && firmRelation !== 'same' && firmRelation !== 'behind';
}

function duplicate(context: SessionContext): MasterMessage {
  const message =
    `another process already is slave "${context.slave}" and answers; ` +
    'give every slave an id of its own, or stop the other one';
  return { kind: 'refused', code: 'DUPLICATE_ID', message, hello: context.hello };
}

const sessionSetup = setup({
  types: {
    context: {} as SessionContext & { readonly hasRival: boolean },
    events: {} as SessionEvent,
    input: {} as SessionInput,
  },
  actions: {
    welcome: (_, _params: SessionEffects['welcome']) => {},
    probeRival: () => {},
    replaceRival: () => {},
    refuse: (_, _params: SessionEffects['refuse']) => {},
    serveDelta: (_, _params: SessionEffects['serveDelta']) => {},
    serveSnapshot: (_, _params: SessionEffects['serveSnapshot']) => {},
    serveRound: () => {},
    resumeTransfer: () => {},
    invite: () => {},
    takeHello: assign((_, params: { hello: string; standing: Standing }) => ({
      hello: params.hello,
      standing: params.standing,
    })),
    takeStanding: assign((_, params: { standing: Standing }) => ({ standing: params.standing })),
  },
  guards: {
    hasRival: ({ context }) => context.hasRival,
    resumes: (_, params: { resumes: boolean }) => params.resumes,
    isOpen: (_, params: { isOpen: boolean }) => params.isOpen,
    isCurrent: (_, params: { standing: Standing }) =>
      params.standing.position !== null && params.standing.relation === 'same',
    knowsItsPlace: (_, params: { standing: Standing }) =>
      params.standing.position !== null && params.standing.relation === 'behind',
  },
  delays: { PROBE: ({ context }) => context.delays.probeMs },
});

/** A slave whose history this master does not share gets a whole state, or nothing (P3, P16). */
function snapshotReason(standing: Standing): SnapshotReason {
  if (standing.position === null) return 'empty';
  return standing.relation === 'unknown' || standing.relation === 'behind' ? 'trimmed' : 'fork';
}

const asSnapshot = (standing: Standing) => ({
  reason: snapshotReason(standing),
  firmRelation: standing.firmRelation,
});

/** Pure; run it in any XState tool, or bind its effects with `provide` as lib/service does. */
export const sessionMachine = sessionSetup.createMachine({
  id: 'session',
  description: 'One slave as the master sees it.',
  context: ({ input }) => ({
    slave: input?.slave ?? '',
    incarnation: input?.incarnation ?? '',
    delays: input?.delays ?? { probeMs: 1000 },
    hello: input?.hello ?? '',
    standing: input?.standing ?? { position: null, relation: 'unknown', firmRelation: 'unknown' },
    hasRival: input?.hasRival ?? false,
  }),
  options: { maxIterations: 100 },
  initial: 'joining',
  on: { left: { target: '.gone', description: 'Its connection ended or it said goodbye.' } },
  states: {
    joining: {
      description: 'Said hello; is its id free? (P13)',
      always: [
        { guard: 'hasRival', target: 'probing', description: 'The id is taken: does it live?' },
        {
          target: 'following',
          actions: {
            type: 'welcome',
            params: ({ context }) => ({ hello: context.hello, standing: context.standing }),
          },
          description: 'Accepted, and told how it stands.',
        },
      ],
    },
    probing: {
      description: 'The earlier holder of the id is asked for a sign of life.',
      entry: 'probeRival',
      on: {
        hello: {
          actions: { type: 'takeHello', params: ({ event }) => event },
          description: 'Greets again while it waits: that hello is the one to answer.',
        },
        rivalAnswered: {
          target: 'refused',
          actions: { type: 'refuse', params: ({ context }) => ({ message: duplicate(context) }) },
          description: 'It lives: the newcomer is refused and may try again later.',
        },
        rivalGone: {
          target: 'following',
          actions: {
            type: 'welcome',
            params: ({ context }) => ({ hello: context.hello, standing: context.standing }),
          },
          description: 'The earlier holder left by itself.',
        },
      },
      after: {
        PROBE: {
          target: 'following',
          actions: [
            'replaceRival',
            {
              type: 'welcome',
              params: ({ context }) => ({ hello: context.hello, standing: context.standing }),
            },
          ],
          description: 'No sign of life: the newcomer takes its place.',
        },
      },
    },
    following: {
      description: 'Gets every message of the item and asks for what it lacks.',
      on: {
        hello: {
          actions: [
            { type: 'takeHello', params: ({ event }) => event },
            {
              type: 'welcome',
              params: ({ event }) => ({ hello: event.hello, standing: event.standing }),
            },
          ],
          description: 'Greets again on the same connection.',
        },
        requested: [
          {
            guard: { type: 'resumes', params: ({ event }) => ({ resumes: event.resumes }) },
            target: 'syncing',
            actions: 'resumeTransfer',
            description: 'A cut transfer goes on where it stopped (P6).',
          },
          {
            guard: { type: 'isCurrent', params: ({ event }) => ({ standing: event.standing }) },
            actions: 'invite',
            description: 'It lacks nothing: told so.',
          },
          {
            guard: { type: 'knowsItsPlace', params: ({ event }) => ({ standing: event.standing }) },
            target: 'syncing',
            actions: [
              { type: 'takeStanding', params: ({ event }) => ({ standing: event.standing }) },
              {
                type: 'serveDelta',
                params: ({ event }) => ({ from: event.standing.position as Point }),
              },
            ],
            description: 'Its position is in this history: exactly the delta it lacks (P3).',
          },
          {
            target: 'syncing',
            actions: [
              { type: 'takeStanding', params: ({ event }) => ({ standing: event.standing }) },
              { type: 'serveSnapshot', params: ({ event }) => asSnapshot(event.standing) },
            ],
            description: 'Empty, trimmed or forked: a whole state, marked with why (P3).',
          },
        ],
        roundRequested: {
          guard: { type: 'isOpen', params: ({ event }) => ({ isOpen: event.isOpen }) },
          target: 'syncing',
          actions: 'serveRound',
          description: 'Fetches the payload of the open round.',
        },
        blocked: { target: 'lagging', description: 'Past its high-water mark: pushes stop (P15).' },
      },
    },
    syncing: {
      description: 'A transfer to it is under way, in parts, at its own pace (P6).',
      on: {
        hello: {
          target: 'following',
          actions: [
            { type: 'takeHello', params: ({ event }) => event },
            {
              type: 'welcome',
              params: ({ event }) => ({ hello: event.hello, standing: event.standing }),
            },
          ],
          description: 'Greets again; it will ask where to go on.',
        },
        requested: [
          {
            guard: { type: 'resumes', params: ({ event }) => ({ resumes: event.resumes }) },
            actions: 'resumeTransfer',
            description: 'Confirms parts and asks for the next ones.',
          },
          {
            guard: { type: 'isCurrent', params: ({ event }) => ({ standing: event.standing }) },
            target: 'following',
            actions: 'invite',
            description: 'It lacks nothing any more.',
          },
          {
            guard: { type: 'knowsItsPlace', params: ({ event }) => ({ standing: event.standing }) },
            actions: [
              { type: 'takeStanding', params: ({ event }) => ({ standing: event.standing }) },
              {
                type: 'serveDelta',
                params: ({ event }) => ({ from: event.standing.position as Point }),
              },
            ],
            description: 'Asks anew, from where it stands now.',
          },
          {
            actions: [
              { type: 'takeStanding', params: ({ event }) => ({ standing: event.standing }) },
              { type: 'serveSnapshot', params: ({ event }) => asSnapshot(event.standing) },
            ],
            description: 'Asks anew, and no delta fits.',
          },
        ],
        roundRequested: {
          guard: { type: 'isOpen', params: ({ event }) => ({ isOpen: event.isOpen }) },
          actions: 'serveRound',
          description: 'Fetches the payload of the open round.',
        },
        deltaUnavailable: {
          actions: {
            type: 'serveSnapshot',
            params: ({ context }) => ({
              reason: 'trimmed',
              firmRelation: context.standing.firmRelation,
            }),
          },
          description: 'The user layer has no history that far back (P3, T46).',
        },
        transferEnded: { target: 'following', description: 'The last part is out.' },
      },
    },
    lagging: {
      description:
        'Its connection is full: nothing is pushed, nothing queued, until it drains (P15).',
      on: {
        drained: {
          target: 'following',
          actions: 'invite',
          description: 'It reads again: told the newest position, it asks for one delta.',
        },
        hello: {
          target: 'following',
          actions: [
            { type: 'takeHello', params: ({ event }) => event },
            {
              type: 'welcome',
              params: ({ event }) => ({ hello: event.hello, standing: event.standing }),
            },
          ],
          description: 'Greets again on the same connection.',
        },
      },
    },
    refused: { type: 'final', description: 'Its id is taken by a living process.' },
    gone: { type: 'final', description: 'Not connected.' },
  },
});
