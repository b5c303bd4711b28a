/** Words of bytes as small numbers, so that an index of lines holds no strings. */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export class Names {
  /** By hash; a hash that two words share leads to both. */
  readonly #buckets = new Map<number, number[]>();
  readonly #words: string[] = [''];
  readonly #codes = new Map<string, number>([['', 0]]);
  readonly #decoder = new TextDecoder();

  /** The number of a word in `bytes`; 0 is the empty word. */
  intern(bytes: Uint8Array, start: number, end: number): number {
    if (start >= end) return 0;
    let hash = FNV_OFFSET;
    for (let place = start; place < end; place += 1) {
      hash = Math.imul(hash ^ (bytes[place] ?? 0), FNV_PRIME);
    }
    const bucket = this.#buckets.get(hash);
    const known = bucket?.find((code) => this.#equals(code, bytes, start, end));
    if (known !== undefined) return known;
    const code = this.codeOf(this.#decoder.decode(bytes.subarray(start, end)));
    if (bucket === undefined) this.#buckets.set(hash, [code]);
    else bucket.push(code);
    return code;
  }

  /** The number of a word, which gets one when it has none. */
  codeOf(word: string): number {
    const known = this.#codes.get(word);
    if (known !== undefined) return known;
    const code = this.#words.length;
    this.#words.push(word);
    this.#codes.set(word, code);
    return code;
  }

  /** Undefined for a word that never came. */
  find(word: string): number | undefined {
    return this.#codes.get(word);
  }

  wordOf(code: number): string {
    return this.#words[code] ?? '';
  }

  /** Ids are short and plain, so letter by letter is fast enough. */
  #equals(code: number, bytes: Uint8Array, start: number, end: number): boolean {
    const word = this.wordOf(code);
    if (word.length !== end - start) return false;
    for (let place = start; place < end; place += 1) {
      if (word.charCodeAt(place - start) !== bytes[place]) return false;
    }
    return true;
  }
}
