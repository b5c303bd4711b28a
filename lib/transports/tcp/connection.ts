/** One joined peer: frames in both directions over one socket. */
import type { Socket } from 'node:net';
import { ReplicationError } from '../../errors.js';
import { LOW_WATER_SHARE } from '../../limits.js';
import type { PeerId } from '../contract.js';
import type { ConnectionOwner, PeerConnection } from '../joined-peers.js';
import type { Flushable, Flusher } from './flusher.js';
import { FrameReader } from './framing.js';
import { OutboundQueue } from './outbound-queue.js';
import type { TcpSettings } from './settings.js';
import { lossOf } from './socket-errors.js';

export class Connection implements Flushable, PeerConnection {
  readonly peer: PeerId;
  readonly #socket: Socket;
  readonly #settings: TcpSettings;
  readonly #owner: ConnectionOwner;
  readonly #flusher: Flusher;
  readonly #reader: FrameReader;
  readonly #queue: OutboundQueue;
  #writing = 0;
  #flushing = false;
  #full = false;
  #progressAtMs = 0;
  #stallTimer: unknown = null;
  #closeTimer: unknown = null;
  /** No frame goes in or out any more; the end is under way. */
  #ending = false;
  #error: ReplicationError | null = null;

  constructor(
    socket: Socket,
    peer: PeerId,
    settings: TcpSettings,
    owner: ConnectionOwner,
    flusher: Flusher,
    readsAreReused: boolean,
  ) {
    this.peer = peer;
    this.#socket = socket;
    this.#settings = settings;
    this.#owner = owner;
    this.#flusher = flusher;
    this.#queue = new OutboundQueue(flusher.packed);
    this.#reader = new FrameReader(settings.frameBytesMax, readsAreReused);
    socket.on('data', this.feed);
    socket.on('end', this.#remoteEnd);
    socket.on('error', this.#socketError);
    socket.on('close', this.#closed);
  }

  get writable(): boolean {
    return !this.#full;
  }

  /** Queues one frame, whose length was checked; it leaves with the turn's other frames. */
  send(frame: Uint8Array): void {
    if (this.#ending) return;
    this.#queue.push(frame);
    const waiting = this.#queue.bytes + this.#writing;
    if (waiting > this.#settings.highWaterBytes && !this.#full) this.#fill();
    if (waiting > this.#settings.outboundBytesMax) this.#overloaded('too many bytes wait');
    if (this.#flushing || this.#ending) return;
    this.#flushing = true;
    this.#flusher.add(this);
  }

  /** Ends it: at once with an error, else after flushing. The owner's `ended` follows. */
  end(error: ReplicationError | null): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#error = error;
    if (error !== null) {
      this.#queue.clear();
      this.#socket.destroy();
      return;
    }
    const { clock, closeTimeoutMs } = this.#settings;
    this.#closeTimer = clock.setTimeout(() => this.#socket.destroy(), closeTimeoutMs);
    this.#pump();
  }

  flush(): void {
    this.#flushing = false;
    this.#pump();
  }

  /** Takes bytes that arrived; all frames they complete are delivered in one call. */
  readonly feed = (chunk: Uint8Array): void => {
    if (this.#ending) return;
    const frames: Uint8Array[] = [];
    let failure: ReplicationError | null = null;
    try {
      this.#reader.push(chunk, frames);
    } catch (thrown) {
      if (!(thrown instanceof ReplicationError)) throw thrown;
      failure = new ReplicationError(thrown.code, `${this.peer} was dropped: ${thrown.message}`);
    }
    if (frames.length > 0) this.#owner.received(this.peer, frames);
    if (failure !== null) this.end(failure);
  };

  /** One write at a time, so that what waits is counted and progress shows. */
  #pump(): void {
    if (this.#writing > 0 || this.#socket.destroyed) return;
    if (this.#queue.bytes === 0) {
      if (this.#ending) this.#socket.end();
      return;
    }
    const pieces: Uint8Array[] = [];
    const before = this.#queue.bytes;
    this.#queue.take(pieces);
    this.#writing = before - this.#queue.bytes;
    const socket = this.#socket;
    const last = pieces.pop() as Uint8Array;
    if (pieces.length === 0) {
      socket.write(last, this.#written);
      return;
    }
    socket.cork();
    for (const piece of pieces) socket.write(piece);
    socket.write(last, this.#written);
    socket.uncork();
  }

  readonly #written = (error?: Error | null): void => {
    // The socket tells its end by 'close'; what was queued for it has nowhere to go.
    if (error) return;
    this.#writing = 0;
    this.#progressAtMs = this.#settings.clock.now();
    this.#pump();
    const { highWaterBytes } = this.#settings;
    const waiting = this.#queue.bytes + this.#writing;
    if (!this.#full || this.#ending || waiting > highWaterBytes * LOW_WATER_SHARE) return;
    this.#full = false;
    this.#settings.clock.clearTimeout(this.#stallTimer);
    this.#owner.drained(this.peer);
  };

  #fill(): void {
    const { clock, stallTimeoutMs } = this.#settings;
    this.#full = true;
    this.#progressAtMs = clock.now();
    this.#stallTimer = clock.setTimeout(this.#checkStall, stallTimeoutMs);
  }

  readonly #checkStall = (): void => {
    if (!this.#full || this.#ending) return;
    const { clock, stallTimeoutMs } = this.#settings;
    const leftMs = this.#progressAtMs + stallTimeoutMs - clock.now();
    if (leftMs > 0) this.#stallTimer = clock.setTimeout(this.#checkStall, leftMs);
    else this.#overloaded(`it took no bytes for ${stallTimeoutMs} ms`);
  };

  #overloaded(why: string): void {
    const waiting = this.#queue.bytes + this.#writing;
    const message =
      `${this.peer} was dropped as too slow: ${why} (${waiting} bytes waiting); it catches up ` +
      'when it connects again';
    this.end(new ReplicationError('OVERLOADED', message));
  }

  readonly #remoteEnd = (): void => {
    if (this.#ending) return;
    if (this.#reader.partial) {
      const message = `${this.peer} ended in the middle of a frame; what was complete is delivered`;
      this.end(new ReplicationError('PROTOCOL', message, { retryable: true }));
      return;
    }
    // The other side is gone: what waits for it has no reader.
    this.#queue.clear();
    this.end(null);
  };

  readonly #socketError = (thrown: Error): void => {
    // Node leaves a TLS socket open after an error of TLS: what follows can never be read.
    this.#socket.destroy();
    if (this.#ending) return;
    this.#ending = true;
    this.#error = lossOf(this.peer, thrown);
  };

  readonly #closed = (): void => {
    this.#ending = true;
    this.#queue.clear();
    this.#settings.clock.clearTimeout(this.#stallTimer);
    this.#settings.clock.clearTimeout(this.#closeTimer);
    this.#owner.ended(this, this.#error);
  };
}
