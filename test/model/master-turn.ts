/** A master process: the real machine, its disk, its jobs, and one turn of it. */
import type { SnapshotFrom } from 'xstate';
import {
  type Message,
  masterMachine,
  ORIGIN,
  type Point,
  type Reign,
} from '../../machines/index.js';
import type {
  Group,
  MasterContext,
  MasterEffects,
  MasterEvent,
  RoundGroup,
} from '../../machines/master-context.js';
import type { ChunkMessage } from '../../machines/protocol.js';
import { type Effect, Stepper } from '../support/stepper.js';
import {
  digestAt,
  extend,
  type MasterName,
  type Note,
  type Outcome,
  type Packet,
  type Spending,
  type Stepped,
} from './vocabulary.js';

export interface MasterDisk {
  readonly epoch: { readonly term: number; readonly start: number };
  readonly reigns: readonly Reign[];
  readonly reserved: number;
  readonly position: Point;
  readonly firm: Point;
  readonly decisions: readonly RoundGroup[];
}

export type Job = Effect & { readonly type: keyof MasterEffects };

export interface MasterProcess {
  readonly name: MasterName;
  /** Its first start is ordered to raise the term (P16). */
  readonly takesOver: boolean;
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
  /** The whole state that each slave is being sent in parts, in this life. */
  readonly builds: Readonly<Record<string, ChunkMessage>>;
}

export type Result = Outcome<MasterProcess>;

/** A prime, so that no loop of the walk hides the same step each time. */
const COMPARED = { compareEvery: 61 };

let stepper = new Stepper(masterMachine, COMPARED);

export const masterStepper = (): Stepper<typeof masterMachine> => stepper;

/** Explores with this machine from now on: the real one, or a mutant of it. */
export function runMasterOn(machine: typeof masterMachine): void {
  stepper = new Stepper(machine, COMPARED);
}

export const DELAYS = { heartbeatMs: 1, voteMs: 1, commitRetryMs: 1 };
const JOBS: readonly string[] = [
  'persistReign',
  'reserve',
  'commitOriginal',
  'persistDecision',
  'rollbackOriginal',
];

export function newMasterProcess(name: MasterName = 'm', takesOver = false): MasterProcess {
  const first = extend(ORIGIN, 1, '0');
  return {
    name,
    takesOver,
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
    builds: {},
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
export type Atom =
  | { readonly packet: Packet }
  | { readonly note: Note }
  | { readonly forget: readonly string[] };

export class Turn {
  snapshot: SnapshotFrom<typeof masterMachine>;
  jobs: Job[];
  isPolling: boolean;
  sequence: number;
  sessions: Record<string, string>;
  greeted: readonly string[];
  builds: Readonly<Record<string, ChunkMessage>>;
  readonly atoms: Atom[] = [];
  readonly steps: Stepped[] = [];
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
    this.builds = master.builds;
  }

  get context(): MasterContext {
    return this.snapshot.context;
  }

  get envelope(): Packet['envelope'] {
    const { lineage, epoch, incarnation } = this.context;
    return { lineage, epoch, incarnation, sender: this.master.name };
  }

  send(event: MasterEvent): void {
    const { group } = this.context;
    this.steps.push({ before: this.snapshot, event });
    const { snapshot, effects } = stepper.step(this.snapshot, event);
    const { status, error } = snapshot as unknown as { status: string; error: unknown };
    if (status === 'error') throw error;
    this.snapshot = settled(snapshot);
    for (const effect of effects) this.#carryOut(effect, group);
  }

  packet(message: Message, to: readonly string[]): void {
    if (to.length > 0) this.atoms.push({ packet: { to, envelope: this.envelope, message } });
  }

  note(note: Note): void {
    this.atoms.push({ note });
  }

  broken(promise: string, how: string): void {
    this.atoms.push({ note: { kind: 'broken', promise, how } });
  }

  #carryOut(effect: Effect, group: Group | null): void {
    if (JOBS.includes(effect.type)) this.#begin(effect as Job);
    if (effect.type === 'multicast') this.#multicast(effect.params as MasterEffects['multicast']);
    if (effect.type === 'pollNetwork') this.isPolling = true;
    if (effect.type === 'settle') this.#settle(effect.params as MasterEffects['settle'], group);
    if (effect.type === 'reply') {
      const { slave, message } = effect.params as MasterEffects['reply'];
      if (message.kind === 'outcome' && message.outcome === 'aborted') {
        this.atoms.push({ note: { kind: 'aborted', round: message.round, by: this.master.name } });
      }
      this.packet(message, [slave]);
    }
    if (effect.type === 'forgetDecisions') {
      this.atoms.push({ forget: (effect.params as MasterEffects['forgetDecisions']).rounds });
    }
  }

  #begin(job: Job): void {
    this.jobs.push(job);
    if (job.type !== 'persistDecision' && job.type !== 'commitOriginal') return;
    const { group } = job.params as MasterEffects['persistDecision' | 'commitOriginal'];
    const { id, to } = group;
    this.atoms.push({ note: { kind: 'issued', version: to.version, id } });
    if (job.type !== 'persistDecision') return;
    const { participants } = group as RoundGroup;
    this.atoms.push({ note: { kind: 'deciding', round: id, participants } });
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
    if (message.kind === 'prepare') {
      const { round: id, to } = message;
      this.atoms.push({ note: { kind: 'issued', version: to.version, id } });
    }
    if (message.kind === 'abort') {
      this.atoms.push({ note: { kind: 'aborted', round: message.round, by: this.master.name } });
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
    const { disk, snapshot, jobs, isPolling, sequence, sessions, greeted, builds } = this;
    const now = { disk, snapshot, jobs, isPolling, sequence, sessions, greeted, builds };
    return { ...this.master, ...now };
  }
}

export function downWith(master: MasterProcess, disk: MasterDisk): MasterProcess {
  return {
    name: master.name,
    takesOver: master.takesOver,
    life: master.life,
    disk,
    backup: master.backup,
    snapshot: null,
    jobs: [],
    isPolling: false,
    sequence: 0,
    sessions: {},
    greeted: [],
    builds: {},
  };
}

function forget(disk: MasterDisk, rounds: readonly string[]): MasterDisk {
  return { ...disk, decisions: disk.decisions.filter(({ id }) => !rounds.includes(id)) };
}

/** The step as a whole, and cut short by a crash after each thing it does. */
export function outcomesOf(
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
      steps: turn.steps,
      spent: 'masterCrashes',
    });
  if (cutAtOnce) crash(0);
  for (const [index, atom] of turn.atoms.entries()) {
    if ('packet' in atom) sent.push(atom.packet);
    if ('note' in atom) notes.push(atom.note);
    if ('forget' in atom) disk = forget(disk, atom.forget);
    if (spent === null && index < turn.atoms.length - 1) crash(index + 1);
  }
  outcomes.unshift({
    label,
    process: { ...turn.process, disk },
    sent,
    notes,
    steps: turn.steps,
    spent,
  });
  return outcomes;
}
