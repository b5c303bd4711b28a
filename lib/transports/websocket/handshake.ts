/**
 * Who is there, and does it know the secret. Pure machines over whole messages, one for each role:
 *
 *     slave  -> hello
 *     master -> hello
 *     slave  -> proof                  (with a secret)
 *     master -> proof                  (with a secret)
 *
 * A refusal is a close code (close-codes.ts). The slave proves first: a listener is reachable by
 * many and must not hand strangers something to guess its secret from.
 */
import { ReplicationError } from '../../errors.js';
import type { Hello } from '../hello.js';
import { checkHello, encodeHello } from './hello.js';
import { proofOf, sameProof } from './proof.js';

export interface HandshakeStep {
  /** A message to send now. */
  readonly send: Uint8Array | null;
  /** `true` when both sides agreed: what follows are frames. */
  readonly done: boolean;
}

export interface HandshakeSettings {
  /** The keyring: proves with the first, accepts any; empty without a secret. */
  readonly keys: readonly Uint8Array[];
  readonly frameBytesMax: number;
  readonly nonce: Uint8Array;
  /** The other side, for messages. */
  readonly other: string;
}

export interface Handshake {
  readonly other: string;
  /** What to send before anything arrived. */
  start(): Uint8Array | null;
  /**
   * Takes one message. Not to be called again once done or failed.
   * @throws {ReplicationError} PROTOCOL, UNAUTHORIZED, OVERLOADED: the connection is refused
   */
  take(message: Uint8Array): HandshakeStep;
}

export class SlaveHandshake implements Handshake {
  readonly #settings: HandshakeSettings;
  readonly #mine: Hello;
  readonly #myHello: Uint8Array;
  #theirHello: Uint8Array | null = null;

  constructor(settings: HandshakeSettings) {
    const { keys, frameBytesMax, nonce } = settings;
    this.#settings = settings;
    this.#mine = { role: 'slave', secret: keys.length > 0, frameBytesMax, nonce };
    this.#myHello = encodeHello(this.#mine);
  }

  get other(): string {
    return this.#settings.other;
  }

  start(): Uint8Array {
    return this.#myHello;
  }

  take(message: Uint8Array): HandshakeStep {
    const { keys, other } = this.#settings;
    const masterHello = this.#theirHello;
    if (masterHello === null) {
      checkHello(message, this.#mine, other);
      this.#theirHello = message;
      const [first] = keys;
      if (first === undefined) return { send: null, done: true };
      return { send: proofOf(first, 'slave', this.#myHello, message), done: false };
    }
    const wanted = keys.map((key) => proofOf(key, 'master', this.#myHello, masterHello));
    if (wanted.some((proof) => sameProof(message, proof))) return { send: null, done: true };
    const words = `${other} could not prove to know the secret: not our master`;
    throw new ReplicationError('UNAUTHORIZED', words);
  }
}

export class MasterHandshake implements Handshake {
  readonly #settings: HandshakeSettings;
  readonly #admit: () => void;
  readonly #mine: Hello;
  readonly #myHello: Uint8Array;
  #theirHello: Uint8Array | null = null;

  /** @param admit asked when the other side is known to fit; throws why it cannot come in */
  constructor(settings: HandshakeSettings, admit: () => void) {
    const { keys, frameBytesMax, nonce } = settings;
    this.#settings = settings;
    this.#admit = admit;
    this.#mine = { role: 'master', secret: keys.length > 0, frameBytesMax, nonce };
    this.#myHello = encodeHello(this.#mine);
  }

  get other(): string {
    return this.#settings.other;
  }

  /** Strangers get no byte before they showed what they are. */
  start(): null {
    return null;
  }

  take(message: Uint8Array): HandshakeStep {
    const { keys, other } = this.#settings;
    const slaveHello = this.#theirHello;
    if (slaveHello === null) {
      checkHello(message, this.#mine, other);
      this.#theirHello = message;
      if (keys.length > 0) return { send: this.#myHello, done: false };
      this.#admit();
      return { send: this.#myHello, done: true };
    }
    // All keys, whichever fits: how long it takes says nothing about them.
    const fitting = keys.filter((key) =>
      sameProof(message, proofOf(key, 'slave', slaveHello, this.#myHello)),
    );
    const [key] = fitting;
    if (key === undefined) {
      const words = `${other} was refused, its secret is another one`;
      throw new ReplicationError('UNAUTHORIZED', `${words}: give both sides the same "secret"`);
    }
    this.#admit();
    return { send: proofOf(key, 'master', slaveHello, this.#myHello), done: true };
  }
}
