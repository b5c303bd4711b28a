/** A transport of the memory network that tells of each frame that leaves, arrives or is lost. */
import type {
  MasterTransport,
  PeerId,
  SlaveTransport,
  TransportFeatures,
  TransportSink,
} from '../../transports/contract.js';
import type { MemoryNetwork } from '../../transports/memory/index.js';
import type { Flights } from './flights.js';

/** What the transports of one cluster share. */
export interface Watch {
  readonly network: MemoryNetwork;
  readonly flights: Flights;
  /** Milliseconds a frame takes between these two. */
  readonly delayMs: (from: string, to: string) => number;
}

/** The memory network names a peer after its other end: `slave-1#7`. */
const nameOf = (peer: PeerId): string => peer.slice(0, peer.lastIndexOf('#'));

class WatchedTransport<Inner extends MasterTransport | SlaveTransport> {
  protected readonly inner: Inner;
  readonly #name: string;
  readonly #watch: Watch;

  constructor(inner: Inner, name: string, watch: Watch) {
    this.inner = inner;
    this.#name = name;
    this.#watch = watch;
  }

  get features(): TransportFeatures {
    return this.inner.features;
  }

  get address(): string {
    return this.inner.address;
  }

  open(sink: TransportSink, signal?: AbortSignal): Promise<void> {
    return this.inner.open(this.#watched(sink), signal);
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  send(peer: PeerId, frame: Uint8Array): void {
    this.watched([peer], frame, () => this.inner.send(peer, frame));
  }

  writable(peer: PeerId): boolean {
    return this.inner.writable(peer);
  }

  disconnect(peer: PeerId): void {
    this.inner.disconnect(peer);
  }

  /** The network decides while it takes a frame whether it will lose it, and counts. */
  protected watched(peers: readonly PeerId[], frame: Uint8Array, send: () => void): void {
    const { network, flights, delayMs } = this.#watch;
    const from = this.#name;
    const count = (to: string) => network.statistics(from, to);
    const before = peers.map(nameOf).map((to) => ({ to, ...count(to) }));
    send();
    for (const { to, framesSent, framesLost } of before) {
      const after = count(to);
      // A peer that is gone takes nothing.
      if (after.framesSent === framesSent) continue;
      flights.left(frame, from, to, delayMs(from, to), after.framesLost > framesLost);
    }
  }

  #watched(sink: TransportSink): TransportSink {
    const { flights } = this.#watch;
    return {
      joined: (peer) => sink.joined(peer),
      drained: (peer) => sink.drained(peer),
      troubled: (error) => sink.troubled(error),
      left: (peer, error) => {
        flights.broke(nameOf(peer), this.#name);
        sink.left(peer, error);
      },
      received: (peer, frames) => {
        for (const frame of frames) flights.arrived(frame, this.#name);
        sink.received(peer, frames);
      },
    };
  }
}

export class WatchedMaster extends WatchedTransport<MasterTransport> implements MasterTransport {
  readonly role = 'master';

  multicast(peers: readonly PeerId[], frame: Uint8Array): void {
    this.watched(peers, frame, () => this.inner.multicast(peers, frame));
  }
}

export class WatchedSlave extends WatchedTransport<SlaveTransport> implements SlaveTransport {
  readonly role = 'slave';
}
