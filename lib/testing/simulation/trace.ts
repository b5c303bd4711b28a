/** What happened, in order, and a hash of it: two runs of one seed must give the same. */

const FNV_PRIME = 0x01000193;

/** Two independent 32-bit lanes; a difference between two runs is no adversary. */
export class Trace {
  readonly #now: () => number;
  readonly #lines: string[] | null;
  #high = 0x811c9dc5;
  #low = 0x9747b28c;
  events = 0;

  /** @param keepsLines false keeps only the hash: a thousand seeds need no thousand texts */
  constructor(now: () => number, keepsLines: boolean) {
    this.#now = now;
    this.#lines = keepsLines ? [] : null;
  }

  get lines(): readonly string[] {
    return this.#lines ?? [];
  }

  get hash(): string {
    const hex = (word: number) => (word >>> 0).toString(16).padStart(8, '0');
    return hex(this.#high) + hex(this.#low);
  }

  note(what: string): void {
    const line = `${this.#now().toFixed(3).padStart(12)} ${what}`;
    this.events += 1;
    this.#lines?.push(line);
    for (let index = 0; index < line.length; index += 1) this.#mix(line.charCodeAt(index));
  }

  /** Only hashed: frames and batches are too many to read. */
  bytes(what: string, bytes: Uint8Array): void {
    this.events += 1;
    for (let index = 0; index < what.length; index += 1) this.#mix(what.charCodeAt(index));
    this.#mix(bytes.length);
    for (const byte of bytes) this.#mix(byte);
  }

  #mix(word: number): void {
    this.#high = Math.imul(this.#high ^ word, FNV_PRIME);
    this.#low = Math.imul(this.#low ^ (word + 0x9e37), FNV_PRIME);
    this.#low ^= this.#low >>> 15;
  }
}
