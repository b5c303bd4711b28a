/** What every transport refuses to send. */
import { ReplicationError } from '../errors.js';

/** @throws {ReplicationError} PROTOCOL for a frame of no bytes, TOO_LARGE above `frameBytesMax` */
export function refuseFrameLength(frame: Uint8Array, frameBytesMax: number): void {
  if (frame.length > 0 && frame.length <= frameBytesMax) return;
  if (frame.length === 0) {
    throw new ReplicationError('PROTOCOL', 'a frame needs at least one byte');
  }
  const message =
    `a frame of ${frame.length} bytes is above the limit of ${frameBytesMax}: ` +
    'send it in parts or raise frameBytesMax on both sides';
  throw new ReplicationError('TOO_LARGE', message);
}
