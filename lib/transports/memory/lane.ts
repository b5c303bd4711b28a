/** One direction of one connection: frames under way, and when they arrive. */
import type { ReplicationError } from '../../errors.js';
import { LOW_WATER_SHARE } from '../../limits.js';
import type { Clock } from '../../runtime/clock.js';
import type { Link } from './link.js';

/** What a lane needs of the network. */
export interface LaneHost {
  readonly clock: Clock;
  readonly highWaterBytes: number;
  /** Calls `lane.deliver` on a later turn. */
  ready(lane: Lane): void;
}

/** Told what came out of a lane; never from within a call into the sender. */
export interface LaneEnds {
  joined(): void;
  received(frames: readonly Uint8Array[]): void;
  /** At the sender: what waits fell below the low-water mark. */
  drained(): void;
  left(error: ReplicationError | null): void;
}

interface Packet {
  readonly atMs: number;
  /** Null is the orderly end, behind all frames. */
  readonly frame: Uint8Array | null;
  /** A second copy does not count as waiting. */
  readonly bytesWaiting: number;
}

export class Lane {
  readonly link: Link;
  readonly #host: LaneHost;
  readonly #ends: LaneEnds;
  /** Sorted by the time of arrival. */
  #transit: Packet[] = [];
  #waitingBytes = 0;
  readonly #joinAtMs: number;
  /** No frame that keeps its place arrives before this. */
  #lastAtMs: number;
  #timer: unknown = null;
  #queued = false;
  #state: 'joining' | 'open' | 'ending' | 'closed' = 'joining';
  #ended = false;
  #full = false;

  constructor(link: Link, host: LaneHost, ends: LaneEnds) {
    this.link = link;
    this.#host = host;
    this.#ends = ends;
    this.#joinAtMs = host.clock.now() + link.dice.delayMs(link.faults);
    this.#lastAtMs = this.#joinAtMs;
    link.lanes.add(this);
    this.#wake();
  }

  get writable(): boolean {
    return !this.#full;
  }

  /** Bytes sent that did not arrive yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  send(frame: Uint8Array): void {
    if (this.#state === 'closed' || this.#ended) return;
    const { link } = this;
    const { faults, statistics, dice } = link;
    statistics.framesSent += 1;
    statistics.bytesSent += frame.length;
    if (dice.lost(faults) || (link.partitioned && !link.reliable)) {
      link.lost(frame.length);
      return;
    }
    const flipped = dice.corrupted(faults, frame);
    if (flipped !== null) statistics.framesCorrupted += 1;
    this.#dispatch(flipped ?? frame, frame.length);
    if (dice.duplicated(faults)) {
      statistics.framesDuplicated += 1;
      this.#dispatch(flipped ?? frame, 0);
    }
    if (this.#waitingBytes > this.#host.highWaterBytes) this.#full = true;
  }

  /** The orderly end: the other side learns of it behind everything sent before. */
  end(): void {
    if (this.#state === 'closed' || this.#ended) return;
    this.#ended = true;
    this.#lastAtMs = Math.max(this.#lastAtMs, this.#transit.at(-1)?.atMs ?? 0);
    this.#insert({ atMs: this.#lastAtMs, frame: null, bytesWaiting: 0 });
    this.#wake();
  }

  /** The connection is gone: what is under way is lost. */
  cut(): void {
    for (const { frame } of this.#transit) if (frame !== null) this.link.lost(frame.length);
    this.#transit = [];
    this.#state = 'closed';
    this.link.lanes.delete(this);
    this.#host.clock.clearTimeout(this.#timer);
  }

  /** The link was healed: look again at what is under way. */
  resume(): void {
    if (this.#state !== 'closed') this.#wake();
  }

  /** Called by the network, on a turn of its own. */
  deliver(): void {
    this.#queued = false;
    if (this.#closed || this.link.partitioned) return;
    const nowMs = this.#host.clock.now();
    if (this.#state === 'joining' && nowMs >= this.#joinAtMs) {
      this.#state = 'open';
      this.#ends.joined();
    }
    this.#handOver(this.#land(nowMs));
    this.#wake();
  }

  get #closed(): boolean {
    return this.#state === 'closed';
  }

  #dispatch(frame: Uint8Array, bytesWaiting: number): void {
    this.#waitingBytes += bytesWaiting;
    const { link } = this;
    const { faults, dice } = link;
    const nowMs = this.#host.clock.now();
    let leavesMs = nowMs;
    if (faults.bytesPerSecond) {
      link.busyUntilMs = Math.max(nowMs, link.busyUntilMs);
      link.busyUntilMs += (frame.length * 1000) / faults.bytesPerSecond;
      leavesMs = link.busyUntilMs;
    }
    const arrivesMs = Math.max(this.#lastAtMs, leavesMs + dice.delayMs(faults));
    const heldBackMs = dice.heldBackMs(faults);
    // A frame held back does not hold back those behind it: they overtake.
    if (heldBackMs === null) this.#lastAtMs = arrivesMs;
    this.#insert({ atMs: arrivesMs + (heldBackMs ?? 0), frame, bytesWaiting });
    this.#wake();
  }

  #insert(packet: Packet): void {
    let at = this.#transit.length;
    while (at > 0 && (this.#transit[at - 1] as Packet).atMs > packet.atMs) at -= 1;
    if (at === this.#transit.length) this.#transit.push(packet);
    else this.#transit.splice(at, 0, packet);
  }

  /** Sees to it that `deliver` is called when something is due next. */
  #wake(): void {
    if (this.#queued || this.#closed || this.link.partitioned) return;
    const dueMs = this.#state === 'joining' ? this.#joinAtMs : this.#transit[0]?.atMs;
    if (dueMs === undefined) return;
    const { clock } = this.#host;
    const nowMs = clock.now();
    clock.clearTimeout(this.#timer);
    if (dueMs <= nowMs) this.#enqueue();
    else this.#timer = clock.setTimeout(this.#enqueue, dueMs - nowMs);
  }

  readonly #enqueue = (): void => {
    if (this.#queued || this.#closed) return;
    this.#queued = true;
    this.#host.ready(this);
  };

  /** Takes off the lane what is due; all of it is delivered together. */
  #land(nowMs: number): Uint8Array[] {
    const frames: Uint8Array[] = [];
    if (this.#closed) return frames;
    let due = 0;
    for (const { atMs, frame, bytesWaiting } of this.#transit) {
      if (atMs > nowMs) break;
      due += 1;
      if (frame === null) {
        this.#state = 'ending';
        break;
      }
      this.#waitingBytes -= bytesWaiting;
      this.link.statistics.bytesDelivered += frame.length;
      frames.push(frame);
    }
    if (due === this.#transit.length) this.#transit = [];
    else this.#transit.splice(0, due);
    return frames;
  }

  /** What is told here may cut the lane, so its state is looked at again each time. */
  #handOver(frames: Uint8Array[]): void {
    const ending = this.#state === 'ending';
    if (frames.length > 0) {
      this.link.statistics.framesDelivered += frames.length;
      this.#ends.received(frames);
    }
    if (this.#closed) return;
    if (this.#full && this.#waitingBytes <= this.#host.highWaterBytes * LOW_WATER_SHARE) {
      this.#full = false;
      this.#ends.drained();
    }
    if (!ending || this.#closed) return;
    this.cut();
    this.#ends.left(null);
  }
}
