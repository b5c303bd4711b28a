/** The options of both NATS sides: what they are, their defaults, and what is refused. */
import type { NatsConnection } from '@nats-io/nats-core';
import { ReplicationError } from '../../errors.js';
import { limits } from '../../limits.js';
import {
  checkOptions,
  integerOption,
  type OptionCheck,
  type OptionChecks,
  required,
} from '../../options.js';
import { type FlowOptions, type FlowSettings, flowChecks, flowSettings } from '../flow-options.js';
import { type ReconnectOptions, reconnectChecks } from '../reconnect-options.js';

/** Options of both sides. */
export interface NatsCommonOptions extends FlowOptions {
  /**
   * What the subjects begin with: one master and its slaves have a prefix of their own, such as
   * `acme.settings`. Letters, digits, `_` and `-`, in parts with a dot between them.
   */
  readonly prefix: string;
  /** Milliseconds the other side, or the server, may take to answer at first. @default 5000 */
  readonly handshakeTimeoutMs?: number;
}

export interface NatsListenOptions extends NatsCommonOptions {
  /** Joined slaves at a time; the next one is refused with `OVERLOADED`. @default 4096 */
  readonly maxConnections?: number;
  /**
   * Milliseconds between two signs of life of a slave; one that gave none in four of
   * them has left, and so has a master for its slaves. @default 2000
   */
  readonly pingIntervalMs?: number;
}

export interface NatsConnectOptions extends NatsCommonOptions, ReconnectOptions {
  /**
   * What this slave's subjects have in them, for permissions of a single slave: up to 64 letters,
   * digits, `_` and `-`. A slave with a name can only have an id that is this name or starts with
   * it and a slash. @default 'any': any id
   */
  readonly name?: string;
}

/** What both sides need to know, defaults filled in. */
export interface NatsSettings extends FlowSettings {
  readonly prefix: string;
  readonly handshakeTimeoutMs: number;
}

export const PING_INTERVAL_MS = 2_000;
export const PING_INTERVAL_MS_MIN = 10;
/** The longest prefix: subjects are sent with each message. */
const PREFIX_LENGTH_MAX = 200;

function textOption(pattern: RegExp, most: number, wanted: string): OptionCheck {
  return (value) => {
    if (value === undefined) return null;
    const fits = typeof value === 'string' && value.length <= most && pattern.test(value);
    return fits ? null : wanted;
  };
}

const PREFIX = 'parts of letters, digits, "_" and "-" with a dot between them, such as "app.flags"';
const prefixOption = textOption(/^[\w-]+(\.[\w-]+)*$/, PREFIX_LENGTH_MAX, PREFIX);
const nameOption = textOption(/^[\w-]+$/, 64, '1 to 64 letters, digits, "_" and "-"');

const COMMON: OptionChecks = {
  ...flowChecks,
  prefix: required(prefixOption, PREFIX),
  handshakeTimeoutMs: integerOption(1),
};

const LISTEN: OptionChecks = {
  ...COMMON,
  maxConnections: integerOption(1),
  pingIntervalMs: integerOption(PING_INTERVAL_MS_MIN, 3_600_000),
};

const CONNECT: OptionChecks = {
  ...COMMON,
  name: nameOption,
  ...reconnectChecks,
};

/** What is used of a connection; a host on another version of the client learns it at once. */
const METHODS = ['publish', 'subscribe', 'flush', 'status', 'isClosed', 'isDraining'] as const;

function checkConnection(where: string, connection: unknown): void {
  const object = connection as Readonly<Record<string, unknown>> | null | undefined;
  const isFit =
    typeof object === 'object' &&
    object !== null &&
    METHODS.every((method) => typeof object[method] === 'function');
  if (isFit) return;
  const message =
    `${where} takes a connection of @nats-io/nats-core first, as connect({ servers }) of ` +
    '@nats-io/transport-node resolves with';
  throw new ReplicationError('INVALID_OPTION', message);
}

function settingsOf(where: string, options: NatsCommonOptions): NatsSettings {
  const handshakeTimeoutMs = options.handshakeTimeoutMs ?? limits.handshakeTimeoutMs;
  return { ...flowSettings(where, options), prefix: options.prefix, handshakeTimeoutMs };
}

/** @throws {ReplicationError} INVALID_OPTION */
export function listenSettings(
  connection: NatsConnection,
  options: NatsListenOptions,
): NatsSettings {
  checkConnection('natsListen', connection);
  checkOptions('natsListen', options, LISTEN);
  return settingsOf('natsListen', options);
}

/** @throws {ReplicationError} INVALID_OPTION */
export function connectSettings(
  connection: NatsConnection,
  options: NatsConnectOptions,
): NatsSettings {
  checkConnection('natsConnect', connection);
  checkOptions('natsConnect', options, CONNECT);
  return settingsOf('natsConnect', options);
}
