/** A slave process: the real machine, its disk, its jobs, and one turn of it. */
import type { SnapshotFrom } from 'xstate';
import {
  compareEpochs,
  type Epoch,
  type Message,
  type Point,
  type Position,
  slaveMachine,
} from '../../machines/index.js';
import type { Offer, SlaveEffects, SlaveEvent, SlaveFacts } from '../../machines/slave-context.js';
import { type Effect, Stepper } from '../support/stepper.js';
import { isWhole, type Receiving, type Transfer } from './receiver.js';
import {
  LINEAGE,
  MASTERS,
  type Note,
  type Outcome,
  type Packet,
  type Spending,
  type Stepped,
} from './vocabulary.js';

export interface SlaveDisk {
  readonly lineage: string | null;
  readonly epoch: Epoch;
  readonly incarnation: string | null;
  readonly position: Position | null;
  readonly firm: Point | null;
  readonly prepared: Offer | null;
}

export type Job = Effect & { readonly type: keyof SlaveEffects };

export interface SlaveProcess {
  readonly name: string;
  readonly life: number;
  readonly disk: SlaveDisk;
  readonly snapshot: SnapshotFrom<typeof slaveMachine> | null;
  readonly jobs: readonly Job[];
  /** The user layer is thinking about this round. */
  readonly asked: string | null;
  /** The user layer was asked about this round, and did not hear its end. */
  readonly unended: string | null;
  /** Holds all in memory: a crash leaves nothing. */
  readonly isStoreless: boolean;
  readonly receiving: Receiving;
  /** A whole state of which parts are here. */
  readonly transfer: Transfer | null;
  /** Asked for, and nothing of it came yet. */
  readonly isExpecting: boolean;
}

export type Result = Outcome<SlaveProcess>;

/** A prime, so that no loop of the walk hides the same step each time. */
const COMPARED = { compareEvery: 61 };

let stepper = new Stepper(slaveMachine, COMPARED);

export const slaveStepper = (): Stepper<typeof slaveMachine> => stepper;

/** Explores with this machine from now on: the real one, or a mutant of it. */
export function runSlaveOn(machine: typeof slaveMachine): void {
  stepper = new Stepper(machine, COMPARED);
}

const JOBS: readonly string[] = [
  'persistReign',
  'persistPromise',
  'commitCopy',
  'installCopy',
  'dropRound',
];
export const DELAYS = {
  helloRetryMs: 1,
  silenceMs: 1,
  jitterMs: 0,
  requestRetryMs: 1,
  prepareMs: 1,
  inquireMs: 1,
  quarantineRetryMs: 1,
  refusedRetryMs: 1,
};

const NEVER = { term: 0, start: 0 };
const DOWN = {
  snapshot: null,
  jobs: [],
  asked: null,
  unended: null,
  transfer: null,
  isExpecting: false,
};
const EMPTY_DISK: SlaveDisk = {
  lineage: null,
  epoch: NEVER,
  incarnation: null,
  position: null,
  firm: null,
  prepared: null,
};

export function newSlaveProcess(
  name: string,
  joinedAt: Point | null,
  isStoreless: boolean,
  receiving: Receiving,
): SlaveProcess {
  const position = joinedAt && { lineage: LINEAGE, epoch: NEVER, ...joinedAt };
  const joined = { ...EMPTY_DISK, lineage: LINEAGE, position, firm: joinedAt };
  const disk = joinedAt === null ? EMPTY_DISK : joined;
  const process = { name, life: 0, disk, isStoreless, receiving };
  return { ...process, ...DOWN };
}

/** Names the process life, as its incarnation does. */
export const lifeOf = ({ name, life }: Pick<SlaveProcess, 'name' | 'life'>): string =>
  `${name}${life}`;

export const factsOf = (slave: SlaveProcess): SlaveFacts | null =>
  slave.snapshot?.context.facts ?? null;

/**
 * Forgets what decides nothing any more, so that states meet. Counters of what was heard start
 * over: silence may be noticed at any time, which is more than a clock allows.
 */
function settled(snapshot: SnapshotFrom<typeof slaveMachine>): SnapshotFrom<typeof slaveMachine> {
  const { facts } = snapshot.context;
  const isClosing = snapshot.matches({ serving: { copy: 'aborting' } });
  const rest = {
    ...facts,
    heard: 0,
    heardBefore: 0,
    unanswered: 0,
    ignored: 0,
    failures: Math.min(1, facts.failures),
    progress: Math.min(1, facts.progress),
    progressBefore: 0,
    closing: isClosing ? facts.closing : null,
  };
  return { ...snapshot, context: { facts: rest } } as typeof snapshot;
}

export type Atom = { readonly packet: Packet } | { readonly note: Note };

export class Turn {
  snapshot: SnapshotFrom<typeof slaveMachine>;
  jobs: Job[];
  asked: string | null;
  unended: string | null;
  transfer: Transfer | null;
  isExpecting: boolean;
  /** Kind of the message that this turn is about. */
  answering: Message['kind'] | null = null;
  readonly atoms: Atom[] = [];
  readonly steps: Stepped[] = [];
  readonly slave: SlaveProcess;
  readonly disk: SlaveDisk;

  constructor(slave: SlaveProcess, disk: SlaveDisk) {
    if (slave.snapshot === null) throw new Error('a process that is down takes no turn');
    this.slave = slave;
    this.disk = disk;
    this.snapshot = slave.snapshot;
    this.jobs = [...slave.jobs];
    this.asked = slave.asked;
    this.unended = slave.unended;
    this.transfer = slave.transfer;
    this.isExpecting = slave.isExpecting;
  }

  send(event: SlaveEvent): void {
    const before = this.snapshot.context.facts;
    this.steps.push({ before: this.snapshot, event });
    const { snapshot, effects } = stepper.step(this.snapshot, event);
    const { status, error } = snapshot as unknown as { status: string; error: unknown };
    if (status === 'error') throw error;
    this.snapshot = settled(snapshot);
    this.#compare(before, snapshot.context.facts);
    for (const effect of effects) this.#carryOut(effect);
  }

  broken(promise: string, how: string): void {
    this.atoms.push({ note: { kind: 'broken', promise, how } });
  }

  #compare(before: SlaveFacts, after: SlaveFacts): void {
    const isLower = (after.position?.version ?? 0) < (before.position?.version ?? 0);
    if (isLower && before.standing === 'following' && !before.rebase) {
      this.broken('S7', `shows ${after.position?.version} after ${before.position?.version}`);
    }
    if (compareEpochs(after.epoch, before.epoch) < 0 && after.lineage === before.lineage) {
      this.broken('S10', 'follows an older reign than before');
    }
    const isSameReign =
      after.lineage === before.lineage && compareEpochs(after.epoch, before.epoch) === 0;
    const { incarnation } = before;
    if (isSameReign && incarnation !== null && after.incarnation !== incarnation) {
      this.broken('S10', `leaves ${incarnation} for ${after.incarnation}, of the same reign`);
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
    if (effect.type === 'cancelTransfer') this.dropTransfer();
    if (effect.type === 'askUser') {
      const { round } = (effect.params as SlaveEffects['askUser']).offer;
      this.#ended(round);
      this.asked = round;
      this.unended = round;
    }
    if (effect.type === 'dropRound' || effect.type === 'commitCopy') {
      this.#ended((effect.params as SlaveEffects['dropRound' | 'commitCopy']).round);
      this.unended = null;
    }
    if (effect.type === 'transmit') {
      this.#transmit((effect.params as SlaveEffects['transmit']).message);
    }
    if (effect.type === 'acknowledge') this.#acknowledge(effect.params as { round: string | null });
    if (effect.type === 'request') this.#request(effect.params as SlaveEffects['request']);
  }

  /** Of a round that it was asked about, the user layer hears the end (claims 27, 35). */
  #ended(round: string | null): void {
    const { unended } = this;
    if (unended === null || unended === round) return;
    this.broken('claim 27', `the user layer hears of ${round}, and never the end of ${unended}`);
  }

  /** Nothing is acted on before its reign is durable, or at least written before (P16). */
  #checkReign(type: string): void {
    const { epoch, incarnation } = this.snapshot.context.facts;
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
    const { lineage, epoch } = this.snapshot.context.facts;
    const sender = this.slave.name;
    const incarnation = lifeOf(this.slave);
    const envelope = { lineage: lineage ?? '', epoch, incarnation, sender };
    // One master is followed at a time; who greets or refuses speaks to whoever is there.
    const toAll = message.kind === 'hello' || message.kind === 'refused';
    const mine = MASTERS.filter((name) =>
      this.snapshot.context.facts.incarnation?.startsWith(name),
    );
    const to = toAll || mine.length === 0 ? MASTERS : mine;
    this.atoms.push({ packet: { to, envelope, message } });
  }

  /** A yes may be repeated once its record became part of the copy, never before it is written. */
  #checkLateYes(round: string): void {
    const isCommitted =
      this.snapshot.context.facts.closing !== round && this.slave.disk.prepared === null;
    const { position } = this.disk;
    const version = Number(round.slice(1).split('.')[0]);
    if (isCommitted && (position?.version ?? 0) >= version) return;
    this.broken('S4', `yes on ${round} leaves while no promise is durable`);
  }

  #acknowledge({ round }: { readonly round: string | null }): void {
    const { position } = this.snapshot.context.facts;
    if (round !== null && this.disk.prepared?.round === round) {
      const isPast = (position?.version ?? 0) >= this.disk.prepared.to.version;
      const isUndecided = this.snapshot.context.facts.prepared !== null;
      if (!isPast && !isUndecided) this.broken('S4', `confirms ${round} before its record is gone`);
    }
    const durability = this.slave.isStoreless ? 'memory' : 'disk';
    this.#transmit({ kind: 'ack', position, durability, round, problem: null });
    // Answering a commit it only says where it stands: its round may well be written down next.
    const isOver = this.answering === null || this.answering === 'abort';
    if (round === null || !isOver || this.disk.prepared?.round === round) return;
    this.atoms.push({ note: { kind: 'gone', round, life: lifeOf(this.slave) } });
  }

  /** Whoever read the parts is told that no more come. */
  dropTransfer(): void {
    this.transfer = null;
    this.isExpecting = false;
    if (this.slave.receiving === 'whole') return;
    this.jobs = this.jobs.filter(({ type }) => type !== 'installCopy');
  }

  /** Takes a part, and asks for the one after it. */
  take(build: string, body: string): void {
    const parts = [...(this.transfer?.parts ?? []), body];
    this.transfer = { build, parts };
    this.send({ type: 'transferProgressed' });
    if (this.transfer !== null && !isWhole(this.transfer)) this.#goOn(this.transfer);
  }

  #goOn({ build, parts }: Transfer): void {
    const { position, firm } = this.snapshot.context.facts;
    this.#transmit({ kind: 'request', position, firm, round: null, build, next: parts.length });
  }

  #request({ round, rebase }: SlaveEffects['request']): void {
    if (this.transfer !== null && round === null) {
      if (!isWhole(this.transfer)) this.#goOn(this.transfer);
      return;
    }
    this.dropTransfer();
    this.isExpecting = this.slave.receiving !== 'whole';
    const { position, firm } = this.snapshot.context.facts;
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
    const { snapshot, jobs, asked, unended, disk, transfer, isExpecting } = this;
    return { ...this.slave, disk, snapshot, jobs, asked, unended, transfer, isExpecting };
  }
}

export function downWith(slave: SlaveProcess, disk: SlaveDisk): SlaveProcess {
  const { name, life, isStoreless, receiving } = slave;
  const left = isStoreless && life > 0 ? EMPTY_DISK : disk;
  return { name, life, disk: left, isStoreless, receiving, ...DOWN };
}

export function outcomesOf(
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
      steps: turn.steps,
      spent: 'slaveCrashes',
    });
  if (cutAtOnce) crash(0);
  for (const [index, atom] of turn.atoms.entries()) {
    if ('packet' in atom) sent.push(atom.packet);
    else notes.push(atom.note);
    if (spent === null && index < turn.atoms.length - 1) crash(index + 1);
  }
  outcomes.unshift({ label, process: turn.process, sent, notes, steps: turn.steps, spent });
  return outcomes;
}
