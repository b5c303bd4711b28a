/** Every frame under way between the nodes, for those who watch: what it is, and how it ends. */
import type { Enveloped, MessageKind } from '../../../machines/protocol.js';
import type { Clock } from '../../runtime/clock.js';
import { decodeFrame } from '../../wire/frame.js';

export type FlightEnd = 'arrived' | 'lost';

export interface Flight {
  readonly number: number;
  readonly from: string;
  readonly to: string;
  readonly kind: MessageKind;
  /** The round it is about; null outside of one. */
  readonly round: string | null;
  /** A no, a refusal, or the news of an abort. */
  readonly isBad: boolean;
  /** On the clock of the nodes, as all times here. */
  readonly sentMs: number;
  /** When it arrives, if nothing holds it up. */
  readonly dueMs: number;
  end: FlightEnd | null;
  endMs: number;
}

/** How long one that has ended can still be seen. */
const SHOWN_AFTER_MS = 700;
/** More at a time say nothing to an eye: the oldest are not shown. */
const FLIGHTS_MAX = 400;

function roundOf(message: Enveloped): string | null {
  return 'round' in message ? message.round : null;
}

function isBad(message: Enveloped): boolean {
  if (message.kind === 'abort' || message.kind === 'refused') return true;
  return message.kind === 'vote' && message.answer === 'no';
}

export class Flights {
  readonly #clock: Clock;
  /** Frames are handed on as they are, so a frame is known again where it arrives. */
  #byFrame = new WeakMap<Uint8Array, Flight[]>();
  #shown: Flight[] = [];
  #number = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A frame left. `isLost`: the network dropped it at once; it is seen to go half of the way. */
  left(frame: Uint8Array, from: string, to: string, delayMs: number, isLost: boolean): void {
    const message = decodeFrame(frame);
    const nowMs = this.#clock.now();
    const flight: Flight = {
      number: this.#number,
      from,
      to,
      kind: message.kind,
      round: roundOf(message),
      isBad: isBad(message),
      sentMs: nowMs,
      dueMs: nowMs + delayMs,
      end: isLost ? 'lost' : null,
      endMs: isLost ? nowMs + delayMs / 2 : 0,
    };
    this.#number += 1;
    this.#shown.push(flight);
    if (this.#shown.length > FLIGHTS_MAX) this.#shown.shift();
    if (isLost) return;
    const others = this.#byFrame.get(frame);
    if (others === undefined) this.#byFrame.set(frame, [flight]);
    else others.push(flight);
  }

  arrived(frame: Uint8Array, to: string): void {
    const flight = this.#byFrame.get(frame)?.find((each) => each.to === to && each.end === null);
    if (flight !== undefined) this.#over(flight, 'arrived');
  }

  /** The connection between the two is gone, with what was under way to `to`. */
  broke(from: string, to: string): void {
    for (const flight of this.#shown) {
      const isMeant = flight.from === from && flight.to === to && flight.end === null;
      if (isMeant) this.#over(flight, 'lost');
    }
  }

  /** Under way, or ended a moment ago; oldest first. */
  get shown(): readonly Flight[] {
    const sinceMs = this.#clock.now() - SHOWN_AFTER_MS;
    this.#shown = this.#shown.filter(({ end, endMs }) => end === null || endMs >= sinceMs);
    return this.#shown;
  }

  #over(flight: Flight, end: FlightEnd): void {
    flight.end = end;
    flight.endMs = this.#clock.now();
  }
}
