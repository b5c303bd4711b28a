/** Takes what asks to be upgraded: refuses it, or makes it a WebSocket and shakes hands. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { WebSocket, WebSocketServer } from 'ws';
import { asReplicationError, ReplicationError, reasonOf } from '../../errors.js';
import { covers, namesOf, reasonAgainstNames, refusalOfNames } from '../certificate-names.js';
import type { PeerId } from '../contract.js';
import { NONCE_BYTES } from '../hello.js';
import { nameOf } from '../socket-name.js';
import type { Channel } from './channel.js';
import { failureOf } from './channel-failure.js';
import { refusalOf } from './close-codes.js';
import { Greeting } from './greeting.js';
import { MasterHandshake } from './handshake.js';
import type { WebSocketListenSettings } from './listen-options.js';
import type { Reception } from './own-server.js';
import type { Peers } from './peers.js';
import { originRefusal, refusal, refuseUpgrade, type UpgradeRefusal } from './upgrade.js';
import { wsChannel } from './ws-channel.js';

/**
 * What a stranger may send before it is known: a handshake is 130 bytes, a ping or two are allowed.
 * The package ws would gather a whole frame of frameBytesMax from everyone.
 */
const STRANGER_BYTES_MAX = 1024;

export interface DoorParts {
  readonly settings: WebSocketListenSettings;
  readonly reception: Reception;
  /** Whoever may be asked to prove its keys, which may change. */
  readonly credentials: { readonly keys: readonly Uint8Array[] };
  readonly peers: Peers;
  readonly upgrader: WebSocketServer;
  /** Told of each socket that becomes a WebSocket; says when its time for the handshake began. */
  readonly upgraded: (socket: Socket) => number;
}

export class Door {
  readonly #parts: DoorParts;
  readonly #greetings = new Set<Greeting>();
  /** What the certificates of joined peers allow them to be; where certificates name somebody. */
  readonly #names = new Map<PeerId, readonly string[]>();

  constructor(parts: DoorParts) {
    this.#parts = parts;
    parts.upgrader.on('wsClientError', (error, socket, request) => {
      const words = `${nameOf(request.socket)} does not speak WebSocket: ${reasonOf(error)}`;
      this.#refuse(socket, refusal(400, 'PROTOCOL', words));
    });
  }

  take(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const other = nameOf(request.socket);
    const refused = originRefusal(request, this.#parts.settings, other);
    if (refused !== null) {
      this.#refuse(socket, refused);
      return;
    }
    try {
      this.#parts.upgrader.handleUpgrade(request, socket, head, (ws) => {
        this.#greet(ws, request.socket);
      });
    } catch (thrown) {
      // Another listener of the host's has upgraded it already, and it is that one's.
      const words = `${other} was taken by another listener of this server`;
      this.#parts.reception.meter.tell(asReplicationError(thrown, 'INVALID_OPTION', words));
    }
  }

  /** For a path that is nobody's. */
  refuseUnknownPath(request: IncomingMessage, socket: Duplex): void {
    const words =
      `${nameOf(request.socket)} asked for another path than ${this.#parts.settings.path}: ` +
      'give both sides the same';
    this.#refuse(socket, refusal(404, 'PROTOCOL', words));
  }

  permits(peer: PeerId, slave: string): boolean {
    const names = this.#names.get(peer);
    return names === undefined || covers(names, slave);
  }

  left(peer: PeerId): void {
    this.#names.delete(peer);
  }

  /** The transport closes: who is still shaking hands is dropped. */
  abandonAll(): void {
    for (const greeting of this.#greetings) greeting.abandon();
    this.#greetings.clear();
  }

  #refuse(socket: Duplex, { status, error }: UpgradeRefusal): void {
    const { clock, closeTimeoutMs } = this.#parts.settings;
    refuseUpgrade(socket, status, (destroy) => {
      const timer = clock.setTimeout(destroy, closeTimeoutMs);
      socket.once('close', () => clock.clearTimeout(timer));
    });
    this.#parts.reception.meter.tell(error);
  }

  #greet(ws: WebSocket, socket: Socket): void {
    const { settings, reception, credentials, upgraded } = this.#parts;
    const { keys } = credentials;
    const { frameBytesMax, handshakeTimeoutMs, clock } = settings;
    const { census, meter } = reception;
    const other = nameOf(socket);
    const sinceMs = upgraded(socket);
    const nonce = randomBytes(NONCE_BYTES);
    const handshake = new MasterHandshake({ keys, frameBytesMax, nonce, other }, () =>
      this.#admit(socket),
    );
    const release = limitStranger(socket);
    const greeting: Greeting = new Greeting(
      wsChannel(ws, socket),
      handshake,
      settings,
      {
        joined: (channel) => {
          release();
          this.#greetings.delete(greeting);
          this.#join(channel, socket);
        },
        failed: (error) => {
          this.#greetings.delete(greeting);
          if (!census.takeEnded(other)) meter.tell(error);
        },
        describe: (error, end) =>
          error === null ? (refusalOf(end, other) ?? wentAway(other)) : failureOf(error, other),
      },
      sinceMs + handshakeTimeoutMs - clock.now(),
    );
    this.#greetings.add(greeting);
  }

  /** @throws {ReplicationError} UNAUTHORIZED by its certificate's names, OVERLOADED */
  #admit(socket: Socket): void {
    const { settings, reception } = this.#parts;
    const other = nameOf(socket);
    if (settings.named !== null) {
      const reason = reasonAgainstNames(subjectOf(socket), 'slave', settings.named.peers);
      if (reason !== null) throw refusalOfNames(other, reason);
    }
    const full = reception.census.refusal(other);
    if (full !== null) throw full;
  }

  #join(channel: Channel, socket: Socket): void {
    const { settings, reception, peers } = this.#parts;
    const other = nameOf(socket);
    reception.census.joined(other);
    peers.add(channel, other, (peer) => {
      if (settings.named !== null) this.#names.set(peer, namesOf(subjectOf(socket), 'slave'));
    });
  }
}

/** The names in a certificate that TLS has verified; no certificate names nobody. */
function subjectOf(socket: Socket): string {
  return (socket as TLSSocket).getPeerX509Certificate()?.subjectAltName ?? '';
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
