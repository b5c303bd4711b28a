/**
 * The checksum of every data entry by its key, at about 25 bytes an entry. A `Map` takes
 * almost three times that, and asking the engine for the old value costs every write a read (both
 * measured: docs/guides/stores.md). Keys are known by a 64-bit hash only: among a million keys two
 * collide with a chance of 3e-8, and then the sum fails loudly, not silently. The hash is seeded
 * anew in each process, so no peer can choose keys that collide.
 */
const SLOTS_MIN = 64;

export class ChecksumTable {
  readonly #seedHigh = Math.floor(Math.random() * 2 ** 32);
  readonly #seedLow = Math.floor(Math.random() * 2 ** 32);
  #high = new Uint32Array(SLOTS_MIN);
  #low = new Uint32Array(SLOTS_MIN);
  #checksums = new Uint32Array(SLOTS_MIN);
  #size = 0;
  #hashHigh = 0;
  #hashLow = 0;

  get size(): number {
    return this.#size;
  }

  /** Sets the checksum of `key`; returns the one before, if it had one. */
  set(key: string, checksum: number): number | undefined {
    if (this.#size * 10 >= this.#checksums.length * 7) this.#grow();
    this.#hash(key);
    const slot = this.#find(this.#hashHigh, this.#hashLow);
    const known = this.#high[slot] !== 0;
    const before = known ? this.#checksums[slot] : undefined;
    if (!known) this.#size += 1;
    this.#put(slot, this.#hashHigh, this.#hashLow, checksum);
    return before;
  }

  /** Removes `key`; returns its checksum, if it had one. */
  delete(key: string): number | undefined {
    this.#hash(key);
    const slot = this.#find(this.#hashHigh, this.#hashLow);
    if (this.#high[slot] === 0) return undefined;
    const before = this.#checksums[slot];
    this.#size -= 1;
    this.#closeGap(slot);
    return before;
  }

  #put(slot: number, high: number, low: number, checksum: number): void {
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#checksums[slot] = checksum;
  }

  /** The slot of this hash, or the free one where it belongs (a high half of 0 marks free). */
  #find(high: number, low: number): number {
    const mask = this.#checksums.length - 1;
    let slot = low & mask;
    while (this.#high[slot] !== 0 && (this.#high[slot] !== high || this.#low[slot] !== low)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  /** Moves later entries of the same run back, so that no search ends early at the gap. */
  #closeGap(from: number): void {
    const mask = this.#checksums.length - 1;
    let gap = from;
    let slot = (from + 1) & mask;
    while (this.#high[slot] !== 0) {
      const low = this.#low[slot] as number;
      const distance = (slot - low) & mask;
      if (distance >= ((slot - gap) & mask)) {
        this.#put(gap, this.#high[slot] as number, low, this.#checksums[slot] as number);
        gap = slot;
      }
      slot = (slot + 1) & mask;
    }
    this.#high[gap] = 0;
  }

  #grow(): void {
    const [high, low, checksums] = [this.#high, this.#low, this.#checksums];
    const slots = checksums.length * 2;
    this.#high = new Uint32Array(slots);
    this.#low = new Uint32Array(slots);
    this.#checksums = new Uint32Array(slots);
    for (let index = 0; index < checksums.length; index += 1) {
      const oldHigh = high[index] as number;
      if (oldHigh === 0) continue;
      const oldLow = low[index] as number;
      this.#put(this.#find(oldHigh, oldLow), oldHigh, oldLow, checksums[index] as number);
    }
  }

  /** Two independent 32-bit lanes over the UTF-16 units, left in fields to allocate nothing. */
  #hash(key: string): void {
    let high = this.#seedHigh;
    let low = this.#seedLow;
    for (let index = 0; index < key.length; index += 1) {
      const unit = key.charCodeAt(index);
      high = Math.imul(high ^ unit, 0x85ebca6b);
      high ^= high >>> 15;
      low = Math.imul(low ^ unit, 0xc2b2ae35);
      low ^= low >>> 13;
    }
    high = Math.imul(high ^ (high >>> 16), 0x27d4eb2f);
    low = Math.imul(low ^ (low >>> 16), 0x165667b1);
    this.#hashHigh = (high ^ (high >>> 15)) >>> 0 || 1;
    this.#hashLow = (low ^ (low >>> 15)) >>> 0;
  }
}
