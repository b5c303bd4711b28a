/**
 * Classical mistakes, seeded one at a time into the real machines: by other guards and
 * assignments, or by a changed place of the chart. A checker that lets one live is no checker.
 */
import { assign } from 'xstate';
import { masterMachine, type Point, slaveMachine } from '../../machines/index.js';
import type { MasterContext } from '../../machines/master-context.js';
import { commitMessage, currentRound, nextPosition } from '../../machines/master-logic.js';
import { masterSetup } from '../../machines/master-setup.js';
import type { SlaveContext } from '../../machines/slave-context.js';
import { judge } from '../../machines/slave-gate.js';
import { mustAsk } from '../../machines/slave-logic.js';
import { takeNote } from '../../machines/slave-news.js';
import { voteOf } from '../../machines/slave-offers.js';
import { slaveSetup } from '../../machines/slave-setup.js';
import { countVotes } from '../../machines/tally.js';
import type { Bounds } from './vocabulary.js';

export interface Mutant {
  readonly name: string;
  readonly master?: typeof masterMachine;
  readonly slave?: typeof slaveMachine;
  /** What has to be possible for it to do harm. */
  readonly needs: Partial<Bounds>;
  /** Breaks no promise of any state: only the walk back from rest can find it. */
  readonly isWedge?: true;
}

type Node = Readonly<Record<string, unknown>>;

/** A copy of a chart in which one place, given by its path, is another. */
function changed(node: Node, path: readonly string[], change: (place: Node) => Node): Node {
  const [key, ...rest] = path;
  if (key === undefined) return change(node);
  const child = node[key];
  if (typeof child !== 'object' || child === null) throw new Error(`no ${key} in this chart`);
  return { ...node, [key]: changed(child as Node, rest, change) };
}

const masterWith = (path: string, change: (place: Node) => Node): typeof masterMachine =>
  masterSetup.createMachine(
    changed(masterMachine.config as unknown as Node, path.split('.'), change) as never,
  ) as unknown as typeof masterMachine;

const slaveWith = (path: string, change: (place: Node) => Node): typeof slaveMachine =>
  slaveSetup.createMachine(
    changed(slaveMachine.config as unknown as Node, path.split('.'), change) as never,
  ) as unknown as typeof slaveMachine;

const ROUND = 'states.serving.states.round.states';
const COPY = 'states.serving.states.copy.states';
const asList = (actions: unknown): readonly unknown[] =>
  Array.isArray(actions) ? actions : actions === undefined ? [] : [actions];

interface InSlave {
  readonly context: SlaveContext;
}

interface InMaster {
  readonly context: MasterContext;
}

const sendCommit = {
  type: 'multicast',
  params: ({ context }: InMaster) => ({
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
};

const settleCommitted = {
  type: 'settle',
  params: ({ context }: InMaster) => ({
    id: currentRound(context).id,
    settlement: { state: 'committed', version: currentRound(context).to.version },
  }),
};

const first = (place: Node, action: unknown): Node => ({
  ...place,
  entry: [action, ...asList(place.entry)],
});

const hearing = (place: Node, event: string, transition: Node): Node => ({
  ...place,
  on: { ...(place.on as Node), [event]: transition },
});

const TWO: Partial<Bounds> = { slaves: 2, participants: 2 };

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a yes leaves before its promise is durable',
    slave: slaveWith(`${COPY}.preparing`, (place) =>
      hearing(place, 'canPrepare', {
        target: 'prepared',
        actions: [
          'promise',
          {
            type: 'transmit',
            params: ({ context }: InSlave) => ({ message: voteOf(context.facts) }),
          },
        ],
      }),
    ),
    needs: {},
  },
  {
    name: 'commit leaves before its decision is durable',
    master: masterWith(`${ROUND}.deciding`, (place) => first(place, sendCommit)),
    needs: {},
  },
  {
    name: 'the caller is told before the decision is durable',
    master: masterWith(`${ROUND}.deciding`, (place) => first(place, settleCommitted)),
    needs: { masterCrashes: 1 },
  },
  {
    name: 'one yes is enough',
    master: masterMachine.provide({
      guards: {
        isUnanimous: ({ context }) =>
          Object.values(context.votes).some((vote) => vote.answer === 'yes'),
      },
    }),
    needs: TWO,
  },
  {
    name: 'votes of another round count',
    master: masterMachine.provide({
      actions: {
        count: assign(({ context }, params) => ({
          votes: countVotes(context.votes, context.round?.participants ?? [], params.votes),
        })),
      },
    }),
    needs: { twoPhase: 2 },
  },
  {
    name: 'an abort of another round counts',
    slave: slaveMachine.provide({
      guards: { isHeld: ({ context: { facts } }) => facts.prepared !== null },
    }),
    needs: { twoPhase: 2 },
  },
  {
    name: 'a slave that hears nothing aborts by itself',
    slave: slaveWith(`${COPY}.prepared.states.waiting.after`, () => ({
      INQUIRE: { target: '#slave.serving.copy.aborting' },
    })),
    needs: {},
  },
  {
    name: 'a slave that hears nothing commits by itself',
    slave: slaveWith(`${COPY}.prepared.states.waiting.after`, () => ({
      INQUIRE: {
        target: '#slave.serving.copy.committing',
        actions: { type: 'decide', params: { verdict: 'committed' } },
      },
    })),
    needs: {},
  },
  {
    name: 'a restart does not redo what was decided',
    master: masterMachine.provide({ guards: { mustRedo: () => false } }),
    needs: { masterCrashes: 1, onePhase: 1 },
  },
  {
    name: 'an old heartbeat decides a round',
    slave: slaveMachine.provide({
      actions: {
        takeNote: assign(({ context: { facts } }, { message }) => {
          const { prepared } = facts;
          const early = prepared && { ...prepared, sequence: -1 };
          const heard = prepared === null ? facts : { ...facts, sequence: -1, prepared: early };
          return { facts: { ...facts, ...takeNote(heard, message) } };
        }),
      },
    }),
    needs: { heartbeats: 1, slaveCrashes: 1 },
  },
  {
    name: 'a roll-back is obeyed after the decision',
    master: masterWith(`${ROUND}.deciding`, (place) =>
      hearing(place, 'rollback', {
        target: 'aborting',
        actions: { type: 'noteAbort', params: { reason: { code: 'ROLLED_BACK', reason: 'x' } } },
      }),
    ),
    needs: { rollbacks: 1 },
  },
  {
    name: 'an open round is answered with aborted',
    master: masterWith('states.serving.on.inquired', () => ({
      actions: {
        type: 'reply',
        params: ({
          context,
          event,
        }: {
          context: MasterContext;
          event: { slave: string; prepared: { round: string } };
        }) => ({
          slave: event.slave,
          message: {
            kind: 'outcome',
            round: event.prepared.round,
            outcome: 'aborted',
            position: context.position,
          },
        }),
      },
    })),
    needs: {},
  },
  {
    name: 'a position is announced before it is durable',
    master: masterWith(`${ROUND}.announcing`, (place) =>
      first(place, {
        type: 'multicast',
        params: ({ context }: InMaster) => ({ sends: [{ message: ahead(context) }] }),
      }),
    ),
    needs: { onePhase: 1 },
  },
  {
    name: 'an increment is taken from any position',
    slave: slaveMachine.provide({ guards: { fitsDelta: () => true } }),
    needs: { onePhase: 4, twoPhase: 0 },
  },
  {
    name: 'a prepare is answered from any position',
    slave: slaveMachine.provide({
      guards: {
        offerIsReady: ({ context: { facts } }) => facts.offer !== null,
        isPastOffer: () => false,
      },
    }),
    needs: { onePhase: 1, twoPhase: 2 },
  },
  {
    name: 'an abort is confirmed before its record is gone',
    slave: slaveMachine.provide({ guards: { isClosing: () => false } }),
    needs: { heartbeats: 1, deadlines: 1 },
  },
  {
    name: 'a verdict is carried out under a reign that is not durable',
    slave: slaveMachine.provide({
      guards: {
        mayCommit: ({ context: { facts } }) =>
          facts.prepared !== null && facts.verdict === 'committed',
        mayDrop: ({ context: { facts } }) =>
          facts.prepared !== null && facts.verdict !== null && facts.verdict !== 'committed',
      },
    }),
    needs: { masterCrashes: 1, silences: 1 },
  },
  {
    name: 'messages of an older reign are obeyed',
    slave: slaveMachine.provide({
      guards: { judged: (_, params) => params.as === 'accept' },
    }),
    needs: { masterCrashes: 1, silences: 1, onePhase: 1 },
  },
  {
    name: 'what was committed is committed again',
    slave: slaveWith(`${COPY}.committing.on`, (place) => {
      const [ending, ...others] = asList(place.committed) as readonly Node[];
      const actions = asList(ending?.actions).filter((action) => action !== 'closeCommitted');
      return { ...place, committed: [{ ...ending, actions }, ...others] };
    }),
    needs: { onePhase: 1 },
  },
  {
    name: 'a restart issues numbers anew',
    master: masterMachine.provide({
      actions: {
        takeRecovered: assign((_, { found }) => ({ ...found, issued: found.position.version })),
      },
    }),
    needs: { masterCrashes: 1, twoPhase: 2 },
  },
  {
    name: 'a late prepare of a round that ended is taken',
    slave: slaveMachine.provide({
      guards: {
        judged: ({ context: { facts } }, { message, as }) => {
          const judgement = judge(facts, message);
          const isLate = message.kind === 'prepare' && judgement === 'outdated';
          return (isLate ? 'accept' : judgement) === as;
        },
        answersRound: () => false,
        offerIsVoid: () => false,
        isNewOffer: ({ context: { facts } }, { message }) =>
          facts.prepared === null && facts.offer?.round !== message.round,
      },
    }),
    needs: {},
  },
  {
    name: 'votes of another epoch count',
    master: masterMachine.provide({
      actions: {
        count: assign(({ context }, { votes }) => {
          const { round } = context;
          // Rounds of this life end with its number.
          const life = `.${context.incarnation.slice(1)}`;
          const counted = votes.filter(
            (vote) => vote.round === round?.id || !vote.round.endsWith(life),
          );
          return { votes: countVotes(context.votes, round?.participants ?? [], counted) };
        }),
      },
    }),
    needs: { masterCrashes: 1, twoPhase: 2, silences: 1, anyEpoch: true },
  },
  {
    name: 'a yes counts that its giver lost with its process',
    master: masterMachine.provide({ guards: { lostItsPromise: () => false } }),
    needs: { ...TWO, storeless: true, slaveCrashes: 1 },
  },
  {
    name: 'a regressed master is accepted',
    slave: slaveMachine.provide({
      guards: {
        isRegressed: () => false,
        wouldRewind: () => false,
        fitsSnapshot: ({ context: { facts } }, { began }) =>
          began.envelope.incarnation === facts.incarnation,
        isBehind: ({ context: { facts } }) => mustAsk(facts) || facts.standing === 'regressed',
        isNotBehind: ({ context: { facts } }) => !mustAsk(facts) && facts.standing !== 'regressed',
      },
    }),
    needs: { backups: 1, masterCrashes: 1, onePhase: 1, twoPhase: 0, silences: 1 },
  },
  {
    name: 'a master that saw a later reign goes on',
    master: masterMachine.provide({ guards: { isHigherEpoch: () => false } }),
    needs: { rival: 'takeover', heartbeats: 1, silences: 1 },
  },
  {
    name: 'two masters of one reign are both obeyed',
    slave: slaveMachine.provide({
      guards: {
        judged: ({ context: { facts } }, { message, as }) => {
          const judgement = judge(facts, message);
          return (judgement === 'otherIncarnation' ? 'accept' : judgement) === as;
        },
      },
    }),
    needs: { rival: 'clone', heartbeats: 1, silences: 1 },
  },
  {
    name: 'a resume mixes two snapshots',
    needs: {
      from: 'empty',
      onePhase: 1,
      twoPhase: 0,
      slaveCrashes: 1,
      chunked: true,
      mixesBuilds: true,
    },
  },
  {
    name: 'a slave never asks again for a lost answer',
    slave: slaveWith(`${COPY}.syncing.states.asking`, ({ after: _left, ...place }) => place),
    needs: { onePhase: 1, twoPhase: 0, heartbeats: 1 },
    isWedge: true,
  },
  {
    name: 'a round whose original failed once never ends',
    master: masterWith(`${ROUND}.committing.states.waiting`, ({ after: _left, ...place }) => place),
    needs: { failures: 1 },
    isWedge: true,
  },
];

function ahead(context: MasterContext) {
  const group = context.group as NonNullable<typeof context.group>;
  const to: Point = nextPosition(context, group.to);
  const position = { version: to.version, digest: to.digest };
  const { firm } = context;
  const links = [
    { from: group.from, to: group.to, durability: group.durability, payload: group.payload },
  ];
  return { kind: 'announce' as const, position, firm, openRound: null, links, reply: false };
}
