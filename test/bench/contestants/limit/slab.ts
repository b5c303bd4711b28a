/** One buffer that frames are appended to until the turn of the event loop ends. */

const SLAB_BYTES = 256 * 1024;

export class Slab {
  bytes = Buffer.allocUnsafe(SLAB_BYTES);
  used = 0;
  #isScheduled = false;

  /** @param send gets all frames of a turn as one buffer, which is not written to any more */
  constructor(private readonly send: (batch: Buffer) => void) {}

  /** Makes room for `length` bytes and answers where they begin. */
  reserve(length: number): number {
    if (this.used + length > this.bytes.length) this.#renew(length);
    const at = this.used;
    this.used += length;
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(this.#flushTurn);
    }
    return at;
  }

  flush(): void {
    if (this.used === 0) return;
    const batch = this.bytes.subarray(0, this.used);
    // The rest of a slab serves the next turns: what was sent stays as it is.
    this.bytes = this.bytes.subarray(this.used);
    this.used = 0;
    this.send(batch);
  }

  readonly #flushTurn = (): void => {
    this.#isScheduled = false;
    this.flush();
  };

  #renew(length: number): void {
    this.flush();
    if (this.bytes.length < length) {
      this.bytes = Buffer.allocUnsafe(Math.max(SLAB_BYTES, length));
    }
  }
}
