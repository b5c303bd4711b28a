/**
 * Whether datagrams arrive at a slave: asked of the network, since nothing else can tell. It says
 * `ready`, the master sends a beacon, and only once one was heard it says `hearing`. Networks
 * without multicast, and switches that stop passing it on after minutes, so cost nothing but speed.
 */
import type { Clock } from '../../runtime/clock.js';
import { WORDS, type Word } from './word.js';

const ASK_MS_MIN = 100;
const ASK_MS_MAX = 10_000;
/** How often a slave that hears looks whether it still does; a quiet master is asked for proof. */
const CHECK_MS = 2_000;
/** Looks without anything heard, after which it says so. */
const CHECKS_MAX = 3;
/** How long datagrams are left unread where they are not worth it. */
const REST_MS = 10_000;
/** Questions without an answer, after which people are told. */
const ASKED_BEFORE_TOLD = 6;

export interface HearingOwner {
  say(word: Word): void;
  /** A good moment to join again what could not be joined. */
  retry(): void;
  /** Nothing is heard: told once until something is. */
  unheard(): void;
  /** Whether more than half of the datagrams were lost since this was asked last. */
  isLossy(): boolean;
  /** For a while no datagrams are read; why, in words that follow on "since". */
  resting(why: string): void;
}

export class Hearing {
  readonly #clock: Clock;
  readonly #owner: HearingOwner;
  #isHearing = false;
  #wasHeard = false;
  #misses = 0;
  #asked = 0;
  #timer: unknown = null;
  #restedAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, owner: HearingOwner) {
    this.#clock = clock;
    this.#owner = owner;
  }

  /** There is a stream to ask on, and the group is being joined. */
  begin(): void {
    this.end();
    this.#timer = this.#clock.setTimeout(this.#ask, ASK_MS_MIN);
  }

  /** The group is joined: now an answer can arrive. */
  joined(): void {
    if (this.#isHearing || !this.listens) return;
    this.#clock.clearTimeout(this.#timer);
    this.#ask();
  }

  /**
   * A datagram of the master arrived. Only a beacon makes it hear, being as long as a datagram can
   * be: networks exist that carry short ones alone, since they drop fragments.
   */
  heard(isBeacon: boolean): void {
    this.#wasHeard = true;
    if (this.#isHearing || !isBeacon) return;
    this.#isHearing = true;
    this.#misses = 0;
    this.#asked = 0;
    this.#owner.say(WORDS.hearing);
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(this.#check, CHECK_MS);
  }

  /** Whether datagrams are looked into. */
  get listens(): boolean {
    return this.#clock.now() - this.#restedAtMs >= REST_MS;
  }

  /** Good datagrams go under in forged ones, which cost more to tell than a datagram saves. */
  flooded(): void {
    this.#rest('forged ones under its address are too many to be looked into');
  }

  /** The stream ended: whom to ask is told by the next one. */
  end(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#isHearing = false;
    this.#asked = 0;
  }

  readonly #ask = (): void => {
    if (this.#asked === ASKED_BEFORE_TOLD) this.#owner.unheard();
    this.#owner.retry();
    this.#owner.say(WORDS.ready);
    const delayMs = Math.min(ASK_MS_MAX, ASK_MS_MIN * 2 ** Math.min(this.#asked, 10));
    this.#asked += 1;
    this.#timer = this.#clock.setTimeout(this.#ask, delayMs);
  };

  #rest(why: string): void {
    this.#restedAtMs = this.#clock.now();
    if (this.#isHearing) this.#owner.say(WORDS.deaf);
    this.#isHearing = false;
    this.#owner.resting(why);
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(this.#ask, REST_MS);
  }

  readonly #check = (): void => {
    if (this.#owner.isLossy()) return this.#rest('more than half of them were lost');
    this.#misses = this.#wasHeard ? 0 : this.#misses + 1;
    this.#wasHeard = false;
    if (this.#misses < CHECKS_MAX) {
      if (this.#misses > 0) this.#owner.say(WORDS.ready);
      this.#timer = this.#clock.setTimeout(this.#check, CHECK_MS);
      return;
    }
    this.#isHearing = false;
    this.#owner.say(WORDS.deaf);
    this.#owner.unheard();
    // People know already.
    this.#asked = ASKED_BEFORE_TOLD + 1;
    this.#ask();
  };
}
