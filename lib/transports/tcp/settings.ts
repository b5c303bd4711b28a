/** The options of both TCP sides: what they are, their defaults, and what is refused. */
import type * as tls from 'node:tls';
import { ReplicationError } from '../../errors.js';
import { limits } from '../../limits.js';
import {
  booleanOption,
  checkOptions,
  integerOption,
  type OptionChecks,
  objectOption,
  required,
  stringOption,
} from '../../options.js';
import { isLoopback } from '../addresses.js';
import { type AdmissionOptions, admissionChecks } from '../admission-options.js';
import { peersOption, type TcpPeers } from '../certificate-names.js';
import { type FlowOptions, type FlowSettings, flowChecks, flowSettings } from '../flow-options.js';
import { type Secret, secretOption } from '../keyring.js';
import { type ReconnectOptions, reconnectChecks } from '../reconnect-options.js';

/** Options of both sides. */
export interface TcpCommonOptions extends FlowOptions {
  /** Where to listen or connect. @default '127.0.0.1' */
  readonly host?: string;
  /**
   * What both sides know and nobody else: text or bytes, best 32 random characters. Both prove it
   * to each other without sending it, and all that follows is encrypted and sealed by TLS 1.3 with
   * a key made of it (see `seal`). Everybody who knows it can be a slave under any id, and the
   * master; `tls` can tell them apart. A list is a keyring: a slave proves the first key, a master
   * accepts any and answers with it.
   */
  readonly secret?: Secret;
  /**
   * `false`: a `secret` only decides who may connect, and whoever can read or change packets on
   * the way still can. Both sides need the same. @default true
   */
  readonly seal?: boolean;
  /**
   * With `tls`: whose certificates are accepted. The subjectAltName must hold
   * `URI:replichart:slave:NAME` of slaves, `URI:replichart:master:NAME` of the master, and a slave
   * can only have an id that is its NAME or starts with `NAME/` (`*` as NAME: any). A list also
   * says which names; `'authority'` accepts whatever the `ca` signed. @default any name
   */
  readonly peers?: TcpPeers;
  /** Milliseconds for connecting and the handshake, TLS included. @default 5000 */
  readonly handshakeTimeoutMs?: number;
}

export interface TcpListenOptions extends TcpCommonOptions, AdmissionOptions {
  /** The port; 0 lets the system choose at the first `open`, and `port` of the transport tells. */
  readonly port: number;
  /**
   * Options of `node:tls` for a server, at least `key`, `cert` and `ca`. TLS 1.3 at least. Slaves
   * must show a certificate (`requestCert`, `rejectUnauthorized`) unless these say otherwise; then
   * `peers` must be `'authority'`, and beyond loopback a `secret` has to say who may connect.
   */
  readonly tls?: tls.TlsOptions;
  /** Allows listening beyond loopback with neither `tls` nor `secret`. @default false */
  readonly insecure?: boolean;
}

export interface TcpConnectOptions extends TcpCommonOptions, ReconnectOptions {
  /** The port of the master. */
  readonly port: number;
  /** Options of `node:tls` for a client: `ca`, and `key` and `cert` to show. TLS 1.3 at least. */
  readonly tls?: tls.ConnectionOptions;
}

/**
 * How bytes travel: as they are, sealed by the secret, or under TLS with certificates. Both sides
 * need the same; there is no fallback from one to another (threat A15).
 */
export type Wire = 'plain' | 'sealed' | 'certificates';

/** What a connection needs to know, defaults filled in. */
export interface TcpSettings extends FlowSettings {
  readonly host: string;
  readonly port: number;
  readonly handshakeTimeoutMs: number;
}

const COMMON: OptionChecks = {
  host: stringOption,
  secret: secretOption,
  tls: objectOption,
  seal: booleanOption,
  peers: peersOption,
  ...flowChecks,
  handshakeTimeoutMs: integerOption(1),
};

const PORT = 'a port number';

const LISTEN: OptionChecks = {
  ...COMMON,
  port: required(integerOption(0, 65_535), PORT),
  insecure: booleanOption,
  ...admissionChecks,
};

const CONNECT: OptionChecks = {
  ...COMMON,
  port: required(integerOption(1, 65_535), PORT),
  ...reconnectChecks,
};

interface CredentialOptions extends TcpCommonOptions {
  readonly tls?: {
    readonly requestCert?: boolean | undefined;
    readonly rejectUnauthorized?: boolean | undefined;
  };
}

/** Options that would look as if they protected something and do not. */
function refuseContradictions(where: string, options: CredentialOptions): void {
  const { secret, seal, peers, tls } = options;
  const names = tls !== undefined && peers !== 'authority';
  const wrong =
    seal !== undefined && (secret === undefined || tls !== undefined)
      ? '"seal" goes with "secret" and without "tls", which seals by itself'
      : peers !== undefined && tls === undefined
        ? '"peers" goes with "tls": only certificates have names'
        : names && (tls.requestCert === false || tls.rejectUnauthorized === false)
          ? '"peers" must be \'authority\' where certificates of the other side are not verified'
          : null;
  if (wrong === null) return;
  throw new ReplicationError('INVALID_OPTION', `option ${wrong} (${where})`);
}

function settingsOf(where: string, options: CredentialOptions, port: number): TcpSettings {
  refuseContradictions(where, options);
  const { host = '127.0.0.1', handshakeTimeoutMs = limits.handshakeTimeoutMs } = options;
  return { host, port, handshakeTimeoutMs, ...flowSettings(where, options) };
}

/** Whether TLS lets in only who shows a certificate that was verified. */
function wantsCertificates({ tls }: CredentialOptions): boolean {
  return tls !== undefined && tls.requestCert !== false && tls.rejectUnauthorized !== false;
}

/**
 * @param where the function people called
 * @throws {ReplicationError} INVALID_OPTION
 */
export function listenSettings(where: string, options: TcpListenOptions): TcpSettings {
  checkOptions(where, options, LISTEN, ['secret', 'tls']);
  const settings = settingsOf(where, options, options.port);
  const open = options.secret === undefined && !wantsCertificates(options);
  if (open && options.insecure !== true && !isLoopback(settings.host)) {
    const message =
      `${where} on ${settings.host} would let anyone who reaches it read and join: give "tls", ` +
      'with certificates of slaves, or "secret", listen on 127.0.0.1, or say insecure: true if ' +
      'the network is trusted';
    throw new ReplicationError('INVALID_OPTION', message);
  }
  return settings;
}

/**
 * @param where the function people called
 * @throws {ReplicationError} INVALID_OPTION
 */
export function connectSettings(where: string, options: TcpConnectOptions): TcpSettings {
  checkOptions(where, options, CONNECT, ['secret', 'tls']);
  return settingsOf(where, options, options.port);
}
