/** Takes what asks to be upgraded: refuses it, or makes it a WebSocket and shakes hands. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';
import { ReplicationError, reasonOf } from '../../errors.js';
import { limits } from '../../limits.js';
import type { SinkGate } from '../sink-gate.js';
import { addressOf } from '../tcp/settings.js';
import { AddressCounts } from './address-counts.js';
import { failureOf } from './channel-failure.js';
import { refusalOf } from './close-codes.js';
import { Greeting } from './greeting.js';
import { MasterHandshake } from './handshake.js';
import { NONCE_BYTES } from './hello.js';
import type { WebSocketListenSettings } from './listen-options.js';
import type { Peers } from './peers.js';
import { originRefusal, refusal, refuseUpgrade, type UpgradeRefusal } from './upgrade.js';
import { wsChannel } from './ws-channel.js';

/**
 * What a stranger may send before it is known: a handshake is 130 bytes, a ping or two are allowed.
 * The package ws would gather a whole frame of frameBytesMax from everyone.
 */
const STRANGER_BYTES_MAX = 1024;

export class Door {
  readonly #settings: WebSocketListenSettings;
  readonly #gate: SinkGate;
  readonly #peers: Peers;
  readonly #upgrader: WebSocketServer;
  readonly #greetings = new Set<Greeting>();
  readonly #addresses = new AddressCounts();

  constructor(
    settings: WebSocketListenSettings,
    gate: SinkGate,
    peers: Peers,
    upgrader: WebSocketServer,
  ) {
    this.#settings = settings;
    this.#gate = gate;
    this.#peers = peers;
    this.#upgrader = upgrader;
    upgrader.on('wsClientError', (error, socket, request) => {
      const words = `${nameOf(request.socket)} does not speak WebSocket: ${reasonOf(error)}`;
      this.#refuse(socket, refusal(400, 'PROTOCOL', words));
    });
  }

  /** @param sinceMs when its time for the handshake began */
  take(request: IncomingMessage, socket: Duplex, head: Buffer, sinceMs: number): void {
    const refused = this.#refusalOf(request);
    if (refused !== null) {
      this.#refuse(socket, refused);
      return;
    }
    this.#addresses.add(request.socket);
    this.#upgrader.handleUpgrade(request, socket, head, (ws) => {
      this.#greet(ws, request.socket, sinceMs);
    });
  }

  /** For a path that is nobody's. */
  refuseUnknownPath(request: IncomingMessage, socket: Duplex): void {
    const words =
      `${nameOf(request.socket)} asked for another path than ${this.#settings.path}: ` +
      'give both sides the same';
    this.#refuse(socket, refusal(404, 'PROTOCOL', words));
  }

  /** The transport closes: who is still shaking hands is dropped. */
  abandonAll(): void {
    for (const greeting of this.#greetings) greeting.abandon();
    this.#greetings.clear();
  }

  #refusalOf(request: IncomingMessage): UpgradeRefusal | null {
    const other = nameOf(request.socket);
    const origin = originRefusal(request, this.#settings, other);
    if (origin !== null) return origin;
    if (this.#greetings.size < limits.handshakesMax) return null;
    const words = `${other} was refused: ${limits.handshakesMax} others are shaking hands already`;
    return refusal(503, 'OVERLOADED', words);
  }

  #refuse(socket: Duplex, { status, error }: UpgradeRefusal): void {
    const { clock, closeTimeoutMs } = this.#settings;
    refuseUpgrade(socket, status, (destroy) => {
      const timer = clock.setTimeout(destroy, closeTimeoutMs);
      socket.once('close', () => clock.clearTimeout(timer));
    });
    this.#gate.troubled(error);
  }

  #greet(ws: WebSocket, socket: Socket, sinceMs: number): void {
    const { keys, frameBytesMax, handshakeTimeoutMs, clock } = this.#settings;
    const other = nameOf(socket);
    const nonce = randomBytes(NONCE_BYTES);
    const handshake = new MasterHandshake({ keys, frameBytesMax, nonce, other }, () =>
      this.#admit(socket.remoteAddress ?? '', other),
    );
    const release = limitStranger(socket);
    const greeting: Greeting = new Greeting(
      wsChannel(ws, socket),
      handshake,
      this.#settings,
      {
        joined: (channel) => {
          release();
          this.#greetings.delete(greeting);
          this.#peers.add(channel, other);
        },
        failed: (error) => {
          this.#greetings.delete(greeting);
          this.#gate.troubled(error);
        },
        describe: (error, end) =>
          error === null ? (refusalOf(end, other) ?? wentAway(other)) : failureOf(error, other),
      },
      sinceMs + handshakeTimeoutMs - clock.now(),
    );
    this.#greetings.add(greeting);
  }

  /** @throws {ReplicationError} OVERLOADED */
  #admit(address: string, other: string): void {
    const { maxConnections, connectionsPerAddressMax: most } = this.#settings;
    if (this.#peers.size >= maxConnections) {
      const message =
        `${other} was refused, ${this.#peers.size} connections are open: raise maxConnections ` +
        'of webSocketListen or use fewer slaves';
      throw new ReplicationError('OVERLOADED', message);
    }
    if (!this.#addresses.isAbove(address, most)) return;
    const message =
      `${other} was refused, its address has ${most} connections already: raise ` +
      'connectionsPerAddressMax of webSocketListen if they are all wanted, as behind a proxy';
    throw new ReplicationError('OVERLOADED', message);
  }
}

function nameOf(socket: Socket): string {
  return addressOf(socket.remoteAddress ?? 'unknown', socket.remotePort ?? 0);
}

function wentAway(other: string): ReplicationError {
  const message = `${other} went away during the handshake`;
  return new ReplicationError('PROTOCOL', message, { retryable: true });
}

/** Cuts off who sends too much before it is known; what it returns lifts the limit. */
function limitStranger(socket: Socket): () => void {
  let bytes = 0;
  const count = (chunk: Uint8Array) => {
    bytes += chunk.length;
    if (bytes > STRANGER_BYTES_MAX) socket.destroy();
  };
  socket.on('data', count);
  return () => {
    bytes = Number.NEGATIVE_INFINITY;
    socket.off('data', count);
  };
}
