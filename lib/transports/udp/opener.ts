/** Opens datagrams of the one start of a master that this slave was told of. */
import type { Buffer } from 'node:buffer';
import { createDecipheriv, type KeyObject } from 'node:crypto';
import { counterOf, HEADER_BYTES, isOfSalt, isOurs, TAG_BYTES } from './datagram.js';
import type { ReplayWindow } from './replay-window.js';
import { nonceOf } from './sealer.js';

const CIPHER = 'aes-256-gcm';

/** Why a datagram is not taken; `forged` alone costs more than a look at it. */
export type Refusal = 'stranger' | 'otherStart' | 'forged' | 'replayed';

/** What became of one datagram: its body, or why there is none. */
export type Opened = { readonly body: Buffer } | { readonly refused: Refusal };

const STRANGER: Opened = { refused: 'stranger' };
const OTHER_START: Opened = { refused: 'otherStart' };
const FORGED: Opened = { refused: 'forged' };
const REPLAYED: Opened = { refused: 'replayed' };

export class Opener {
  readonly salt: Buffer;
  readonly window: ReplayWindow;
  readonly #key: KeyObject;

  constructor(key: KeyObject, salt: Buffer, window: ReplayWindow) {
    this.#key = key;
    this.salt = salt;
    this.window = window;
  }

  /** Why it is refused before any work is put into it, or null. */
  glance(datagram: Buffer): Opened | null {
    if (!isOurs(datagram)) return STRANGER;
    return isOfSalt(datagram, this.salt) ? null : OTHER_START;
  }

  /** Only after `glance`. The window is asked, and told, once the seal is known to be good. */
  open(datagram: Buffer): Opened {
    const counter = counterOf(datagram);
    const body = this.#unseal(datagram, counter);
    if (body === null) return FORGED;
    if (!this.window.isFresh(counter)) return REPLAYED;
    this.window.note(counter);
    return { body };
  }

  #unseal(datagram: Buffer, counter: number): Buffer | null {
    const decipher = createDecipheriv(CIPHER, this.#key, nonceOf(counter));
    const tagAt = datagram.length - TAG_BYTES;
    decipher.setAAD(datagram.subarray(0, HEADER_BYTES));
    decipher.setAuthTag(datagram.subarray(tagAt));
    const body = decipher.update(datagram.subarray(HEADER_BYTES, tagAt));
    try {
      decipher.final();
      return body;
    } catch {
      // The tag is wrong: damaged, or sealed by somebody without the key. Counted by the caller.
      return null;
    }
  }
}
