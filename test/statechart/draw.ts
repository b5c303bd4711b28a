/** Random choices by a seed; the same seed draws the same. */
import { type Random, seededRandom } from '../../lib/runtime/random.js';

export class Draw {
  readonly #random: Random;

  constructor(seed: string | number, stream: string) {
    this.#random = seededRandom(seed, stream);
  }

  /** An integer from 0 up to, without, `end`. */
  below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  pick<Value>(values: readonly [Value, ...Value[]] | readonly Value[]): Value {
    if (values.length === 0) throw new RangeError('nothing to pick from');
    return values[this.below(values.length)] as Value;
  }

  /** As many as drawn, at most `max`. */
  several<Value>(max: number, make: () => Value): Value[] {
    return Array.from({ length: this.below(max + 1) }, make);
  }

  shuffled<Value>(values: readonly Value[]): Value[] {
    const left = [...values];
    return values.map(() => left.splice(this.below(left.length), 1)[0] as Value);
  }
}
