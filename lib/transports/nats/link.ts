/** One joined peer over NATS: both directions, what each took, and the end. */
import { ReplicationError } from '../../errors.js';
import type { PeerId } from '../contract.js';
import { Window } from '../window.js';
import { EXCEPTION_BYTES, readExceptions } from './exceptions.js';
import { countsBody, encodeMessage, type Kind, type Message, readCounts } from './message.js';
import type { Pipe } from './pipe.js';
import { Incoming, Outgoing } from './sequence.js';
import type { NatsSettings } from './settings.js';

/** Told what happens on a connection; never from within a call into it. */
export interface LinkOwner {
  received(peer: PeerId, frames: readonly Uint8Array[]): void;
  drained(peer: PeerId): void;
  /** The last call for this connection. */
  ended(link: Link, error: ReplicationError | null): void;
}

export interface LinkOptions {
  readonly peer: PeerId;
  /** The two names of a connection: of the master's life, and of this joining. */
  readonly master: bigint;
  readonly id: bigint;
  /** Where the other side is reached. */
  readonly subject: string;
  /** Bytes taken at which the other side wants to be told. */
  readonly acknowledgeBytes: number;
  /** A master's stream to all; null at a slave. */
  readonly stream: Outgoing | null;
  /** What comes to all slaves; null at a master. */
  readonly all: Incoming | null;
  /** By which a frame to all but some names those. */
  readonly number: number;
}

/** Signs of life that may be missing; with the next one a peer counts as gone. */
const MISSED_MAX = 3;

export class Link {
  readonly peer: PeerId;
  readonly master: bigint;
  readonly id: bigint;
  readonly number: number;
  readonly #options: LinkOptions;
  readonly #pipe: Pipe;
  readonly #settings: NatsSettings;
  readonly #owner: LinkOwner;
  readonly #incoming: Incoming;
  readonly #outgoing: Outgoing;
  readonly #window: Window;
  readonly #streamBase: number;
  /** What the other side said that it took: of what was for it, and of what was for all. */
  #takenByIt = 0;
  #takenOfStream = 0;
  /** What we said that we took. */
  #acknowledged = 0;
  #frames: Uint8Array[] = [];
  #isGathering = false;
  #wasRefused = false;
  #state: 'open' | 'ending' | 'over' = 'open';
  #closeTimer: unknown = null;
  #heardAtMs: number;
  #missed = 0;
  #partialMessages = 0;

  constructor(options: LinkOptions, pipe: Pipe, settings: NatsSettings, owner: LinkOwner) {
    this.peer = options.peer;
    this.master = options.master;
    this.id = options.id;
    this.number = options.number;
    this.#options = options;
    this.#pipe = pipe;
    this.#settings = settings;
    this.#owner = owner;
    this.#incoming = new Incoming(settings.frameBytesMax, 0);
    this.#outgoing = new Outgoing(pipe, options.subject, options.master, options.id);
    this.#streamBase = options.stream?.bytes ?? 0;
    this.#window = new Window(settings, () => this.#waiting(), this.#overloaded);
    this.#heardAtMs = settings.clock.now();
  }

  /** May be sent more; a `false` is followed by `drained`. */
  isWritable(): boolean {
    if (this.#state !== 'open') return false;
    this.#wasRefused = this.#window.isFull || this.#pipe.isFull;
    return !this.#wasRefused;
  }

  /** Milliseconds since anything came from the other side. */
  get silentMs(): number {
    return this.#settings.clock.now() - this.#heardAtMs;
  }

  /** Sends one frame, whose length was checked. */
  send(frame: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#outgoing.send(frame, this.#options.stream?.sequence ?? 0);
    this.#window.grown();
  }

  /** More went out to all. */
  streamGrew(): void {
    if (this.#state === 'open') this.#window.grown();
  }

  /** The pipe takes more again. */
  pipeDrained(): void {
    if (this.#wasRefused && !this.#window.isFull) this.#drained();
  }

  /** Takes a message of this connection, or one to all. */
  take(message: Message): void {
    if (this.#state === 'over') return;
    this.#missed = 0;
    this.#heardAtMs = this.#settings.clock.now();
    try {
      this.#handle(message);
    } catch (thrown) {
      if (!(thrown instanceof ReplicationError)) throw thrown;
      const { code, retryable } = thrown;
      const words = `${this.peer} was dropped: ${thrown.message}`;
      this.end(new ReplicationError(code, words, { retryable }));
    }
  }

  /** A sign of life, with what was sent last and what was taken: the other side finds gaps. */
  ping(): void {
    if (this.#state === 'open') this.#sayTaken('ping');
  }

  /**
   * To be called once in each interval of the signs of life: counted rather than timed, so that
   * a process that stood still blames nobody. Acted on after one more poll of the network (P12).
   */
  check(): void {
    this.#missed += 1;
    if (this.#missed > MISSED_MAX) this.#settings.clock.setImmediate(this.#judge);
  }

  /** Drops a peer that began a frame and did not go on with it since the last call. */
  checkPartial(): void {
    const parts = [this.#incoming, this.#options.all].filter((each) => each?.isPartial === true);
    const messages = parts.reduce((sum, each) => sum + (each?.messages ?? 0), 0);
    if (parts.length > 0 && messages === this.#partialMessages) {
      const message = `${this.peer} began a frame and did not go on with it: dropped`;
      this.end(new ReplicationError('TIMEOUT', message));
    }
    this.#partialMessages = messages;
  }

  /** Ends it: at once with an error, else behind what was sent. The owner's `ended` follows. */
  end(error: ReplicationError | null): void {
    if (this.#state === 'over') return;
    const { clock, closeTimeoutMs } = this.#settings;
    if (error !== null) {
      this.#say('gone');
      this.#state = 'over';
      // Not from within the call that found it.
      clock.setImmediate(() => this.#finish(error));
    } else if (this.#state === 'open') {
      this.#say('bye');
      this.#state = 'ending';
      const done = () => this.#over(null);
      this.#closeTimer = this.#pipe.isUp
        ? clock.setTimeout(done, closeTimeoutMs)
        : clock.setTimeout(done, 0);
    }
  }

  /** Its slave has joined anew: nothing is said to the connection that is no more. */
  replaced(error: ReplicationError): void {
    this.#over(error);
  }

  readonly #judge = (): void => {
    if (this.#missed <= MISSED_MAX || this.#state === 'over') return;
    const message = `${this.peer} gave no sign of life for ${Math.round(this.silentMs)} ms`;
    this.end(new ReplicationError('TIMEOUT', message));
  };

  #handle(message: Message): void {
    // Once the end is under way nothing goes in any more, so numbers prove nothing either.
    if (this.#state === 'ending' && message.kind !== 'bye' && message.kind !== 'gone') return;
    switch (message.kind) {
      case 'frame':
      case 'part':
        return this.#takeFrame(message);
      case 'acknowledge':
        return this.#taken(message.first, message.second);
      case 'ping':
        this.#compare(message);
        return this.#sayTaken('pong');
      case 'pong':
        return this.#compare(message);
      case 'bye':
        return this.#bye(message);
      case 'gone':
        return this.#gone();
      default:
        throw new ReplicationError('PROTOCOL', `it sent "${message.kind}" while joined`);
    }
  }

  #takeFrame(message: Message): void {
    const { all } = this.#options;
    const isToAll = message.link === 0n;
    // What came to all before this one was sent has to be here, or it was lost.
    if (!isToAll) all?.check(message.second);
    const frame = isToAll ? this.#takeToAll(message) : this.#incoming.take(message);
    if (frame !== null) this.#frames.push(frame);
    if (this.#isGathering) return;
    this.#isGathering = true;
    queueMicrotask(this.#deliver);
  }

  #takeToAll(message: Message): Uint8Array | null {
    const { all, number } = this.#options;
    if (all === null) throw new ReplicationError('PROTOCOL', 'it spoke to all, as a master does');
    if (message.kind !== 'frame') return all.take(message);
    const exceptions = readExceptions(message);
    return all.take(message, exceptions.length * EXCEPTION_BYTES, !exceptions.includes(number));
  }

  /** What one read of the socket brought is delivered together. */
  readonly #deliver = (): void => {
    this.#isGathering = false;
    const frames = this.#frames;
    this.#frames = [];
    if (frames.length > 0) this.#owner.received(this.peer, frames);
    const newBytes = this.#takenBytes - this.#acknowledged;
    if (this.#state === 'open' && newBytes >= this.#options.acknowledgeBytes) this.#acknowledge();
  };

  #compare(message: Message): void {
    this.#incoming.check(message.first);
    this.#options.all?.check(message.second);
    this.#taken(...readCounts(message.body));
  }

  /** @throws {ReplicationError} PROTOCOL for what was never sent */
  #taken(own: number, ofStream: number): void {
    const streamed = (this.#options.stream?.bytes ?? 0) - this.#streamBase;
    if (own > this.#outgoing.bytes || ofStream > streamed) {
      throw new ReplicationError('PROTOCOL', 'it took more than was sent');
    }
    const isMore = own > this.#takenByIt || ofStream > this.#takenOfStream;
    this.#takenByIt = Math.max(own, this.#takenByIt);
    this.#takenOfStream = Math.max(ofStream, this.#takenOfStream);
    if (isMore && this.#window.shrunk() && this.#wasRefused && !this.#pipe.isFull) this.#drained();
  }

  #waiting(): number {
    const streamed = (this.#options.stream?.bytes ?? 0) - this.#streamBase - this.#takenOfStream;
    return this.#outgoing.bytes - this.#takenByIt + streamed;
  }

  #drained(): void {
    this.#wasRefused = false;
    if (this.#state === 'open') this.#owner.drained(this.peer);
  }

  #bye(message: Message): void {
    if (this.#state === 'open') {
      this.#incoming.check(message.first);
      this.#options.all?.check(message.second);
    }
    this.#say('gone');
    this.#over(null);
  }

  #gone(): void {
    if (this.#state === 'ending') return this.#over(null);
    const message = `${this.peer} does not know this connection any more, or dropped it`;
    this.#over(new ReplicationError('NOT_RUNNING', message, { retryable: true }));
  }

  #over(error: ReplicationError | null): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#finish(error);
  }

  #finish(error: ReplicationError | null): void {
    this.#settings.clock.clearTimeout(this.#closeTimer);
    this.#window.close();
    const frames = this.#frames;
    this.#frames = [];
    if (frames.length > 0) this.#owner.received(this.peer, frames);
    this.#owner.ended(this, error);
  }

  /** What was sent last in either sequence, so that the other side finds what is missing. */
  #say(kind: Kind, body?: Uint8Array): void {
    this.#publish(kind, this.#outgoing.sequence, this.#options.stream?.sequence ?? 0, body);
  }

  #sayTaken(kind: 'ping' | 'pong'): void {
    this.#acknowledged = this.#takenBytes;
    this.#say(kind, countsBody(this.#incoming.bytes, this.#options.all?.bytes ?? 0));
  }

  #acknowledge(): void {
    this.#acknowledged = this.#takenBytes;
    this.#publish('acknowledge', this.#incoming.bytes, this.#options.all?.bytes ?? 0);
  }

  get #takenBytes(): number {
    return this.#incoming.bytes + (this.#options.all?.bytes ?? 0);
  }

  #publish(kind: Kind, first: number, second: number, body?: Uint8Array): void {
    const { master, id: link } = this;
    const message = { kind, master, link, first, second, ...(body && { body }) };
    this.#pipe.publish(this.#options.subject, encodeMessage(message));
  }

  readonly #overloaded = (why: string): void => {
    const later = 'it catches up when it connects again';
    const message = `${this.peer} was dropped as too slow: ${why}; ${later}`;
    this.end(new ReplicationError('OVERLOADED', message));
  };
}
