/**
 * The whole state that newcomers below are given. A relay keeps the one it got itself for as long
 * as its log leads on from there; past that it asks above for a newer one, but only when somebody
 * needs it, so that a master pays for relays what it pays for slaves.
 */
import { ReplicationError } from '../errors.js';
import type { SlaveRun } from '../service/slave-run.js';
import type { Base, RelayLog } from './relay-log.js';

interface Waiting {
  readonly resolve: (base: Base) => void;
  readonly reject: (error: Error) => void;
}

export class WholeState {
  readonly #log: () => RelayLog;
  readonly #slave: () => SlaveRun;
  readonly #waiting: Waiting[] = [];

  constructor(parts: { readonly log: () => RelayLog; readonly slave: () => SlaveRun }) {
    this.#log = parts.log;
    this.#slave = parts.slave;
  }

  /** Nobody may be given a state that is older than what was promised them (P19, S7). */
  demand(version: number): void {
    const { base } = this.#log();
    if (base !== null && base.position.version < version) this.#log().dropBase();
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
    slave.actor.send({ type: 'resync' });
  }

  arrived(): void {
    const { base } = this.#log();
    if (base === null) return;
    for (const { resolve } of this.#waiting.splice(0)) resolve(base);
  }

  close(): void {
    const gone = new ReplicationError('NOT_RUNNING', 'the relay was stopped');
    for (const { reject } of this.#waiting.splice(0)) reject(gone);
  }
}
