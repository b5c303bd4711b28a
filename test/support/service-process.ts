/** What one simulated process owns, so that it can die without a word: its timers and its wire. */
import type { Clock } from '../../lib/runtime/clock.js';
import type {
  MasterTransport,
  PeerId,
  SlaveTransport,
  TransportFeatures,
  TransportSink,
} from '../../lib/transports/contract.js';

/** The clock of one process: with it every timer it set is gone. */
export class ProcessClock implements Clock {
  readonly #clock: Clock;
  readonly #timers = new Set<unknown>();
  isDead = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly now = (): number => this.#clock.now();

  readonly setTimeout = (callback: () => void, delayMs: number): unknown => {
    if (this.isDead) return null;
    const handle = this.#clock.setTimeout(() => {
      this.#timers.delete(handle);
      callback();
    }, delayMs);
    this.#timers.add(handle);
    return handle;
  };

  readonly clearTimeout = (handle: unknown): void => {
    this.#timers.delete(handle);
    this.#clock.clearTimeout(handle);
  };

  readonly setImmediate = (callback: () => void): void => {
    this.#clock.setImmediate(() => {
      if (!this.isDead) callback();
    });
  };

  /** Timers that this process still waits for. */
  get timers(): number {
    return this.#timers.size;
  }

  kill(): void {
    this.isDead = true;
    for (const handle of this.#timers) this.#clock.clearTimeout(handle);
    this.#timers.clear();
  }
}

class ProcessTransport<Inner extends MasterTransport | SlaveTransport> {
  protected readonly inner: Inner;
  #isDead = false;
  #sink: TransportSink | null = null;
  /** Frames in, as the service layer is about to see them. */
  onReceive: (peer: PeerId, frames: readonly Uint8Array[]) => void = () => {};

  constructor(inner: Inner) {
    this.inner = inner;
  }

  get features(): TransportFeatures {
    return this.inner.features;
  }

  get address(): string {
    return this.inner.address;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  open(sink: TransportSink, signal?: AbortSignal): Promise<void> {
    return this.inner.open(this.#guarded(sink), signal);
  }

  close(): Promise<void> {
    return this.#isDead ? Promise.resolve() : this.inner.close();
  }

  send(peer: PeerId, frame: Uint8Array): void {
    if (!this.#isDead) this.inner.send(peer, frame);
  }

  writable(peer: PeerId): boolean {
    return !this.#isDead && this.inner.writable(peer);
  }

  disconnect(peer: PeerId): void {
    if (!this.#isDead) this.inner.disconnect(peer);
  }

  /** The system closes its connections; nothing reaches it any more. */
  kill(): void {
    this.#isDead = true;
    void this.inner.close();
  }

  /** Hands frames to the service layer as if they had come over the wire. */
  inject(peer: PeerId, frames: readonly Uint8Array[]): void {
    this.#sink?.received(peer, frames);
  }

  #guarded(sink: TransportSink): TransportSink {
    this.#sink = sink;
    return {
      joined: (peer) => this.#isDead || sink.joined(peer),
      left: (peer, error) => this.#isDead || sink.left(peer, error),
      drained: (peer) => this.#isDead || sink.drained(peer),
      troubled: (error) => this.#isDead || sink.troubled(error),
      received: (peer, frames) => {
        if (this.#isDead) return;
        this.onReceive(peer, frames);
        if (!this.#isDead) sink.received(peer, frames);
      },
    };
  }
}

export class ProcessMaster extends ProcessTransport<MasterTransport> implements MasterTransport {
  readonly role = 'master';
  /** Told of every frame before it goes out. */
  onSend: (frame: Uint8Array, peers: readonly PeerId[]) => void = () => {};

  override send(peer: PeerId, frame: Uint8Array): void {
    this.onSend(frame, [peer]);
    super.send(peer, frame);
  }

  multicast(peers: readonly PeerId[], frame: Uint8Array): void {
    this.onSend(frame, peers);
    if (!this.isDead) this.inner.multicast(peers, frame);
  }
}

export class ProcessSlave extends ProcessTransport<SlaveTransport> implements SlaveTransport {
  readonly role = 'slave';
  /** Told of every frame before it goes out. */
  onSend: (frame: Uint8Array) => void = () => {};

  override send(peer: PeerId, frame: Uint8Array): void {
    this.onSend(frame);
    super.send(peer, frame);
  }
}
