/** The connections of a master, by the numbers under which datagrams name them. */
import type { Clock } from '../../runtime/clock.js';
import type { PeerId } from '../contract.js';

/** One slave's stream, from its greeting on. */
export interface Seat {
  readonly peer: PeerId;
  readonly number: number;
  readonly mark: Uint8Array;
  /** What the slave asked to be proved. */
  readonly challenge: Uint8Array;
  /** It said that datagrams arrive. */
  isHearing: boolean;
  /** The last multicast that was meant for it. */
  meant: number;
}

/** How one multicast goes out. */
export interface Plan {
  /** Peers that hear datagrams and are meant. */
  readonly hearing: readonly PeerId[];
  /** Peers that are meant and get it by the stream. */
  readonly deaf: readonly PeerId[];
  /** Seats whose slaves may receive the datagram and are not meant. */
  readonly leftOut: readonly number[];
}

/** For so long a slave may not know that its connection was ended here. */
const GONE_MS = 60_000;
const GONE_MAX = 64;

export class Seats {
  readonly #clock: Clock;
  readonly #seats = new Map<PeerId, Seat>();
  /** Seats that were ended here, and until when they are still left out by name. */
  readonly #gone = new Map<number, number>();
  #newest = 0;
  #casts = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get newest(): number {
    return this.#newest;
  }

  get(peer: PeerId): Seat | undefined {
    return this.#seats.get(peer);
  }

  get all(): Iterable<Seat> {
    return this.#seats.values();
  }

  add(peer: PeerId, mark: Uint8Array, challenge: Uint8Array): Seat {
    this.#newest += 1;
    const number = this.#newest;
    const seat: Seat = { peer, number, mark, challenge, isHearing: false, meant: 0 };
    this.#seats.set(peer, seat);
    return seat;
  }

  /**
   * @param isKnown the slave ended the connection itself, or told that it knows
   * @returns whether there was one
   */
  remove(peer: PeerId, isKnown: boolean): boolean {
    const seat = this.#seats.get(peer);
    if (seat === undefined) return false;
    this.#seats.delete(peer);
    if (!isKnown) this.ending(seat);
    return true;
  }

  /** Its connection is being ended from here: until it knows, it must take no more datagrams. */
  ending(seat: Seat): void {
    this.#gone.set(seat.number, this.#clock.now() + GONE_MS);
    const [oldest] = this.#gone.keys();
    if (this.#gone.size > GONE_MAX && oldest !== undefined) this.#gone.delete(oldest);
  }

  plan(peers: readonly PeerId[]): Plan {
    this.#casts += 1;
    const hearing: PeerId[] = [];
    const deaf: PeerId[] = [];
    for (const peer of peers) {
      const seat = this.#seats.get(peer);
      if (seat === undefined) continue;
      seat.meant = this.#casts;
      if (seat.isHearing) hearing.push(peer);
      else deaf.push(peer);
    }
    return { hearing, deaf, leftOut: this.#leftOut(hearing.length + deaf.length) };
  }

  #leftOut(meant: number): readonly number[] {
    const numbers: number[] = [];
    if (meant < this.#seats.size) {
      for (const seat of this.#seats.values()) {
        if (seat.meant !== this.#casts) numbers.push(seat.number);
      }
    }
    if (this.#gone.size === 0) return numbers;
    const nowMs = this.#clock.now();
    for (const [number, untilMs] of this.#gone) {
      if (untilMs <= nowMs) this.#gone.delete(number);
      else numbers.push(number);
    }
    return numbers;
  }
}
