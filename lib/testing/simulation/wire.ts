/** A process's end of the network: dies with it, sleeps with it, and can be listened to. */
import type {
  MasterTransport,
  PeerId,
  SlaveTransport,
  TransportFeatures,
  TransportSink,
} from '../../transports/contract.js';
import type { SimulatedProcess } from './process.js';

/** Told of every frame; a `sent` that answers false keeps the frame from leaving. */
export interface WireTap {
  sent?(frame: Uint8Array, peers: readonly PeerId[]): boolean;
  received?(peer: PeerId, frames: readonly Uint8Array[]): void;
}

class ProcessWire<Inner extends MasterTransport | SlaveTransport> {
  protected readonly inner: Inner;
  protected readonly process: SimulatedProcess;
  protected readonly tap: WireTap;

  constructor(inner: Inner, process: SimulatedProcess, tap: WireTap) {
    this.inner = inner;
    this.process = process;
    this.tap = tap;
  }

  get features(): TransportFeatures {
    return this.inner.features;
  }

  get address(): string {
    return this.inner.address;
  }

  open(sink: TransportSink, signal?: AbortSignal): Promise<void> {
    // Promises of a dead process may still run; nothing of it reaches the world.
    if (this.process.isDead) return new Promise(() => {});
    return this.inner.open(this.#guarded(sink), signal);
  }

  close(): Promise<void> {
    return this.process.isDead ? Promise.resolve() : this.inner.close();
  }

  send(peer: PeerId, frame: Uint8Array): void {
    if (this.mayLeave(frame, [peer])) this.inner.send(peer, frame);
  }

  writable(peer: PeerId): boolean {
    return !this.process.isDead && this.inner.writable(peer);
  }

  disconnect(peer: PeerId): void {
    if (!this.process.isDead) this.inner.disconnect(peer);
  }

  /** The operating system closes the connections of a dead process. */
  kill(): void {
    void this.inner.close();
  }

  protected mayLeave(frame: Uint8Array, peers: readonly PeerId[]): boolean {
    if (this.process.isDead) return false;
    return this.tap.sent?.(frame, peers) ?? true;
  }

  #guarded(sink: TransportSink): TransportSink {
    const { process, tap } = this;
    return {
      joined: (peer) => process.arrive(() => sink.joined(peer)),
      left: (peer, error) => process.arrive(() => sink.left(peer, error)),
      drained: (peer) => process.arrive(() => sink.drained(peer)),
      troubled: (error) => process.arrive(() => sink.troubled(error)),
      received: (peer, frames) =>
        process.arrive(() => {
          tap.received?.(peer, frames);
          sink.received(peer, frames);
        }),
    };
  }
}

export class MasterWire extends ProcessWire<MasterTransport> implements MasterTransport {
  readonly role = 'master';

  multicast(peers: readonly PeerId[], frame: Uint8Array): void {
    if (this.mayLeave(frame, peers)) this.inner.multicast(peers, frame);
  }
}

export class SlaveWire extends ProcessWire<SlaveTransport> implements SlaveTransport {
  readonly role = 'slave';
}
