/** What proves who this side is: a keyring, certificates, or neither; exchanged while running. */
import type * as tls from 'node:tls';
import { ReplicationError } from '../../errors.js';
import { checkOptions, objectOption } from '../../options.js';
import { keysOf, type Secret, secretOption } from '../keyring.js';
import { lazyTls } from './lazy-tls.js';
import { type SealKey, sealKeyOf } from './sealing.js';
import type { Wire } from './settings.js';
import { tlsOptionFailure } from './socket-errors.js';

/** What `renew` takes: of what the transport was made with, that which is new. */
export interface TcpCredentials<Tls> {
  /** The keyring from now on. */
  readonly secret?: Secret;
  /** The options of `node:tls` from now on, all of them. */
  readonly tls?: Tls;
}

const CHECKS = { secret: secretOption, tls: objectOption };

export class Credentials<Tls extends tls.SecureContextOptions> {
  readonly wire: Wire;
  readonly #where: string;
  #keys: readonly Uint8Array[];
  #seals: readonly SealKey[] = [];
  #tls: Tls | undefined;

  constructor(where: string, given: TcpCredentials<Tls> & { readonly seal?: boolean }) {
    this.#where = where;
    this.#keys = keysOf(given.secret);
    this.#tls = given.tls;
    if (given.tls !== undefined) this.wire = 'certificates';
    else this.wire = this.#keys.length > 0 && given.seal !== false ? 'sealed' : 'plain';
    this.#derive();
  }

  /** The one to prove with first; empty without a secret. */
  get keys(): readonly Uint8Array[] {
    return this.#keys;
  }

  /** The same keys as those of TLS. */
  get seals(): readonly SealKey[] {
    return this.#seals;
  }

  get tls(): Tls | undefined {
    return this.#tls;
  }

  /** @throws {ReplicationError} INVALID_OPTION; what was in use stays so */
  renew(given: TcpCredentials<Tls>): void {
    const where = `renew of ${this.#where}`;
    checkOptions(where, given, CHECKS, ['secret', 'tls']);
    this.#refuseOther(where, 'secret', given.secret !== undefined && this.#keys.length === 0);
    this.#refuseOther(where, 'tls', given.tls !== undefined && this.#tls === undefined);
    if (given.tls !== undefined) {
      try {
        lazyTls().createSecureContext(given.tls);
      } catch (thrown) {
        throw tlsOptionFailure(thrown, where);
      }
      this.#tls = given.tls;
    }
    if (given.secret === undefined) return;
    this.#keys = keysOf(given.secret);
    this.#derive();
  }

  #derive(): void {
    if (this.wire === 'sealed') this.#seals = this.#keys.map(sealKeyOf);
  }

  #refuseOther(where: string, name: string, isOther: boolean): void {
    if (!isOther) return;
    const message =
      `option "${name}" of ${where} has nothing to renew: the transport was made without ` +
      'it, and its peers expect none';
    throw new ReplicationError('INVALID_OPTION', message);
  }
}
