/** A slave process: the real machine, its disk, its jobs, and lib's glue as thin as can be. */
import type { SnapshotFrom } from 'xstate';
import {
  compareEpochs,
  type Enveloped,
  type Epoch,
  type Message,
  ORIGIN,
  type Point,
  type Position,
  pointOf,
  samePoint,
  slaveMachine,
} from '../../machines/index.js';
import type {
  Offer,
  SlaveContext,
  SlaveEffects,
  SlaveEvent,
} from '../../machines/slave-context.js';
import { type Effect, Stepper } from '../support/stepper.js';
import {
  type Bounds,
  isPrefix,
  LINEAGE,
  type Note,
  type Outcome,
  type Packet,
  type Spending,
} from './vocabulary.js';

export interface SlaveDisk {
  readonly lineage: string | null;
  readonly epoch: Epoch;
  readonly incarnation: string | null;
  readonly position: Position | null;
  readonly firm: Point | null;
  readonly prepared: Offer | null;
}

type Job = Effect & { readonly type: keyof SlaveEffects };

export interface SlaveProcess {
  readonly name: string;
  readonly life: number;
  readonly disk: SlaveDisk;
  readonly snapshot: SnapshotFrom<typeof slaveMachine> | null;
  readonly jobs: readonly Job[];
  /** The user layer is thinking about this round. */
  readonly asked: string | null;
}

type Result = Outcome<SlaveProcess>;

let stepper = new Stepper(slaveMachine);

/** Explores with this machine from now on: the real one, or a mutant of it. */
export function runSlaveOn(machine: typeof slaveMachine): void {
  stepper = new Stepper(machine);
}

const JOBS: readonly string[] = [
  'persistReign',
  'persistPromise',
  'commitCopy',
  'installCopy',
  'dropRound',
];
const DELAYS = {
  helloRetryMs: 1,
  silenceMs: 1,
  jitterMs: 0,
  requestRetryMs: 1,
  prepareMs: 1,
  inquireMs: 1,
  quarantineRetryMs: 1,
  refusedRetryMs: 1,
};

export function newSlaveProcess(name: string, joinedAt: Point | null): SlaveProcess {
  const epoch = { term: 0, start: 0 };
  return {
    name,
    life: 0,
    disk: {
      lineage: joinedAt === null ? null : LINEAGE,
      epoch,
      incarnation: null,
      position: joinedAt === null ? null : { lineage: LINEAGE, epoch, ...joinedAt },
      firm: joinedAt,
      prepared: null,
    },
    snapshot: null,
    jobs: [],
    asked: null,
  };
}

export const contextOf = (slave: SlaveProcess): SlaveContext | null =>
  slave.snapshot?.context ?? null;

/**
 * Forgets what decides nothing any more, so that states meet. Counters of what was heard start
 * over: silence may be noticed at any time, which is more than a clock allows.
 */
function settled(snapshot: SnapshotFrom<typeof slaveMachine>): SnapshotFrom<typeof slaveMachine> {
  const { context } = snapshot;
  const isClosing = snapshot.matches({ serving: { copy: 'aborting' } });
  const rest = {
    ...context,
    heard: 0,
    heardBefore: 0,
    ignored: 0,
    failures: Math.min(1, context.failures),
    closing: isClosing ? context.closing : null,
  };
  return { ...snapshot, context: rest } as typeof snapshot;
}

type Atom = { readonly packet: Packet } | { readonly note: Note };

class Turn {
  snapshot: SnapshotFrom<typeof slaveMachine>;
  jobs: Job[];
  asked: string | null;
  readonly atoms: Atom[] = [];
  readonly slave: SlaveProcess;
  readonly disk: SlaveDisk;

  constructor(slave: SlaveProcess, disk: SlaveDisk) {
    if (slave.snapshot === null) throw new Error('a process that is down takes no turn');
    this.slave = slave;
    this.disk = disk;
    this.snapshot = slave.snapshot;
    this.jobs = [...slave.jobs];
    this.asked = slave.asked;
  }

  send(event: SlaveEvent): void {
    const before = this.snapshot.context;
    const { snapshot, effects } = stepper.step(this.snapshot, event);
    const { status, error } = snapshot as unknown as { status: string; error: unknown };
    if (status === 'error') throw error;
    this.snapshot = settled(snapshot);
    this.#compare(before, snapshot.context);
    for (const effect of effects) this.#carryOut(effect);
  }

  broken(promise: string, how: string): void {
    this.atoms.push({ note: { kind: 'broken', promise, how } });
  }

  #compare(before: SlaveContext, after: SlaveContext): void {
    const isLower = (after.position?.version ?? 0) < (before.position?.version ?? 0);
    if (isLower && before.standing === 'following' && !before.rebase) {
      this.broken('S7', `shows ${after.position?.version} after ${before.position?.version}`);
    }
    if (compareEpochs(after.epoch, before.epoch) < 0 && after.lineage === before.lineage) {
      this.broken('S10', 'follows an older reign than before');
    }
    const { position } = after;
    const isFailed = this.snapshot.matches('failed');
    if (!isFailed && position !== null && position.digest !== this.disk.position?.digest) {
      this.broken('S9', `shows ${position.digest}, durable is ${this.disk.position?.digest}`);
    }
  }

  #carryOut(effect: Effect): void {
    if (JOBS.includes(effect.type)) {
      this.#checkReign(effect.type);
      this.jobs.push(effect as Job);
    }
    if (effect.type === 'askUser') {
      this.asked = (effect.params as SlaveEffects['askUser']).offer.round;
    }
    if (effect.type === 'transmit') {
      this.#transmit((effect.params as SlaveEffects['transmit']).message);
    }
    if (effect.type === 'acknowledge') this.#acknowledge(effect.params as { round: string | null });
    if (effect.type === 'request') this.#request(effect.params as SlaveEffects['request']);
  }

  /** Nothing is acted on before its reign is durable, or at least written before (P16). */
  #checkReign(type: string): void {
    const { epoch, incarnation } = this.snapshot.context;
    const isDurable =
      this.disk.incarnation === incarnation && compareEpochs(this.disk.epoch, epoch) === 0;
    const isWritten = this.jobs.some((job) => job.type === 'persistReign');
    if (type !== 'persistReign' && !isDurable && !isWritten) {
      this.broken('S10', `${type} under a reign that is not durable`);
    }
  }

  #transmit(message: Message): void {
    if (message.kind === 'vote' && message.answer === 'yes') {
      if (this.disk.prepared?.round !== message.round) this.#checkLateYes(message.round);
    }
    const { lineage, epoch } = this.snapshot.context;
    const sender = this.slave.name;
    const incarnation = `${sender}${this.slave.life}`;
    const envelope = { lineage: lineage ?? '', epoch, incarnation, sender };
    this.atoms.push({ packet: { to: ['m'], envelope, message } });
  }

  /** A yes may be repeated once its record became part of the copy, never before it is written. */
  #checkLateYes(round: string): void {
    const isCommitted =
      this.snapshot.context.closing !== round && this.slave.disk.prepared === null;
    const { position } = this.disk;
    const version = Number(round.slice(1).split('.')[0]);
    if (isCommitted && (position?.version ?? 0) >= version) return;
    this.broken('S4', `yes on ${round} leaves while no promise is durable`);
  }

  #acknowledge({ round }: { readonly round: string | null }): void {
    const { position } = this.snapshot.context;
    if (round !== null && this.disk.prepared?.round === round) {
      const isPast = (position?.version ?? 0) >= this.disk.prepared.to.version;
      const isUndecided = this.snapshot.context.prepared !== null;
      if (!isPast && !isUndecided) this.broken('S4', `confirms ${round} before its record is gone`);
    }
    this.#transmit({ kind: 'ack', position, durability: 'disk', round, problem: null });
  }

  #request({ round, rebase }: SlaveEffects['request']): void {
    const { position, firm } = this.snapshot.context;
    this.#transmit({
      kind: 'request',
      position: rebase ? null : position,
      firm: rebase ? null : firm,
      round,
      build: null,
      next: 0,
    });
  }

  get process(): SlaveProcess {
    const { snapshot, jobs, asked, disk } = this;
    return { ...this.slave, disk, snapshot, jobs, asked };
  }
}

function downWith(slave: SlaveProcess, disk: SlaveDisk): SlaveProcess {
  return { name: slave.name, life: slave.life, disk, snapshot: null, jobs: [], asked: null };
}

function outcomesOf(
  label: string,
  turn: Turn,
  spent: Spending | null,
  already: readonly Note[] = [],
  cutAtOnce = false,
): Result[] {
  const sent: Packet[] = [];
  const notes: Note[] = [...already];
  const outcomes: Result[] = [];
  const crash = (after: number) =>
    outcomes.push({
      label: `${label}; crash after effect ${after}`,
      process: downWith(turn.slave, turn.disk),
      sent: [...sent],
      notes: [...notes],
      spent: 'slaveCrashes',
    });
  if (cutAtOnce) crash(0);
  for (const [index, atom] of turn.atoms.entries()) {
    if ('packet' in atom) sent.push(atom.packet);
    else notes.push(atom.note);
    if (spent === null && index < turn.atoms.length - 1) crash(index + 1);
  }
  outcomes.unshift({ label, process: turn.process, sent, notes, spent });
  return outcomes;
}

export function startSlave(slave: SlaveProcess): Result[] {
  const { name, disk } = slave;
  const life = slave.life + 1;
  const { snapshot } = stepper.start({
    id: name,
    self: `${name}${life}`,
    durable: true,
    heldBytesMax: 100,
    delays: DELAYS,
  });
  const turn = new Turn({ ...downWith(slave, disk), life, snapshot }, disk);
  turn.send({ type: 'recovered', found: { ...disk, volatile: false, left: [] } });
  turn.send({ type: 'connected' });
  return outcomesOf(`${name} starts`, turn, null);
}

export function crashSlave(slave: SlaveProcess): Result {
  return {
    label: `${slave.name} crashes`,
    process: downWith(slave, slave.disk),
    sent: [],
    notes: [],
    spent: 'slaveCrashes',
  };
}

interface JobEnd {
  readonly disk: SlaveDisk;
  readonly notes: readonly Note[];
  readonly event: SlaveEvent;
}

function endOfCommit(slave: SlaveProcess, params: SlaveEffects['commitCopy']): JobEnd {
  const { disk } = slave;
  const notes: Note[] = [];
  let at = pointOf(disk.position);
  for (const step of params.steps) {
    if (!samePoint(step.from, at)) {
      const how = `applies ${step.from.digest} > ${step.next.digest} on ${at.digest}`;
      notes.push({ kind: 'broken', promise: 'S8', how });
    }
    at = pointOf(step.next);
  }
  const last = params.steps.at(-1)?.next;
  if (last === undefined) {
    notes.push({ kind: 'broken', promise: 'P4', how: 'commits nothing' });
    return { disk, notes, event: { type: 'roundDropped', round: '' } };
  }
  const prepared = params.round === null ? disk.prepared : null;
  return {
    disk: { ...disk, position: last, firm: params.firm, prepared },
    notes,
    event: { type: 'committed', position: last, round: params.round },
  };
}

/** A promise that is dropped while its master has not passed it counts as this slave's abort. */
function endOfDrop(slave: SlaveProcess, round: string): JobEnd {
  const { disk, name } = slave;
  const context = contextOf(slave);
  const notes: Note[] = [];
  const { prepared } = disk;
  if (prepared?.round === round) {
    const isSuperseded = (context?.target?.version ?? 0) > prepared.to.version;
    if (!isSuperseded) notes.push({ kind: 'aborted', round, by: name });
  }
  return {
    disk: { ...disk, prepared: prepared?.round === round ? null : prepared },
    notes,
    event: { type: 'roundDropped', round },
  };
}

function endOf(slave: SlaveProcess, job: Job): JobEnd {
  const { disk, name } = slave;
  if (job.type === 'persistReign') {
    const { lineage, epoch, incarnation } = job.params as SlaveEffects['persistReign'];
    return {
      disk: { ...disk, lineage, epoch, incarnation },
      notes: [],
      event: { type: 'reignPersisted', incarnation },
    };
  }
  if (job.type === 'persistPromise') {
    const { offer } = job.params as SlaveEffects['persistPromise'];
    return {
      disk: { ...disk, prepared: offer },
      notes: [{ kind: 'promised', round: offer.round, slave: name }],
      event: { type: 'promised', round: offer.round },
    };
  }
  if (job.type === 'dropRound') {
    return endOfDrop(slave, (job.params as SlaveEffects['dropRound']).round);
  }
  if (job.type === 'installCopy') {
    const { to, firm } = job.params as SlaveEffects['installCopy'];
    const notes: Note[] = [];
    if (!contextOf(slave)?.rebase && disk.firm !== null && !isPrefix(disk.firm.digest, to.digest)) {
      const how = `${to.digest} replaces ${disk.firm.digest}, which was firm`;
      notes.push({ kind: 'broken', promise: 'S7', how });
    }
    return {
      disk: { ...disk, position: to, firm },
      notes,
      event: { type: 'installed', position: to, volatile: false },
    };
  }
  return endOfCommit(slave, job.params as SlaveEffects['commitCopy']);
}

/** The oldest job ends: what it wrote is durable, and the machine hears of it, or a crash hits. */
export function endSlaveJob(slave: SlaveProcess): Result[] {
  const [job, ...jobs] = slave.jobs;
  if (job === undefined) return [];
  const { disk, notes, event } = endOf(slave, job);
  const turn = new Turn({ ...slave, jobs }, disk);
  turn.send(event);
  const outcomes = outcomesOf(`${slave.name} ends ${job.type}`, turn, null, notes, true);
  for (const [how, left] of [
    ['write fails', slave.disk],
    ['write fails, is there', disk],
  ] as const) {
    const broken = new Turn({ ...slave, jobs }, left);
    const written = left === disk ? notes : [];
    broken.send({ type: 'storeFailed', problem: { code: 'STORE_FAILED', reason: 'model' } });
    outcomes.push(...outcomesOf(`${slave.name}: ${how}`, broken, 'storeFailures', written));
  }
  if (job.type !== 'commitCopy') return outcomes;
  const failing = new Turn({ ...slave, jobs }, slave.disk);
  failing.send({
    type: 'commitFailed',
    position: null,
    problem: { code: 'BUSY', reason: 'model' },
  });
  return [...outcomes, ...outcomesOf(`${slave.name}: commit fails`, failing, 'failures')];
}

/** Delays whose end tells nothing that a message still under way does not tell as well. */
const REPEATING = ['HELLO_RETRY', 'REQUEST_RETRY'];
const SPENDING: Readonly<Record<string, Spending>> = {
  PREPARE_WAIT: 'deadlines',
  SILENCE: 'silences',
};

/** The user layer's answer, and the timers. */
export function slaveMoves(slave: SlaveProcess): Result[] {
  const { snapshot, name, asked } = slave;
  if (snapshot === null) return [];
  const outcomes: Result[] = [];
  const take = (label: string, event: SlaveEvent, spent: Spending | null) => {
    const turn = new Turn(slave, slave.disk);
    if (asked !== null && label.includes('user')) turn.asked = null;
    turn.send(event);
    outcomes.push(...outcomesOf(label, turn, spent));
  };
  if (asked !== null) {
    const problem = { code: 'VETOED', reason: 'model' };
    take(`${name} user says yes`, { type: 'canPrepare', round: asked }, null);
    take(`${name} user says no`, { type: 'cannotPrepare', round: asked, problem }, 'vetoes');
  }
  if (snapshot.matches('serving')) {
    const turn = new Turn(slave, slave.disk);
    turn.send({ type: 'disconnected' });
    turn.send({ type: 'connected' });
    outcomes.push(...outcomesOf(`${name} reconnects`, turn, 'reconnects'));
  }
  for (const { delay, eventType } of stepper.waits(snapshot)) {
    if (REPEATING.includes(delay)) continue;
    const event = { type: eventType } as unknown as SlaveEvent;
    take(`${name} ${delay}`, event, SPENDING[delay] ?? null);
  }
  return outcomes;
}

/** Every timer, also those that only repeat: what keeps a cluster going after losses. */
export function slaveRetries(slave: SlaveProcess): Result[] {
  const { snapshot, name } = slave;
  if (snapshot === null) return [];
  return stepper.waits(snapshot).map(({ delay, eventType }) => {
    const turn = new Turn(slave, slave.disk);
    turn.send({ type: eventType } as unknown as SlaveEvent);
    return outcomesOf(`${name} ${delay}`, turn, null)[0] as Result;
  });
}

export function deliverToSlave(slave: SlaveProcess, packet: Packet, _bounds: Bounds): Result[] {
  if (slave.snapshot?.matches('serving') !== true) return [];
  const turn = new Turn(slave, slave.disk);
  const { message } = packet;
  const envelope = { protocol: 1, item: 'i', ...packet.envelope };
  turn.send(eventOf({ ...message, envelope } as Enveloped));
  return outcomesOf(`m -> ${slave.name} ${message.kind}`, turn, null);
}

function eventOf(message: Enveloped): SlaveEvent {
  if (message.kind === 'delta' || message.kind === 'snapshot') {
    const { envelope, from, to, durability, round, payload, build, reason, firmRelation } = message;
    if (message.kind === 'delta') {
      return { type: 'deltaArrived', envelope, from, to, durability, round, payload };
    }
    return {
      type: 'snapshotBegan',
      envelope,
      build,
      to,
      reason: reason ?? 'trimmed',
      firmRelation,
    };
  }
  return { type: 'message', message } as SlaveEvent;
}

export const isEmpty = (slave: SlaveProcess): boolean =>
  samePoint(pointOf(slave.disk.position), ORIGIN);
