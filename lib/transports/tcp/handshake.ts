/**
 * Who is there, and does it know the secret. Pure byte machines, one for each role:
 *
 *     slave  -> hello
 *     master -> hello, and without a secret its verdict
 *     slave  -> proof                  (with a secret)
 *     master -> verdict, own proof     (with a secret)
 *
 * The slave proves first: a listener is reachable by many and must not hand strangers something to
 * guess its secret from. It proves the first key of its keyring; the master tries all of its own
 * and proves the one that fitted, which the slave is sure to have. So no key needs a name on the
 * wire, and master and slaves may be rotated in either order.
 */
import { Buffer } from 'node:buffer';
import { ReplicationError } from '../../errors.js';
import { HELLO_BYTES, type Hello } from '../hello.js';
import { checkHello, checkPreamble, encodeHello, startsWithMagic } from './hello.js';
import { PROOF_BYTES, proofOf, sameProof } from './proof.js';
import type { StreamKind } from './stream-of.js';
import { ACCEPTED, refusalByte, refusalOf } from './verdict.js';

export interface HandshakeStep {
  /** Bytes to send now, also when refusing. */
  readonly send: Buffer | null;
  /** `true` when both sides agreed: what follows are frames. */
  readonly done: boolean;
  readonly failure: ReplicationError | null;
}

export interface HandshakeSettings {
  /** @default 'tcp' */
  readonly kind?: StreamKind;
  /** The keyring, the key to prove first; empty when no secret is used. */
  readonly keys: readonly Uint8Array[];
  readonly frameBytesMax: number;
  /** 32 random bytes, fresh for every connection. */
  readonly nonce: Uint8Array;
  /** The other side, for messages. */
  readonly other: string;
}

const WAIT: HandshakeStep = { send: null, done: false, failure: null };

export abstract class Handshake {
  protected readonly settings: HandshakeSettings;
  protected readonly mine: Hello;
  protected readonly myHello: Buffer;
  protected theirHello: Buffer | null = null;
  /** The other side is of our kind, of whatever version: it can read an answer. */
  protected kin = false;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(settings: HandshakeSettings, role: Hello['role']) {
    this.settings = settings;
    const { keys, frameBytesMax, nonce } = settings;
    this.mine = { role, secret: keys.length > 0, frameBytesMax, nonce };
    this.myHello = encodeHello(this.mine, settings.kind);
  }

  /** Who is on the other side, for messages. */
  get other(): string {
    return this.settings.other;
  }

  /** What arrived behind the handshake: the start of the first frame. */
  get rest(): Uint8Array {
    return this.#bytes;
  }

  /** What to send before anything arrived. */
  abstract start(): Buffer | null;

  /** Takes what arrived, in pieces of any size. Not to be called again once done or failed. */
  push(chunk: Uint8Array): HandshakeStep {
    this.#bytes =
      this.#bytes.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#bytes, chunk]);
    const { kind = 'tcp', other } = this.settings;
    try {
      if (this.theirHello !== null) return this.proceed();
      this.kin ||= startsWithMagic(this.#bytes);
      if (this.#bytes.length < HELLO_BYTES) {
        checkPreamble(this.#bytes, this.mine.role, kind, other);
        return WAIT;
      }
      const hello = this.take(HELLO_BYTES) as Buffer;
      checkHello(hello, this.mine, kind, other);
      this.theirHello = hello;
      return this.greeted();
    } catch (thrown) {
      if (thrown instanceof ReplicationError) return this.refuse(thrown);
      throw thrown;
    }
  }

  /** The other hello is there and fits. */
  protected abstract greeted(): HandshakeStep;
  /** More arrived after the other hello. */
  protected abstract proceed(): HandshakeStep;
  protected abstract refuse(failure: ReplicationError): HandshakeStep;

  protected take(length: number): Buffer | null {
    if (this.#bytes.length < length) return null;
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  protected proof(key: Uint8Array, role: Hello['role']): Buffer {
    const [slave, master] =
      this.mine.role === 'slave'
        ? [this.myHello, this.theirHello as Buffer]
        : [this.theirHello as Buffer, this.myHello];
    return proofOf(key, role, slave, master);
  }
}

export class SlaveHandshake extends Handshake {
  #accepted = false;

  constructor(settings: HandshakeSettings) {
    super(settings, 'slave');
  }

  start(): Buffer {
    return this.myHello;
  }

  protected greeted(): HandshakeStep {
    const next = this.proceed();
    const [key] = this.settings.keys;
    if (key === undefined || next.failure !== null) return next;
    return { ...next, send: this.proof(key, 'slave') };
  }

  protected proceed(): HandshakeStep {
    if (!this.#accepted) {
      const verdict = this.take(1);
      if (verdict === null) return WAIT;
      if (verdict[0] !== ACCEPTED) {
        return this.refuse(refusalOf(verdict[0] as number, this.settings.other));
      }
      this.#accepted = true;
    }
    const [key] = this.settings.keys;
    if (key === undefined) return { send: null, done: true, failure: null };
    const proof = this.take(PROOF_BYTES);
    if (proof === null) return WAIT;
    if (sameProof(proof, this.proof(key, 'master')))
      return { send: null, done: true, failure: null };
    const message = `${this.settings.other} could not prove to know the secret: not our master`;
    return this.refuse(new ReplicationError('UNAUTHORIZED', message));
  }

  protected refuse(failure: ReplicationError): HandshakeStep {
    return { send: null, done: false, failure };
  }
}

export class MasterHandshake extends Handshake {
  readonly #admit: () => ReplicationError | null;

  /** @param admit asked when the other side is known to fit: why it cannot come in, or null */
  constructor(settings: HandshakeSettings, admit: () => ReplicationError | null) {
    super(settings, 'master');
    this.#admit = admit;
  }

  /** Strangers get no bytes before they showed what they are. */
  start(): null {
    return null;
  }

  protected greeted(): HandshakeStep {
    if (this.mine.secret) return { send: this.myHello, done: false, failure: null };
    const refusal = this.#admit();
    if (refusal !== null) return this.refuse(refusal, true);
    const send = Buffer.concat([this.myHello, Buffer.of(ACCEPTED)]);
    return { send, done: true, failure: null };
  }

  protected proceed(): HandshakeStep {
    const proof = this.take(PROOF_BYTES);
    if (proof === null) return WAIT;
    const key = this.settings.keys.find((each) => sameProof(proof, this.proof(each, 'slave')));
    if (key === undefined) {
      const message =
        `${this.settings.other} was refused, it proved none of our keys: ` +
        'give both sides the same "secret"';
      return this.#verdict(new ReplicationError('UNAUTHORIZED', message), false);
    }
    const refusal = this.#admit();
    if (refusal !== null) return this.#verdict(refusal, true);
    const send = Buffer.concat([Buffer.of(ACCEPTED), this.proof(key, 'master')]);
    return { send, done: true, failure: null };
  }

  /** The slave reads a verdict behind our hello only; a stranger gets no byte. */
  protected refuse(failure: ReplicationError, admitting = false): HandshakeStep {
    if (!this.kin) return { send: null, done: false, failure };
    const verdict = Buffer.of(refusalByte(failure.code, admitting));
    return { send: Buffer.concat([this.myHello, verdict]), done: false, failure };
  }

  #verdict(failure: ReplicationError, admitting: boolean): HandshakeStep {
    return { send: Buffer.of(refusalByte(failure.code, admitting)), done: false, failure };
  }
}
