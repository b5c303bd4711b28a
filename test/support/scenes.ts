/** Points, messages and machines in known places, for the tests of the machines. */
import {
  type Enveloped,
  type Epoch,
  masterMachine,
  ORIGIN,
  type Payload,
  type Point,
  type Position,
  type SlaveMessage,
  slaveMachine,
  type Vote,
  type VoteMessage,
} from '../../machines/index.js';
import type {
  Group,
  MasterEvent,
  RecoveredMaster,
  RoundGroup,
} from '../../machines/master-context.js';
import type { SlaveEffects, SlaveEvent, SlaveInput } from '../../machines/slave-context.js';
import { Probe } from './probe.js';

export const REIGN: Epoch = { term: 0, start: 1 };
export const NEXT_REIGN: Epoch = { term: 0, start: 2 };
export const LINEAGE = 'lineage';
export const MASTER = 'master-life-1';

export const point = (version: number, digest = `d${version}`): Point =>
  version === 0 ? ORIGIN : { version, digest };

export const at = (version: number, epoch = REIGN, digest = `d${version}`): Position => ({
  lineage: LINEAGE,
  epoch,
  version,
  digest,
});

export const payload = (name: string): Payload => ({ bytes: 10, checksum: name, body: name });

export const group = (from: number, to: number, id = `g${to}`): Group => ({
  id,
  from: point(from),
  to: point(to),
  payload: payload(id),
  durability: 'disk',
});

export const roundOf = (
  from: number,
  to: number,
  participants: readonly string[] = ['a', 'b'],
): RoundGroup => ({ ...group(from, to, `r${to}`), participants, voteMs: 100 });

export const found = (changes: Partial<RecoveredMaster> = {}): RecoveredMaster => ({
  lineage: LINEAGE,
  volatile: false,
  epoch: REIGN,
  incarnation: MASTER,
  position: point(1),
  firm: point(1),
  reserved: 1,
  reigns: [{ epoch: REIGN, incarnation: MASTER }],
  closed: [],
  redo: null,
  ...changes,
});

export type MasterProbe = Probe<typeof masterMachine>;
export type SlaveProbe = Probe<typeof slaveMachine>;

export const newMaster = (): MasterProbe =>
  new Probe(masterMachine, { delays: { heartbeatMs: 10, voteMs: 100, commitRetryMs: 10 } });

/** Serving at version 1, numbers up to 1000 reserved and none of them issued. */
export function servingMaster(changes: Partial<RecoveredMaster> = {}): MasterProbe {
  const master = newMaster().send(
    { type: 'recovered', found: found(changes) },
    { type: 'reignPersisted' },
  );
  return changes.redo ? master : master.send(...announced(1, 2), ...announced(2, 3));
}

/** A one-phase group through and through; the first of them reserves a block of numbers. */
export function announced(from: number, to: number): readonly MasterEvent[] {
  return [
    { type: 'announceGroup', group: group(from, to) },
    { type: 'reserved', upTo: 1000 },
    { type: 'originalCommitted', id: `g${to}` },
  ];
}

/** From 3 to 4, asked of a and b. */
export function preparingMaster(participants: readonly string[] = ['a', 'b']): MasterProbe {
  return servingMaster().send({ type: 'proposeGroup', group: roundOf(3, 4, participants) });
}

export const yes = (slave: string, round = 'r4', incarnation = `${slave}1`): Vote => ({
  slave,
  round,
  incarnation,
  answer: 'yes',
  reason: null,
  code: null,
});

export const no = (slave: string, reason = 'too big', round = 'r4'): Vote => ({
  ...yes(slave, round),
  answer: 'no',
  reason,
  code: 'VETOED',
});

const INPUT: SlaveInput = {
  id: 'a',
  self: 'a1',
  durable: true,
  heldBytesMax: 100,
  delays: {
    helloRetryMs: 10,
    silenceMs: 30,
    jitterMs: 5,
    requestRetryMs: 10,
    prepareMs: 50,
    inquireMs: 20,
    quarantineRetryMs: 10,
    refusedRetryMs: 10,
  },
};

type Recovered = Extract<SlaveEvent, { type: 'recovered' }>['found'];
type Incoming = Extract<SlaveEvent, { type: 'message' }>['message'];

export const newSlave = (): SlaveProbe => new Probe(slaveMachine, INPUT);

export const records = (changes: Partial<Recovered> = {}): Recovered => ({
  lineage: LINEAGE,
  volatile: false,
  left: [],
  epoch: REIGN,
  incarnation: MASTER,
  position: at(3),
  firm: point(3),
  prepared: null,
  ...changes,
});

interface Sender {
  readonly epoch?: Epoch;
  readonly incarnation?: string;
  readonly lineage?: string;
}

/** A message of the master, in the envelope of its first reign unless told otherwise. */
export function from<Content extends { readonly kind: Incoming['kind'] }>(
  content: Content,
  { epoch = REIGN, incarnation = MASTER, lineage = LINEAGE }: Sender = {},
): Extract<SlaveEvent, { type: 'message' }> {
  const envelope = { protocol: 1, item: 'item', lineage, epoch, incarnation, sender: 'm' };
  return { type: 'message', message: { ...content, envelope } as unknown as Enveloped<never> };
}

export const welcome = (hello: string, changes: object = {}) => ({
  kind: 'welcome' as const,
  hello,
  position: point(3),
  firm: point(3),
  sequence: 1,
  openRound: null as string | null,
  volatile: false,
  heartbeatMs: 10,
  relation: 'same',
  firmRelation: 'same',
  ...changes,
});

export const announce = (sequence: number, version: number, changes: object = {}) => ({
  kind: 'announce' as const,
  sequence,
  position: point(version),
  firm: point(version),
  openRound: null as string | null,
  links: [] as readonly object[],
  reply: false,
  ...changes,
});

export const link = (fromVersion: number, toVersion: number) => ({
  from: point(fromVersion),
  to: point(toVersion),
  durability: 'disk',
  payload: payload(`p${toVersion}`),
});

export const prepare = (sequence: number, changes: object = {}) => ({
  ...announce(sequence, 3),
  kind: 'prepare' as const,
  round: 'r4',
  openRound: 'r4',
  from: point(3),
  to: point(4),
  participants: ['a', 'b'],
  payload: payload('p4'),
  ...changes,
});

export const commit = (sequence: number, version = 3) => ({
  ...announce(sequence, version, { openRound: version === 3 ? 'r4' : null }),
  kind: 'commit' as const,
  round: 'r4',
  to: point(4),
});

export const abort = (sequence: number, round = 'r4') => ({
  ...announce(sequence, 3),
  kind: 'abort' as const,
  round,
  reason: 'changed my mind',
});

export const outcome = (says: string, round = 'r4') => ({
  kind: 'outcome' as const,
  round,
  outcome: says,
  position: point(3),
});

/** Connected, welcomed and live at version 3, with what its records held. */
export function liveSlave(changes: Partial<Recovered> = {}, welcomed: object = {}): SlaveProbe {
  const slave = newSlave().send(
    { type: 'recovered', found: records(changes) },
    { type: 'connected' },
  );
  return slave.send(from(welcome('a1.1', welcomed)));
}

/** Live at 3 and asked by round r4. */
export const preparingSlave = (): SlaveProbe => liveSlave().send(from(prepare(2)));

/** Voted yes on r4, from 3 to 4. */
export const preparedSlave = (): SlaveProbe =>
  preparingSlave().send({ type: 'canPrepare', round: 'r4' }, { type: 'promised', round: 'r4' });

/** What the record of that promise holds. */
export const promise = {
  round: 'r4',
  from: point(3),
  to: point(4),
  epoch: REIGN,
  incarnation: MASTER,
  sequence: 2,
  payload: payload('p4'),
};

/** Where its copy is, in the words of the machine. */
export const copyOf = (slave: SlaveProbe) => slave.states[1]?.replace('serving.copy.', '');

/** What it sent since it was last asked to do something. */
export const said = (slave: SlaveProbe): readonly SlaveMessage[] =>
  slave.effects<SlaveEffects['transmit']>('transmit').map(({ message }) => message);

export const vote = (slave: SlaveProbe): VoteMessage | undefined =>
  said(slave).find((message) => message.kind === 'vote');
