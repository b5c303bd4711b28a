/**
 * Frames of one turn as few pieces of memory. Measured for a thread, 1 MiB a frame: a copy that is
 * handed over costs a third of letting the port copy, since the port copies twice; memory that all
 * threads share costs one copy however many they are. Below 4 KiB a frame costs least when the port
 * copies many of them at once (`node dist/test/run.js --transports worker-transfer`).
 */
import { ReplicationError } from '../../errors.js';

/** Frames up to this are packed together. */
const SMALL_FRAME_BYTES = 4096;
/** A pack of less is not worth being handed over. */
const TRANSFER_BYTES = 32 * 1024;
/** Frames from here on are shared by the threads of one multicast. */
export const SHARED_FRAME_BYTES = 64 * 1024;

export interface Parcel {
  readonly pieces: Uint8Array[];
  readonly lengths: number[];
  /** Memory of `pieces` that nobody else needs. */
  readonly transfer: ArrayBuffer[];
}

function isShared(bytes: Uint8Array): boolean {
  return typeof SharedArrayBuffer === 'function' && bytes.buffer instanceof SharedArrayBuffer;
}

/** One copy for all threads; null where the platform does not share memory. */
export function sharedCopy(frame: Uint8Array): Uint8Array | null {
  if (typeof SharedArrayBuffer !== 'function') return null;
  const copy = new Uint8Array(new SharedArrayBuffer(frame.length));
  copy.set(frame);
  return copy;
}

/** Packs `frames`; the sender's memory is copied unless it is shared already. */
export function pack(frames: readonly Uint8Array[], isOneProcess: boolean): Parcel {
  const parcel: Parcel = { pieces: [], lengths: [], transfer: [] };
  let at = 0;
  while (at < frames.length) {
    const end = endOfRun(frames, at);
    const run = frames.slice(at, end);
    at = end;
    for (const frame of run) parcel.lengths.push(frame.length);
    const [first] = run;
    const isAlone = run.length === 1 && first !== undefined;
    // A process gets the bytes of a view alone; a port would copy all of the memory behind it.
    const piece = isAlone && (isShared(first) || !isOneProcess) ? first : joined(run);
    parcel.pieces.push(piece);
    const isOwn = isOneProcess && !isShared(piece) && piece.length >= TRANSFER_BYTES;
    if (isOwn) parcel.transfer.push(piece.buffer as ArrayBuffer);
  }
  return parcel;
}

/** Small frames in a row go together, a long one alone. */
function endOfRun(frames: readonly Uint8Array[], start: number): number {
  let end = start;
  while (end < frames.length && (frames[end] as Uint8Array).length <= SMALL_FRAME_BYTES) end += 1;
  return Math.max(end, start + 1);
}

function joined(run: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(run.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const frame of run) {
    bytes.set(frame, at);
    at += frame.length;
  }
  return bytes;
}

function damaged(): ReplicationError {
  return new ReplicationError('PROTOCOL', 'its frames do not fit their lengths');
}

/**
 * The frames of a parcel, in memory that nobody else writes to.
 * @throws {ReplicationError} PROTOCOL, TOO_LARGE
 */
export function unpack(pieces: unknown, lengths: unknown, frameBytesMax: number): Uint8Array[] {
  if (!Array.isArray(pieces) || !Array.isArray(lengths)) throw damaged();
  const frames: Uint8Array[] = [];
  let index = 0;
  for (const piece of pieces as unknown[]) {
    if (!(piece instanceof Uint8Array)) throw damaged();
    // Memory that others read is not the receiver's own, and browsers decode no text from it.
    const bytes = isShared(piece) ? piece.slice() : piece;
    let at = 0;
    while (at < bytes.length) {
      const length: unknown = lengths[index];
      if (!Number.isSafeInteger(length) || (length as number) < 1) throw damaged();
      const end = at + (length as number);
      if (end > bytes.length) throw damaged();
      if (end - at > frameBytesMax) {
        const message = `a frame of ${end - at} bytes came, above the limit of ${frameBytesMax}`;
        throw new ReplicationError('TOO_LARGE', message);
      }
      frames.push(bytes.subarray(at, end));
      at = end;
      index += 1;
    }
  }
  if (index !== lengths.length) throw damaged();
  return frames;
}
