/**
 * Frames on a byte stream: a 32-bit big-endian length, then that many bytes. A pure byte machine;
 * it knows no socket.
 */
import { ReplicationError } from '../../errors.js';

export const HEADER_BYTES = 4;
/** What a long frame's buffer starts with at the most, before any of the frame arrived. */
const FIRST_BUFFER_BYTES = 64 * 1024;
/**
 * How far it may be ahead of what arrived: far enough that a frame of some reads is copied once,
 * not so far that a header alone is worth memory.
 */
const GROWTH = 4;

function refuseLength(length: number, frameBytesMax: number): never {
  if (length === 0 || length >= 2 ** 31) {
    const what = length === 0 ? 'zero' : `negative (${length - 2 ** 32})`;
    throw new ReplicationError('PROTOCOL', `a frame's length is ${what}: the stream is damaged`);
  }
  const message =
    `a frame of ${length} bytes was announced, above the limit of ${frameBytesMax}: ` +
    'the stream is damaged or the peer ignores frameBytesMax';
  throw new ReplicationError('TOO_LARGE', message);
}

/** Of a Buffer `slice` is a view: this is a copy of whatever it is given. */
function copyOf(chunk: Uint8Array, start: number, end: number): Uint8Array {
  return Uint8Array.prototype.slice.call(chunk, start, end);
}

/** Cuts what arrives, in pieces of any size, into the frames that were sent. */
export class FrameReader {
  readonly #frameBytesMax: number;
  readonly #isReused: boolean;
  #headerBytes = 0;
  #headerValue = 0;
  /** Of the frame being read; 0 while its header is not complete. */
  #length = 0;
  /** The bytes so far of a frame that came in several pieces. */
  #body: Uint8Array | null = null;
  #bodyBytes = 0;

  /**
   * @param frameBytesMax the longest frame in bytes, without its header
   * @param isReused the memory of a chunk is filled again after `push`: every frame is a copy
   */
  constructor(frameBytesMax: number, isReused = false) {
    this.#frameBytesMax = frameBytesMax;
    this.#isReused = isReused;
  }

  /** Whether the stream ended here would end within a frame. */
  get partial(): boolean {
    return this.#headerBytes > 0 || this.#length > 0;
  }

  /**
   * Appends to `frames` every frame that `chunk` completes. A frame within one chunk is a view of
   * it unless chunks are reused; a longer one is gathered in linear time.
   * @throws {ReplicationError} PROTOCOL for a length of zero or at least 2^31, TOO_LARGE above
   * `frameBytesMax`, both before any memory is taken for it. The reader is of no use afterwards;
   * frames before the bad one were appended.
   */
  push(chunk: Uint8Array, frames: Uint8Array[]): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#length === 0) {
        at = this.#readHeader(chunk, at);
      } else if (this.#body === null && chunk.length - at >= this.#length) {
        const end = at + this.#length;
        frames.push(this.#isReused ? copyOf(chunk, at, end) : chunk.subarray(at, end));
        at = end;
        this.#length = 0;
      } else {
        at = this.#gather(chunk, at, frames);
      }
    }
  }

  #readHeader(chunk: Uint8Array, start: number): number {
    let at = start;
    while (at < chunk.length && this.#headerBytes < HEADER_BYTES) {
      this.#headerValue = ((this.#headerValue << 8) | (chunk[at] as number)) >>> 0;
      this.#headerBytes += 1;
      at += 1;
    }
    if (this.#headerBytes < HEADER_BYTES) return at;
    const length = this.#headerValue;
    if (length === 0 || length > this.#frameBytesMax) refuseLength(length, this.#frameBytesMax);
    this.#length = length;
    this.#headerBytes = 0;
    this.#headerValue = 0;
    return at;
  }

  #gather(chunk: Uint8Array, start: number, frames: Uint8Array[]): number {
    const end = Math.min(chunk.length, start + this.#length - this.#bodyBytes);
    const body = this.#room(this.#bodyBytes + end - start);
    body.set(chunk.subarray(start, end), this.#bodyBytes);
    this.#bodyBytes += end - start;
    if (this.#bodyBytes === this.#length) {
      frames.push(body);
      this.#body = null;
      this.#bodyBytes = 0;
      this.#length = 0;
    }
    return end;
  }

  /** Growth by a factor keeps a frame in many pieces linear; the last is to the exact length. */
  #room(bytes: number): Uint8Array {
    const old = this.#body;
    if (old !== null && old.length >= bytes) return old;
    const wanted = Math.max(bytes * GROWTH, FIRST_BUFFER_BYTES);
    const body = new Uint8Array(Math.min(this.#length, wanted));
    if (old !== null) body.set(old.subarray(0, this.#bodyBytes));
    this.#body = body;
    return body;
  }
}
