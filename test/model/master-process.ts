/** A master process: the real machine, its disk, its jobs, and lib's look-ups as thin as can be. */
import type { SnapshotFrom } from 'xstate';
import {
  compareEpochs,
  type Message,
  masterMachine,
  ORIGIN,
  type Point,
  pointOf,
  type Reign,
  type Relation,
  relate,
} from '../../machines/index.js';
import type {
  Group,
  MasterContext,
  MasterEffects,
  MasterEvent,
  RoundGroup,
} from '../../machines/master-context.js';
import { type Effect, Stepper } from '../support/stepper.js';
import {
  type Bounds,
  digestAt,
  extend,
  LINEAGE,
  type Note,
  type Outcome,
  type Packet,
  SLAVES,
  type Spending,
} from './vocabulary.js';

export interface MasterDisk {
  readonly epoch: { readonly term: number; readonly start: number };
  readonly reigns: readonly Reign[];
  readonly reserved: number;
  readonly position: Point;
  readonly firm: Point;
  readonly decisions: readonly RoundGroup[];
}

type Job = Effect & { readonly type: keyof MasterEffects };

export interface MasterProcess {
  readonly life: number;
  readonly disk: MasterDisk;
  /** Null while the process is down. */
  readonly snapshot: SnapshotFrom<typeof masterMachine> | null;
  /** Writes and calls of the user layer, which end one after the other. */
  readonly jobs: readonly Job[];
  readonly isPolling: boolean;
  /** A copy of an earlier disk. */
  readonly backup: MasterDisk | null;
  readonly sequence: number;
  /** Incarnation of each slave that said hello in this life. */
  readonly sessions: Readonly<Record<string, string>>;
  /** Hellos answered in this life: a repeated one would raise the sequence number for ever. */
  readonly greeted: readonly string[];
}

type Result = Outcome<MasterProcess>;

let stepper = new Stepper(masterMachine);

/** Explores with this machine from now on: the real one, or a mutant of it. */
export function runMasterOn(machine: typeof masterMachine): void {
  stepper = new Stepper(machine);
}

const DELAYS = { heartbeatMs: 1, voteMs: 1, commitRetryMs: 1 };
const JOBS: readonly string[] = [
  'persistReign',
  'reserve',
  'commitOriginal',
  'persistDecision',
  'rollbackOriginal',
];

export function newMasterProcess(): MasterProcess {
  const first = extend(ORIGIN, 1);
  return {
    life: 0,
    disk: {
      epoch: { term: 0, start: 0 },
      reigns: [],
      reserved: 1024,
      position: first,
      firm: first,
      decisions: [],
    },
    backup: null,
    snapshot: null,
    jobs: [],
    isPolling: false,
    sequence: 0,
    sessions: {},
    greeted: [],
  };
}

export const contextOf = (master: MasterProcess): MasterContext | null =>
  master.snapshot?.context ?? null;

/** The durable history of this master: what it holds, or has decided to hold. */
export function durableHead(disk: MasterDisk): Point {
  const redo = disk.decisions.find(({ to }) => to.version > disk.position.version);
  return redo?.to ?? disk.position;
}

/** Words for people and votes of rounds that are over decide nothing: without them states meet. */
function settled(snapshot: SnapshotFrom<typeof masterMachine>): SnapshotFrom<typeof masterMachine> {
  const { context } = snapshot;
  const { abortReason, closed, round, votes } = context;
  const rest = {
    ...context,
    votes: round === null ? {} : votes,
    abortReason: abortReason && { ...abortReason, reason: '' },
    closed: closed.map((each) => ({ ...each, reason: '' })),
    problem: null,
  };
  return { ...snapshot, context: rest } as typeof snapshot;
}

/** One thing that an effect does at once; jobs end later. */
type Atom =
  | { readonly packet: Packet }
  | { readonly note: Note }
  | { readonly forget: readonly string[] };

class Turn {
  snapshot: SnapshotFrom<typeof masterMachine>;
  jobs: Job[];
  isPolling: boolean;
  sequence: number;
  sessions: Record<string, string>;
  greeted: readonly string[];
  readonly atoms: Atom[] = [];
  readonly master: MasterProcess;
  readonly disk: MasterDisk;

  constructor(master: MasterProcess, disk: MasterDisk) {
    if (master.snapshot === null) throw new Error('a process that is down takes no turn');
    this.master = master;
    this.disk = disk;
    this.snapshot = master.snapshot;
    this.jobs = [...master.jobs];
    this.isPolling = master.isPolling;
    this.sequence = master.sequence;
    this.sessions = { ...master.sessions };
    this.greeted = master.greeted;
  }

  get context(): MasterContext {
    return this.snapshot.context;
  }

  get envelope(): Packet['envelope'] {
    const { lineage, epoch, incarnation } = this.context;
    return { lineage, epoch, incarnation, sender: 'm' };
  }

  send(event: MasterEvent): void {
    const { group } = this.context;
    const { snapshot, effects } = stepper.step(this.snapshot, event);
    const { status, error } = snapshot as unknown as { status: string; error: unknown };
    if (status === 'error') throw error;
    this.snapshot = settled(snapshot);
    for (const effect of effects) this.#carryOut(effect, group);
  }

  packet(message: Message, to: readonly string[]): void {
    if (to.length > 0) this.atoms.push({ packet: { to, envelope: this.envelope, message } });
  }

  broken(promise: string, how: string): void {
    this.atoms.push({ note: { kind: 'broken', promise, how } });
  }

  #carryOut(effect: Effect, group: Group | null): void {
    if (JOBS.includes(effect.type)) this.jobs.push(effect as Job);
    if (effect.type === 'multicast') this.#multicast(effect.params as MasterEffects['multicast']);
    if (effect.type === 'pollNetwork') this.isPolling = true;
    if (effect.type === 'settle') this.#settle(effect.params as MasterEffects['settle'], group);
    if (effect.type === 'reply') {
      const { slave, message } = effect.params as MasterEffects['reply'];
      if (message.kind === 'outcome' && message.outcome === 'aborted') {
        this.atoms.push({ note: { kind: 'aborted', round: message.round, by: 'm' } });
      }
      this.packet(message, [slave]);
    }
    if (effect.type === 'forgetDecisions') {
      this.atoms.push({ forget: (effect.params as MasterEffects['forgetDecisions']).rounds });
    }
  }

  #multicast({ sends }: MasterEffects['multicast']): void {
    for (const { message, only, except } of sends) {
      const to = Object.keys(this.sessions)
        .sort()
        .filter((slave) => only?.includes(slave) ?? true)
        .filter((slave) => !(except?.includes(slave) ?? false));
      this.#checkSend(message);
      if (to.length === 0) continue;
      this.sequence += 1;
      const words = message.kind === 'abort' ? { reason: '' } : {};
      const stamped = { ...message, ...words, sequence: this.sequence } as Message;
      this.packet(stamped, to);
    }
  }

  #checkSend(message: MasterEffects['multicast']['sends'][number]['message']): void {
    const head = durableHead(this.disk);
    if (message.position.digest !== digestAt(head.digest, message.position.version)) {
      this.broken('S11', `announces ${message.position.digest}, durable is ${head.digest}`);
    }
    if (
      message.kind === 'commit' &&
      digestAt(head.digest, message.to.version) !== message.to.digest
    ) {
      this.broken('S4', `commit of ${message.round} leaves before its decision is durable`);
    }
    if (message.kind === 'abort') {
      this.atoms.push({ note: { kind: 'aborted', round: message.round, by: 'm' } });
    }
  }

  #settle({ id, settlement }: MasterEffects['settle'], group: Group | null): void {
    const { state } = settlement;
    if (group === null || group.id !== id) {
      this.broken('P21', `settles ${id}, under way is ${group?.id}`);
      return;
    }
    const { digest } = group.to;
    if (state === 'committed' && group.durability === 'disk')
      this.atoms.push({ note: { kind: 'acknowledged', digest } });
    if (state === 'aborted' || state === 'failed') {
      this.atoms.push({ note: { kind: 'denied', round: id, digest } });
    }
  }

  get process(): MasterProcess {
    const { disk, snapshot, jobs, isPolling, sequence, sessions, greeted } = this;
    return { ...this.master, disk, snapshot, jobs, isPolling, sequence, sessions, greeted };
  }
}

function downWith(master: MasterProcess, disk: MasterDisk): MasterProcess {
  return {
    life: master.life,
    disk,
    backup: master.backup,
    snapshot: null,
    jobs: [],
    isPolling: false,
    sequence: 0,
    sessions: {},
    greeted: [],
  };
}

function forget(disk: MasterDisk, rounds: readonly string[]): MasterDisk {
  return { ...disk, decisions: disk.decisions.filter(({ id }) => !rounds.includes(id)) };
}

/** The step as a whole, and cut short by a crash after each thing it does. */
function outcomesOf(
  label: string,
  turn: Turn,
  spent: Spending | null,
  already: readonly Note[] = [],
  cutAtOnce = false,
): Result[] {
  const outcomes: Result[] = [];
  let disk = turn.disk;
  const sent: Packet[] = [];
  const notes: Note[] = [...already];
  const crash = (after: number) =>
    outcomes.push({
      label: `${label}; crash after effect ${after}`,
      process: downWith(turn.master, disk),
      sent: [...sent],
      notes: [...notes],
      spent: 'masterCrashes',
    });
  if (cutAtOnce) crash(0);
  for (const [index, atom] of turn.atoms.entries()) {
    if ('packet' in atom) sent.push(atom.packet);
    if ('note' in atom) notes.push(atom.note);
    if ('forget' in atom) disk = forget(disk, atom.forget);
    if (spent === null && index < turn.atoms.length - 1) crash(index + 1);
  }
  outcomes.unshift({ label, process: { ...turn.process, disk }, sent, notes, spent });
  return outcomes;
}

export function startMaster(master: MasterProcess): Result[] {
  const life = master.life + 1;
  const { disk } = master;
  const epoch = { term: disk.epoch.term, start: disk.epoch.start + 1 };
  const incarnation = `m${life}`;
  const { snapshot } = stepper.start({ delays: DELAYS });
  const turn = new Turn({ ...downWith(master, disk), life, snapshot }, disk);
  const { position, firm, reserved, decisions } = disk;
  turn.send({
    type: 'recovered',
    found: {
      lineage: LINEAGE,
      volatile: false,
      epoch,
      incarnation,
      position,
      firm,
      reserved,
      reigns: [...disk.reigns, { epoch, incarnation }],
      closed: decisions.map(({ id, to, participants }) => ({
        round: id,
        outcome: 'committed',
        to,
        reason: '',
        waiting: participants,
      })),
      redo: decisions.find(({ to }) => to.version > position.version) ?? null,
    },
  });
  return outcomesOf('m starts', turn, null);
}

/** The folder is copied; later the copy may be put back in place of what became of it (T35). */
export function backUpAndRestore(master: MasterProcess): Result[] {
  const { disk, backup } = master;
  const outcomes: Result[] = [
    {
      label: 'm is backed up',
      process: { ...master, backup: disk },
      sent: [],
      notes: [],
      spent: 'backups',
    },
  ];
  if (backup === null) return outcomes;
  const digest = durableHead(disk).digest;
  const head = durableHead(backup).digest;
  outcomes.push({
    label: 'm is restored from its backup',
    process: { ...downWith(master, backup), backup: null },
    sent: [],
    notes: [{ kind: 'lost', digest, head, isRestored: true }],
    spent: 'masterCrashes',
  });
  return outcomes;
}

/** A power cut may take what was promised for `os` only, down to what is firm (P19). */
export function loseMaster(master: MasterProcess): Result {
  const { disk } = master;
  return {
    label: 'm loses power',
    process: downWith(master, { ...disk, position: disk.firm }),
    sent: [],
    notes: [
      {
        kind: 'lost',
        digest: disk.position.digest,
        head: durableHead({ ...disk, position: disk.firm }).digest,
        isRestored: false,
      },
    ],
    spent: 'masterCrashes',
  };
}

export function crashMaster(master: MasterProcess): Result {
  return {
    label: 'm crashes',
    process: downWith(master, master.disk),
    sent: [],
    notes: [],
    spent: 'masterCrashes',
  };
}

function diskAfter(master: MasterProcess, job: Job): { disk: MasterDisk; notes: Note[] } {
  const { disk } = master;
  if (job.type === 'persistReign') {
    const { epoch, incarnation, reserved } = job.params as MasterEffects['persistReign'];
    const reigns = [...disk.reigns, { epoch, incarnation }];
    return { disk: { ...disk, epoch, reserved, reigns }, notes: [] };
  }
  if (job.type === 'reserve') {
    const { upTo } = job.params as MasterEffects['reserve'];
    return { disk: { ...disk, reserved: upTo }, notes: [] };
  }
  if (job.type === 'persistDecision') {
    const { group } = job.params as MasterEffects['persistDecision'];
    const { id: round, participants, to } = group;
    return {
      // A synced decision makes everything up to `from` durable first (P19).
      disk: { ...disk, firm: disk.position, decisions: [...disk.decisions, group] },
      notes: [
        { kind: 'decided', round, participants },
        { kind: 'truth', digest: to.digest },
      ],
    };
  }
  if (job.type !== 'commitOriginal') return { disk, notes: [] };
  const { group, next } = job.params as MasterEffects['commitOriginal'];
  const to = pointOf(next);
  const notes: Note[] = [{ kind: 'truth', digest: to.digest }];
  if (![group.from.digest, to.digest].includes(disk.position.digest)) {
    notes.push({
      kind: 'broken',
      promise: 'S6',
      how: `commits ${to.digest} on ${disk.position.digest}`,
    });
  }
  const firm = group.durability === 'disk' ? to : disk.firm;
  return { disk: { ...disk, position: to, firm }, notes };
}

function endOf(job: Job): MasterEvent {
  switch (job.type) {
    case 'persistReign':
      return { type: 'reignPersisted' };
    case 'reserve':
      return { type: 'reserved', upTo: (job.params as MasterEffects['reserve']).upTo };
    case 'persistDecision':
      return {
        type: 'decisionPersisted',
        round: (job.params as MasterEffects['persistDecision']).group.id,
      };
    case 'rollbackOriginal':
      return {
        type: 'originalRolledBack',
        round: (job.params as MasterEffects['rollbackOriginal']).group.id,
      };
    default:
      return {
        type: 'originalCommitted',
        id: (job.params as MasterEffects['commitOriginal']).group.id,
      };
  }
}

/** The write failed, with or without a trace on disk: nobody can tell before a restart (P9). */
function failStore(
  master: MasterProcess,
  jobs: readonly Job[],
  disk: MasterDisk,
  notes: readonly Note[],
): Result[] {
  const turn = new Turn({ ...master, jobs }, disk);
  turn.send({ type: 'storeFailed', problem: { code: 'STORE_FAILED', reason: 'model' } });
  const label = `m: write fails${notes.length > 0 ? ', is there' : ''}`;
  return outcomesOf(label, turn, 'storeFailures', notes);
}

/** The oldest job ends: what it wrote is durable, and the machine hears of it, or a crash hits. */
export function endMasterJob(master: MasterProcess): Result[] {
  const [job, ...jobs] = master.jobs;
  if (job === undefined) return [];
  const { disk, notes } = diskAfter(master, job);
  const turn = new Turn({ ...master, jobs }, disk);
  turn.send(endOf(job));
  const outcomes = [
    ...outcomesOf(`m ends ${job.type}`, turn, null, notes, true),
    ...failStore(master, jobs, disk, notes),
    ...failStore(master, jobs, master.disk, []),
  ];
  if (job.type !== 'commitOriginal' || !(job.params as { decided: boolean }).decided) {
    return outcomes;
  }
  const failing = new Turn({ ...master, jobs }, master.disk);
  const { id } = (job.params as MasterEffects['commitOriginal']).group;
  failing.send({ type: 'originalFailed', id, problem: { code: 'BUSY', reason: 'model' } });
  return [...outcomes, ...outcomesOf('m: original fails', failing, 'failures')];
}

/** Timers, the host, the network read once more. */
export function masterMoves(master: MasterProcess, bounds: Bounds): Result[] {
  if (master.snapshot === null) return [];
  const outcomes: Result[] = [];
  const take = (label: string, event: MasterEvent, spent: Spending | null) => {
    const turn = new Turn(master, master.disk);
    turn.send(event);
    outcomes.push(...outcomesOf(label, turn, spent));
  };
  for (const { delay, eventType } of stepper.waits(master.snapshot)) {
    const spent = { HEARTBEAT: 'heartbeats', VOTE_DEADLINE: 'deadlines' }[delay] ?? null;
    take(`m ${delay}`, { type: eventType } as unknown as MasterEvent, spent as Spending | null);
  }
  if (master.isPolling) {
    const turn = new Turn(master, master.disk);
    turn.isPolling = false;
    turn.send({ type: 'polled' });
    outcomes.push(...outcomesOf('m polled', turn, null));
  }
  const { context } = master.snapshot;
  if (master.snapshot.hasTag('free')) {
    const group = nextGroup(master, bounds, 'disk');
    const one = bounds.lossy ? { ...group, durability: 'os' as const } : group;
    take('host changes, one-phase', { type: 'announceGroup', group: one }, 'onePhase');
    const participants = SLAVES.slice(0, bounds.participants);
    const round: RoundGroup = { ...group, participants, voteMs: 1 };
    take('host changes, two-phase', { type: 'proposeGroup', group: round }, 'twoPhase');
  }
  for (const slave of context.round?.participants ?? []) {
    take(`m loses ${slave}`, { type: 'slaveLost', slave, reason: 'goodbye' }, 'leaves');
  }
  if (context.round !== null && context.abortReason === null) {
    take(
      'host rolls back',
      { type: 'rollback', round: context.round.id, reason: 'x' },
      'rollbacks',
    );
  }
  return outcomes;
}

/** Ids are fresh by life and number, as a nanoid would be. */
function nextGroup(master: MasterProcess, bounds: Bounds, durability: 'disk'): Group {
  const context = contextOf(master) as MasterContext;
  const version = Math.max(context.issued, context.position.version) + 1;
  const to = extend(context.position, version);
  const id = `r${version}.${master.life}`;
  return {
    id,
    from: context.position,
    to,
    // Without a body the prepare cannot carry the delta, and every slave has to fetch it.
    payload: { bytes: 1, checksum: to.digest, ...(bounds.fetched ? {} : { body: to.digest }) },
    durability,
  };
}

function relationOf(turn: Turn, point: Point): Relation {
  const { group, position } = turn.context;
  // What is decided counts as held: a slave may have committed it before the original did.
  const isDecided = turn.snapshot.matches({ serving: { round: 'committing' } });
  const head = isDecided && group !== null ? group.to : position;
  return relate(point, head, (version) => digestAt(head.digest, version));
}

/** What lib/ makes of a message of a slave, before the machine sees it. */
export function deliverToMaster(master: MasterProcess, packet: Packet, bounds: Bounds): Result[] {
  if (master.snapshot?.matches('serving') !== true) return [];
  const turn = new Turn(master, master.disk);
  const { envelope, message } = packet;
  const slave = envelope.sender;
  if (compareEpochs(envelope.epoch, turn.context.epoch) > 0) {
    turn.send({ type: 'epochSeen', epoch: envelope.epoch, sender: slave });
  }
  const session = turn.sessions[slave];
  if (message.kind === 'hello') {
    if (session !== undefined && session > envelope.incarnation) return [];
    if (turn.greeted.includes(message.hello)) return [];
    turn.greeted = [...turn.greeted, message.hello].sort();
    greet(turn, slave, envelope.incarnation, message);
  } else if (session === envelope.incarnation) {
    hear(turn, slave, packet, bounds);
  }
  return outcomesOf(`${slave} -> m ${message.kind}`, turn, null);
}

function greet(
  turn: Turn,
  slave: string,
  incarnation: string,
  message: Extract<Message, { kind: 'hello' }>,
): void {
  const point = pointOf(message.position);
  const relation = message.position === null ? 'behind' : relationOf(turn, point);
  const firmRelation = relationOf(turn, message.firm ?? ORIGIN);
  const isOff = relation === 'ahead' || relation === 'fork';
  const ahead = isOff && firmRelation !== 'same' && firmRelation !== 'behind';
  turn.send({ type: 'versionShown', version: point.version, ahead });
  const promised = message.prepared?.to.version ?? 0;
  turn.send({ type: 'versionShown', version: promised, ahead: false });
  const sessions = Object.entries({ ...turn.sessions, [slave]: incarnation });
  turn.sessions = Object.fromEntries(sessions.sort());
  const { position, firm, round } = turn.context;
  turn.packet(
    {
      kind: 'welcome',
      hello: message.hello,
      position,
      firm,
      sequence: turn.sequence,
      openRound: round?.id ?? null,
      volatile: false,
      heartbeatMs: 1,
      relation,
      firmRelation,
    },
    [slave],
  );
  turn.send({ type: 'slaveReturned', slave, holds: message.prepared?.round ?? null });
}

function hear(turn: Turn, slave: string, { envelope, message }: Packet, bounds: Bounds): void {
  const { incarnation } = envelope;
  if (message.kind === 'vote') {
    if (compareEpochs(envelope.epoch, turn.context.epoch) !== 0) return;
    const { round, answer, reason, code } = message;
    turn.send({ type: 'votes', votes: [{ slave, incarnation, round, answer, reason, code }] });
  }
  if (message.kind === 'ack') {
    const { round } = message;
    const confirmation = { slave, position: pointOf(message.position), settled: true, round };
    turn.send({ type: 'confirmations', confirmations: [confirmation] });
  }
  if (message.kind === 'inquire') {
    const { prepared } = message;
    turn.send({ type: 'versionShown', version: prepared.to.version, ahead: false });
    const known = digestAt(turn.context.position.digest, prepared.to.version);
    turn.send({ type: 'inquired', slave, prepared, digestAtTo: known });
  }
  if (message.kind === 'request') serve(turn, slave, message, bounds);
}

/** The delta of the open round, for slaves whose prepare had no room for it. */
function chunkOfRound(turn: Turn, round: RoundGroup): Message {
  const { lineage, epoch } = turn.context;
  return {
    kind: 'delta',
    build: round.id,
    index: 0,
    last: true,
    from: round.from,
    to: { lineage, epoch, ...round.to },
    durability: 'disk',
    round: round.id,
    reason: null,
    firmRelation: 'same',
    payload: { bytes: 1, checksum: round.to.digest, body: round.to.digest },
  };
}

/** The session's answer to a request, in one piece. */
function serve(
  turn: Turn,
  slave: string,
  message: Extract<Message, { kind: 'request' }>,
  bounds: Bounds,
): void {
  const { context } = turn;
  const { lineage, epoch, position, round } = context;
  const point = pointOf(message.position);
  const relation = message.position === null ? 'behind' : relationOf(turn, point);
  if (message.round !== null) {
    if (round?.id === message.round) turn.packet(chunkOfRound(turn, round), [slave]);
    return;
  }
  const isIncrement = message.position !== null && relation === 'behind' && !bounds.trimmed;
  if (message.position !== null && relation === 'same') return;
  const isFork = relation === 'ahead' || relation === 'fork';
  const reason = message.position === null ? 'empty' : isFork ? 'fork' : 'trimmed';
  turn.packet(
    {
      kind: isIncrement ? 'delta' : 'snapshot',
      build: `${epoch.start}:${point.digest}>${position.digest}`,
      index: 0,
      last: true,
      from: isIncrement ? point : ORIGIN,
      to: { lineage, epoch, ...position },
      durability: 'disk',
      round: null,
      reason: isIncrement ? null : reason,
      firmRelation: relationOf(turn, message.firm ?? ORIGIN),
      payload: { bytes: 1, checksum: position.digest, body: position.digest },
    },
    [slave],
  );
}
