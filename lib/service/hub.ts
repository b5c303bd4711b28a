/**
 * One transport, several items: routes frames by the item in their header, opens the transport
 * for the first item and closes it after the last, so that a process can be master of many items
 * on one port.
 */

import type { Enveloped } from '../../machines/protocol.js';
import { asReplicationError, ReplicationError } from '../errors.js';
import type { PeerId, Transport } from '../transports/contract.js';
import { decodeFrame, itemOf } from '../wire/frame.js';

/**
 * Where one item's messages go. None of these may throw; the hub guards against it all the same.
 */
export interface ItemSink {
  joined(peer: PeerId): void;
  left(peer: PeerId, error: ReplicationError | null): void;
  received(peer: PeerId, messages: readonly Enveloped[]): void;
  drained(peer: PeerId): void;
  troubled(error: ReplicationError): void;
  /** Where somebody inspects: told the size of each frame before its message. */
  readonly weigh?: ((message: Enveloped, bytes: number) => void) | undefined;
}

const BAD_FRAMES_TOLD = 16;

/** Told when a peer speaks of an item nobody here serves; `served` are those that are. */
type StrayHandler = (peer: PeerId, item: string, served: readonly string[]) => void;

const hubs = new WeakMap<Transport, Hub>();

/** The hub of this transport; made at first use and forgotten with the transport. */
export function hubOf(transport: Transport): Hub {
  const known = hubs.get(transport);
  if (known !== undefined) return known;
  const hub = new Hub(transport);
  hubs.set(transport, hub);
  return hub;
}

export class Hub {
  readonly #transport: Transport;
  readonly #items = new Map<string, ItemSink>();
  readonly #peers = new Set<PeerId>();
  /** Items that hear nothing on a connection, although it is there. */
  readonly #deaf = new Map<PeerId, Set<string>>();
  readonly #badFrames = new Map<PeerId, number>();
  #opening: Promise<void> | null = null;
  #isWeighed = false;
  /** By the item of whoever answers: one that has left answers nothing any more. */
  readonly #strays = new Map<string, StrayHandler>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Answers frames of items that are not served here, while `item` is; one of all answers. */
  onStray(item: string, handler: StrayHandler): void {
    if (this.#items.has(item)) this.#strays.set(item, handler);
  }

  /**
   * Starts routing `item` to `sink`; peers that are there already are announced to it first.
   * @throws {ReplicationError} INVALID_OPTION when the item is served on this transport already,
   * and whatever opening the transport fails with.
   */
  async attach(item: string, sink: ItemSink, signal?: AbortSignal): Promise<void> {
    if (this.#items.has(item)) {
      const where = this.#transport.address || 'this transport';
      const message = `item "${item}" is served on ${where} already`;
      throw new ReplicationError('INVALID_OPTION', message);
    }
    this.#items.set(item, sink);
    this.#isWeighed ||= sink.weigh !== undefined;
    this.#opening ??= this.#transport.open(this.#sink(), signal);
    try {
      await this.#opening;
    } catch (error) {
      this.#items.delete(item);
      this.#opening = null;
      throw asReplicationError(error, 'STORE_FAILED', 'the transport did not open');
    }
    for (const peer of this.#peers) sink.joined(peer);
  }

  /**
   * `item` hears nothing of this peer (L3). While another item does, the connection is good, and
   * only this one starts over; it is ended once all of them say so.
   */
  giveUp(item: string, peer: PeerId): void {
    const deaf = (this.#deaf.get(peer) ?? new Set<string>()).add(item);
    this.#deaf.set(peer, deaf);
    const isDead = [...this.#items.keys()].every((each) => deaf.has(each));
    if (isDead) return this.#transport.disconnect(peer);
    const sink = this.#items.get(item);
    sink?.left(peer, null);
    sink?.joined(peer);
  }

  /** Stops routing; closes the transport with the last item. */
  async detach(item: string): Promise<void> {
    this.#items.delete(item);
    this.#strays.delete(item);
    if (this.#items.size > 0 || this.#opening === null) return;
    this.#opening = null;
    this.#peers.clear();
    this.#deaf.clear();
    this.#badFrames.clear();
    await this.#transport.close();
  }

  #sink() {
    return {
      joined: (peer: PeerId) => {
        this.#peers.add(peer);
        for (const sink of this.#items.values()) sink.joined(peer);
      },
      left: (peer: PeerId, error: ReplicationError | null) => {
        this.#peers.delete(peer);
        this.#deaf.delete(peer);
        this.#badFrames.delete(peer);
        for (const sink of this.#items.values()) sink.left(peer, error);
      },
      drained: (peer: PeerId) => {
        for (const sink of this.#items.values()) sink.drained(peer);
      },
      troubled: (error: ReplicationError) => {
        for (const sink of this.#items.values()) sink.troubled(error);
      },
      received: (peer: PeerId, frames: readonly Uint8Array[]) => this.#route(peer, frames),
    };
  }

  /** Frames that arrived together reach an item together, in their order. */
  #route(peer: PeerId, frames: readonly Uint8Array[]): void {
    const batches = new Map<string, Enveloped[]>();
    for (const frame of frames) {
      const message = this.#decode(peer, frame);
      if (message === null) continue;
      const { item } = message.envelope;
      if (this.#isWeighed) this.#items.get(item)?.weigh?.(message, frame.length);
      const batch = batches.get(item);
      if (batch === undefined) batches.set(item, [message]);
      else batch.push(message);
    }
    for (const [item, messages] of batches) {
      this.#deaf.get(peer)?.delete(item);
      this.#items.get(item)?.received(peer, messages);
    }
  }

  /** The first bad frames of a peer each; then ever fewer, so that it cannot fill a log (A16). */
  #isToldOf(peer: PeerId): boolean {
    const count = (this.#badFrames.get(peer) ?? 0) + 1;
    this.#badFrames.set(peer, count);
    return count <= BAD_FRAMES_TOLD || Number.isInteger(Math.log2(count));
  }

  #decode(peer: PeerId, frame: Uint8Array): Enveloped | null {
    try {
      const item = itemOf(frame);
      if (!this.#items.has(item)) {
        const [answer] = this.#strays.values();
        answer?.(peer, item, [...this.#items.keys()]);
        return null;
      }
      const message = decodeFrame(frame);
      if (message.envelope.item === item) return message;
      throw new ReplicationError('PROTOCOL', `a peer sent a frame of "${item}" for another item`);
    } catch (error) {
      const trouble = asReplicationError(error, 'PROTOCOL', `frame of peer ${peer}`);
      if (!this.#isToldOf(peer)) return null;
      for (const sink of this.#items.values()) sink.troubled(trouble);
      return null;
    }
  }
}
