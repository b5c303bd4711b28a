/** The joined connections of one side; what both sides do alike. */
import type { ReplicationError } from '../../errors.js';
import type { PeerId } from '../contract.js';
import { refuseFrameLength } from '../frame-length.js';
import type { SinkGate } from '../sink-gate.js';
import type { Channel } from './channel.js';
import { Connection, type ConnectionOwner } from './connection.js';
import type { WebSocketSettings } from './settings.js';

export class Peers implements ConnectionOwner {
  readonly #settings: WebSocketSettings;
  readonly #connections = new Map<PeerId, Connection>();
  readonly #afterEnd: (peer: PeerId) => void;
  #gate: SinkGate | null = null;
  #whenEmpty: (() => void) | null = null;
  #joins = 0;

  /** @param afterEnd called after the sink was told that a peer left */
  constructor(settings: WebSocketSettings, afterEnd: (peer: PeerId) => void) {
    this.#settings = settings;
    this.#afterEnd = afterEnd;
  }

  get size(): number {
    return this.#connections.size;
  }

  start(gate: SinkGate): void {
    this.#gate = gate;
  }

  /** Ends all connections after flushing; resolves when the last one is closed and told. */
  async endAll(): Promise<void> {
    for (const connection of this.#connections.values()) connection.end(null);
    if (this.#connections.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
  }

  /**
   * A handshake succeeded.
   * @param known told the new peer's id before the sink is
   */
  add(channel: Channel, address: string, known: (peer: PeerId) => void = () => undefined): void {
    this.#joins += 1;
    const peer = `${address}#${this.#joins}`;
    this.#connections.set(peer, new Connection(channel, peer, this.#settings, this));
    known(peer);
    this.#gate?.joined(peer);
  }

  checkAlive(): void {
    for (const connection of this.#connections.values()) connection.checkAlive();
  }

  send(peer: PeerId, frame: Uint8Array): void {
    refuseFrameLength(frame, this.#settings.frameBytesMax);
    this.#connections.get(peer)?.send(frame);
  }

  multicast(peers: readonly PeerId[], frame: Uint8Array): void {
    refuseFrameLength(frame, this.#settings.frameBytesMax);
    for (const peer of peers) this.#connections.get(peer)?.send(frame);
  }

  /** A peer that is gone takes nothing; `left` tells. */
  writable(peer: PeerId): boolean {
    return this.#connections.get(peer)?.writable ?? false;
  }

  disconnect(peer: PeerId): void {
    this.#connections.get(peer)?.end(null);
  }

  received(peer: PeerId, frames: readonly Uint8Array[]): void {
    this.#gate?.received(peer, frames);
  }

  drained(peer: PeerId): void {
    this.#gate?.drained(peer);
  }

  ended(connection: Connection, error: ReplicationError | null): void {
    this.#connections.delete(connection.peer);
    this.#gate?.left(connection.peer, error);
    this.#afterEnd(connection.peer);
    if (this.#connections.size > 0 || this.#whenEmpty === null) return;
    this.#whenEmpty();
    this.#whenEmpty = null;
  }
}
