/** The options of both WebSocket sides, and those of the slave's; portable. */
import { ReplicationError } from '../../errors.js';
import { limits } from '../../limits.js';
import {
  checkOptions,
  functionOption,
  integerOption,
  type OptionChecks,
  objectOption,
  required,
  stringOption,
} from '../../options.js';
import { type Clock, systemClock } from '../../runtime/clock.js';
import type { Random } from '../../runtime/random.js';
import { type Secret, secretOption } from '../keyring.js';

/** Options of both sides. */
export interface WebSocketCommonOptions {
  /**
   * What both sides know and nobody else, or a keyring of such: text or bytes, best 32 random
   * characters. Both prove it to each other inside the connection, without sending it: it is in no
   * address and no header. It decides who may connect; it does NOT encrypt or seal what follows:
   * use `wss:` against those who can read or change packets on the way.
   */
  readonly secret?: Secret;
  /** Bytes of the longest frame; both sides need the same. @default 4 MiB */
  readonly frameBytesMax?: number;
  /** Milliseconds for connecting and the handshake, TLS included. @default 5000 */
  readonly handshakeTimeoutMs?: number;
  /** Bytes waiting for a peer above which it is not `writable`. @default 4 MiB */
  readonly highWaterBytes?: number;
  /** Bytes waiting for a peer at which it is dropped with `OVERLOADED`. @default 16 MiB */
  readonly outboundBytesMax?: number;
  /** Milliseconds a full peer may take no byte, then it is dropped. @default 10000 */
  readonly stallTimeoutMs?: number;
  /** Milliseconds an orderly end may take to flush. @default 1000 */
  readonly closeTimeoutMs?: number;
  /** The source of time. @default the system's monotonic clock */
  readonly clock?: Clock;
}

/** What a slave in Node shows and trusts; a browser has certificates of its own. */
export interface WebSocketTls {
  /** PEM of the authorities that the master's certificate is checked against. */
  readonly ca?: string | Uint8Array;
  /** PEM of the certificate to show. */
  readonly cert?: string | Uint8Array;
  /** PEM of its key. */
  readonly key?: string | Uint8Array;
  /** The name that the master's certificate must have. @default the host of `url` */
  readonly servername?: string;
}

export interface WebSocketConnectOptions extends WebSocketCommonOptions {
  /** Where the master listens, path included: `ws://` or `wss://`. No secret belongs in it. */
  readonly url: string;
  /** For Node only, with `wss://`; it needs the package `ws`. */
  readonly tls?: WebSocketTls;
  /** Milliseconds: the bound of the first reconnect delay; it doubles each time. @default 50 */
  readonly reconnectMsMin?: number;
  /** Milliseconds: the bound no reconnect delay exceeds. @default 2000 */
  readonly reconnectMsMax?: number;
  /** Where the jitter comes from: numbers from 0 up to 1. @default Math.random */
  readonly random?: Random;
}

/** What a connection needs to know, defaults filled in. */
export interface WebSocketSettings {
  readonly frameBytesMax: number;
  readonly handshakeTimeoutMs: number;
  readonly highWaterBytes: number;
  readonly outboundBytesMax: number;
  readonly stallTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly clock: Clock;
}

export const COMMON: OptionChecks = {
  secret: secretOption,
  tls: objectOption,
  frameBytesMax: integerOption(1, limits.frameBytesCeiling),
  handshakeTimeoutMs: integerOption(1),
  highWaterBytes: integerOption(1),
  outboundBytesMax: integerOption(1),
  stallTimeoutMs: integerOption(1),
  closeTimeoutMs: integerOption(1),
  clock: objectOption,
};

const CONNECT: OptionChecks = {
  ...COMMON,
  url: required(stringOption, 'a text such as "wss://example.org/replichart"'),
  reconnectMsMin: integerOption(1),
  reconnectMsMax: integerOption(1),
  random: functionOption,
};

/** @throws {ReplicationError} INVALID_OPTION */
export function settingsOf(where: string, options: WebSocketCommonOptions): WebSocketSettings {
  const settings = {
    frameBytesMax: options.frameBytesMax ?? limits.frameBytesMax,
    handshakeTimeoutMs: options.handshakeTimeoutMs ?? limits.handshakeTimeoutMs,
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

const WHERE = 'webSocketConnect';

function refuseUrl(why: string): never {
  throw new ReplicationError('INVALID_OPTION', `option "url" of ${WHERE} ${why}`);
}

/** Addresses end up in logs of proxies and servers, so nothing secret may be in them. */
function checkUrl(text: string, hasTls: boolean): void {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return refuseUrl('must be a whole address, such as "wss://example.org/replichart"');
  }
  if (url.protocol !== 'ws:' && url.protocol !== 'wss:') {
    refuseUrl(`must begin with ws:// or wss://, not ${url.protocol}`);
  }
  if (url.username !== '' || url.password !== '') {
    refuseUrl('must hold no user or password, addresses are logged: use "secret"');
  }
  if (url.hash !== '') refuseUrl('must have no fragment: no server sees it');
  if (hasTls && url.protocol !== 'wss:') refuseUrl('must begin with wss:// where "tls" is given');
}

/** @throws {ReplicationError} INVALID_OPTION */
export function connectSettings(options: WebSocketConnectOptions): WebSocketSettings {
  // An address that holds a password is not repeated either.
  checkOptions(WHERE, options, CONNECT, ['secret', 'tls', 'url']);
  checkUrl(options.url, options.tls !== undefined);
  return settingsOf(WHERE, options);
}
