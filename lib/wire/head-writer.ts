/**
 * Writes the fields of heads, one after the other, into slabs that many frames share: a frame
 * then costs no memory of its own and no copy. Each field has a form of its own; nothing says
 * what a field is but its place.
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
import { POINTS_KEPT, REASON_LENGTH_MAX, UNIT_BYTES_MAX } from './limits.js';
import { DURABILITIES } from './words.js';

/** A frame that waits for a slow peer keeps its slab: small ones keep little. */
const SLAB_BYTES = 16 * 1024;
/** Longer frames get memory of their own, so that no slab is left half empty. */
const SHARED_BYTES_MAX = SLAB_BYTES / 4;
/** Numbers, flags and words between two texts, of any message. */
const FIELDS_BYTES_MAX = 256;
/** A text of so many characters has its length in one byte, whatever the characters are. */
const SHORT_LENGTH_MAX = 84;

/** Numbers up to here are one byte; the three values above say how many bytes follow. */
export const ONE_BYTE_MAX = 252;
export const TWO_BYTES_FOLLOW = 253;
export const FOUR_BYTES_FOLLOW = 254;
export const EIGHT_BYTES_FOLLOW = 255;
/** Bits of a position. */
export const POSITION_PRESENT = 1;
export const OWN_LINEAGE = 2;
export const OWN_EPOCH = 4;

export class HeadWriter {
  bytes = new Uint8Array(SLAB_BYTES);
  at = 0;
  /** Where the frame being written starts in `bytes`. */
  start = 0;
  #envelope: Envelope | null = null;
  readonly #bodies: Uint8Array[] = [];
  #bodyBytes = 0;
  readonly #points: Point[] = [];
  #pointCount = 0;

  begin(envelope: Envelope): void {
    this.#envelope = envelope;
    this.#pointCount = 0;
    // A message that failed to be written leaves nothing to the next.
    this.#bodies.length = 0;
    this.#bodyBytes = 0;
    this.at = this.start;
    this.room(FIELDS_BYTES_MAX);
  }

  /** Makes sure that `count` bytes and a few fields fit. */
  room(count: number): void {
    if (this.at + count + FIELDS_BYTES_MAX <= this.bytes.length) return;
    const written = this.bytes.subarray(this.start, this.at);
    const wanted = 2 * written.length + count + FIELDS_BYTES_MAX;
    const bytes = new Uint8Array(Math.max(SLAB_BYTES, wanted));
    bytes.set(written);
    this.bytes = bytes;
    this.at = written.length;
    this.start = 0;
  }

  /** The head that was written since `begin`, with the payloads behind it, as bytes of its own. */
  end(): Uint8Array {
    const { start, at } = this;
    const headBytes = at - start;
    const frameBytes = headBytes + this.#bodyBytes;
    let frame: Uint8Array;
    if (frameBytes <= SHARED_BYTES_MAX && start + frameBytes <= this.bytes.length) {
      frame = this.bytes.subarray(start, start + frameBytes);
      this.start = start + frameBytes;
    } else {
      frame = new Uint8Array(frameBytes);
      frame.set(this.bytes.subarray(start, at));
    }
    if (this.#bodies.length > 0) this.#putBodies(frame, headBytes);
    // What grew for one long head is not kept for the next.
    if (this.bytes.length > SLAB_BYTES) {
      this.bytes = new Uint8Array(SLAB_BYTES);
      this.start = 0;
    }
    return frame;
  }

  #putBodies(frame: Uint8Array, headBytes: number): void {
    let at = headBytes;
    for (const body of this.#bodies) {
      frame.set(body, at);
      at += body.length;
    }
  }

  byte(value: number): void {
    this.bytes[this.at] = value;
    this.at += 1;
  }

  flag(value: boolean): void {
    this.bytes[this.at] = value ? 1 : 0;
    this.at += 1;
  }

  /** A word that is not in the list becomes one that every receiver refuses. */
  word<Word extends string>(words: readonly Word[], word: Word): void {
    this.bytes[this.at] = words.indexOf(word);
    this.at += 1;
  }

  /** A number that is no safe integer of at least 0 becomes one that every receiver refuses. */
  count(value: number): void {
    const { bytes, at } = this;
    if ((value & 0xff) === value && value <= ONE_BYTE_MAX) {
      bytes[at] = value;
      this.at = at + 1;
    } else if ((value & 0xffff) === value) {
      bytes[at] = TWO_BYTES_FOLLOW;
      bytes[at + 1] = value >>> 8;
      bytes[at + 2] = value;
      this.at = at + 3;
    } else this.#longCount(value);
  }

  #longCount(value: number): void {
    const isSafe = Number.isSafeInteger(value) && value >= 0;
    if (isSafe && value <= 0xffffffff) this.byte(FOUR_BYTES_FOLLOW);
    else {
      this.byte(EIGHT_BYTES_FOLLOW);
      this.u32(isSafe ? Math.floor(value / 2 ** 32) : 0xffffffff);
    }
    this.u32(value);
  }

  /** The lower 32 bits. */
  u32(value: number): void {
    const { bytes, at } = this;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    this.at = at + 4;
  }

  /** Longer than any text may be, it is cut: the receiver cuts a reason and refuses a name. */
  text(value: string): void {
    const { length } = value;
    if (length > REASON_LENGTH_MAX) return this.text(value.slice(0, REASON_LENGTH_MAX));
    const bytesMax = length * UNIT_BYTES_MAX;
    if (this.at + bytesMax + FIELDS_BYTES_MAX > this.bytes.length) this.room(bytesMax);
    if (length > SHORT_LENGTH_MAX) {
      this.count(platform.utf8Length(value));
      this.at += platform.utf8Write(this.bytes, value, this.at);
      return;
    }
    const { bytes, at } = this;
    const written = length === 0 ? 0 : platform.utf8Write(bytes, value, at + 1);
    bytes[at] = written;
    this.at = at + 1 + written;
  }

  textOrNull(value: string | null): void {
    this.flag(value !== null);
    if (value !== null) this.text(value);
  }

  /** A point that the frame has already is told by its place among those. */
  point(point: Point): void {
    const points = this.#points;
    const { version, digest } = point;
    const kept = Math.min(this.#pointCount, POINTS_KEPT);
    for (let place = 0; place < kept; place += 1) {
      const known = points[place] as Point;
      if (known.version === version && known.digest === digest) {
        this.room(0);
        return this.byte(place + 1);
      }
    }
    points[this.#pointCount & (POINTS_KEPT - 1)] = point;
    this.#pointCount += 1;
    this.byte(0);
    this.count(version);
    this.text(digest);
  }

  pointOrNull(point: Point | null): void {
    this.flag(point !== null);
    if (point !== null) this.point(point);
  }

  position(position: Position | null): void {
    if (position === null) return this.byte(0);
    const envelope = this.#envelope;
    const { lineage, epoch, version, digest } = position;
    const isOfLineage = lineage === envelope?.lineage;
    const { term, start } = epoch;
    const isOfEpoch = term === envelope?.epoch.term && start === envelope.epoch.start;
    this.byte(POSITION_PRESENT | (isOfLineage ? 0 : OWN_LINEAGE) | (isOfEpoch ? 0 : OWN_EPOCH));
    if (!isOfLineage) this.text(lineage);
    if (!isOfEpoch) {
      this.count(term);
      this.count(start);
    }
    this.count(version);
    this.text(digest);
  }

  payload(payload: Payload): void {
    const { bytes, checksum, body } = payload;
    const isInline = body instanceof Uint8Array;
    this.flag(isInline);
    this.count(bytes);
    this.text(checksum);
    if (!isInline) return;
    this.#bodies.push(body);
    this.#bodyBytes += body.length;
  }

  links(links: readonly DeltaLink[]): void {
    this.count(links.length);
    for (const link of links) {
      this.point(link.from);
      this.point(link.to);
      this.word(DURABILITIES, link.durability);
      this.flag(link.payload !== undefined);
      if (link.payload !== undefined) this.payload(link.payload);
    }
  }

  names(names: readonly string[]): void {
    this.count(names.length);
    for (const name of names) this.text(name);
  }

  prepared(prepared: PreparedRound): void {
    this.text(prepared.round);
    this.point(prepared.from);
    this.point(prepared.to);
    this.count(prepared.epoch.term);
    this.count(prepared.epoch.start);
    this.text(prepared.incarnation);
    this.count(prepared.sequence);
  }
}
