/** Seals datagrams: AES-256-GCM with the header as associated data. */
import { Buffer } from 'node:buffer';
import { createCipheriv, type KeyObject } from 'node:crypto';
import { encodeHeader, type Kind } from './datagram.js';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
/** Header fields hold 48 bits; at a million datagrams a second they last nine years. */
export const COUNTER_MAX = 2 ** 48 - 1;

/** The counter is the nonce: under one key none comes twice, and none is left to chance. */
export function nonceOf(counter: number): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  nonce.writeBigUInt64BE(BigInt(counter), NONCE_BYTES - 8);
  return nonce;
}

/** One per start of a master: the key is derived from that start's random salt. */
export class Sealer {
  readonly #key: KeyObject;
  readonly #salt: Uint8Array;
  #counter = 0;

  constructor(key: KeyObject, salt: Uint8Array) {
    this.#key = key;
    this.#salt = salt;
  }

  /** Of the last datagram; 0 before the first. */
  get counter(): number {
    return this.#counter;
  }

  /** The whole datagram, or null when this key has no nonce left. */
  seal(kind: Kind, parts: readonly Uint8Array[]): Buffer | null {
    if (this.#counter >= COUNTER_MAX) return null;
    this.#counter += 1;
    const header = encodeHeader(kind, this.#salt, this.#counter);
    const cipher = createCipheriv(CIPHER, this.#key, nonceOf(this.#counter));
    cipher.setAAD(header);
    const sealed = parts.map((part) => cipher.update(part));
    cipher.final();
    return Buffer.concat([header, ...sealed, cipher.getAuthTag()]);
  }
}
