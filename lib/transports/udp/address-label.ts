/**
 * For whom a datagram is, in its sealed body before the frame: the newest seat (4), how many seats
 * are left out (2), and those (4 each). Seats are numbered as slaves join, so "all up to the newest
 * but these" names any number of slaves in six bytes where none of them is left out, and one that
 * joined after the datagram left never takes it, however late it arrives (P13).
 */
import { Buffer } from 'node:buffer';

export const LABEL_BYTES = 6;
export const SEAT_BYTES = 4;
/** The count has 16 bits. */
export const LEFT_OUT_MAX = 2 ** 16 - 1;

export interface Label {
  readonly newest: number;
  readonly leftOut: readonly number[];
}

export function labelBytes(leftOut: number): number {
  return LABEL_BYTES + SEAT_BYTES * leftOut;
}

export function encodeLabel({ newest, leftOut }: Label): Buffer {
  const bytes = Buffer.alloc(labelBytes(leftOut.length));
  bytes.writeUInt32BE(newest, 0);
  bytes.writeUInt16BE(leftOut.length, 4);
  leftOut.forEach(
    (seat, index) => void bytes.writeUInt32BE(seat, LABEL_BYTES + SEAT_BYTES * index),
  );
  return bytes;
}

/** Whether the body is for this seat, and where its frame starts; null for a body that is none. */
export function readLabel(body: Buffer, seat: number): { isMine: boolean; frameAt: number } | null {
  if (body.length < LABEL_BYTES) return null;
  const newest = body.readUInt32BE(0);
  const count = body.readUInt16BE(4);
  const frameAt = labelBytes(count);
  if (body.length < frameAt) return null;
  let isMine = seat <= newest;
  for (let at = LABEL_BYTES; at < frameAt; at += SEAT_BYTES) {
    if (body.readUInt32BE(at) === seat) isMine = false;
  }
  return { isMine, frameAt };
}
