/** What proves who this side is: a keyring, certificates, or neither; exchanged while running. */
import { ReplicationError } from '../../errors.js';
import { checkOptions, objectOption } from '../../options.js';
import { keysOf, type Secret, secretOption } from '../keyring.js';

/** What `renew` takes: of what the transport was made with, that which is new. */
export interface WebSocketCredentials<Tls> {
  /** The keyring from now on. */
  readonly secret?: Secret;
  /** The TLS options from now on, all of them. */
  readonly tls?: Tls;
}

const CHECKS = { secret: secretOption, tls: objectOption };

export class Credentials<Tls> {
  readonly #where: string;
  #keys: readonly Uint8Array[];
  #tls: Tls | undefined;

  constructor(where: string, given: WebSocketCredentials<Tls>) {
    this.#where = where;
    this.#keys = keysOf(given.secret);
    this.#tls = given.tls;
  }

  /** The one to prove with first; empty without a secret. */
  get keys(): readonly Uint8Array[] {
    return this.#keys;
  }

  get tls(): Tls | undefined {
    return this.#tls;
  }

  /**
   * @param apply what to do with new TLS options before they count; may throw
   * @throws {ReplicationError} INVALID_OPTION; what was in use stays so
   */
  renew(given: WebSocketCredentials<Tls>, apply: (tls: Tls) => void = () => undefined): void {
    const where = `renew of ${this.#where}`;
    checkOptions(where, given, CHECKS, ['secret', 'tls']);
    this.#refuseOther(where, 'secret', given.secret !== undefined && this.#keys.length === 0);
    this.#refuseOther(where, 'tls', given.tls !== undefined && this.#tls === undefined);
    const keys = given.secret === undefined ? this.#keys : keysOf(given.secret);
    if (given.tls !== undefined) apply(given.tls);
    this.#tls = given.tls ?? this.#tls;
    this.#keys = keys;
  }

  /** Its peers expect none: they would all be refused. */
  #refuseOther(where: string, name: string, isOther: boolean): void {
    if (!isOther) return;
    const message = `option "${name}" of ${where} has nothing to renew: there was none before`;
    throw new ReplicationError('INVALID_OPTION', message);
  }
}
