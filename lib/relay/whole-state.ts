/**
 * The whole state that newcomers below are given. A relay keeps the one it got itself for as long
 * as its log leads on from there; past that it asks above for a newer one, but only when somebody
 * needs it, so that a master pays for relays what it pays for slaves.
 */
import { ReplicationError } from '../errors.js';
import type { Clock } from '../runtime/clock.js';
import type { SlaveRun } from '../service/slave-run.js';
import type { Base, RelayLog } from './relay-log.js';

interface Waiting {
  readonly resolve: (base: Base) => void;
  readonly reject: (error: Error) => void;
}

/**
 * While a relay fetches, rounds wait for it and it takes a place at the master. Those below who
 * only want a newer state than there is may have it do so a few times, and then only so often that
 * it rests for this many times as long as the last one took (P18).
 */
const REST_FACTOR = 10;
/** Heartbeats of rest after one that came in no time. */
const REST_HEARTBEATS = 10;
/** Rests that may be outstanding. */
const RESTS_MAX = 3;

interface WholeStateParts {
  readonly clock: Clock;
  readonly log: () => RelayLog;
  readonly slave: () => SlaveRun;
}

export class WholeState {
  readonly #clock: Clock;
  readonly #log: () => RelayLog;
  readonly #slave: () => SlaveRun;
  readonly #waiting: Waiting[] = [];
  /** When one was asked for above, while it is on its way. */
  #askedAtMs: number | null = null;
  #restMs = 0;
  /** The end of all rests that are outstanding. */
  #restUntilMs = Number.NEGATIVE_INFINITY;

  constructor({ clock, log, slave }: WholeStateParts) {
    this.#clock = clock;
    this.#log = log;
    this.#slave = slave;
  }

  /** Nobody may be given a state that is older than what was promised them (P19, S7). */
  demand(version: number): void {
    const { base } = this.#log();
    if (base !== null && base.position.version < version) this.#log().dropBase();
  }

  /** Somebody would have it this new, but may never be content: a slave that starts over. */
  wish(version: number): void {
    const restMs = this.#restUntilMs - this.#clock.now();
    if (restMs <= (RESTS_MAX - 1) * this.#restMs) this.demand(version);
  }

  /** The one that is here, or the one that comes from above. */
  get(): Promise<Base> {
    const { base } = this.#log();
    if (base !== null) return Promise.resolve(base);
    const coming = new Promise<Base>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.look();
    return coming;
  }

  /** A held round goes first: its slave machine takes no other state meanwhile (P11). */
  look(): void {
    if (this.#waiting.length === 0) return;
    const slave = this.#slave();
    const { rebase, prepared, offer } = slave.facts;
    if (rebase || prepared !== null || offer !== null) return;
    this.#askedAtMs ??= this.#clock.now();
    slave.actor.send({ type: 'resync' });
  }

  arrived(): void {
    const nowMs = this.#clock.now();
    const tookMs = nowMs - (this.#askedAtMs ?? nowMs);
    const leastMs = REST_HEARTBEATS * this.#slave().facts.heartbeatMs;
    this.#restMs = Math.max(REST_FACTOR * tookMs, leastMs);
    this.#restUntilMs = Math.max(this.#restUntilMs, nowMs) + this.#restMs;
    this.#askedAtMs = null;
    const { base } = this.#log();
    if (base === null) return;
    for (const { resolve } of this.#waiting.splice(0)) resolve(base);
  }

  close(): void {
    const gone = new ReplicationError('NOT_RUNNING', 'the relay was stopped');
    for (const { reject } of this.#waiting.splice(0)) reject(gone);
  }
}
