/** One joined peer: frames in both directions over one WebSocket, a frame being one message. */
import { ReplicationError } from '../../errors.js';
import { LOW_WATER_SHARE } from '../../limits.js';
import type { PeerId } from '../contract.js';
import type { ConnectionOwner, PeerConnection } from '../joined-peers.js';
import type { Channel, ChannelEnd, ChannelListener } from './channel.js';
import { failureOf } from './channel-failure.js';
import { CLOSE_NORMAL, closeCodeOf, isOrderly, refusalOf } from './close-codes.js';
import type { WebSocketSettings } from './settings.js';

/**
 * How often a full peer's buffer is looked at: no WebSocket tells when it drained. Soon at first,
 * so that a quick reader is not held up (half of 4 MiB every 2 ms is 1 GB/s), then ever rarer.
 */
const LOOK_MS_MIN = 2;
const LOOK_MS_MAX = 100;

export class Connection implements ChannelListener, PeerConnection {
  readonly peer: PeerId;
  readonly #channel: Channel;
  readonly #settings: WebSocketSettings;
  readonly #owner: ConnectionOwner;
  #frames: Uint8Array[] = [];
  /** As the channel counts them: the package ws with the heads of messages, browsers without. */
  #sentBytes = 0;
  /** Of `#sentBytes`, what the system had taken when last looked at. */
  #takenBytes = 0;
  #full = false;
  #takenAtMs = 0;
  #lookMs = LOOK_MS_MIN;
  #lookTimer: unknown = null;
  #closeTimer: unknown = null;
  #isHeard = true;
  #isAsked = false;
  /** No frame goes in or out any more; the end is under way. */
  #ending = false;
  #error: ReplicationError | null = null;

  constructor(channel: Channel, peer: PeerId, settings: WebSocketSettings, owner: ConnectionOwner) {
    this.peer = peer;
    this.#channel = channel;
    this.#settings = settings;
    this.#owner = owner;
    channel.listener = this;
  }

  get writable(): boolean {
    return !this.#full;
  }

  /** Sends one frame, whose length was checked. */
  send(frame: Uint8Array): void {
    if (this.#ending) return;
    const before = this.#channel.bufferedBytes;
    this.#channel.send(frame);
    const waiting = this.#channel.bufferedBytes;
    this.#sentBytes += waiting - before;
    if (waiting > this.#settings.highWaterBytes && !this.#full) this.#fill();
    if (waiting > this.#settings.outboundBytesMax) this.#overloaded('too many bytes wait');
  }

  /** Ends it: behind what was sent, or at once where that would wait for a slow reader. */
  end(error: ReplicationError | null): void {
    if (this.#ending) return;
    this.#stop(error);
    if (error?.code === 'OVERLOADED') {
      this.#channel.destroy();
      return;
    }
    const code = error === null ? CLOSE_NORMAL : closeCodeOf(error.code);
    this.#channel.close(code, error?.code ?? '');
  }

  /** To be called regularly: the first silence is asked about, the second one in a row ends it. */
  checkAlive(): void {
    if (this.#ending) return;
    this.#countTaken();
    if (this.#isHeard) {
      this.#isHeard = false;
      this.#isAsked = false;
    } else if (this.#isAsked) {
      const message = `${this.peer} was dropped: it gave no sign of life and took no byte`;
      this.#stop(new ReplicationError('NOT_RUNNING', message, { retryable: true }));
      this.#channel.destroy();
    } else {
      this.#isAsked = true;
      this.#channel.ping();
    }
  }

  opened(): void {}

  /** Messages of one read arrive one by one within one turn; they are delivered together. */
  received(message: Uint8Array | null): void {
    this.#isHeard = true;
    if (this.#ending) return;
    const wrong = this.#wrongWith(message);
    if (wrong !== null) {
      this.#deliver();
      this.end(wrong);
      return;
    }
    this.#frames.push(message as Uint8Array);
    if (this.#frames.length === 1) queueMicrotask(this.#deliver);
  }

  alive(): void {
    this.#isHeard = true;
  }

  failed(error: Error): void {
    if (this.#ending) return;
    this.#deliver();
    this.#stop(failureOf(error, this.peer));
  }

  closed(end: ChannelEnd): void {
    this.#deliver();
    if (!this.#ending) this.#stop(this.#endOf(end));
    this.#settings.clock.clearTimeout(this.#closeTimer);
    this.#owner.ended(this, this.#error);
  }

  #wrongWith(message: Uint8Array | null): ReplicationError | null {
    if (message === null || message.length === 0) {
      const what = message === null ? 'a text message' : 'an empty message';
      return new ReplicationError('PROTOCOL', `${this.peer} was dropped: it sent ${what}`);
    }
    // A browser and Node's own WebSocket have no limit of their own.
    const { frameBytesMax } = this.#settings;
    if (message.length <= frameBytesMax) return null;
    const words = `${this.peer} was dropped: a frame of ${message.length} bytes is above`;
    return new ReplicationError('TOO_LARGE', `${words} the limit of ${frameBytesMax}`);
  }

  readonly #deliver = (): void => {
    if (this.#frames.length === 0) return;
    const frames = this.#frames;
    this.#frames = [];
    this.#owner.received(this.peer, frames);
  };

  #endOf(end: ChannelEnd): ReplicationError | null {
    if (isOrderly(end)) return null;
    const refused = refusalOf(end, this.peer);
    if (refused !== null) return refused;
    const message = `the connection to ${this.peer} was lost (close code ${end.code})`;
    return new ReplicationError('NOT_RUNNING', message, { retryable: true });
  }

  #stop(error: ReplicationError | null): void {
    const { clock, closeTimeoutMs } = this.#settings;
    this.#ending = true;
    this.#error = error;
    clock.clearTimeout(this.#lookTimer);
    this.#closeTimer = clock.setTimeout(() => this.#channel.destroy(), closeTimeoutMs);
  }

  #fill(): void {
    this.#full = true;
    this.#countTaken();
    this.#takenAtMs = this.#settings.clock.now();
    this.#lookMs = LOOK_MS_MIN;
    this.#lookTimer = this.#settings.clock.setTimeout(this.#look, this.#lookMs);
  }

  readonly #look = (): void => {
    const { clock, highWaterBytes, stallTimeoutMs } = this.#settings;
    this.#lookMs = this.#countTaken() ? LOOK_MS_MIN : Math.min(this.#lookMs * 2, LOOK_MS_MAX);
    if (this.#channel.bufferedBytes <= highWaterBytes * LOW_WATER_SHARE) {
      this.#full = false;
      this.#owner.drained(this.peer);
      return;
    }
    const leftMs = this.#takenAtMs + stallTimeoutMs - clock.now();
    if (leftMs <= 0) this.#overloaded(`it took no bytes for ${stallTimeoutMs} ms`);
    else this.#lookTimer = clock.setTimeout(this.#look, Math.min(this.#lookMs, leftMs));
  };

  /** True when the system took bytes since it was last called. */
  #countTaken(): boolean {
    const taken = this.#sentBytes - this.#channel.bufferedBytes;
    if (taken <= this.#takenBytes) return false;
    this.#takenBytes = taken;
    this.#takenAtMs = this.#settings.clock.now();
    this.#isHeard = true;
    return true;
  }

  #overloaded(why: string): void {
    const message =
      `${this.peer} was dropped as too slow: ${why} (${this.#channel.bufferedBytes} bytes ` +
      'waiting); it catches up when it connects again';
    this.end(new ReplicationError('OVERLOADED', message));
  }
}
