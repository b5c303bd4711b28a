/** Reads LevelDB's numbers from bytes; running off the end throws a RangeError. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    if (start < 0 || end > bytes.length || start > end)
      throw new RangeError('outside of the bytes');
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get atEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** Seven bits a byte, the lowest first; exact up to 2^53, which no offset or number exceeds. */
  varint(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 70; factor *= 128) {
      if (this.atEnd) break;
      const byte = this.#bytes[this.#at] as number;
      this.#at += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new RangeError('no number here');
  }

  skip(length: number): void {
    if (length > this.#end - this.#at) throw new RangeError('a length runs past the end');
    this.#at += length;
  }
}

/** Four bytes, the lowest first, unsigned. */
export function fixed32(bytes: Uint8Array, at: number): number {
  const [a, b, c, d] = bytes.subarray(at, at + 4);
  if (d === undefined) throw new RangeError('outside of the bytes');
  return ((a ?? 0) | ((b ?? 0) << 8) | ((c ?? 0) << 16) | (d << 24)) >>> 0;
}
