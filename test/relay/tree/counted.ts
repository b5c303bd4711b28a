/** A master's transport that counts what goes out and comes in, per connection as it is written. */
import type {
  MasterTransport,
  PeerId,
  TransportFeatures,
  TransportSink,
} from '../../../lib/index.js';

export interface Traffic {
  readonly framesOut: number;
  readonly bytesOut: number;
  readonly framesIn: number;
  readonly bytesIn: number;
}

const NONE: Traffic = { framesOut: 0, bytesOut: 0, framesIn: 0, bytesIn: 0 };

export class CountedTransport implements MasterTransport {
  readonly role = 'master';
  readonly #inner: MasterTransport;
  #traffic: Traffic = NONE;

  constructor(inner: MasterTransport) {
    this.#inner = inner;
  }

  get features(): TransportFeatures {
    return this.#inner.features;
  }

  get address(): string {
    return this.#inner.address;
  }

  /** Since the last time. */
  take(): Traffic {
    const traffic = this.#traffic;
    this.#traffic = NONE;
    return traffic;
  }

  open(sink: TransportSink, signal?: AbortSignal): Promise<void> {
    const received = (peer: PeerId, frames: readonly Uint8Array[]): void => {
      const bytes = frames.reduce((sum, frame) => sum + frame.length, 0);
      const { framesIn, bytesIn } = this.#traffic;
      const frameCount = framesIn + frames.length;
      this.#traffic = { ...this.#traffic, framesIn: frameCount, bytesIn: bytesIn + bytes };
      sink.received(peer, frames);
    };
    const { joined, left, drained, troubled } = sink;
    return this.#inner.open({ joined, left, drained, troubled, received }, signal);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  send(peer: PeerId, frame: Uint8Array): void {
    this.#count(1, frame);
    this.#inner.send(peer, frame);
  }

  multicast(peers: readonly PeerId[], frame: Uint8Array): void {
    this.#count(peers.length, frame);
    this.#inner.multicast(peers, frame);
  }

  writable(peer: PeerId): boolean {
    return this.#inner.writable(peer);
  }

  disconnect(peer: PeerId): void {
    this.#inner.disconnect(peer);
  }

  #count(frames: number, frame: Uint8Array): void {
    const { framesOut, bytesOut } = this.#traffic;
    const bytes = bytesOut + frames * frame.length;
    this.#traffic = { ...this.#traffic, framesOut: framesOut + frames, bytesOut: bytes };
  }
}
