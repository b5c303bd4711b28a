/**
 * One numbered sequence of messages: frames on their way out, cut to what a server takes, and on
 * their way in, put together again. NATS loses what it cannot deliver at once and tells nobody;
 * the numbers do.
 */
import { ReplicationError } from '../../errors.js';
import { encodeMessage, HEADER_BYTES, type Message } from './message.js';
import type { Pipe } from './pipe.js';

/** What a long frame's buffer starts with at the most, before more of the frame arrived. */
const FIRST_BUFFER_BYTES = 64 * 1024;
/** How far it may be ahead of what arrived. */
const GROWTH = 4;

const NOTHING = new Uint8Array(0);

function joined(before: Uint8Array, piece: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(before.length + piece.length);
  bytes.set(before);
  bytes.set(piece, before.length);
  return bytes;
}

export class Outgoing {
  readonly #pipe: Pipe;
  readonly #subject: string;
  readonly #master: bigint;
  readonly #link: bigint;
  /** Of the message sent last. */
  sequence = 0;
  /** Of all messages sent, headers included. */
  bytes = 0;

  constructor(pipe: Pipe, subject: string, master: bigint, link: bigint) {
    this.#pipe = pipe;
    this.#subject = subject;
    this.#master = master;
    this.#link = link;
  }

  /**
   * @param second the number of the other sequence that this one comes behind, or how many
   * exceptions `before` names
   * @param before what the first message holds before the frame
   */
  send(frame: Uint8Array, second: number, before: Uint8Array = NOTHING): void {
    const most = this.#pipe.messageBytesMax - HEADER_BYTES;
    let at = 0;
    while (at < frame.length) {
      this.sequence += 1;
      const end = Math.min(frame.length, at + (at === 0 ? most - before.length : most));
      const piece = end - at === frame.length ? frame : frame.subarray(at, end);
      const body = at === 0 && before.length > 0 ? joined(before, piece) : piece;
      this.bytes += HEADER_BYTES + body.length;
      const bytes = encodeMessage({
        kind: at === 0 ? 'frame' : 'part',
        master: this.#master,
        link: this.#link,
        first: this.sequence,
        second,
        frameBytes: frame.length,
        body,
      });
      this.#pipe.publish(this.#subject, bytes);
      at = end;
    }
  }
}

function gap(wanted: number, got: number): ReplicationError {
  const message = `messages ${wanted} to ${got} are missing: NATS did not deliver them`;
  return new ReplicationError('NOT_RUNNING', message, { retryable: true });
}

export class Incoming {
  readonly #frameBytesMax: number;
  #sequence: number;
  /** The frame that is not whole yet, its length, and how much of it is there. */
  #buffer: Uint8Array | null = null;
  #frameBytes = 0;
  #bufferedBytes = 0;
  /** Bytes that are still to come of a frame for others. */
  #skippedBytes = 0;
  /** Of all messages taken, headers included. */
  bytes = 0;
  /** Frames and parts of frames taken: whether one that is not whole yet goes on. */
  messages = 0;

  constructor(frameBytesMax: number, sequence: number) {
    this.#frameBytesMax = frameBytesMax;
    this.#sequence = sequence;
  }

  get sequence(): number {
    return this.#sequence;
  }

  get isPartial(): boolean {
    return this.#buffer !== null;
  }

  /** @throws {ReplicationError} NOT_RUNNING when a message before `sequence` did not come */
  check(sequence: number): void {
    if (sequence !== this.#sequence) throw gap(this.#sequence + 1, sequence);
  }

  /**
   * The frame that this message completes, or null.
   * @param beforeBytes what the body holds before the frame
   * @param isForUs whether to keep the frame that begins; its parts follow it
   * @throws {ReplicationError} NOT_RUNNING for a gap, TOO_LARGE, PROTOCOL; it is of no use then
   */
  take(message: Message, beforeBytes = 0, isForUs = true): Uint8Array | null {
    if (message.first !== this.#sequence + 1) throw gap(this.#sequence + 1, message.first);
    this.#sequence += 1;
    this.messages += 1;
    this.bytes += HEADER_BYTES + message.body.length;
    const { kind, frameBytes } = message;
    if (kind !== 'frame') return this.#append(message);
    return this.#begin(frameBytes, message.body.subarray(beforeBytes), isForUs);
  }

  #begin(frameBytes: number, body: Uint8Array, isForUs: boolean): Uint8Array | null {
    if (frameBytes > this.#frameBytesMax) {
      const words = `a frame of ${frameBytes} bytes was begun, above the limit of`;
      const message = `${words} ${this.#frameBytesMax}: the peer ignores frameBytesMax`;
      throw new ReplicationError('TOO_LARGE', message);
    }
    const isWithin = this.isPartial || this.#skippedBytes > 0;
    if (isWithin || body.length === 0 || body.length > frameBytes) {
      throw new ReplicationError('PROTOCOL', 'a frame begins that cannot be one');
    }
    if (!isForUs) {
      this.#skippedBytes = frameBytes - body.length;
      return null;
    }
    if (body.length === frameBytes) return body;
    this.#frameBytes = frameBytes;
    this.#bufferedBytes = 0;
    this.#keep(body);
    return null;
  }

  #append({ frameBytes, body }: Message): Uint8Array | null {
    if (this.#skippedBytes > 0 && body.length > 0 && body.length <= this.#skippedBytes) {
      this.#skippedBytes -= body.length;
      return null;
    }
    const bytes = this.#bufferedBytes + body.length;
    const fits = frameBytes === this.#frameBytes && body.length > 0 && bytes <= frameBytes;
    if (!this.isPartial || !fits) {
      throw new ReplicationError('PROTOCOL', 'a part came that belongs to no frame');
    }
    this.#keep(body);
    if (bytes < frameBytes) return null;
    const frame = this.#buffer;
    this.#buffer = null;
    return frame;
  }

  /** Grows with what arrives: an announced length alone is worth no memory. */
  #keep(body: Uint8Array): void {
    const bytes = this.#bufferedBytes + body.length;
    let buffer = this.#buffer;
    if (buffer === null || buffer.length < bytes) {
      const wanted = Math.max(bytes * GROWTH, FIRST_BUFFER_BYTES);
      const larger = new Uint8Array(Math.min(this.#frameBytes, wanted));
      if (buffer !== null) larger.set(buffer.subarray(0, this.#bufferedBytes));
      buffer = larger;
    }
    buffer.set(body, this.#bufferedBytes);
    this.#buffer = buffer;
    this.#bufferedBytes = bytes;
  }
}
