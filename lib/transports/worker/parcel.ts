/**
 * Frames of one turn as few pieces of memory. A port copies what it is given twice, so from some
 * size on a copy of our own that is handed over costs less; below it the port's way does, with many
 * small frames in one piece. Memory shared by all threads was measured too, and turned down
 * (decision 0021; `node dist/test/run.js --transports worker-transfer` prints all three).
 */
import { ReplicationError } from '../../errors.js';

/** Frames up to this are packed together. */
const SMALL_FRAME_BYTES = 4096;
/** A piece of less is not worth being handed over. */
const TRANSFER_BYTES = 64 * 1024;

export interface Parcel {
  readonly pieces: Uint8Array[];
  readonly lengths: number[];
  /** Memory of `pieces` that nobody else needs. */
  readonly transfer: ArrayBuffer[];
}

/** Packs `frames`; what is handed over is a copy, for others have a frame too. */
export function pack(frames: readonly Uint8Array[], isOneProcess: boolean): Parcel {
  const parcel: Parcel = { pieces: [], lengths: [], transfer: [] };
  let at = 0;
  while (at < frames.length) {
    const end = endOfRun(frames, at);
    const run = frames.slice(at, end);
    at = end;
    for (const frame of run) parcel.lengths.push(frame.length);
    const [first] = run;
    // A process gets the bytes of a view alone; a port would copy all of the memory behind it.
    const piece = !isOneProcess && run.length === 1 && first !== undefined ? first : joined(run);
    parcel.pieces.push(piece);
    if (isOneProcess && piece.length >= TRANSFER_BYTES) {
      parcel.transfer.push(piece.buffer as ArrayBuffer);
    }
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
 * The frames of a parcel.
 * @throws {ReplicationError} PROTOCOL, TOO_LARGE
 */
export function unpack(pieces: unknown, lengths: unknown, frameBytesMax: number): Uint8Array[] {
  if (!Array.isArray(pieces) || !Array.isArray(lengths)) throw damaged();
  const frames: Uint8Array[] = [];
  let index = 0;
  for (const piece of pieces as unknown[]) {
    if (!(piece instanceof Uint8Array)) throw damaged();
    let at = 0;
    while (at < piece.length) {
      const length: unknown = lengths[index];
      if (!Number.isSafeInteger(length) || (length as number) < 1) throw damaged();
      const end = at + (length as number);
      if (end > piece.length) throw damaged();
      if (end - at > frameBytesMax) {
        const message = `a frame of ${end - at} bytes came, above the limit of ${frameBytesMax}`;
        throw new ReplicationError('TOO_LARGE', message);
      }
      frames.push(piece.subarray(at, end));
      at = end;
      index += 1;
    }
  }
  if (index !== lengths.length) throw damaged();
  return frames;
}
