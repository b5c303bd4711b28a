/**
 * A slave's transport whose other end changes with the leader. The slave runs on: to it a new
 * leader is a connection that was lost and came again.
 */
import { asReplicationError } from '../errors.js';
import type {
  PeerId,
  SlaveTransport,
  TransportFeatures,
  TransportSink,
} from '../transports/contract.js';

const NOWHERE: TransportFeatures = {
  ordered: true,
  reliable: true,
  multicast: false,
  maxFrameBytes: 64 * 1024,
};

export class LeaderTransport implements SlaveTransport {
  readonly role = 'slave';
  readonly #connect: (leader: string) => SlaveTransport;
  #inner: SlaveTransport | null = null;
  #leader: string | null = null;
  #sink: TransportSink | null = null;
  #peers = new Set<PeerId>();
  /** One change of the other end after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(connect: (leader: string) => SlaveTransport) {
    this.#connect = connect;
  }

  get features(): TransportFeatures {
    return this.#inner?.features ?? NOWHERE;
  }

  get address(): string {
    return this.#inner?.address ?? 'nowhere: no node leads';
  }

  async open(sink: TransportSink): Promise<void> {
    this.#sink = sink;
    this.#change();
  }

  async close(): Promise<void> {
    this.#sink = null;
    this.#change();
    await this.#last;
  }

  /** Whom to follow from now on; null for nobody. */
  follow(leader: string | null): void {
    if (leader === this.#leader) return;
    this.#leader = leader;
    this.#change();
  }

  send(peer: PeerId, frame: Uint8Array): void {
    this.#inner?.send(peer, frame);
  }

  writable(peer: PeerId): boolean {
    return this.#inner?.writable(peer) ?? false;
  }

  disconnect(peer: PeerId): void {
    this.#inner?.disconnect(peer);
  }

  #change(): void {
    this.#last = this.#last.then(() => this.#settle());
  }

  /** Failures go to the sink: the leader may be up only later, and then is told of anew. */
  async #settle(): Promise<void> {
    const before = this.#inner;
    this.#inner = null;
    try {
      await before?.close();
    } catch (error) {
      this.#trouble(error);
    }
    this.#leave();
    const sink = this.#sink;
    if (sink === null || this.#leader === null) return;
    try {
      const next = this.#connect(this.#leader);
      this.#inner = next;
      await next.open(this.#gate(sink));
    } catch (error) {
      this.#trouble(error);
    }
  }

  #trouble(error: unknown): void {
    this.#sink?.troubled(asReplicationError(error, 'PROTOCOL', 'the transport to the leader'));
  }

  /** A closed transport says no more, so what it had joined leaves here. */
  #leave(): void {
    const peers = [...this.#peers];
    this.#peers.clear();
    for (const peer of peers) this.#sink?.left(peer, null);
  }

  #gate(sink: TransportSink): TransportSink {
    return {
      joined: (peer) => {
        this.#peers.add(peer);
        sink.joined(peer);
      },
      left: (peer, error) => {
        if (this.#peers.delete(peer)) sink.left(peer, error);
      },
      received: (peer, frames) => sink.received(peer, frames),
      drained: (peer) => sink.drained(peer),
      troubled: (error) => sink.troubled(error),
    };
  }
}
