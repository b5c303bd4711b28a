/** What a slave makes of the datagrams that arrive: which are good, new, and meant for it. */
import type { Buffer } from 'node:buffer';
import { ReplicationError } from '../../errors.js';
import type { Clock } from '../../runtime/clock.js';
import { readLabel } from './address-label.js';
import { KINDS, kindOf } from './datagram.js';
import { ForgeryBudget } from './forgery-budget.js';
import type { Terms } from './greeting.js';
import { datagramKey } from './keys.js';
import { Opener } from './opener.js';
import { ReplayWindow } from './replay-window.js';
import type { Counts, UdpConnectTraffic } from './traffic.js';
import { TroubleLimit } from './trouble-limit.js';

export interface ReceiverOwner {
  /** A good datagram came, for this slave or another one; a beacon is as long as any may be. */
  heard(isBeacon: boolean): void;
  frame(frame: Uint8Array): void;
  /** Whether datagrams are looked into at present. */
  listens(): boolean;
  /** Forged ones under the master's address are so many that its own cannot be told from them. */
  flooded(): void;
  troubled(error: ReplicationError): void;
}

/** Fewer datagrams than this say nothing of how many are lost. */
const SAMPLE_MIN = 8;

export class Receiver {
  readonly traffic: Counts<UdpConnectTraffic> = {
    datagrams: 0,
    frames: 0,
    strangers: 0,
    forged: 0,
    unread: 0,
    replayed: 0,
  };
  readonly #owner: ReceiverOwner;
  readonly #budget: ForgeryBudget;
  readonly #forgeries: TroubleLimit;
  #opener: Opener | null = null;
  /** The seat of the present stream; 0 while there is none. */
  #seat = 0;
  #source = '';
  /** The newest counter and the datagrams taken when losses were last asked for. */
  #sampled = { counter: 0, datagrams: 0 };

  constructor(clock: Clock, owner: ReceiverOwner) {
    this.#owner = owner;
    this.#budget = new ForgeryBudget(clock);
    this.#forgeries = new TroubleLimit(clock, (count) => this.#tell(count));
  }

  /** A stream to this master is up: its datagrams are good from its present counter on. */
  follow({ salt, counter, seat }: Terms, secret: Uint8Array): void {
    this.#seat = seat;
    const known = this.#opener;
    // What was seen of the same start stays seen, on whatever stream it was told.
    if (known?.salt.equals(salt)) known.window.raise(counter);
    else this.#opener = new Opener(datagramKey(secret, salt), salt, new ReplayWindow(counter));
    this.isLossy();
  }

  /** Whether more than half of the master's datagrams were lost since this was asked last. */
  isLossy(): boolean {
    const counter = this.#opener?.window.highest ?? 0;
    const { datagrams } = this.traffic;
    const sent = counter - this.#sampled.counter;
    const came = datagrams - this.#sampled.datagrams;
    this.#sampled = { counter, datagrams };
    return sent >= SAMPLE_MIN && 2 * came < sent;
  }

  /** The stream is gone: nothing is taken until the next. */
  leave(): void {
    this.#seat = 0;
  }

  take(datagram: Buffer, source: string): void {
    const opener = this.#opener;
    if (opener === null || this.#seat === 0) return;
    const { traffic } = this;
    if (opener.glance(datagram) !== null) {
      traffic.strangers += 1;
      return;
    }
    if (!this.#owner.listens()) {
      traffic.unread += 1;
      return;
    }
    if (!this.#budget.allows(source)) {
      traffic.unread += 1;
      if (this.#budget.isMaster(source)) this.#owner.flooded();
      return;
    }
    const opened = opener.open(datagram);
    if ('body' in opened) {
      this.#budget.trust(source);
      traffic.datagrams += 1;
      this.#deliver(datagram, opened.body);
    } else if (opened.refused === 'replayed') {
      traffic.replayed += 1;
    } else {
      this.#refuseForged(source);
    }
  }

  #deliver(datagram: Buffer, body: Buffer): void {
    const isBeacon = kindOf(datagram) === KINDS.beacon;
    this.#owner.heard(isBeacon);
    const label = readLabel(body, this.#seat);
    if (label === null || !label.isMine || isBeacon) return;
    if (label.frameAt === body.length) return;
    this.traffic.frames += 1;
    this.#owner.frame(body.subarray(label.frameAt));
  }

  #refuseForged(source: string): void {
    this.traffic.forged += 1;
    this.#budget.spend(source);
    this.#source = source;
    this.#forgeries.note();
  }

  #tell(count: number): void {
    const message =
      `${count} datagrams were refused, their seal is wrong; the last came from ${this.#source}: ` +
      'it was damaged on the way, or somebody without the secret sends to this group';
    this.#owner.troubled(new ReplicationError('UNAUTHORIZED', message));
  }
}
