/** The options of both worker sides: what they are, their defaults, and what is refused. */
import { ReplicationError } from '../../errors.js';
import { limits } from '../../limits.js';
import {
  checkOptions,
  functionOption,
  integerOption,
  type OptionChecks,
  objectOption,
  stringOption,
} from '../../options.js';
import { type Clock, systemClock } from '../../runtime/clock.js';
import type { Random } from '../../runtime/random.js';

/** Options of both sides. */
export interface WorkerCommonOptions {
  /** Tells several transports over the same port or process apart. @default 'main' */
  readonly channel?: string;
  /** Bytes of the longest frame; both sides need the same. @default 4 MiB */
  readonly frameBytesMax?: number;
  /** Bytes a peer has not taken yet above which it is not `writable`. @default 4 MiB */
  readonly highWaterBytes?: number;
  /** Bytes a peer has not taken yet at which it is dropped with `OVERLOADED`. @default 16 MiB */
  readonly outboundBytesMax?: number;
  /** Milliseconds a full peer may take no byte, then it is dropped. @default 10000 */
  readonly stallTimeoutMs?: number;
  /** Milliseconds an orderly end may take to flush. @default 1000 */
  readonly closeTimeoutMs?: number;
  /** The source of time. @default the system's monotonic clock */
  readonly clock?: Clock;
}

export interface WorkerListenOptions extends WorkerCommonOptions {
  /** Joined slaves at a time; the next one is refused with `OVERLOADED`. @default 4096 */
  readonly maxConnections?: number;
}

export interface WorkerConnectOptions extends WorkerCommonOptions {
  /** Milliseconds the master may take to answer a hello. @default 5000 */
  readonly handshakeTimeoutMs?: number;
  /** Milliseconds: the bound of the first rejoin delay; it doubles each time. @default 50 */
  readonly reconnectMsMin?: number;
  /** Milliseconds: the bound no rejoin delay exceeds. @default 2000 */
  readonly reconnectMsMax?: number;
  /** Where the jitter comes from: numbers from 0 up to 1. @default Math.random */
  readonly random?: Random;
}

/** What both sides need to know, defaults filled in. */
export interface WorkerSettings {
  readonly channel: string;
  readonly frameBytesMax: number;
  readonly highWaterBytes: number;
  readonly outboundBytesMax: number;
  readonly stallTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly clock: Clock;
}

const COMMON: OptionChecks = {
  channel: stringOption,
  frameBytesMax: integerOption(1, limits.frameBytesCeiling),
  highWaterBytes: integerOption(1),
  outboundBytesMax: integerOption(1),
  stallTimeoutMs: integerOption(1),
  closeTimeoutMs: integerOption(1),
  clock: objectOption,
};

const LISTEN: OptionChecks = { ...COMMON, maxConnections: integerOption(1) };

const CONNECT: OptionChecks = {
  ...COMMON,
  handshakeTimeoutMs: integerOption(1),
  reconnectMsMin: integerOption(1),
  reconnectMsMax: integerOption(1),
  random: functionOption,
};

function settingsOf(where: string, options: WorkerCommonOptions): WorkerSettings {
  const settings = {
    channel: options.channel ?? 'main',
    frameBytesMax: options.frameBytesMax ?? limits.frameBytesMax,
    highWaterBytes: options.highWaterBytes ?? limits.highWaterBytes,
    outboundBytesMax: options.outboundBytesMax ?? limits.outboundBytesMax,
    stallTimeoutMs: options.stallTimeoutMs ?? limits.stallTimeoutMs,
    closeTimeoutMs: options.closeTimeoutMs ?? limits.closeTimeoutMs,
    clock: options.clock ?? systemClock,
  };
  if (settings.outboundBytesMax < settings.highWaterBytes + settings.frameBytesMax) {
    // Otherwise one frame sent while writable could drop the peer.
    const message =
      `option "outboundBytesMax" of ${where} must be at least highWaterBytes + frameBytesMax ` +
      `(${settings.highWaterBytes} + ${settings.frameBytesMax})`;
    throw new ReplicationError('INVALID_OPTION', message);
  }
  return settings;
}

/** @throws {ReplicationError} INVALID_OPTION */
export function listenSettings(options: WorkerListenOptions): WorkerSettings {
  checkOptions('workerListen', options, LISTEN);
  return settingsOf('workerListen', options);
}

/** @throws {ReplicationError} INVALID_OPTION */
export function connectSettings(options: WorkerConnectOptions): WorkerSettings {
  checkOptions('workerConnect', options, CONNECT);
  return settingsOf('workerConnect', options);
}
