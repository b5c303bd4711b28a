/** The joined connections of one side over TCP. */
import type { Socket } from 'node:net';
import type { PeerId } from '../contract.js';
import { JoinedPeers } from '../joined-peers.js';
import { Connection } from './connection.js';
import { Flusher } from './flusher.js';
import type { TcpSettings } from './settings.js';

export class Peers extends JoinedPeers<Connection> {
  readonly #settings: TcpSettings;
  readonly #flusher = new Flusher();
  readonly #readsAreReused: boolean;

  /** @param readsAreReused sockets hand over memory that the next read fills again */
  constructor(settings: TcpSettings, afterEnd: (peer: PeerId) => void, readsAreReused = false) {
    super(settings.frameBytesMax, afterEnd);
    this.#settings = settings;
    this.#readsAreReused = readsAreReused;
  }

  /** @param rest what came behind the handshake */
  add(
    socket: Socket,
    address: string,
    rest: Uint8Array,
    known: (peer: PeerId) => void = () => undefined,
  ): void {
    const make = (peer: PeerId) =>
      new Connection(socket, peer, this.#settings, this, this.#flusher, this.#readsAreReused);
    const connection = this.join(address, make, known);
    if (rest.length > 0) connection.feed(rest);
  }
}
