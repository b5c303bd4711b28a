/**
 * A growing byte writer and a checking reader: the frame of every binary form in lib/layers. The
 * reader trusts no length it reads; each is held against what is really there before anything is
 * allocated for it (reliability F9).
 */
import { platform } from '#platform';
import { ReplicationError } from '../errors.js';

const VARINT_BYTES_MAX = 8;

/** Collects bytes; `finish` hands out exactly what was written. */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  /** `bytesExpected` only saves copies; the writer grows as needed. */
  constructor(bytesExpected = 64) {
    this.#bytes = new Uint8Array(Math.max(16, bytesExpected));
  }

  get length(): number {
    return this.#length;
  }

  #reserve(bytesMore: number): void {
    const needed = this.#length + bytesMore;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  byte(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
    return this;
  }

  /** A safe integer >= 0, seven bits to a byte, the lowest first. */
  varint(value: number): this {
    this.#reserve(VARINT_BYTES_MAX);
    let rest = value;
    // Shifts work on 32 bits only, versions have 53.
    while (rest >= 0x80) {
      this.#bytes[this.#length] = (rest % 0x80) | 0x80;
      this.#length += 1;
      rest = rest < 0x80000000 ? rest >>> 7 : Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length] = rest;
    this.#length += 1;
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return this;
  }

  /** UTF-8 without a length: for the last field, or one whose length stands elsewhere. */
  text(text: string): this {
    // Three bytes per UTF-16 unit is the worst case. The exact length costs a pass over the text,
    // but room for the worst case would be three times the memory, filled with zeros.
    const hasRoom = this.#length + text.length * 3 <= this.#bytes.length;
    if (!hasRoom) this.#reserve(platform.utf8Length(text));
    this.#length += platform.utf8Write(this.#bytes, text, this.#length);
    return this;
  }

  /** The bytes written; they are the caller's own only until the writer is used again. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

/** Reads what `ByteWriter` wrote, or refuses. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #what: string;
  #at = 0;

  /** `what` names the bytes in error messages. */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  get rest(): number {
    return this.#bytes.length - this.#at;
  }

  get offset(): number {
    return this.#at;
  }

  /** @throws {ReplicationError} PROTOCOL always. */
  fail(problem: string): never {
    throw new ReplicationError('PROTOCOL', `${this.#what}: ${problem} at byte ${this.#at}`);
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) return this.fail('it ends too early');
    this.#at += 1;
    return value;
  }

  varint(): number {
    let value = this.byte();
    if (value < 0x80) return value;
    value -= 0x80;
    let scale = 0x80;
    for (let count = 1; count < VARINT_BYTES_MAX; count += 1) {
      const next = this.byte();
      value += (next & 0x7f) * scale;
      if (next < 0x80) {
        if (!Number.isSafeInteger(value)) this.fail('a number is out of range');
        return value;
      }
      scale *= 0x80;
    }
    return this.fail('a number does not end');
  }

  /** A count of things that take at least `bytesEach`: more than could be there is refused. */
  count(bytesEach: number): number {
    const count = this.varint();
    if (count * bytesEach > this.rest) this.fail(`it promises ${count} parts that are not there`);
    return count;
  }

  /** A view of the next `length` bytes, not a copy. */
  raw(length: number): Uint8Array {
    if (length > this.rest) this.fail(`it promises ${length} bytes that are not there`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** UTF-8; what is not valid UTF-8 reads as U+FFFD. */
  text(length: number): string {
    if (length > this.rest) this.fail(`it promises ${length} bytes that are not there`);
    this.#at += length;
    return platform.utf8Decode(this.#bytes, this.#at - length, this.#at);
  }

  end(): void {
    if (this.rest !== 0) this.fail(`${this.rest} bytes follow its end`);
  }
}
