/** Cuts a stream into frames: a length of 32 bits, then that many bytes. */

const HEADER_BYTES = 4;

export class FrameReader {
  #rest: Buffer | null = null;

  /** @param take gets each frame where it lies; the bytes are valid during the call only */
  constructor(private readonly take: (bytes: Buffer, start: number, end: number) => void) {}

  push(chunk: Buffer): void {
    const bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const start = at + HEADER_BYTES;
      const end = start + bytes.readUInt32LE(at);
      if (end > bytes.length) break;
      this.take(bytes, start, end);
      at = end;
    }
    // A copy: the chunk may lie in a buffer that the next read fills again.
    this.#rest = at === bytes.length ? null : Buffer.from(bytes.subarray(at));
  }
}
