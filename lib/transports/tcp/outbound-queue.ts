/** What waits to be written to one socket, and how it is packed into few, large writes. */
import { Buffer } from 'node:buffer';
import { HEADER_BYTES } from './framing.js';

/**
 * Frames up to this many bytes are copied together behind their headers: below it a copy costs
 * less than one more entry of a gathering write. Longer ones are written where they lie.
 */
const SMALL_FRAME_BYTES = 4096;
/** About what one write carries, so that progress shows (`stallTimeoutMs`) on a slow connection. */
const WRITE_BYTES = 1024 * 1024;
const NOTHING = new Uint8Array(0);

/**
 * The last run of small frames that was packed. A multicast gives many peers the same frames in
 * the same turn; they share one packing instead of copying it for each.
 */
export class PackedRun {
  #frames: Uint8Array[] = [];
  #piece: Buffer = Buffer.alloc(0);

  /** Packs `frames[start, end)`, `bytes` long with headers. */
  pack(frames: readonly Uint8Array[], start: number, end: number, bytes: number): Buffer {
    if (this.#holds(frames, start, end)) return this.#piece;
    const piece = Buffer.allocUnsafe(bytes);
    let at = 0;
    for (let index = start; index < end; index += 1) {
      const frame = frames[index] as Uint8Array;
      at = piece.writeUInt32BE(frame.length, at);
      piece.set(frame, at);
      at += frame.length;
    }
    this.#frames = frames.slice(start, end);
    this.#piece = piece;
    return piece;
  }

  /** Frees what it holds; called when a turn's writes are done. */
  forget(): void {
    if (this.#frames.length === 0) return;
    this.#frames = [];
    this.#piece = Buffer.alloc(0);
  }

  #holds(frames: readonly Uint8Array[], start: number, end: number): boolean {
    const held = this.#frames;
    if (held.length !== end - start) return false;
    for (let at = 0; at < held.length; at += 1) if (held[at] !== frames[start + at]) return false;
    return true;
  }
}

export class OutboundQueue {
  readonly #packed: PackedRun;
  #frames: Uint8Array[] = [];
  #head = 0;
  /** Bytes already taken of the frame at the head; its header is taken with the first. */
  #offset = 0;
  /** Bytes waiting, headers included. */
  bytes = 0;

  constructor(packed: PackedRun) {
    this.#packed = packed;
  }

  push(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.bytes += frame.length + HEADER_BYTES;
  }

  /** Moves about one write's worth into `pieces`, in order. */
  take(pieces: Uint8Array[]): void {
    let room = WRITE_BYTES;
    while (room > 0 && this.#head < this.#frames.length) {
      const frame = this.#frames[this.#head] as Uint8Array;
      const taken =
        frame.length <= SMALL_FRAME_BYTES
          ? this.#takeSmall(pieces, room)
          : this.#takeLarge(frame, pieces, room);
      room -= taken;
      this.bytes -= taken;
    }
    if (this.#head === this.#frames.length) {
      this.#frames.length = 0;
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#frames.splice(0, this.#head);
      this.#head = 0;
    }
  }

  clear(): void {
    this.#frames = [];
    this.#head = 0;
    this.#offset = 0;
    this.bytes = 0;
  }

  /** The run of small frames at the head, as one piece. */
  #takeSmall(pieces: Uint8Array[], room: number): number {
    const frames = this.#frames;
    let end = this.#head;
    let bytes = 0;
    while (end < frames.length && bytes < room) {
      const length = (frames[end] as Uint8Array).length;
      if (length > SMALL_FRAME_BYTES) break;
      bytes += HEADER_BYTES + length;
      end += 1;
    }
    pieces.push(this.#packed.pack(frames, this.#head, end, bytes));
    frames.fill(NOTHING, this.#head, end);
    this.#head = end;
    return bytes;
  }

  #takeLarge(frame: Uint8Array, pieces: Uint8Array[], room: number): number {
    const start = this.#offset;
    const end = Math.min(frame.length, start + room);
    let taken = end - start;
    if (start === 0) {
      const header = Buffer.allocUnsafe(HEADER_BYTES);
      header.writeUInt32BE(frame.length, 0);
      pieces.push(header);
      taken += HEADER_BYTES;
    }
    pieces.push(start === 0 && end === frame.length ? frame : frame.subarray(start, end));
    if (end === frame.length) {
      this.#frames[this.#head] = NOTHING;
      this.#head += 1;
      this.#offset = 0;
    } else {
      this.#offset = end;
    }
    return taken;
  }
}
