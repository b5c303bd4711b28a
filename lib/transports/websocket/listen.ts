/** The master's side of WebSocket. For Node; it needs the optional package ws. */
import type { IncomingMessage, Server } from 'node:http';
import type { ServerOptions as HttpsServerOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocketServer } from 'ws';
import { addressOf } from '../addresses.js';
import { Census } from '../census.js';
import type { MasterTransport, PeerId, TransportFeatures, TransportSink } from '../contract.js';
import { Lifecycle } from '../lifecycle.js';
import type { SinkGate } from '../sink-gate.js';
import { TroubleMeter } from '../trouble-meter.js';
import { Credentials, type WebSocketCredentials } from './credentials.js';
import { Door } from './door.js';
import { handBack, offersWebSocket } from './hand-back.js';
import {
  listenSettings,
  type WebSocketListenOptions,
  type WebSocketListenSettings,
} from './listen-options.js';
import { loadWs } from './load-ws.js';
import { OwnServer, type Reception } from './own-server.js';
import { Peers } from './peers.js';
import { answersFor, takePath } from './taken-paths.js';
import { pathOf } from './upgrade.js';

/** What `webSocketListen` returns: a master transport that knows its port. */
export interface WebSocketMasterTransport extends MasterTransport {
  /** The port it listens on, from the first `open` on; on a host's server 0 until that listens. */
  readonly port: number;
  /**
   * Goes by these from the next connection on, at once; those that are open go on. On a server of
   * the host's the certificates are that server's.
   * @throws {ReplicationError} INVALID_OPTION; what was in use stays so
   */
  renew(credentials: WebSocketCredentials<HttpsServerOptions>): void;
}

class WebSocketListener implements WebSocketMasterTransport {
  readonly role = 'master';
  readonly features: TransportFeatures;
  readonly #options: WebSocketListenOptions;
  readonly #settings: WebSocketListenSettings;
  readonly #credentials: Credentials<HttpsServerOptions>;
  readonly #lifecycle: Lifecycle;
  readonly #peers: Peers;
  #own: OwnServer | null = null;
  #door: Door | null = null;
  #ownPort: number;
  #aliveTimer: unknown = null;
  #releasePath: () => void = () => undefined;
  #meter: TroubleMeter | null = null;

  constructor(options: WebSocketListenOptions) {
    this.#settings = listenSettings(options);
    this.#options = options;
    this.#credentials = new Credentials('webSocketListen', options);
    this.#ownPort = options.port ?? 0;
    const maxFrameBytes = this.#settings.frameBytesMax;
    this.features = { ordered: true, reliable: true, multicast: false, maxFrameBytes };
    this.#peers = new Peers(this.#settings, (peer) => this.#door?.left(peer));
    this.#lifecycle = new Lifecycle('this webSocketListen transport', {
      start: (gate) => this.#start(gate),
      stop: () => this.#stop(),
    });
  }

  get port(): number {
    return this.#hostAddress?.port ?? this.#ownPort;
  }

  get address(): string {
    const { server, tls } = this.#options;
    const { host, path } = this.#settings;
    if (server === undefined) {
      return `${tls === undefined ? 'ws' : 'wss'}://${addressOf(host, this.#ownPort)}${path}`;
    }
    const found = this.#hostAddress;
    if (found === null) return `${path} on a server of the host`;
    const scheme = 'setSecureContext' in server ? 'wss' : 'ws';
    return `${scheme}://${addressOf(found.address, found.port)}${path}`;
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
    return this.#door?.permits(peer, slave) ?? false;
  }

  disconnect(peer: PeerId): void {
    this.#peers.disconnect(peer);
  }

  renew(credentials: WebSocketCredentials<HttpsServerOptions>): void {
    this.#credentials.renew(credentials, (tls) => this.#own?.renew(tls));
  }

  /** Where the host's server listens; null without one and before it does. */
  get #hostAddress(): { readonly address: string; readonly port: number } | null {
    const found = this.#options.server?.address() ?? null;
    return typeof found === 'string' ? null : found;
  }

  async #start(gate: SinkGate): Promise<void> {
    const { WebSocketServer } = await loadWs('webSocketListen');
    const { frameBytesMax, clock, keepAliveMs } = this.#settings;
    this.#peers.start(gate);
    const upgrader = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: frameBytesMax,
      perMessageDeflate: false,
      // Text is refused anyway.
      skipUTF8Validation: true,
    });
    const meter = new TroubleMeter(clock, (error) => gate.troubled(error));
    this.#meter = meter;
    const census = new Census(this.#settings, meter, 'webSocketListen');
    const reception = { gate, census, meter };
    if (this.#options.server === undefined) await this.#listen(reception, upgrader);
    else this.#attach(this.#options.server, reception, upgrader);
    const check = () => {
      this.#aliveTimer = clock.setTimeout(check, keepAliveMs);
      this.#peers.checkAlive();
    };
    this.#aliveTimer = clock.setTimeout(check, keepAliveMs);
  }

  async #listen(reception: Reception, upgrader: WebSocketServer): Promise<void> {
    const own = new OwnServer(this.#credentials.tls, this.#settings, reception);
    this.#own = own;
    const upgraded = (socket: Socket) => own.upgraded(socket);
    const [settings, peers, credentials] = [this.#settings, this.#peers, this.#credentials];
    this.#door = new Door({ settings, peers, credentials, reception, upgrader, upgraded });
    own.http.on('upgrade', this.#upgrade);
    // A port the system chose is kept, so that slaves find a master that was started again.
    this.#ownPort = await own.listen(this.#ownPort);
  }

  #attach(server: Server, reception: Reception, upgrader: WebSocketServer): void {
    this.#releasePath = takePath(server, this.#settings.path);
    const [settings, peers, credentials] = [this.#settings, this.#peers, this.#credentials];
    const upgraded = (socket: Socket) => {
      const nowMs = settings.clock.now();
      reception.census.add(socket, nowMs);
      return nowMs;
    };
    this.#door = new Door({ settings, peers, credentials, reception, upgrader, upgraded });
    server.on('upgrade', this.#upgrade);
  }

  readonly #upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const door = this.#door;
    if (door === null) return;
    const { path } = this.#settings;
    const asked = pathOf(request);
    if (asked === path) {
      door.take(request, socket, head);
      return;
    }
    const server: Server | undefined = this.#options.server;
    if (server !== undefined && !answersFor(server, path, asked)) return;
    if (server !== undefined && !offersWebSocket(request)) handBack(server, request, head);
    else door.refuseUnknownPath(request, socket);
  };

  async #stop(): Promise<void> {
    this.#settings.clock.clearTimeout(this.#aliveTimer);
    this.#options.server?.off('upgrade', this.#upgrade);
    this.#releasePath();
    this.#releasePath = () => undefined;
    const stopping = this.#own?.stopListening();
    this.#meter?.stop();
    this.#door?.abandonAll();
    await this.#peers.endAll();
    await stopping?.close();
    this.#own = null;
    this.#door = null;
  }
}

/**
 * Listens for slaves over WebSocket, browsers among them: on a port of its own, or on `path` of the
 * host's own HTTP server. The page's Origin is checked before the connection is upgraded (HTTP 403,
 * `UNAUTHORIZED`); then both sides prove the `secret` by HMAC-SHA256 over nonces of both, inside
 * the connection. What is no peer of this protocol and version, or does not finish its handshake in
 * time, is told to the sink's `troubled` and closed; the listener goes on. Of many refusals in a
 * second most are told as a count. Compression is off.
 *
 * `open` rejects with `INVALID_OPTION` when the port is taken, the address is not this host's, or
 * the optional package `ws` is not installed. Codes told by `troubled` or `left`: `PROTOCOL`,
 * `UNAUTHORIZED`, `TIMEOUT`, `OVERLOADED`, `TOO_LARGE`, and `NOT_RUNNING` for a connection that was
 * lost or gave no sign of life.
 * @throws {ReplicationError} INVALID_OPTION for an unknown or ill-typed option, and for a host
 * beyond loopback, or a server of the host, with neither `secret` nor client certificates nor
 * `insecure: true`.
 */
export function webSocketListen(options: WebSocketListenOptions): WebSocketMasterTransport {
  return new WebSocketListener(options);
}
