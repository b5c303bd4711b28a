/** The HTTP server behind `port`: it takes WebSockets only, whose handshake has a deadline. */
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { ReplicationError } from '../../errors.js';
import { addressOf } from '../addresses.js';
import type { Census } from '../census.js';
import type { SinkGate } from '../sink-gate.js';
import { nameOf } from '../socket-name.js';
import { listenFailure, tlsFailure, tlsOptionFailure } from '../tcp/socket-errors.js';
import type { TroubleMeter } from '../trouble-meter.js';
import type { WebSocketListenSettings } from './listen-options.js';

const WORDS = 'This port takes WebSocket connections of replichart only.\n';

/** What a listener's parts share while it is open. */
export interface Reception {
  readonly gate: SinkGate;
  readonly census: Census;
  readonly meter: TroubleMeter;
}

export class OwnServer {
  readonly http: http.Server;
  readonly #settings: WebSocketListenSettings;
  readonly #reception: Reception;
  /** Of sockets that did not ask for a WebSocket yet. */
  readonly #timers = new Map<Socket, unknown>();

  /** @throws {ReplicationError} INVALID_OPTION for TLS options that node:tls refuses */
  constructor(
    tls: https.ServerOptions | undefined,
    settings: WebSocketListenSettings,
    reception: Reception,
  ) {
    this.#settings = settings;
    this.#reception = reception;
    this.http = tls === undefined ? http.createServer() : this.#secure(tls);
    const { http: server } = this;
    server.on('connection', (socket: Socket) => {
      // A reset before anybody else listens would end the process.
      socket.on('error', () => undefined);
      reception.census.add(socket, settings.clock.now());
    });
    server.on(tls === undefined ? 'connection' : 'secureConnection', this.#await);
    server.on('request', this.#answer);
    server.on('clientError', this.#stranger);
  }

  /** @throws {ReplicationError} INVALID_OPTION when the port is taken or the address not ours */
  async listen(port: number): Promise<number> {
    const { host } = this.#settings;
    const server = this.http;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenFailure(error, addressOf(host, port))));
      server.listen({ host, port }, resolve);
    });
    const found = (server.address() as AddressInfo).port;
    server.removeAllListeners('error');
    server.on('error', (error) => {
      this.#reception.gate.troubled(listenFailure(error, addressOf(host, found)));
    });
    return found;
  }

  /** @throws {ReplicationError} INVALID_OPTION; the certificates in use stay so */
  renew(tls: https.ServerOptions): void {
    try {
      (this.http as https.Server).setSecureContext(tls);
    } catch (thrown) {
      throw tlsOptionFailure(thrown, 'renew of webSocketListen');
    }
  }

  /** It becomes a WebSocket, whose handshake has the same deadline. Returns when it came. */
  upgraded(socket: Socket): number {
    const { clock } = this.#settings;
    clock.clearTimeout(this.#timers.get(socket));
    this.#timers.delete(socket);
    return this.#reception.census.sinceMs(nameOf(socket)) ?? clock.now();
  }

  /** Stops listening at once; `close` resolves when the last socket is gone. */
  stopListening(): { close(): Promise<void> } {
    const closed = new Promise<void>((resolve) => this.http.close(() => resolve()));
    return {
      close: async () => {
        for (const socket of this.#reception.census.sockets) socket.destroy();
        await closed;
      },
    };
  }

  #secure(tls: https.ServerOptions): http.Server {
    try {
      return https.createServer({
        ...tls,
        // node:tls takes an undefined `requestCert` for false.
        requestCert: tls.requestCert ?? true,
        rejectUnauthorized: tls.rejectUnauthorized ?? true,
        handshakeTimeout: this.#settings.handshakeTimeoutMs,
        minVersion: 'TLSv1.3',
      });
    } catch (thrown) {
      throw tlsOptionFailure(thrown, 'webSocketListen');
    }
  }

  /** It is connected: within the handshake's time it has to ask for a WebSocket. */
  readonly #await = (socket: Socket): void => {
    const { clock, handshakeTimeoutMs } = this.#settings;
    const { census, meter } = this.#reception;
    const name = nameOf(socket);
    socket.on('error', () => undefined);
    const late = () => {
      const message = `${name} did not ask for a WebSocket within ${handshakeTimeoutMs} ms`;
      meter.tell(new ReplicationError('TIMEOUT', message));
      socket.destroy();
    };
    this.#timers.set(socket, clock.setTimeout(late, handshakeTimeoutMs));
    socket.once('close', () => {
      const timer = this.#timers.get(socket);
      if (!this.#timers.delete(socket)) return;
      clock.clearTimeout(timer);
      // Told by the census; of one that became a WebSocket the handshake asks.
      census.takeEnded(name);
    });
  };

  readonly #answer = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const words = 'asked for a page: this port takes WebSocket connections only';
    const message = `${nameOf(request.socket)} ${words}`;
    this.#reception.meter.tell(new ReplicationError('PROTOCOL', message));
    response.writeHead(426, {
      Connection: 'close',
      Upgrade: 'websocket',
      'Content-Type': 'text/plain',
      'Content-Length': WORDS.length,
    });
    response.end(WORDS);
  };

  /** Before it reached us it is TLS that failed: node:https tells both by one event. */
  #unsecured(error: Error, socket: TLSSocket): void {
    const { census, meter } = this.#reception;
    const name = socket.remotePort === undefined ? null : nameOf(socket);
    socket.destroy();
    if (!census.takeEnded(name)) meter.tell(tlsFailure(error, socket));
  }

  readonly #stranger = (error: Error, socket: Duplex): void => {
    if (this.http instanceof https.Server && !this.#timers.has(socket as Socket)) {
      this.#unsecured(error, socket as TLSSocket);
      return;
    }
    const { code = error.message } = error as NodeJS.ErrnoException;
    // Of one that only went away there is nothing to tell.
    if (code !== 'ECONNRESET') {
      const words = `does not speak HTTP (${code}): check the port, and "tls"`;
      const message = `${nameOf(socket as Socket)} ${words}`;
      this.#reception.meter.tell(new ReplicationError('PROTOCOL', message));
    }
    socket.destroy();
  };
}
