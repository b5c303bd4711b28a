/** Options of transports that have no backpressure of their own, alike in each of them. */
import { ReplicationError } from '../errors.js';
import { limits } from '../limits.js';
import { integerOption, type OptionChecks, objectOption } from '../options.js';
import { type Clock, systemClock } from '../runtime/clock.js';
import type { WindowSettings } from './window.js';

export interface WindowOptions {
  /** Bytes of the longest frame; both sides need the same. @default 4 MiB */
  readonly frameBytesMax?: number;
  /** Bytes a peer has not taken yet above which it is not `writable`. @default 4 MiB */
  readonly highWaterBytes?: number;
  /** Bytes a peer has not taken yet at which it is dropped with `OVERLOADED`. @default 16 MiB */
  readonly outboundBytesMax?: number;
  /**
   * Milliseconds a full peer may take no byte, and a frame that comes in parts may stand still;
   * then the peer is dropped. @default 10000
   */
  readonly stallTimeoutMs?: number;
  /** Milliseconds an orderly end may take to flush. @default 1000 */
  readonly closeTimeoutMs?: number;
  /** The source of time. @default the system's monotonic clock */
  readonly clock?: Clock;
}

/** The same with defaults filled in. */
export interface FilledWindowOptions extends WindowSettings {
  readonly frameBytesMax: number;
  readonly closeTimeoutMs: number;
}

export const windowChecks: OptionChecks = {
  frameBytesMax: integerOption(1, limits.frameBytesCeiling),
  highWaterBytes: integerOption(1),
  outboundBytesMax: integerOption(1),
  stallTimeoutMs: integerOption(1),
  closeTimeoutMs: integerOption(1),
  clock: objectOption,
};

/** @throws {ReplicationError} INVALID_OPTION when one frame could drop a peer that is writable */
export function fillWindowOptions(where: string, options: WindowOptions): FilledWindowOptions {
  const filled = {
    frameBytesMax: options.frameBytesMax ?? limits.frameBytesMax,
    highWaterBytes: options.highWaterBytes ?? limits.highWaterBytes,
    outboundBytesMax: options.outboundBytesMax ?? limits.outboundBytesMax,
    stallTimeoutMs: options.stallTimeoutMs ?? limits.stallTimeoutMs,
    closeTimeoutMs: options.closeTimeoutMs ?? limits.closeTimeoutMs,
    clock: options.clock ?? systemClock,
  };
  const { outboundBytesMax, highWaterBytes, frameBytesMax } = filled;
  if (outboundBytesMax >= highWaterBytes + frameBytesMax) return filled;
  const message =
    `option "outboundBytesMax" of ${where} must be at least highWaterBytes + frameBytesMax ` +
    `(${highWaterBytes} + ${frameBytesMax})`;
  throw new ReplicationError('INVALID_OPTION', message);
}
