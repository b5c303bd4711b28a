/** Millions of edges of a graph as plain numbers, and distances against their direction. */

const FIRST_CAPACITY = 1 << 16;

export class EdgeList {
  #from = new Int32Array(FIRST_CAPACITY);
  #to = new Int32Array(FIRST_CAPACITY);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(from: number, to: number): void {
    if (this.#size === this.#from.length) {
      this.#from = grown(this.#from);
      this.#to = grown(this.#to);
    }
    this.#from[this.#size] = from;
    this.#to[this.#size] = to;
    this.#size += 1;
  }

  /** Steps from each of `count` nodes to the nearest target; -1 where there is no way to any. */
  distancesTo(targets: readonly number[], count: number): Int32Array {
    const { offsets, sources } = this.#reversed(count);
    const distances = new Int32Array(count).fill(-1);
    const queue = new Int32Array(count);
    let length = 0;
    for (const target of targets) {
      distances[target] = 0;
      queue[length] = target;
      length += 1;
    }
    for (let head = 0; head < length; head += 1) {
      const node = queue[head] as number;
      const next = (distances[node] as number) + 1;
      for (let at = offsets[node] as number; at < (offsets[node + 1] as number); at += 1) {
        const source = sources[at] as number;
        if ((distances[source] as number) >= 0) continue;
        distances[source] = next;
        queue[length] = source;
        length += 1;
      }
    }
    return distances;
  }

  /** Sources grouped by their target: those of node `n` from `offsets[n]` to `offsets[n + 1]`. */
  #reversed(count: number): { readonly offsets: Int32Array; readonly sources: Int32Array } {
    const offsets = new Int32Array(count + 1);
    for (let at = 0; at < this.#size; at += 1) {
      const slot = (this.#to[at] as number) + 1;
      offsets[slot] = (offsets[slot] as number) + 1;
    }
    for (let node = 0; node < count; node += 1) {
      offsets[node + 1] = (offsets[node + 1] as number) + (offsets[node] as number);
    }
    const places = offsets.slice();
    const sources = new Int32Array(this.#size);
    for (let at = 0; at < this.#size; at += 1) {
      const target = this.#to[at] as number;
      const place = places[target] as number;
      sources[place] = this.#from[at] as number;
      places[target] = place + 1;
    }
    return { offsets, sources };
  }
}

function grown(numbers: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * numbers.length);
  larger.set(numbers);
  return larger;
}
