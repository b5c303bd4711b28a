/** The master's side of TCP. */
import { randomBytes } from 'node:crypto';
import * as net from 'node:net';
import type * as tls from 'node:tls';
import { limits } from '../../limits.js';
import { addressOf } from '../addresses.js';
import { admissionOf } from '../admission-options.js';
import { Census } from '../census.js';
import { covers, namesOf, reasonAgainstNames, refusalOfNames } from '../certificate-names.js';
import type { MasterTransport, PeerId, TransportFeatures, TransportSink } from '../contract.js';
import { NONCE_BYTES } from '../hello.js';
import { Lifecycle } from '../lifecycle.js';
import type { SinkGate } from '../sink-gate.js';
import { nameOf } from '../socket-name.js';
import { TroubleMeter } from '../trouble-meter.js';
import { Credentials, type TcpCredentials } from './credentials.js';
import { Greeting, ignoreSocketError } from './greet.js';
import { MasterHandshake } from './handshake.js';
import { lazyTls } from './lazy-tls.js';
import { Peers } from './peers.js';
import { sealedServer } from './sealing.js';
import { listenSettings, type TcpListenOptions, type TcpSettings } from './settings.js';
import {
  handshakeFailure,
  listenFailure,
  sealFailure,
  tlsFailure,
  tlsOptionFailure,
} from './socket-errors.js';
import type { StreamOf } from './stream-of.js';

/** What `tcpListen` returns: a master transport that knows its port. */
export interface TcpMasterTransport extends MasterTransport {
  /** The port it listens on, from the first `open` on; before that the one that was asked for. */
  readonly port: number;
  /**
   * Exchanges keys or certificates while it runs. Connections that are there stay; every handshake
   * from now on uses the new ones.
   * @throws {ReplicationError} INVALID_OPTION when they cannot be used; the old ones stay in use
   */
  renew(credentials: TcpCredentials<tls.TlsOptions>): void;
}

class TcpListener implements TcpMasterTransport {
  readonly role = 'master';
  readonly features: TransportFeatures;
  readonly #options: TcpListenOptions;
  readonly #of: StreamOf;
  readonly #settings: TcpSettings;
  readonly #lifecycle: Lifecycle;
  readonly #peers: Peers;
  readonly #credentials: Credentials<tls.TlsOptions>;
  readonly #greetings = new Set<Greeting>();
  /** What the certificates of joined peers allow them to be; where certificates name somebody. */
  readonly #names = new Map<PeerId, readonly string[]>();
  /** Connections that offered a key that is none of ours. */
  readonly #strangers = new WeakSet<tls.TLSSocket>();
  #census: Census | null = null;
  #meter: TroubleMeter | null = null;
  #server: net.Server | tls.Server | null = null;
  #port: number;

  constructor(options: TcpListenOptions, streamOf: StreamOf) {
    const { where } = streamOf;
    this.#settings = listenSettings(where, options);
    this.#options = options;
    this.#of = streamOf;
    this.#credentials = new Credentials(where, options);
    this.#port = options.port;
    const maxFrameBytes = this.#settings.frameBytesMax;
    this.features = { ordered: true, reliable: true, multicast: false, maxFrameBytes };
    this.#peers = new Peers(this.#settings, (peer) => this.#names.delete(peer));
    this.#lifecycle = new Lifecycle(`this ${where} transport`, {
      start: (gate) => this.#start(gate),
      stop: () => this.#stop(),
    });
  }

  get port(): number {
    return this.#port;
  }

  get address(): string {
    return addressOf(this.#settings.host, this.#port);
  }

  open(sink: TransportSink, signal?: AbortSignal): Promise<void> {
    return this.#lifecycle.open(sink, signal);
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  send(peer: PeerId, frame: Uint8Array): void {
    this.#peers.send(peer, frame);
  }

  multicast(peers: readonly PeerId[], frame: Uint8Array): void {
    this.#peers.multicast(peers, frame);
  }

  writable(peer: PeerId): boolean {
    return this.#peers.writable(peer);
  }

  permits(peer: PeerId, slave: string): boolean {
    const names = this.#names.get(peer);
    return names === undefined || covers(names, slave);
  }

  disconnect(peer: PeerId): void {
    this.#peers.disconnect(peer);
  }

  renew(credentials: TcpCredentials<tls.TlsOptions>): void {
    this.#credentials.renew(credentials);
    if (credentials.tls === undefined || this.#server === null) return;
    (this.#server as tls.Server).setSecureContext(credentials.tls);
  }

  async #start(gate: SinkGate): Promise<void> {
    this.#peers.start(gate);
    const meter = new TroubleMeter(this.#settings.clock, (error) => gate.troubled(error));
    this.#meter = meter;
    const census = new Census(admissionOf(this.#options), meter, this.#of.where);
    this.#census = census;
    const server = this.#createServer(census, meter);
    this.#server = server;
    const { host } = this.#settings;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenFailure(error, this.address)));
      // A port the system chose is kept, so that slaves find a master that was started again.
      server.listen({ host, port: this.#port }, resolve);
    });
    this.#port = (server.address() as net.AddressInfo).port;
    server.removeAllListeners('error');
    server.on('error', (error) => gate.troubled(listenFailure(error, this.address)));
  }

  #createServer(census: Census, meter: TroubleMeter): net.Server {
    const { wire } = this.#credentials;
    const isPlain = wire === 'plain';
    const server = isPlain ? net.createServer() : this.#createTlsServer(this.#tlsOptions());
    server.on('connection', (socket) => {
      socket.on('error', ignoreSocketError);
      census.add(socket, this.#settings.clock.now());
    });
    server.on(isPlain ? 'connection' : 'secureConnection', (socket: net.Socket) =>
      this.#greet(census, meter, socket),
    );
    server.on('tlsClientError', (error, socket) => {
      const { remoteAddress, remotePort } = socket;
      const name = remotePort === undefined ? null : addressOf(remoteAddress ?? '', remotePort);
      socket.destroy();
      if (census.takeEnded(name)) return;
      const isSealed = wire === 'sealed';
      const isStranger = this.#strangers.has(socket);
      meter.tell(isSealed ? sealFailure(error, socket, isStranger) : tlsFailure(error, socket));
    });
    return server;
  }

  #tlsOptions(): tls.TlsOptions {
    const { tls: given, wire } = this.#credentials;
    const handshakeTimeout = this.#settings.handshakeTimeoutMs;
    if (wire === 'sealed') {
      const keyOf = (socket: tls.TLSSocket, id: string) => {
        const key = this.#credentials.seals.find((each) => each.id === id);
        if (key === undefined) this.#strangers.add(socket);
        return key;
      };
      return { ...sealedServer(keyOf), handshakeTimeout };
    }
    // node:tls takes an undefined `requestCert` for false.
    const { requestCert = true, rejectUnauthorized = true } = given ?? {};
    return {
      ...given,
      requestCert,
      rejectUnauthorized,
      handshakeTimeout,
      minVersion: 'TLSv1.3',
    };
  }

  #createTlsServer(options: tls.TlsOptions): tls.Server {
    try {
      return lazyTls().createServer(options);
    } catch (thrown) {
      throw tlsOptionFailure(thrown, this.#of.where);
    }
  }

  #greet(census: Census, meter: TroubleMeter, socket: net.Socket): void {
    // Not when it was accepted: of those that never get here each call would be a waste.
    socket.setNoDelay(true);
    const other = nameOf(socket);
    const { clock, frameBytesMax, handshakeTimeoutMs } = this.#settings;
    const { keys } = this.#credentials;
    const nonce = randomBytes(NONCE_BYTES);
    const subject = this.#subjectOf(socket);
    const { kind } = this.#of;
    const handshake = new MasterHandshake({ kind, keys, frameBytesMax, nonce, other }, () => {
      const reason = this.#reasonAgainst(subject);
      return reason === null ? census.refusal(other) : refusalOfNames(other, reason);
    });
    const greeting: Greeting = new Greeting(
      socket,
      handshake,
      this.#settings,
      {
        joined: (_, rest) => {
          this.#greetings.delete(greeting);
          this.#join(census, socket, subject, rest);
        },
        failed: (error) => {
          this.#greetings.delete(greeting);
          if (!census.takeEnded(other)) meter.tell(error);
        },
      },
      (thrown) => handshakeFailure(thrown, other),
      handshakeTimeoutMs - (clock.now() - (census.sinceMs(other) ?? clock.now())),
    );
    this.#greetings.add(greeting);
    greeting.begin();
  }

  #join(census: Census, socket: net.Socket, subject: string, rest: Uint8Array): void {
    const other = nameOf(socket);
    census.joined(other);
    socket.setKeepAlive(true, limits.keepAliveMs);
    this.#peers.add(socket, other, rest, (peer) => {
      if (this.#isNamed) this.#names.set(peer, namesOf(subject, 'slave'));
    });
  }

  get #isNamed(): boolean {
    return this.#credentials.wire === 'certificates' && this.#options.peers !== 'authority';
  }

  /** The names in a certificate that TLS has verified; no certificate names nobody. */
  #subjectOf(socket: net.Socket): string {
    if (!this.#isNamed) return '';
    return (socket as tls.TLSSocket).getPeerX509Certificate()?.subjectAltName ?? '';
  }

  #reasonAgainst(subject: string): string | null {
    return this.#isNamed ? reasonAgainstNames(subject, 'slave', this.#options.peers) : null;
  }

  async #stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    this.#meter?.stop();
    for (const greeting of this.#greetings) greeting.abandon();
    this.#greetings.clear();
    await this.#peers.endAll();
    for (const socket of this.#census?.sockets ?? []) socket.destroy();
    await closed;
  }
}

/** As `tcpListen`, for a transport whose stream this is: errors name what its host called. */
export function streamListen(options: TcpListenOptions, streamOf: StreamOf): TcpMasterTransport {
  return new TcpListener(options, streamOf);
}

/**
 * Listens for slaves on a TCP port. Slaves and master prove who they are before a frame passes:
 * with `tls` by certificates whose role and name are checked, with `secret` by knowing it; both
 * under TLS 1.3, so what follows is encrypted and sealed. What is no peer of this protocol and
 * version, or does not finish its handshake in time, is told to the sink's `troubled` and closed;
 * the listener goes on. Of many refusals in a second most are told as a count.
 *
 * `open` rejects with `INVALID_OPTION` when the port is taken or the address is not this host's.
 * Codes told by `troubled` or `left`: `PROTOCOL`, `UNAUTHORIZED`, `TIMEOUT`, `OVERLOADED`,
 * `TOO_LARGE`, and `NOT_RUNNING` for a connection the network lost.
 * @throws {ReplicationError} INVALID_OPTION for an unknown or ill-typed option, and for a host
 * beyond loopback with neither certificates of slaves nor `secret` nor `insecure: true`.
 */
export function tcpListen(options: TcpListenOptions): TcpMasterTransport {
  return new TcpListener(options, { where: 'tcpListen', kind: 'tcp' });
}
