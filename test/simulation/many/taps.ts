/** Counts what goes over the two ends of the memory network, without changing any of it. */
import type { Clock } from '../../../lib/runtime/clock.js';
import type {
  MasterTransport,
  PeerId,
  SlaveTransport,
  TransportFeatures,
  TransportSink,
} from '../../../lib/transports/contract.js';
import { decodeFrame } from '../../../lib/wire/frame.js';

/** Frames above it carry parts of states and large deltas; what is below is talk. */
const PART_BYTES_MIN = 8 * 1024;

/** Calls `received` before the sink does its work. */
function tapped(sink: TransportSink, received: (frames: readonly Uint8Array[]) => void) {
  return {
    joined: (peer: PeerId) => sink.joined(peer),
    left: (...gone: Parameters<TransportSink['left']>) => sink.left(...gone),
    drained: (peer: PeerId) => sink.drained(peer),
    troubled: (...trouble: Parameters<TransportSink['troubled']>) => sink.troubled(...trouble),
    received: (peer: PeerId, frames: readonly Uint8Array[]) => {
      received(frames);
      sink.received(peer, frames);
    },
  };
}

abstract class Tap<Inner extends MasterTransport | SlaveTransport> {
  protected readonly inner: Inner;

  constructor(inner: Inner) {
    this.inner = inner;
  }

  get features(): TransportFeatures {
    return this.inner.features;
  }

  get address(): string {
    return this.inner.address;
  }

  open(sink: TransportSink, signal?: AbortSignal): Promise<void> {
    return this.inner.open(
      tapped(sink, (frames) => this.received(frames)),
      signal,
    );
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  send(peer: PeerId, frame: Uint8Array): void {
    this.sent(frame, 1);
    this.inner.send(peer, frame);
  }

  writable(peer: PeerId): boolean {
    return this.inner.writable(peer);
  }

  disconnect(peer: PeerId): void {
    this.inner.disconnect(peer);
  }

  protected abstract received(frames: readonly Uint8Array[]): void;
  protected abstract sent(frame: Uint8Array, peers: number): void;
}

/** What one master sent and got. */
export class MasterTap extends Tap<MasterTransport> implements MasterTransport {
  readonly role = 'master';
  framesIn = 0;
  framesOut = 0;
  /** Small ones count each time they are sent by themselves, even if it is the same one. */
  framesEncoded = 0;
  /** Bytes of different frames that carry parts: what was encoded, however often it was sent. */
  partBytesEncoded = 0;
  /** The same, counted each time they were sent. */
  partBytesSent = 0;
  /** Bytes of parts sent that did not arrive yet, over all connections. */
  partBytesUnderWay = 0;
  partBytesUnderWayMax = 0;
  readonly #known = new WeakSet<Uint8Array>();

  multicast(peers: readonly PeerId[], frame: Uint8Array): void {
    this.sent(frame, peers.length);
    this.inner.multicast(peers, frame);
  }

  arrived(frame: Uint8Array): void {
    if (frame.length >= PART_BYTES_MIN) this.partBytesUnderWay -= frame.length;
  }

  protected received(frames: readonly Uint8Array[]): void {
    this.framesIn += frames.length;
  }

  protected sent(frame: Uint8Array, peers: number): void {
    this.framesOut += peers;
    this.framesEncoded += 1;
    if (frame.length < PART_BYTES_MIN) return;
    this.partBytesSent += frame.length * peers;
    this.partBytesUnderWay += frame.length * peers;
    this.partBytesUnderWayMax = Math.max(this.partBytesUnderWayMax, this.partBytesUnderWay);
    if (this.#known.has(frame)) return;
    this.#known.add(frame);
    this.partBytesEncoded += frame.length;
  }
}

/** What one slave heard, and how long it heard nothing. */
export class SlaveTap extends Tap<SlaveTransport> implements SlaveTransport {
  readonly role = 'slave';
  readonly #clock: Clock;
  readonly #master: MasterTap;
  #heardAtMs: number | null = null;
  /** Between two deliveries; nothing counts before the first one. */
  longestSilenceMs = 0;
  /** When it asked for what it lacks; kept only while somebody looks. */
  requestedAtMs: number[] | null = null;

  constructor(inner: SlaveTransport, clock: Clock, master: MasterTap) {
    super(inner);
    this.#clock = clock;
    this.#master = master;
  }

  protected received(frames: readonly Uint8Array[]): void {
    const nowMs = this.#clock.now();
    if (this.#heardAtMs !== null) {
      this.longestSilenceMs = Math.max(this.longestSilenceMs, nowMs - this.#heardAtMs);
    }
    this.#heardAtMs = nowMs;
    for (const frame of frames) this.#master.arrived(frame);
  }

  protected sent(frame: Uint8Array): void {
    if (this.requestedAtMs === null || decodeFrame(frame).kind !== 'request') return;
    this.requestedAtMs.push(this.#clock.now());
  }
}
