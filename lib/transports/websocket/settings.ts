/** The options of both WebSocket sides, and those of the slave's; portable. */
import { ReplicationError } from '../../errors.js';
import { limits } from '../../limits.js';
import {
  checkOptions,
  integerOption,
  type OptionChecks,
  objectOption,
  required,
  stringOption,
} from '../../options.js';
import { type FlowOptions, type FlowSettings, flowChecks, flowSettings } from '../flow-options.js';
import { type Secret, secretOption } from '../keyring.js';
import { type ReconnectOptions, reconnectChecks } from '../reconnect-options.js';

/** Options of both sides. */
export interface WebSocketCommonOptions extends FlowOptions {
  /**
   * What both sides know and nobody else, or a keyring of such: text or bytes, best 32 random
   * characters. Both prove it to each other inside the connection, without sending it: it is in no
   * address and no header. It decides who may connect; it does NOT encrypt or seal what follows:
   * use `wss:` against those who can read or change packets on the way.
   */
  readonly secret?: Secret;
  /** Milliseconds for connecting and the handshake, TLS included. @default 5000 */
  readonly handshakeTimeoutMs?: number;
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

export interface WebSocketConnectOptions extends WebSocketCommonOptions, ReconnectOptions {
  /** Where the master listens, path included: `ws://` or `wss://`. No secret belongs in it. */
  readonly url: string;
  /** For Node only, with `wss://`; it needs the package `ws`. */
  readonly tls?: WebSocketTls;
}

/** What a connection needs to know, defaults filled in. */
export interface WebSocketSettings extends FlowSettings {
  readonly handshakeTimeoutMs: number;
}

export const COMMON: OptionChecks = {
  secret: secretOption,
  tls: objectOption,
  ...flowChecks,
  handshakeTimeoutMs: integerOption(1),
};

const CONNECT: OptionChecks = {
  ...COMMON,
  url: required(stringOption, 'a text such as "wss://example.org/replichart"'),
  ...reconnectChecks,
};

/** @throws {ReplicationError} INVALID_OPTION */
export function settingsOf(where: string, options: WebSocketCommonOptions): WebSocketSettings {
  const { handshakeTimeoutMs = limits.handshakeTimeoutMs } = options;
  return { handshakeTimeoutMs, ...flowSettings(where, options) };
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
