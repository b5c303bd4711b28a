/**
 * One node's hold on the lease, judged by its own monotonic clock alone. A holder counts from
 * before its last renewal was sent, a candidate from when it saw that renewal, which is later: so
 * the first has stopped before the second begins, whatever any wall clock says.
 */
import type { Leader } from '../../machines/node-context.js';
import type { Succession } from '../../machines/succession.js';
import { asReplicationError, ReplicationError } from '../errors.js';
import type { Clock } from '../runtime/clock.js';
import type { LeaseRecord, LeaseSession, LeaseValue } from './lease.js';
import { LeaseTroubles } from './lease-troubles.js';

/** Clocks of two machines may run this much apart in rate. */
const DRIFT_RATIO = 0.05;

/** Each is a twelve-digit number or two; a node that was away for more goes by its digests. */
const SUCCESSIONS_MAX = 64;

export interface LeaseEvents {
  seen(leader: Leader | null): void;
  /** It can be taken; told again for as long as it can. */
  free(): void;
  lost(reason: string): void;
  troubled(error: ReplicationError): void;
}

export interface LeaseKeeperOptions {
  readonly id: string;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly events: LeaseEvents;
}

interface Held {
  readonly fence: number;
  revision: number;
  /** Nothing may be confirmed from then on. */
  validUntilMs: number;
}

export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  #session: LeaseSession | null = null;
  #record: LeaseRecord | null = null;
  #seenAtMs = 0;
  #askedAtMs = 0;
  #held: Held | null = null;
  #successions: readonly Succession[] = [];
  #told: string | null = null;
  #timer: unknown = null;
  #renewal: Promise<void> | null = null;
  #acquisition: Promise<number | string> | null = null;
  #isClosed = false;
  readonly #troubles: LeaseTroubles;
  /** Of a record that the service lost: numbers go on above it. */
  #fenceMin = 1;

  constructor(options: LeaseKeeperOptions) {
    const { clock, events } = options;
    this.#options = options;
    this.#troubles = new LeaseTroubles(clock, (error) => events.troubled(error));
  }

  /** Where the last terms began, as far as the record tells. */
  get successions(): readonly Succession[] {
    return this.#successions;
  }

  /** Milliseconds for which it may still confirm; 0 without the lease. */
  get validForMs(): number {
    if (this.#held === null) return 0;
    return Math.max(0, this.#held.validUntilMs - this.#options.clock.now());
  }

  /** Asked at the moment of each confirmation, since a timer may be late. */
  isHeld(fence: number): boolean {
    return this.#held?.fence === fence && this.validForMs > 0;
  }

  async open(session: LeaseSession): Promise<void> {
    this.#session = session;
    this.#seenAtMs = this.#options.clock.now();
    await this.#refresh();
    this.#tick();
  }

  observe(record: LeaseRecord | null): void {
    const known = this.#record;
    if (this.#isClosed || record === null) return;
    if (known !== null && record.revision <= known.revision) return;
    this.#record = record;
    this.#seenAtMs = this.#options.clock.now();
    const held = this.#held;
    // A renewal that left before `begin` comes back without what `begin` added.
    const isOwn = held !== null && this.#isMine(record, held);
    if (!isOwn && record.successions.length > 0) this.#successions = record.successions;
    if (held !== null && !this.#isMine(record, held)) this.#lose('another node holds the lease');
    this.#tellLeader();
  }

  /**
   * Takes the lease if it is free; the number it was given, or why not. One after the other: an
   * attempt that is over may still have one under way, which would come after that of the next one
   * and take its place here, with an older number.
   */
  acquire(fenceMin: number): Promise<number | string> {
    const before = this.#acquisition ?? Promise.resolve('none');
    const next = () => this.#acquireOnce(fenceMin);
    this.#acquisition = before.then(next, next);
    return this.#acquisition;
  }

  async #acquireOnce(fenceMin: number): Promise<number | string> {
    const { id, leaseMs, clock } = this.#options;
    if (this.#held !== null) {
      if (this.#held.fence >= fenceMin && this.validForMs > 0) return this.#held.fence;
    } else if (!this.#isFree()) return `${this.#record?.holder ?? 'another node'} holds the lease`;
    const last = this.#record;
    const fence = Math.max(
      fenceMin,
      this.#fenceMin,
      (last?.fence ?? 0) + 1,
      (last?.revision ?? 0) + 1,
    );
    const sentAtMs = clock.now();
    const written = await this.#write({ holder: id, fence, heir: null }, last?.revision ?? null);
    if (typeof written === 'string') return written;
    this.#held = { fence, revision: written.revision, validUntilMs: this.#until(sentAtMs) };
    this.#adopt(written);
    if (this.validForMs === 0) {
      this.#held = null;
      return `the lease service took longer than the lease of ${leaseMs} ms`;
    }
    this.#tick();
    return fence;
  }

  /**
   * The record tells from now on where this term began.
   * @param changedIn the term of the last change in this history
   * @returns false when the lease was lost before the record told it: nothing may be changed then,
   * since nobody would know of a fork that this history left out
   */
  async begin(version: number, changedIn: number): Promise<boolean> {
    const held = this.#held;
    if (held === null) return false;
    // A term that began below and came to nothing is no part of this history: it makes no fork.
    const parts = this.#successions.filter(
      (each) => each.term <= changedIn || each.version >= version,
    );
    this.#successions = [...parts, { term: held.fence, version }].slice(-SUCCESSIONS_MAX);
    // One that is under way left before this, and does not tell it.
    await this.#renewal;
    for (;;) {
      await this.#renew();
      if (this.#held !== held) return false;
      if (this.#record?.successions.some(({ term }) => term === held.fence)) return true;
      await this.#pause();
      if (this.#held !== held) return false;
    }
  }

  #pause(): Promise<void> {
    const { clock, leaseMs } = this.#options;
    return new Promise((resolve) => clock.setTimeout(resolve, Math.max(1, leaseMs / 12)));
  }

  /** Confirms nothing more at once; the record says so when the service answers. */
  async release(heir: string | null): Promise<void> {
    const held = this.#held;
    this.#held = null;
    if (held === null) return;
    const next = { holder: null, fence: held.fence, heir };
    const written = await this.#write(next, held.revision);
    // A renewal was under way: what it wrote is given back instead.
    const record = this.#record;
    if (typeof written === 'string' && record !== null && this.#isMine(record, held)) {
      await this.#write(next, record.revision);
    }
  }

  async close(): Promise<void> {
    // Else what it takes is held until it runs out, by nobody.
    await this.#acquisition;
    await this.release(null);
    this.#isClosed = true;
    this.#options.clock.clearTimeout(this.#timer);
    await this.#session?.leave();
    this.#session = null;
  }

  #until(sentAtMs: number): number {
    return sentAtMs + this.#options.leaseMs * (1 - DRIFT_RATIO);
  }

  #isMine(record: LeaseRecord, held: Held): boolean {
    return record.holder === this.#options.id && record.fence === held.fence;
  }

  #isFree(): boolean {
    const { clock, leaseMs, id } = this.#options;
    const record = this.#record;
    const sinceMs = clock.now() - this.#seenAtMs;
    if (record === null) return true;
    if (record.holder !== null) return sinceMs >= leaseMs;
    const isLeftToOther = record.heir !== null && record.heir !== id;
    return !isLeftToOther || sinceMs >= leaseMs / 2;
  }

  #tick(): void {
    const { clock, leaseMs } = this.#options;
    clock.clearTimeout(this.#timer);
    if (this.#isClosed) return;
    if (this.#held !== null) this.#tickHeld(this.#held);
    else this.#tickFree();
    const spanMs = leaseMs / 12;
    this.#timer = clock.setTimeout(() => this.#tick(), Math.max(1, spanMs));
  }

  #tickHeld(held: Held): void {
    const { leaseMs, clock } = this.#options;
    if (this.validForMs === 0) return this.#lose('it was not renewed in time');
    const sentAtMs = held.validUntilMs - leaseMs * (1 - DRIFT_RATIO);
    if (clock.now() - sentAtMs >= leaseMs / 4) void this.#renew();
    return undefined;
  }

  #tickFree(): void {
    const { clock, leaseMs, events } = this.#options;
    const nowMs = clock.now();
    const isQuiet = nowMs - this.#seenAtMs >= leaseMs / 2;
    if (isQuiet && nowMs - this.#askedAtMs >= leaseMs / 3) void this.#refresh();
    this.#tellLeader();
    if (this.#isFree()) events.free();
  }

  /** One renewal at a time: the next one needs the revision of the last. */
  #renew(): Promise<void> {
    this.#renewal ??= this.#renewOnce().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #renewOnce(): Promise<void> {
    const held = this.#held;
    if (held === null) return;
    const { id, clock } = this.#options;
    const sentAtMs = clock.now();
    const next = { holder: id, fence: held.fence, heir: null };
    const written = await this.#write(next, held.revision);
    if (this.#held !== held) return;
    if (typeof written !== 'string') {
      held.revision = written.revision;
      held.validUntilMs = Math.max(held.validUntilMs, this.#until(sentAtMs));
      this.#adopt(written);
      return;
    }
    // An earlier renewal may have been written without an answer: then only its number is new.
    await this.#refresh();
    const record = this.#record;
    if (this.#held !== held || record === null) return;
    if (this.#isMine(record, held)) held.revision = record.revision;
    else this.#lose('another node took the lease');
  }

  async #write(
    next: Omit<LeaseValue, 'successions'>,
    expected: number | null,
  ): Promise<LeaseRecord | string> {
    const session = this.#session;
    if (session === null) return 'the node is stopped';
    try {
      const written = await session.write({ ...next, successions: this.#successions }, expected);
      this.#troubles.worked('write');
      if (written !== null) return written;
      await this.#refresh();
      return 'somebody else wrote the lease first';
    } catch (error) {
      const trouble = asReplicationError(error, 'TIMEOUT', 'the lease could not be written');
      this.#troubles.failed('write', trouble);
      return trouble.message;
    }
  }

  async #refresh(): Promise<void> {
    this.#askedAtMs = this.#options.clock.now();
    const before = this.#record;
    try {
      const found = (await this.#session?.read()) ?? null;
      this.#troubles.worked('read');
      if (this.#session !== null) this.#noteLost(before, found);
      this.observe(found);
    } catch (error) {
      const what = 'the lease could not be read';
      this.#troubles.failed('read', asReplicationError(error, 'TIMEOUT', what));
    }
  }

  /**
   * A read is never older than what was known when it began, unless the service lost its record and
   * counts anew: then the old one would hide every new one for ever.
   */
  #noteLost(before: LeaseRecord | null, found: LeaseRecord | null): void {
    if (before === null || (found !== null && found.revision >= before.revision)) return;
    if (this.#record !== before) return;
    this.#record = null;
    this.#fenceMin = Math.max(this.#fenceMin, before.fence + 1);
    this.#seenAtMs = this.#options.clock.now();
    const message = 'the lease service lost its record; the lease is taken anew';
    this.#troubles.happened('record', new ReplicationError('STORE_FAILED', message));
    this.#lose('the lease service lost its record');
  }

  /** What this node wrote itself is no news of anybody else's. */
  #adopt(record: LeaseRecord): void {
    if (this.#record !== null && record.revision <= this.#record.revision) return;
    this.#record = record;
    this.#seenAtMs = this.#options.clock.now();
    this.#tellLeader();
  }

  #lose(reason: string): void {
    if (this.#held === null) return;
    this.#held = null;
    this.#options.events.lost(reason);
  }

  /** Once per holder and number, and once more when it is over. */
  #tellLeader(): void {
    const record = this.#record;
    const { id, events } = this.#options;
    const isOver = record === null || record.holder === null || this.#isFree();
    const isOld = record?.holder === id && this.#held === null;
    const leader =
      isOver || isOld || record.holder === null ? null : { id: record.holder, term: record.fence };
    const told = leader === null ? '' : `${leader.term} ${leader.id}`;
    if (this.#told === told) return;
    this.#told = told;
    events.seen(leader);
  }
}
