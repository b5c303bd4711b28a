/** A wire tap: a real transport that writes each frame down and can lose it or keep it waiting. */

import type {
  MasterTransport,
  PeerId,
  SlaveTransport,
  TransportFeatures,
  TransportSink,
} from '../../lib/transports/contract.js';
import { decodeFrame } from '../../lib/wire/frame.js';
import type { Enveloped } from '../../machines/protocol.js';
import type { Journal } from './claims-journal.js';

export type Verdict = 'pass' | 'drop' | 'hold';
export type Filter = (message: Enveloped, way: 'in' | 'out') => Verdict;

const PASS: Filter = () => 'pass';

class Tap<T extends MasterTransport | SlaveTransport> {
  readonly #inner: T;
  readonly #owner: string;
  readonly #journal: Journal;
  /** Who is behind a connection, learned from the frames that come from it. */
  readonly #names = new Map<PeerId, string>();
  #filter: Filter = PASS;
  #waiting: Array<() => void> = [];
  #sink: TransportSink | null = null;

  constructor(inner: T, owner: string, journal: Journal) {
    this.#inner = inner;
    this.#owner = owner;
    this.#journal = journal;
  }

  get inner(): T {
    return this.#inner;
  }

  get features(): TransportFeatures {
    return this.#inner.features;
  }

  get address(): string {
    return this.#inner.address;
  }

  /** From now on this decides about each frame. */
  filter(filter: Filter): void {
    this.#filter = filter;
  }

  /** Loses or holds frames of these kinds on their way in. */
  block(verdict: 'drop' | 'hold', ...kinds: ReadonlyArray<Enveloped['kind']>): void {
    this.#filter = (message, way) =>
      way === 'in' && kinds.includes(message.kind) ? verdict : 'pass';
  }

  /** Lets everything through again, first of all what was held, in its order. */
  release(): void {
    this.#filter = PASS;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const go of waiting) go();
  }

  async open(sink: TransportSink, signal?: AbortSignal): Promise<void> {
    this.#sink = sink;
    const tapped: TransportSink = {
      joined: (peer) => sink.joined(peer),
      left: (peer, error) => sink.left(peer, error),
      received: (peer, frames) => {
        const passing = frames.filter((frame) => this.#arrives(peer, frame));
        if (passing.length > 0) sink.received(peer, passing);
      },
      drained: (peer) => sink.drained(peer),
      troubled: (error) => sink.troubled(error),
    };
    await this.#inner.open(tapped, signal);
  }

  close(): Promise<void> {
    this.#waiting = [];
    return this.#inner.close();
  }

  writable(peer: PeerId): boolean {
    return this.#inner.writable(peer);
  }

  disconnect(peer: PeerId): void {
    this.#inner.disconnect(peer);
  }

  send(peer: PeerId, frame: Uint8Array): void {
    this.leaves([peer], frame, false, () => this.#inner.send(peer, frame));
  }

  protected leaves(
    peers: readonly PeerId[],
    bytes: Uint8Array,
    isMulticast: boolean,
    go: () => void,
  ): void {
    const message = decodeFrame(bytes);
    const verdict = this.#filter(message, 'out');
    const note = (type: 'sent' | 'dropped' | 'held') =>
      this.#note(type, peers, bytes, message, isMulticast);
    if (verdict === 'pass') {
      note('sent');
      return go();
    }
    note(verdict === 'hold' ? 'held' : 'dropped');
    if (verdict === 'drop') return;
    this.#waiting.push(() => {
      note('sent');
      go();
    });
  }

  /** Whether the frame goes on to the service layer now. */
  #arrives(peer: PeerId, bytes: Uint8Array): boolean {
    const message = decodeFrame(bytes);
    this.#names.set(peer, message.envelope.sender);
    const verdict = this.#filter(message, 'in');
    const note = (type: 'received' | 'dropped' | 'held') =>
      this.#note(type, [peer], bytes, message, false);
    if (verdict === 'pass') {
      note('received');
      return true;
    }
    note(verdict === 'hold' ? 'held' : 'dropped');
    if (verdict === 'hold') {
      this.#waiting.push(() => {
        note('received');
        this.#sink?.received(peer, [bytes]);
      });
    }
    return false;
  }

  #note(
    type: 'sent' | 'received' | 'dropped' | 'held',
    peers: readonly PeerId[],
    bytes: Uint8Array,
    message: Enveloped,
    isMulticast: boolean,
  ): void {
    const names = peers.map((peer) => this.#names.get(peer) ?? peer).sort();
    const owner = this.#owner;
    this.#journal.noteFrame({ type, owner, peers: names, isMulticast, message, bytes });
  }
}

export class MasterTap extends Tap<MasterTransport> implements MasterTransport {
  readonly role = 'master';

  multicast(peers: readonly PeerId[], frame: Uint8Array): void {
    this.leaves(peers, frame, true, () => this.inner.multicast(peers, frame));
  }
}

export class SlaveTap extends Tap<SlaveTransport> implements SlaveTransport {
  readonly role = 'slave';
}
