/** The HTTP server behind `port`: it takes WebSockets only, whose handshake has a deadline. */
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { ReplicationError } from '../../errors.js';
import { limits } from '../../limits.js';
import type { SinkGate } from '../sink-gate.js';
import { addressOf } from '../tcp/settings.js';
import { listenFailure, tlsFailure, tlsOptionFailure } from '../tcp/socket-errors.js';
import { AddressCounts } from './address-counts.js';
import type { WebSocketListenOptions, WebSocketListenSettings } from './listen-options.js';

/**
 * How many sockets of one address there may be for each connection it may have: one that is above
 * its number should be told so, not just cut off.
 */
const SOCKETS_PER_CONNECTION = 2;

const WORDS = 'This port takes WebSocket connections of replichart only.\n';

export class OwnServer {
  readonly http: http.Server;
  readonly #settings: WebSocketListenSettings;
  readonly #gate: SinkGate;
  readonly #addresses = new AddressCounts();
  /** Every socket, with when it was accepted and the timer while it is not upgraded. */
  readonly #sockets = new Map<Socket, { readonly atMs: number; readonly timer: unknown }>();

  /** @throws {ReplicationError} INVALID_OPTION for TLS options that node:tls refuses */
  constructor(options: WebSocketListenOptions, settings: WebSocketListenSettings, gate: SinkGate) {
    this.#settings = settings;
    this.#gate = gate;
    this.http = options.tls === undefined ? http.createServer() : this.#secure(options.tls);
    const { http: server } = this;
    server.maxConnections = settings.maxConnections + limits.handshakesMax;
    server.on(options.tls === undefined ? 'connection' : 'secureConnection', this.#accept);
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
      this.#gate.troubled(listenFailure(error, addressOf(host, found)));
    });
    return found;
  }

  /** It becomes a WebSocket: its handshake has a deadline of its own. Returns when it came. */
  upgraded(socket: Socket): number {
    const { clock } = this.#settings;
    const accepted = this.#sockets.get(socket);
    clock.clearTimeout(accepted?.timer);
    return accepted?.atMs ?? clock.now();
  }

  /** Stops listening at once; `close` resolves when the last socket is gone. */
  stopListening(): { close(): Promise<void> } {
    const closed = new Promise<void>((resolve) => this.http.close(() => resolve()));
    return {
      close: async () => {
        for (const socket of this.#sockets.keys()) socket.destroy();
        await closed;
      },
    };
  }

  #secure(tls: https.ServerOptions): http.Server {
    try {
      const server = https.createServer({
        requestCert: true,
        rejectUnauthorized: true,
        ...tls,
        handshakeTimeout: this.#settings.handshakeTimeoutMs,
        minVersion: 'TLSv1.3',
      });
      server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
        this.#gate.troubled(tlsFailure(error, socket));
        socket.destroy();
      });
      return server;
    } catch (thrown) {
      throw tlsOptionFailure(thrown, 'webSocketListen');
    }
  }

  readonly #accept = (socket: Socket): void => {
    const { clock, handshakeTimeoutMs, connectionsPerAddressMax } = this.#settings;
    const other = this.#nameOf(socket);
    this.#addresses.add(socket);
    // A reset before anybody else listens would end the process.
    socket.on('error', () => undefined);
    const most = connectionsPerAddressMax * SOCKETS_PER_CONNECTION;
    if (this.#addresses.isAbove(socket.remoteAddress ?? '', most)) {
      const message = `${other} was cut off: its address has ${most} sockets open already`;
      this.#gate.troubled(new ReplicationError('OVERLOADED', message));
      socket.destroy();
      return;
    }
    const late = () => {
      const message = `${other} did not ask for a WebSocket within ${handshakeTimeoutMs} ms`;
      this.#gate.troubled(new ReplicationError('TIMEOUT', message));
      socket.destroy();
    };
    const timer = clock.setTimeout(late, handshakeTimeoutMs);
    this.#sockets.set(socket, { atMs: clock.now(), timer });
    socket.once('close', () => {
      clock.clearTimeout(timer);
      this.#sockets.delete(socket);
    });
  };

  readonly #answer = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const other = this.#nameOf(request.socket);
    const message = `${other} asked for a page: this port takes WebSocket connections only`;
    this.#gate.troubled(new ReplicationError('PROTOCOL', message));
    response.writeHead(426, {
      Connection: 'close',
      Upgrade: 'websocket',
      'Content-Type': 'text/plain',
      'Content-Length': WORDS.length,
    });
    response.end(WORDS);
  };

  readonly #stranger = (error: Error, socket: import('node:stream').Duplex): void => {
    const other = this.#nameOf(socket as Socket);
    const { code = error.message } = error as NodeJS.ErrnoException;
    // Of one that only went away there is nothing to tell.
    if (code !== 'ECONNRESET') {
      const message = `${other} does not speak HTTP (${code}): check the port, and "tls"`;
      this.#gate.troubled(new ReplicationError('PROTOCOL', message));
    }
    socket.destroy();
  };

  #nameOf(socket: Socket): string {
    return addressOf(socket.remoteAddress ?? 'unknown', socket.remotePort ?? 0);
  }
}
