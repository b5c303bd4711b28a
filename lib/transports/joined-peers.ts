/** The joined connections of one side of a transport whose peers have a connection each. */
import type { ReplicationError } from '../errors.js';
import type { PeerId } from './contract.js';
import { refuseFrameLength } from './frame-length.js';
import type { SinkGate } from './sink-gate.js';

export interface PeerConnection {
  readonly peer: PeerId;
  /** More may be sent; a `false` is followed by `drained`. */
  readonly writable: boolean;
  /** Sends one frame, whose length was checked. */
  send(frame: Uint8Array): void;
  /** Ends it: at once with an error, else after flushing. The owner's `ended` follows. */
  end(error: ReplicationError | null): void;
}

/** Told what happens on a connection; never from within a call into it. */
export interface ConnectionOwner {
  received(peer: PeerId, frames: readonly Uint8Array[]): void;
  drained(peer: PeerId): void;
  /** The last call for this connection. */
  ended(connection: PeerConnection, error: ReplicationError | null): void;
}

export class JoinedPeers<Connection extends PeerConnection> implements ConnectionOwner {
  readonly #frameBytesMax: number;
  readonly #connections = new Map<PeerId, Connection>();
  readonly #afterEnd: (peer: PeerId) => void;
  #gate: SinkGate | null = null;
  #whenEmpty: (() => void) | null = null;
  #joins = 0;

  /** @param afterEnd called after the sink was told that a peer left */
  constructor(frameBytesMax: number, afterEnd: (peer: PeerId) => void) {
    this.#frameBytesMax = frameBytesMax;
    this.#afterEnd = afterEnd;
  }

  get size(): number {
    return this.#connections.size;
  }

  get all(): Iterable<Connection> {
    return this.#connections.values();
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

  send(peer: PeerId, frame: Uint8Array): void {
    refuseFrameLength(frame, this.#frameBytesMax);
    this.#connections.get(peer)?.send(frame);
  }

  multicast(peers: readonly PeerId[], frame: Uint8Array): void {
    refuseFrameLength(frame, this.#frameBytesMax);
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

  ended({ peer }: PeerConnection, error: ReplicationError | null): void {
    this.#connections.delete(peer);
    this.#gate?.left(peer, error);
    this.#afterEnd(peer);
    if (this.#connections.size > 0 || this.#whenEmpty === null) return;
    this.#whenEmpty();
    this.#whenEmpty = null;
  }

  /**
   * A handshake succeeded.
   * @param known told the new peer's id before the sink is
   */
  protected join(
    address: string,
    make: (peer: PeerId) => Connection,
    known: (peer: PeerId) => void,
  ): Connection {
    this.#joins += 1;
    const peer = `${address}#${this.#joins}`;
    const connection = make(peer);
    this.#connections.set(peer, connection);
    known(peer);
    this.#gate?.joined(peer);
    return connection;
  }
}
