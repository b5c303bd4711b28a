/** The options of both worker sides: what they are, their defaults, and what is refused. */
import { checkOptions, integerOption, type OptionChecks, stringOption } from '../../options.js';
import { type FlowOptions, type FlowSettings, flowChecks, flowSettings } from '../flow-options.js';
import { type ReconnectOptions, reconnectChecks } from '../reconnect-options.js';

/** Options of both sides. */
export interface WorkerCommonOptions extends FlowOptions {
  /** Tells several transports over the same port or process apart. @default 'main' */
  readonly channel?: string;
}

export interface WorkerListenOptions extends WorkerCommonOptions {
  /** Joined slaves at a time; the next one is refused with `OVERLOADED`. @default 4096 */
  readonly maxConnections?: number;
}

export interface WorkerConnectOptions extends WorkerCommonOptions, ReconnectOptions {
  /** Milliseconds the master may take to answer a hello. @default 5000 */
  readonly handshakeTimeoutMs?: number;
}

/** What both sides need to know, defaults filled in. */
export interface WorkerSettings extends FlowSettings {
  readonly channel: string;
}

const COMMON: OptionChecks = { ...flowChecks, channel: stringOption };

const LISTEN: OptionChecks = { ...COMMON, maxConnections: integerOption(1) };

const CONNECT: OptionChecks = {
  ...COMMON,
  handshakeTimeoutMs: integerOption(1),
  ...reconnectChecks,
};

const CHANNEL = 'main';

/** @throws {ReplicationError} INVALID_OPTION */
export function listenSettings(options: WorkerListenOptions): WorkerSettings {
  checkOptions('workerListen', options, LISTEN);
  const filled = flowSettings('workerListen', options);
  return { ...filled, channel: options.channel ?? CHANNEL };
}

/** @throws {ReplicationError} INVALID_OPTION */
export function connectSettings(options: WorkerConnectOptions): WorkerSettings {
  checkOptions('workerConnect', options, CONNECT);
  const filled = flowSettings('workerConnect', options);
  return { ...filled, channel: options.channel ?? CHANNEL };
}
