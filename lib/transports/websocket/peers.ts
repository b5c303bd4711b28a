/** The joined connections of one side over WebSocket. */
import type { PeerId } from '../contract.js';
import { JoinedPeers } from '../joined-peers.js';
import type { Channel } from './channel.js';
import { Connection } from './connection.js';
import type { WebSocketSettings } from './settings.js';

export class Peers extends JoinedPeers<Connection> {
  readonly #settings: WebSocketSettings;

  constructor(settings: WebSocketSettings, afterEnd: (peer: PeerId) => void) {
    super(settings.frameBytesMax, afterEnd);
    this.#settings = settings;
  }

  add(channel: Channel, address: string, known: (peer: PeerId) => void = () => undefined): void {
    this.join(address, (peer) => new Connection(channel, peer, this.#settings, this), known);
  }

  checkAlive(): void {
    for (const connection of this.all) connection.checkAlive();
  }
}
