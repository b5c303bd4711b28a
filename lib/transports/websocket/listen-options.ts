/** The options of the master's side: what they are, their defaults, and what is refused. */
import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer, ServerOptions as HttpsServerOptions } from 'node:https';
import { ReplicationError } from '../../errors.js';
import { limits } from '../../limits.js';
import {
  booleanOption,
  checkOptions,
  integerOption,
  type OptionCheck,
  type OptionChecks,
  objectOption,
  stringOption,
} from '../../options.js';
import { isLoopback } from '../addresses.js';
import {
  type Admission,
  type AdmissionOptions,
  admissionChecks,
  admissionOf,
} from '../admission-options.js';
import { peersOption, type TcpPeers } from '../certificate-names.js';
import {
  COMMON,
  settingsOf,
  type WebSocketCommonOptions,
  type WebSocketSettings,
} from './settings.js';

export interface WebSocketListenOptions extends WebSocketCommonOptions, AdmissionOptions {
  /** A port of its own; 0 lets the system choose at the first `open`. Either this or `server`. */
  readonly port?: number;
  /**
   * The host's own server, of `node:http` or `node:https`: slaves connect to `path` on it, its
   * pages and its other upgrades stay as they are. The host starts and ends it.
   */
  readonly server?: HttpServer | HttpsServer;
  /** With `port`: where to listen. @default '127.0.0.1' */
  readonly host?: string;
  /** The path that slaves ask for, exactly. @default '/replichart' */
  readonly path?: string;
  /**
   * The Origins whose pages may connect, exactly as browsers send them, such as
   * `https://shop.example`. All others are refused before the connection is upgraded. @default none
   */
  readonly origins?: readonly string[];
  /**
   * With `port`: options of `node:https`, at least `key` and `cert`. TLS 1.3 at least. Who connects
   * must show a certificate (`requestCert`, `rejectUnauthorized`) unless these say otherwise.
   */
  readonly tls?: HttpsServerOptions;
  /**
   * With `tls`: whose certificates are accepted, as by `tcpListen`: the subjectAltName must hold
   * `URI:replichart:slave:NAME`, and a slave can only have an id that is its NAME or starts with
   * `NAME/`. A list also says which names; `'authority'` accepts whatever the `ca` signed, and is
   * needed where no certificates are asked for, as of browsers. @default any name
   */
  readonly peers?: TcpPeers;
  /** Lets in who proves nothing, beyond loopback or on `server`. @default false */
  readonly insecure?: boolean;
  /** Milliseconds of silence before a slave is asked for a sign of life. @default 10000 */
  readonly keepAliveMs?: number;
}

/** Defaults filled in. */
export interface WebSocketListenSettings extends WebSocketSettings, Admission {
  readonly host: string;
  readonly path: string;
  readonly origins: ReadonlySet<string>;
  /** Clients without an Origin, and without a secret to prove, are let in. */
  readonly letsInUnproven: boolean;
  /** What `peers` says; null where certificates name nobody. */
  readonly named: { readonly peers: TcpPeers | undefined } | null;
  readonly keepAliveMs: number;
}

const WHERE = 'webSocketListen';

/** What browsers put into the header; a list with `*` or a path in it would match nothing. */
function isOrigin(value: unknown): boolean {
  if (value === 'null') return true;
  if (typeof value !== 'string') return false;
  try {
    const { protocol, host } = new URL(value);
    // Of a scheme that is no web page's, `origin` is "null".
    return value === `${protocol}//${host}` && host !== '';
  } catch {
    return false;
  }
}

const originsOption: OptionCheck = (value) => {
  if (value === undefined || (Array.isArray(value) && value.every(isOrigin))) return null;
  return 'a list of Origins as browsers send them, such as ["https://shop.example"]';
};

const pathOption: OptionCheck = (value) => {
  const fits = typeof value === 'string' && /^\/[^?#\s]*$/.test(value);
  return value === undefined || fits ? null : 'a path that begins with "/", without query';
};

const LISTEN: OptionChecks = {
  ...COMMON,
  port: integerOption(0, 65_535),
  server: objectOption,
  host: stringOption,
  path: pathOption,
  origins: originsOption,
  insecure: booleanOption,
  peers: peersOption,
  ...admissionChecks,
  keepAliveMs: integerOption(1),
};

function refuse(message: string): never {
  throw new ReplicationError('INVALID_OPTION', message);
}

function checkPlace({ port, server, host, tls }: WebSocketListenOptions): void {
  if ((port === undefined) === (server === undefined)) {
    refuse(`${WHERE} takes either "port" or "server", one of both`);
  }
  if (server === undefined) return;
  if (host !== undefined || tls !== undefined) {
    refuse(`options "host" and "tls" of ${WHERE} are for "port"; "server" has its own`);
  }
  if (typeof server.on !== 'function' || typeof server.address !== 'function') {
    refuse(`option "server" of ${WHERE} must be a server of node:http or node:https`);
  }
}

/** Options that would look as if they protected something and do not. */
function refuseContradictions(options: WebSocketListenOptions): void {
  const { peers, tls } = options;
  if (peers !== undefined && tls === undefined) {
    refuse(`option "peers" of ${WHERE} goes with "tls": only certificates have names`);
  }
  if (tls === undefined || peers === 'authority' || wantsCertificates(options)) return;
  refuse(
    `option "peers" of ${WHERE} must be 'authority' where certificates of the other side are ` +
      'not verified',
  );
}

/** Whether TLS lets in only who shows a certificate that was verified. */
function wantsCertificates({ tls }: WebSocketListenOptions): boolean {
  return tls !== undefined && tls.requestCert !== false && tls.rejectUnauthorized !== false;
}

/**
 * An Origin proves nothing: what is no browser writes there what it likes. So beyond loopback a
 * list of Origins is not enough; nor on the host's server, which may stand behind a proxy.
 */
function checkTrust(options: WebSocketListenOptions, host: string): void {
  const isProven = options.secret !== undefined || wantsCertificates(options);
  if (isProven || options.insecure === true) return;
  if (options.server !== undefined) {
    refuse(
      `${WHERE} on a server of yours would let anyone who reaches it read and join: give ` +
        '"secret", or say insecure: true if the network is trusted',
    );
  }
  if (isLoopback(host)) return;
  refuse(
    `${WHERE} on ${host} would let anyone who reaches it read and join: give "secret", or "tls" ` +
      'with client certificates, listen on 127.0.0.1, or say insecure: true if the network is ' +
      'trusted',
  );
}

/** @throws {ReplicationError} INVALID_OPTION */
export function listenSettings(options: WebSocketListenOptions): WebSocketListenSettings {
  checkOptions(WHERE, options, LISTEN, ['secret', 'tls']);
  checkPlace(options);
  refuseContradictions(options);
  const host = options.host ?? '127.0.0.1';
  checkTrust(options, host);
  const origins = new Set(options.origins);
  const isOpen = options.secret === undefined && !wantsCertificates(options);
  return {
    ...settingsOf(WHERE, options),
    host,
    path: options.path ?? '/replichart',
    origins,
    // With a list of Origins and no secret, who sends no Origin is neither a listed page nor known.
    letsInUnproven: !isOpen || options.insecure === true || origins.size === 0,
    named:
      options.tls === undefined || options.peers === 'authority' ? null : { peers: options.peers },
    ...admissionOf(options),
    keepAliveMs: options.keepAliveMs ?? limits.keepAliveMs,
  };
}
