/** The options of both worker sides: what they are, their defaults, and what is refused. */
import {
  checkOptions,
  functionOption,
  integerOption,
  type OptionChecks,
  stringOption,
} from '../../options.js';
import type { Random } from '../../runtime/random.js';
import {
  type FilledWindowOptions,
  fillWindowOptions,
  type WindowOptions,
  windowChecks,
} from '../window-options.js';

/** Options of both sides. */
export interface WorkerCommonOptions extends WindowOptions {
  /** Tells several transports over the same port or process apart. @default 'main' */
  readonly channel?: string;
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
export interface WorkerSettings extends FilledWindowOptions {
  readonly channel: string;
}

const COMMON: OptionChecks = { ...windowChecks, channel: stringOption };

const LISTEN: OptionChecks = { ...COMMON, maxConnections: integerOption(1) };

const CONNECT: OptionChecks = {
  ...COMMON,
  handshakeTimeoutMs: integerOption(1),
  reconnectMsMin: integerOption(1),
  reconnectMsMax: integerOption(1),
  random: functionOption,
};

const CHANNEL = 'main';

/** @throws {ReplicationError} INVALID_OPTION */
export function listenSettings(options: WorkerListenOptions): WorkerSettings {
  checkOptions('workerListen', options, LISTEN);
  const filled = fillWindowOptions('workerListen', options);
  return { ...filled, channel: options.channel ?? CHANNEL };
}

/** @throws {ReplicationError} INVALID_OPTION */
export function connectSettings(options: WorkerConnectOptions): WorkerSettings {
  checkOptions('workerConnect', options, CONNECT);
  const filled = fillWindowOptions('workerConnect', options);
  return { ...filled, channel: options.channel ?? CHANNEL };
}
