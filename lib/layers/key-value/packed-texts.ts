/**
 * The values of one block of a snapshot, left as the bytes that came: a slave that takes a large
 * state neither decodes nor copies them, and most are never read. A value is cut out when
 * somebody wants it. The bytes live as long as one of their texts does, so the table copies the
 * rest out once most of them was replaced.
 */
import { platform } from '#platform';

export class PackedTexts {
  /** Owners of the texts, in order. */
  readonly keys: readonly string[];
  readonly #bytes: Uint8Array;
  /** Where each text begins, and where the last one ends. */
  readonly #starts: Uint32Array;
  readonly #firstPlace: number;
  #bytesLive: number;

  /** @param firstPlace place of the cell that holds the first text */
  constructor(keys: readonly string[], bytes: Uint8Array, starts: Uint32Array, firstPlace: number) {
    this.keys = keys;
    this.#bytes = bytes;
    this.#starts = starts;
    this.#firstPlace = firstPlace;
    this.#bytesLive = this.#start(firstPlace + keys.length) - this.#start(firstPlace);
  }

  /** The UTF-8 of the text of the cell at `place`; not to be written to. */
  bytesAt(place: number): Uint8Array {
    return this.#bytes.subarray(this.#start(place), this.#start(place + 1));
  }

  textAt(place: number): string {
    return platform.utf8Decode(this.#bytes, this.#start(place), this.#start(place + 1));
  }

  /** The cell at `place` has another value now. True when the rest should be copied out. */
  drop(place: number): boolean {
    this.#bytesLive -= this.#start(place + 1) - this.#start(place);
    return this.#bytesLive * 2 < this.#bytes.length;
  }

  #start(place: number): number {
    return this.#starts[place - this.#firstPlace] as number;
  }
}
