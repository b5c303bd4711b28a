/**
 * A lease and a board for nodes of one process: for tests and demonstrations, with the faults that
 * a real service has. It is an object, so two of them never meet.
 */
import { ReplicationError } from '../errors.js';
import { checkOptions, integerOption, objectOption } from '../options.js';
import { type Clock, systemClock } from '../runtime/clock.js';
import { gather } from './gather.js';
import type {
  AskLimits,
  LeaseMember,
  LeaseRecord,
  LeaseService,
  LeaseSession,
  LeaseValue,
} from './lease.js';

export interface MemoryLeaseOptions {
  /** Milliseconds. @default 3000 */
  readonly leaseMs?: number;
  /** Milliseconds that every word takes, there and back each. @default 1 */
  readonly delayMs?: number;
  /** @default the system's monotonic clock */
  readonly clock?: Clock;
}

export class MemoryLease implements LeaseService {
  readonly leaseMs: number;
  readonly isAutomatic = true;
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #records = new Map<string, LeaseRecord>();
  readonly #members = new Set<LeaseMember>();
  readonly #cutOff = new Set<string>();
  readonly #partitions = new Set<string>();
  #revision = 0;

  constructor(options: MemoryLeaseOptions = {}) {
    checkOptions('memoryLease', options, {
      leaseMs: integerOption(1),
      delayMs: integerOption(0),
      clock: objectOption,
    });
    this.leaseMs = options.leaseMs ?? 3000;
    this.#delayMs = options.delayMs ?? 1;
    this.#clock = options.clock ?? systemClock;
  }

  /** This node reaches neither the record nor any other node, until `restore`. */
  cutOff(id: string): void {
    this.#cutOff.add(id);
  }

  restore(id: string): void {
    this.#cutOff.delete(id);
  }

  /** These two do not hear each other's questions, until `heal`. */
  partition(a: string, b: string): void {
    this.#partitions.add([a, b].sort().join('\u0000'));
  }

  heal(): void {
    this.#partitions.clear();
  }

  /** The record of an item, for whoever watches a test. */
  record(item: string): LeaseRecord | null {
    return this.#records.get(item) ?? null;
  }

  /** As a service that comes back without its data, and counts from 1 again. */
  loseRecord(item: string): void {
    this.#records.delete(item);
    this.#revision = 0;
  }

  async join(member: LeaseMember): Promise<LeaseSession> {
    await this.#travel();
    this.#members.add(member);
    return {
      read: () => this.#reach(member, () => this.#records.get(member.item) ?? null),
      write: (next, expected) => this.#reach(member, () => this.#write(member, next, expected)),
      ask: (question, limits) => this.#ask(member, question, limits),
      leave: async () => void this.#members.delete(member),
    };
  }

  #travel(): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimeout(resolve, this.#delayMs));
  }

  /** There and back; a word lost on its way back leaves open what it did. */
  async #reach<T>(member: LeaseMember, act: () => T): Promise<T> {
    await this.#travel();
    this.#refuseCutOff(member);
    const result = act();
    await this.#travel();
    this.#refuseCutOff(member);
    return result;
  }

  #refuseCutOff({ id }: LeaseMember): void {
    if (!this.#cutOff.has(id)) return;
    throw new ReplicationError('TIMEOUT', `node "${id}" does not reach the lease`);
  }

  #write({ item }: LeaseMember, next: LeaseValue, expected: number | null): LeaseRecord | null {
    const present = this.#records.get(item)?.revision ?? null;
    if (present !== expected) return null;
    this.#revision += 1;
    const record = { ...next, revision: this.#revision };
    this.#records.set(item, record);
    for (const member of this.#members) if (member.item === item) void this.#tell(member, record);
    return record;
  }

  async #tell(member: LeaseMember, record: LeaseRecord): Promise<void> {
    await this.#travel();
    if (!this.#cutOff.has(member.id) && this.#members.has(member)) member.changed(record);
  }

  #ask(member: LeaseMember, question: unknown, limits: AskLimits): Promise<readonly unknown[]> {
    const gathered = gather(this.#clock, limits);
    for (const other of this.#members) {
      const isOther = other !== member && other.item === member.item;
      if (isOther) void this.#askOne(member, other, question).then(gathered.add, () => {});
    }
    return gathered.answers;
  }

  /** Rejects where nothing comes back: the question, or its answer, was lost. */
  async #askOne(member: LeaseMember, other: LeaseMember, question: unknown): Promise<unknown> {
    await this.#travel();
    this.#refuseParted(member, other);
    // As over a wire: nobody shares an object with another node.
    const answer = await other.answer(structuredClone(question));
    await this.#travel();
    this.#refuseParted(member, other);
    if (answer === null || !this.#members.has(member)) throw new Error('no answer');
    return structuredClone(answer);
  }

  #refuseParted(a: LeaseMember, b: LeaseMember): void {
    this.#refuseCutOff(a);
    this.#refuseCutOff(b);
    const isGone = !this.#members.has(b);
    if (!isGone && !this.#partitions.has([a.id, b.id].sort().join('\u0000'))) return;
    throw new ReplicationError('TIMEOUT', `node "${a.id}" does not reach node "${b.id}"`);
  }
}

/**
 * A lease among nodes of one process.
 * @throws {ReplicationError} INVALID_OPTION
 */
export function memoryLease(options: MemoryLeaseOptions = {}): MemoryLease {
  return new MemoryLease(options);
}

/**
 * The same record and board, but no node is promoted by itself: only by `node.promote()`. The one
 * that leads renews all the same, so that an order to another node waits until it has stopped.
 */
export function manualLease(service: LeaseService): LeaseService {
  return {
    leaseMs: service.leaseMs,
    isAutomatic: false,
    join: (member) => service.join(member),
  };
}
