/**
 * Reads the fields of a head and checks each one: a cut, an unsafe number, an endless text, a
 * word nobody knows is refused, so that nothing unchecked reaches a machine (A14, T52). Payload
 * bodies are taken from behind the head as the head names them, and checked too (S12).
 */
import { platform } from '#platform';
import type {
  DeltaLink,
  Envelope,
  Payload,
  Point,
  Position,
  PreparedRound,
} from '../../machines/protocol.js';
import {
  FOUR_BYTES_FOLLOW,
  ONE_BYTE_MAX,
  OWN_EPOCH,
  OWN_LINEAGE,
  POSITION_PRESENT,
  TWO_BYTES_FOLLOW,
} from './head-writer.js';
import {
  broken,
  LINKS_MAX,
  NAME_LENGTH_MAX,
  PARTICIPANTS_MAX,
  POINTS_KEPT,
  REASON_LENGTH_MAX,
  UNIT_BYTES_MAX,
} from './limits.js';
import { DURABILITIES } from './words.js';

const NO_LINKS: readonly DeltaLink[] = Object.freeze([]);
const NAME_BYTES_MAX = NAME_LENGTH_MAX * UNIT_BYTES_MAX;
const REASON_BYTES_MAX = REASON_LENGTH_MAX * UNIT_BYTES_MAX;

export function u16At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

export function u32At(bytes: Uint8Array, at: number): number {
  return ((u16At(bytes, at) << 16) | u16At(bytes, at + 2)) >>> 0;
}

export class HeadReader {
  at: number;
  readonly #frame: Uint8Array;
  readonly #end: number;
  readonly #envelope: Envelope | null;
  #bodyAt: number;
  #points: Point[] | null = null;
  #pointCount = 0;

  /** Reads `frame` from `at` on; the head ends and the payloads begin at `end`. */
  constructor(frame: Uint8Array, at: number, end: number, envelope: Envelope | null) {
    this.#frame = frame;
    this.at = at;
    this.#end = end;
    this.#envelope = envelope;
    this.#bodyAt = end;
  }

  /** What was read must be all there is. */
  finish(): void {
    if (this.at !== this.#end) throw broken('whose head is longer than its fields');
  }

  /** So must be the payloads. */
  finishBodies(): void {
    if (this.#bodyAt !== this.#frame.length) throw broken('longer than its payloads');
  }

  byte(): number {
    const { at } = this;
    if (at >= this.#end) throw broken('whose head is cut');
    this.at = at + 1;
    return this.#frame[at] as number;
  }

  flag(): boolean {
    const value = this.byte();
    if (value > 1) throw broken('with a flag that is neither true nor false');
    return value === 1;
  }

  word<Word extends string>(words: readonly Word[]): Word {
    const word = words[this.byte()];
    if (word === undefined) throw broken(`with none of the words ${words.join(', ')}`);
    return word;
  }

  count(): number {
    const { at } = this;
    if (at >= this.#end) throw broken('whose head is cut');
    const first = this.#frame[at] as number;
    this.at = at + 1;
    return first <= ONE_BYTE_MAX ? first : this.#longCount(first);
  }

  #longCount(first: number): number {
    const { at } = this;
    const frame = this.#frame;
    const end = at + (first === TWO_BYTES_FOLLOW ? 2 : first === FOUR_BYTES_FOLLOW ? 4 : 8);
    if (end > this.#end) throw broken('whose head is cut');
    this.at = end;
    if (first === TWO_BYTES_FOLLOW) return u16At(frame, at);
    if (first === FOUR_BYTES_FOLLOW) return u32At(frame, at);
    const value = u32At(frame, at) * 2 ** 32 + u32At(frame, at + 4);
    if (!Number.isSafeInteger(value)) throw broken('with a number that is no safe integer');
    return value;
  }

  /** A name, id, digest or code. */
  text(): string {
    const length = this.count();
    const { at } = this;
    const end = at + length;
    if (end > this.#end) throw broken('whose head is cut');
    this.at = end;
    if (length === 0) return '';
    if (length > NAME_BYTES_MAX) throw broken('with a name too long');
    const text = platform.utf8Decode(this.#frame, at, end);
    if (text.length > NAME_LENGTH_MAX) throw broken('with a name too long');
    return text;
  }

  textOrNull(): string | null {
    return this.flag() ? this.text() : null;
  }

  /** A text for people: cut, not refused. */
  reason(): string {
    const length = this.count();
    const { at } = this;
    if (at + length > this.#end) throw broken('whose head is cut');
    this.at = at + length;
    const end = at + Math.min(length, REASON_BYTES_MAX);
    return platform.utf8Decode(this.#frame, at, end).slice(0, REASON_LENGTH_MAX);
  }

  reasonOrNull(): string | null {
    return this.flag() ? this.reason() : null;
  }

  point(): Point {
    const place = this.byte();
    if (place === 0) {
      const point = { version: this.count(), digest: this.text() };
      this.#points ??= [];
      this.#points[this.#pointCount & (POINTS_KEPT - 1)] = point;
      this.#pointCount += 1;
      return point;
    }
    const known = this.#points?.[place - 1];
    if (known === undefined) throw broken('that refers to a point it does not have');
    return known;
  }

  pointOrNull(): Point | null {
    return this.flag() ? this.point() : null;
  }

  positionOrNull(): Position | null {
    const bits = this.byte();
    if (bits === 0) return null;
    const envelope = this.#envelope;
    if ((bits & POSITION_PRESENT) === 0 || bits > (POSITION_PRESENT | OWN_LINEAGE | OWN_EPOCH)) {
      throw broken('with a position of no known form');
    }
    return {
      lineage: bits & OWN_LINEAGE || envelope === null ? this.text() : envelope.lineage,
      epoch: bits & OWN_EPOCH || envelope === null ? this.epoch() : envelope.epoch,
      version: this.count(),
      digest: this.text(),
    };
  }

  position(): Position {
    const position = this.positionOrNull();
    if (position === null) throw broken('without a position');
    return position;
  }

  epoch(): Envelope['epoch'] {
    return { term: this.count(), start: this.count() };
  }

  payload(): Payload {
    const isInline = this.flag();
    const bytes = this.count();
    const checksum = this.text();
    if (!isInline) return { bytes, checksum };
    const start = this.#bodyAt;
    const end = start + bytes;
    if (end > this.#frame.length) throw broken('shorter than its payload');
    const body = this.#frame.subarray(start, end);
    this.#bodyAt = end;
    if (platform.digest(body) !== checksum) throw broken('whose payload fails its checksum');
    return { bytes, checksum, body };
  }

  #link(): DeltaLink {
    const from = this.point();
    const to = this.point();
    const durability = this.word(DURABILITIES);
    if (!this.flag()) return { from, to, durability };
    return { from, to, durability, payload: this.payload() };
  }

  links(): readonly DeltaLink[] {
    const length = this.count();
    if (length === 0) return NO_LINKS;
    if (length > LINKS_MAX) throw broken('with too many increments');
    const links: DeltaLink[] = [];
    while (links.length < length) links.push(this.#link());
    return links;
  }

  /** A list of at most `most` of what `read` reads. */
  list<T>(most: number, what: string, read: () => T): readonly T[] {
    const length = this.count();
    if (length > most) throw broken(`with too many ${what}`);
    const list: T[] = [];
    while (list.length < length) list.push(read());
    return list;
  }

  names(most = PARTICIPANTS_MAX, what = 'participants'): readonly string[] {
    return this.list(most, what, () => this.text());
  }

  prepared(): PreparedRound {
    return {
      round: this.text(),
      from: this.point(),
      to: this.point(),
      epoch: this.epoch(),
      incarnation: this.text(),
      sequence: this.count(),
    };
  }
}
