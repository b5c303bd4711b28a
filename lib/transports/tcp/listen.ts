/** The master's side of TCP. */
import { randomBytes } from 'node:crypto';
import * as net from 'node:net';
import type * as tls from 'node:tls';
import { ReplicationError } from '../../errors.js';
import { limits } from '../../limits.js';
import type { MasterTransport, PeerId, TransportFeatures, TransportSink } from '../contract.js';
import { Lifecycle } from '../lifecycle.js';
import type { SinkGate } from '../sink-gate.js';
import { Greeting, ignoreSocketError } from './greet.js';
import { MasterHandshake } from './handshake.js';
import { NONCE_BYTES } from './hello.js';
import { lazyTls } from './lazy-tls.js';
import { Peers } from './peers.js';
import {
  addressOf,
  isLoopback,
  listenSettings,
  type TcpListenOptions,
  type TcpSettings,
} from './settings.js';
import { handshakeFailure, listenFailure, tlsFailure, tlsOptionFailure } from './socket-errors.js';

/** What `tcpListen` returns: a master transport that knows its port. */
export interface TcpMasterTransport extends MasterTransport {
  /** The port it listens on, from the first `open` on; before that the one that was asked for. */
  readonly port: number;
}

class TcpListener implements TcpMasterTransport {
  readonly role = 'master';
  readonly features: TransportFeatures;
  readonly #options: TcpListenOptions;
  readonly #settings: TcpSettings;
  readonly #lifecycle: Lifecycle;
  readonly #peers: Peers;
  readonly #greetings = new Set<Greeting>();
  /** Every accepted socket, also those on which TLS is still negotiating. */
  readonly #sockets = new Set<net.Socket>();
  readonly #perAddress = new Map<string, number>();
  #server: net.Server | null = null;
  #port: number;

  constructor(options: TcpListenOptions) {
    this.#settings = listenSettings(options);
    this.#options = options;
    this.#port = options.port;
    const maxFrameBytes = this.#settings.frameBytesMax;
    this.features = { ordered: true, reliable: true, multicast: false, maxFrameBytes };
    this.#peers = new Peers(this.#settings, () => undefined);
    this.#lifecycle = new Lifecycle('this tcpListen transport', {
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

  disconnect(peer: PeerId): void {
    this.#peers.disconnect(peer);
  }

  async #start(gate: SinkGate): Promise<void> {
    this.#peers.start(gate);
    const server = this.#createServer(gate);
    this.#server = server;
    server.maxConnections = this.#maxConnections + limits.handshakesMax;
    server.on('connection', (socket) => this.#track(socket));
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

  #createServer(gate: SinkGate): net.Server {
    const keepAlive = { keepAlive: true, keepAliveInitialDelay: limits.keepAliveMs };
    const common = { noDelay: true, ...keepAlive };
    if (this.#options.tls === undefined) {
      return net.createServer(common, (socket) => this.#greet(gate, socket));
    }
    const server = this.#createTlsServer(common, (socket) => this.#greet(gate, socket));
    server.on('tlsClientError', (error, socket) => {
      gate.troubled(tlsFailure(error, socket));
      socket.destroy();
    });
    return server;
  }

  #createTlsServer(common: net.ServerOpts, greet: (socket: net.Socket) => void): tls.Server {
    try {
      return lazyTls().createServer(
        {
          requestCert: true,
          rejectUnauthorized: true,
          ...this.#options.tls,
          ...common,
          handshakeTimeout: this.#settings.handshakeTimeoutMs,
          minVersion: 'TLSv1.3',
        },
        greet,
      );
    } catch (thrown) {
      throw tlsOptionFailure(thrown);
    }
  }

  #track(socket: net.Socket): void {
    const address = socket.remoteAddress ?? '';
    this.#sockets.add(socket);
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
    socket.on('error', ignoreSocketError);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left === 0) this.#perAddress.delete(address);
      else this.#perAddress.set(address, left);
    });
  }

  #greet(gate: SinkGate, socket: net.Socket): void {
    const host = socket.remoteAddress ?? 'unknown';
    const other = addressOf(host, socket.remotePort ?? 0);
    const { keys, frameBytesMax } = this.#settings;
    const nonce = randomBytes(NONCE_BYTES);
    const handshake = new MasterHandshake({ keys, frameBytesMax, nonce, other }, () =>
      this.#refusal(host, other),
    );
    const greeting: Greeting = new Greeting(
      socket,
      handshake,
      this.#settings,
      {
        joined: (_, rest) => {
          this.#greetings.delete(greeting);
          this.#peers.add(socket, other, rest);
        },
        failed: (error) => {
          this.#greetings.delete(greeting);
          gate.troubled(error);
        },
      },
      (thrown) => handshakeFailure(thrown, other),
    );
    this.#greetings.add(greeting);
    greeting.begin();
  }

  get #maxConnections(): number {
    return this.#options.maxConnections ?? limits.peersMax;
  }

  #refusal(host: string, other: string): ReplicationError | null {
    if (this.#peers.size >= this.#maxConnections) {
      const message =
        `${other} was refused, ${this.#peers.size} connections are open: raise maxConnections ` +
        'of tcpListen or use fewer slaves';
      return new ReplicationError('OVERLOADED', message);
    }
    const most = this.#options.connectionsPerAddressMax ?? limits.connectionsPerAddressMax;
    if (isLoopback(host) || (this.#perAddress.get(host) ?? 0) <= most) return null;
    const message =
      `${other} was refused, ${host} has ${most} connections already: raise ` +
      'connectionsPerAddressMax of tcpListen if they are all wanted';
    return new ReplicationError('OVERLOADED', message);
  }

  async #stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const greeting of this.#greetings) greeting.abandon();
    this.#greetings.clear();
    await this.#peers.endAll();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/**
 * Listens for slaves on a TCP port. Slaves and master prove who they are before a frame passes:
 * with `tls` by certificates (TLS 1.3, both sides), with `secret` by HMAC-SHA256 over nonces of
 * both sides; the latter neither encrypts nor seals the frames. What is no peer of this protocol
 * and version, or does not finish its handshake in time, is told to the sink's `troubled` and
 * closed; the listener goes on.
 *
 * `open` rejects with `INVALID_OPTION` when the port is taken or the address is not this host's.
 * Codes told by `troubled` or `left`: `PROTOCOL`, `UNAUTHORIZED`, `TIMEOUT`, `OVERLOADED`,
 * `TOO_LARGE`, and `NOT_RUNNING` for a connection the network lost.
 * @throws {ReplicationError} INVALID_OPTION for an unknown or ill-typed option, and for a host
 * beyond loopback with neither `tls` nor `secret` nor `insecure: true`.
 */
export function tcpListen(options: TcpListenOptions): TcpMasterTransport {
  return new TcpListener(options);
}
