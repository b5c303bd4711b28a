/** How much a peer may be sent and how long it may stand still: alike in each transport (P15). */
import { ReplicationError } from '../errors.js';
import { limits } from '../limits.js';
import { integerOption, type OptionChecks, objectOption } from '../options.js';
import { type Clock, systemClock } from '../runtime/clock.js';
import type { WindowSettings } from './window.js';

export interface FlowOptions {
  /** Bytes of the longest frame; both sides need the same. @default 4 MiB */
  readonly frameBytesMax?: number;
  /** Bytes that wait for a peer or are not taken: above, it is not `writable`. @default 4 MiB */
  readonly highWaterBytes?: number;
  /** Such bytes of a peer above which it is dropped with `OVERLOADED`. @default 16 MiB */
  readonly outboundBytesMax?: number;
  /**
   * Milliseconds a full peer may take no byte; then it is dropped. Where a transport takes frames
   * apart, a frame may stand still so long, too. @default 10000
   */
  readonly stallTimeoutMs?: number;
  /** Milliseconds an orderly end may take to flush. @default 1000 */
  readonly closeTimeoutMs?: number;
  /** The source of time. @default the system's monotonic clock */
  readonly clock?: Clock;
}

/** The same with defaults filled in. */
export interface FlowSettings extends WindowSettings {
  readonly frameBytesMax: number;
  readonly closeTimeoutMs: number;
}

export const flowChecks: OptionChecks = {
  frameBytesMax: integerOption(1, limits.frameBytesCeiling),
  highWaterBytes: integerOption(1),
  outboundBytesMax: integerOption(1),
  stallTimeoutMs: integerOption(1),
  closeTimeoutMs: integerOption(1),
  clock: objectOption,
};

/** @throws {ReplicationError} INVALID_OPTION when one frame could drop a peer that is writable */
export function flowSettings(where: string, options: FlowOptions): FlowSettings {
  const filled = {
    frameBytesMax: options.frameBytesMax ?? limits.frameBytesMax,
    highWaterBytes: options.highWaterBytes ?? limits.highWaterBytes,
    outboundBytesMax: options.outboundBytesMax ?? limits.outboundBytesMax,
    stallTimeoutMs: options.stallTimeoutMs ?? limits.stallTimeoutMs,
    closeTimeoutMs: options.closeTimeoutMs ?? limits.closeTimeoutMs,
    clock: options.clock ?? systemClock,
  };
  const { outboundBytesMax, highWaterBytes, frameBytesMax } = filled;
  // Otherwise one frame sent while writable could drop the peer.
  if (outboundBytesMax >= highWaterBytes + frameBytesMax) return filled;
  const message =
    `option "outboundBytesMax" of ${where} must be at least highWaterBytes + frameBytesMax ` +
    `(${highWaterBytes} + ${frameBytesMax})`;
  throw new ReplicationError('INVALID_OPTION', message);
}
