/** Typed columns that grow at their end and are cut at their beginning. */

type Numbers = Float64Array | Uint32Array | Uint8Array;

const FIRST_CAPACITY = 4096;

export class Column<T extends Numbers> {
  readonly #make: (length: number) => T;
  #values: T;
  #length = 0;

  constructor(make: (length: number) => T) {
    this.#make = make;
    this.#values = make(FIRST_CAPACITY);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) this.#grow();
    this.#values[this.#length] = value;
    this.#length += 1;
  }

  get(index: number): number {
    return this.#values[index] ?? 0;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  /** Forgets the first `count`; what follows moves to the front. */
  cut(count: number): void {
    this.#values.copyWithin(0, count, this.#length);
    this.#length -= count;
  }

  at(index: number): number | undefined {
    return index < this.#length && index >= 0 ? this.#values[index] : undefined;
  }

  /** First index whose value is above `value`, in a column that never falls. */
  firstAbove(value: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#values[middle] ?? 0) <= value) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(): void {
    const wider = this.#make(this.#values.length * 2);
    wider.set(this.#values);
    this.#values = wider;
  }
}

export const doubles = (): Column<Float64Array> => new Column((length) => new Float64Array(length));
export const words = (): Column<Uint32Array> => new Column((length) => new Uint32Array(length));
export const octets = (): Column<Uint8Array> => new Column((length) => new Uint8Array(length));
