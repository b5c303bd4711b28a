/** The options of both UDP sides: what they are, their defaults, and what is refused. */
import { isIPv4 } from 'node:net';
import { ReplicationError } from '../../errors.js';
import { limits } from '../../limits.js';
import {
  booleanOption,
  checkOptions,
  integerOption,
  type OptionCheck,
  type OptionChecks,
  objectOption,
  required,
  stringOption,
} from '../../options.js';
import { type Clock, systemClock } from '../../runtime/clock.js';
import { isLoopback } from '../addresses.js';
import { admissionChecks } from '../admission-options.js';
import { peersOption } from '../certificate-names.js';
import { flowChecks } from '../flow-options.js';
import { keysOf, type Secret, secretOption } from '../keyring.js';
import { reconnectChecks } from '../reconnect-options.js';
import type { TcpConnectOptions, TcpListenOptions } from '../tcp/settings.js';
import { labelBytes } from './address-label.js';
import { DATAGRAM_BYTES_CEILING, HEADER_BYTES, TAG_BYTES } from './datagram.js';
import { ringOf } from './keys.js';

/** Of the range that sites may use as they like; routers do not pass it on by default. */
const GROUP = '239.255.82.67';
const INTERFACE = '127.0.0.1';
/** Fits an Ethernet frame and a tunnel's headers: of a datagram in fragments none may be lost. */
const DATAGRAM_BYTES_MAX = 1400;
/** Greetings have to fit a frame of the stream. */
const FRAME_BYTES_LEAST = 256;

interface UdpCommonOptions {
  /**
   * IPv4 address of the interface on which the group is sent to or joined.
   * @default '127.0.0.1'
   */
  readonly interface?: string;
  /** Allows to do without a `secret`: whoever reaches the group then reads and forges datagrams. */
  readonly insecure?: boolean;
}

/** A secret always seals the stream as well. */
type StreamListenOptions = Omit<TcpListenOptions, 'host' | 'insecure' | 'seal'>;

/** `port` is the stream's and the group's; 0 lets the system choose at the first `open`. */
export interface UdpListenOptions extends UdpCommonOptions, StreamListenOptions {
  /** IPv4 address of the multicast group; slaves are told it. @default '239.255.82.67' */
  readonly group?: string;
  /** Routers that may pass a datagram on, plus one: 1 stays in the network. @default 1 */
  readonly ttl?: number;
  /**
   * Bytes of the longest datagram, headers and seal included; longer frames go by the stream.
   * @default 1400
   */
  readonly datagramBytesMax?: number;
  /** Bytes of datagrams that wait for the system at the most; more are dropped. @default 1 MiB */
  readonly datagramQueueBytesMax?: number;
}

export interface UdpConnectOptions extends UdpCommonOptions, Omit<TcpConnectOptions, 'seal'> {}

/** What the master's side needs to know, defaults filled in. */
export interface ListenSettings {
  readonly group: string;
  readonly interface: string;
  readonly ttl: number;
  readonly datagramBytesMax: number;
  readonly datagramQueueBytesMax: number;
  readonly handshakeTimeoutMs: number;
  readonly frameBytesMax: number;
  readonly clock: Clock;
  /** The key that seals. */
  readonly secret: Uint8Array;
  readonly stream: TcpListenOptions;
}

/** What a slave's side needs to know. */
export interface ConnectSettings {
  readonly interface: string;
  readonly handshakeTimeoutMs: number;
  readonly frameBytesMax: number;
  readonly clock: Clock;
  /** The keys a master may seal with. */
  readonly ring: readonly Uint8Array[];
  readonly stream: TcpConnectOptions;
}

const addressOption: OptionCheck = (value) => {
  const isAddress = value === undefined || (typeof value === 'string' && isIPv4(value));
  return isAddress ? null : "the IPv4 address of one of this host's interfaces";
};

function isGroup(value: unknown): boolean {
  if (typeof value !== 'string' || !isIPv4(value)) return false;
  const first = Number(value.split('.')[0]);
  return first >= 224 && first <= 239;
}

const groupOption: OptionCheck = (value) => {
  const isFit = value === undefined || isGroup(value);
  return isFit ? null : 'an IPv4 multicast address, 224.0.0.0 to 239.255.255.255';
};

const COMMON: OptionChecks = {
  interface: addressOption,
  insecure: booleanOption,
  secret: secretOption,
  tls: objectOption,
  peers: peersOption,
  ...flowChecks,
  frameBytesMax: integerOption(FRAME_BYTES_LEAST, limits.frameBytesCeiling),
  handshakeTimeoutMs: integerOption(1),
};

const PORT = 'a port number';

const LISTEN: OptionChecks = {
  ...COMMON,
  port: required(integerOption(0, 65_535), PORT),
  group: groupOption,
  ttl: integerOption(1, 255),
  datagramBytesMax: integerOption(128, DATAGRAM_BYTES_CEILING),
  datagramQueueBytesMax: integerOption(1),
  ...admissionChecks,
};

const CONNECT: OptionChecks = {
  ...COMMON,
  host: stringOption,
  port: required(integerOption(1, 65_535), PORT),
  ...reconnectChecks,
};

/**
 * The keys to prove and seal with, the first one first. A secret is wanted on loopback too: every
 * user of a host can join a group there.
 * @throws {ReplicationError} INVALID_OPTION
 */
export function ringFor(
  where: string,
  options: { readonly secret?: Secret; readonly insecure?: boolean },
): readonly Uint8Array[] {
  const keys = keysOf(options.secret);
  if (keys.length > 0 || options.insecure === true) return ringOf(keys);
  const message =
    `${where} needs "secret", the same on all nodes: it seals the datagrams, which everybody in ` +
    'the network can receive and send. Or say insecure: true if all of them are trusted';
  throw new ReplicationError('INVALID_OPTION', message);
}

/** Bytes of the longest frame that fits a datagram which leaves out so many seats. */
export function frameRoom(datagramBytesMax: number, leftOut: number): number {
  return datagramBytesMax - HEADER_BYTES - TAG_BYTES - labelBytes(leftOut);
}

/** @throws {ReplicationError} INVALID_OPTION */
export function listenSettings(options: UdpListenOptions): ListenSettings {
  checkOptions('udpListen', options, LISTEN, ['secret', 'tls']);
  const ring = ringFor('udpListen', options);
  const {
    group = GROUP,
    interface: host = INTERFACE,
    ttl = 1,
    datagramBytesMax = DATAGRAM_BYTES_MAX,
    datagramQueueBytesMax = 1024 * 1024,
    ...stream
  } = options;
  return {
    group,
    interface: host,
    ttl,
    datagramBytesMax,
    datagramQueueBytesMax,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? limits.handshakeTimeoutMs,
    frameBytesMax: options.frameBytesMax ?? limits.frameBytesMax,
    clock: options.clock ?? systemClock,
    secret: ring[0] as Uint8Array,
    stream: { ...stream, host },
  };
}

/** @throws {ReplicationError} INVALID_OPTION */
export function connectSettings(options: UdpConnectOptions): ConnectSettings {
  checkOptions('udpConnect', options, CONNECT, ['secret', 'tls']);
  const ring = ringFor('udpConnect', options);
  const { interface: local = INTERFACE, insecure: _checked, ...stream } = options;
  const host = options.host ?? INTERFACE;
  if (isLoopback(local) && !isLoopback(host)) {
    const message =
      `udpConnect to ${host} would wait for its datagrams on loopback, where none arrives: give ` +
      '"interface", the address of this host in the network of the master';
    throw new ReplicationError('INVALID_OPTION', message);
  }
  return {
    interface: local,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? limits.handshakeTimeoutMs,
    frameBytesMax: options.frameBytesMax ?? limits.frameBytesMax,
    clock: options.clock ?? systemClock,
    ring,
    stream,
  };
}
