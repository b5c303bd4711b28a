/** One joined peer over a port or a process: both directions, what each took, and the end. */
import { ReplicationError } from '../../errors.js';
import type { PeerId } from '../contract.js';
import { Window } from '../window.js';
import type { Channel } from './channel.js';
import { marked, type WorkerMessage } from './message.js';
import { pack, unpack } from './parcel.js';
import type { WorkerSettings } from './settings.js';

/** Told what happens on a connection; never from within a call into it. */
export interface LinkOwner {
  received(peer: PeerId, frames: readonly Uint8Array[]): void;
  drained(peer: PeerId): void;
  /** The last call for this connection. */
  ended(link: WorkerLink, error: ReplicationError | null): void;
}

export interface LinkOptions {
  readonly peer: PeerId;
  readonly id: string;
  readonly channel: Channel;
  /** Bytes taken at which the other side wants to be told. */
  readonly acknowledgeBytes: number;
}

/** Frames of one turn that are packed at a time. */
const PARCEL_FRAMES_MAX = 4096;

export class WorkerLink {
  readonly peer: PeerId;
  readonly id: string;
  readonly #options: LinkOptions;
  readonly #settings: WorkerSettings;
  readonly #owner: LinkOwner;
  readonly #window: Window;
  #frames: Uint8Array[] = [];
  #flushing: 'idle' | 'soon' | 'turn' = 'idle';
  #sentBytes = 0;
  #takenByIt = 0;
  #taken = 0;
  #acknowledged = 0;
  #state: 'open' | 'ending' | 'over' = 'open';
  #closeTimer: unknown = null;

  constructor(options: LinkOptions, settings: WorkerSettings, owner: LinkOwner) {
    this.peer = options.peer;
    this.id = options.id;
    this.#options = options;
    this.#settings = settings;
    this.#owner = owner;
    const waiting = () => this.#sentBytes - this.#takenByIt;
    this.#window = new Window(settings, waiting, this.#overloaded);
  }

  get isWritable(): boolean {
    return this.#state === 'open' && !this.#window.isFull;
  }

  /** Queues one frame, whose length was checked; it leaves with the turn's other frames. */
  send(frame: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#frames.push(frame);
    this.#sentBytes += frame.length;
    this.#window.grown();
    if (this.#flushing !== 'idle') return;
    this.#flushing = 'soon';
    queueMicrotask(this.#flushSoon);
  }

  /** Takes a message of this connection. */
  take(message: WorkerMessage): void {
    if (this.#state === 'over') return;
    try {
      this.#handle(message);
    } catch (thrown) {
      if (!(thrown instanceof ReplicationError)) throw thrown;
      this.end(new ReplicationError(thrown.code, `${this.peer} was dropped: ${thrown.message}`));
    }
  }

  /** Ends it: at once with an error, else behind what was sent. The owner's `ended` follows. */
  end(error: ReplicationError | null): void {
    if (this.#state === 'over') return;
    const { clock, closeTimeoutMs } = this.#settings;
    if (error !== null) {
      this.#frames = [];
      this.#say('gone');
      this.#state = 'over';
      // Not from within the call that found it.
      clock.setImmediate(() => this.#finish(error));
    } else if (this.#state === 'open') {
      this.#flush();
      this.#say('bye');
      this.#state = 'ending';
      this.#closeTimer = clock.setTimeout(() => this.over(null), closeTimeoutMs);
    }
  }

  /**
   * It is over already: nothing passes.
   * @returns whether the owner's `ended` was called with this error
   */
  over(error: ReplicationError | null): boolean {
    if (this.#state === 'over') return false;
    // An end that was asked for is no error, however the other side takes it.
    const why = this.#state === 'ending' ? null : error;
    this.#state = 'over';
    this.#finish(why);
    return why === error;
  }

  #handle(message: WorkerMessage): void {
    switch (message.kind) {
      case 'frames':
        return this.#received(message.pieces, message.lengths);
      case 'taken':
        return this.#acknowledgedByIt(message.bytes);
      case 'bye':
        this.#say('gone');
        this.over(null);
        return undefined;
      case 'gone': {
        const words = `${this.peer} does not know this connection any more, or dropped it`;
        this.over(new ReplicationError('NOT_RUNNING', words, { retryable: true }));
        return undefined;
      }
      default:
        throw new ReplicationError('PROTOCOL', `it sent "${message.kind}" while joined`);
    }
  }

  #received(pieces: unknown, lengths: unknown): void {
    if (this.#state !== 'open') return;
    const frames = unpack(pieces, lengths, this.#settings.frameBytesMax);
    for (const frame of frames) this.#taken += frame.length;
    if (frames.length > 0) this.#owner.received(this.peer, frames);
    if (this.#taken - this.#acknowledged < this.#options.acknowledgeBytes) return;
    this.#acknowledged = this.#taken;
    this.#post({ ...this.#address, kind: 'taken', bytes: this.#taken });
  }

  /** @throws {ReplicationError} PROTOCOL for what was never sent */
  #acknowledgedByIt(bytes: number): void {
    if (!Number.isSafeInteger(bytes) || bytes < this.#takenByIt || bytes > this.#sentBytes) {
      throw new ReplicationError('PROTOCOL', 'it took another number of bytes than was sent');
    }
    this.#takenByIt = bytes;
    if (this.#window.shrunk() && this.#state === 'open') this.#owner.drained(this.peer);
  }

  /** The first frames after a pause leave at once, those that follow at the end of each turn. */
  readonly #flushSoon = (): void => {
    this.#flush();
    this.#flushing = 'turn';
    this.#settings.clock.setImmediate(this.#endOfTurn);
  };

  readonly #endOfTurn = (): void => {
    if (this.#frames.length === 0) {
      this.#flushing = 'idle';
      return;
    }
    this.#flush();
    this.#settings.clock.setImmediate(this.#endOfTurn);
  };

  #flush(): void {
    const frames = this.#frames;
    this.#frames = [];
    for (let at = 0; at < frames.length; at += PARCEL_FRAMES_MAX) {
      const some = frames.slice(at, at + PARCEL_FRAMES_MAX);
      const { pieces, lengths, transfer } = pack(some, this.#options.channel.isOneProcess);
      this.#post({ ...this.#address, kind: 'frames', pieces, lengths }, transfer);
    }
  }

  get #address(): { readonly channel: string; readonly link: string } {
    return { channel: this.#settings.channel, link: this.id };
  }

  #say(kind: 'bye' | 'gone'): void {
    this.#post({ ...this.#address, kind });
  }

  #post(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
    this.#options.channel.post(marked(message), transfer);
  }

  #finish(error: ReplicationError | null): void {
    this.#settings.clock.clearTimeout(this.#closeTimer);
    this.#window.close();
    this.#owner.ended(this, error);
  }

  readonly #overloaded = (why: string): void => {
    const later = 'it catches up when it connects again';
    const message = `${this.peer} was dropped as too slow: ${why}; ${later}`;
    this.end(new ReplicationError('OVERLOADED', message));
  };
}
