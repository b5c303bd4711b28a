/**
 * Finds where a text stops being JSON. `JSON.parse` is the judge; this only tells people the place,
 * which the engine's own message has in some versions and cases and not in others.
 */

/** The place of an error: line and column from 1, and what was expected there. */
export interface JsonErrorPlace {
  readonly line: number;
  readonly column: number;
  readonly expected: string;
}

const SPACE = /[ \t\n\r]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

const IN_STRING = 'the rest of a text in double quotes, on this line and with valid escapes';
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

type Container = '{' | '[';
/** What may come next. `first-*` also allows the end of an empty container. */
type Wanted = 'value' | 'first-value' | 'first-key' | 'key' | 'colon' | 'next';

const EXPECTED: Readonly<Record<Wanted, string>> = {
  value: 'a value',
  'first-value': 'a value or "]"',
  'first-key': 'a key in double quotes or "}"',
  key: 'a key in double quotes',
  colon: '":"',
  next: '"," or the end of the object or array',
};

class Scanner {
  readonly #text: string;
  readonly #open: Container[] = [];
  #at = 0;
  #wanted: Wanted | 'end' = 'value';
  /** A string began and broke off. */
  #inString = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** The first offset at which no JSON text can go on, or null. */
  scan(): { readonly offset: number; readonly expected: string } | null {
    for (;;) {
      this.#take(SPACE);
      const wanted = this.#wanted;
      const done = this.#at >= this.#text.length;
      if (wanted === 'end') {
        return done ? null : { offset: this.#at, expected: 'the end of the file' };
      }
      if (!done && this.#step(wanted)) continue;
      const expected = this.#inString ? IN_STRING : EXPECTED[wanted];
      return { offset: this.#at, expected };
    }
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    if (!pattern.test(this.#text)) return false;
    this.#at = pattern.lastIndex;
    return true;
  }

  /** By hand: a pattern that repeats alternatives runs out of stack on strings of megabytes. */
  #takeString(): boolean {
    const text = this.#text;
    if (text[this.#at] !== '"') return false;
    this.#at += 1;
    this.#inString = true;
    for (;;) {
      const code = text.charCodeAt(this.#at);
      // Also at the end of the text, where it is NaN.
      if (!(code >= 0x20)) return false;
      if (code === BACKSLASH) {
        if (!this.#take(ESCAPE)) return false;
        continue;
      }
      this.#at += 1;
      if (code !== QUOTE) continue;
      this.#inString = false;
      return true;
    }
  }

  #step(wanted: Wanted): boolean {
    const character = this.#text[this.#at];
    if (wanted === 'colon') return this.#advance(character === ':', 'value');
    if (wanted === 'next') return this.#separator(character);
    if (wanted === 'first-value' && character === ']') return this.#close();
    if (wanted === 'first-key' && character === '}') return this.#close();
    if (wanted === 'key' || wanted === 'first-key') {
      const taken = this.#takeString();
      if (taken) this.#wanted = 'colon';
      return taken;
    }
    if (character === '{' || character === '[') {
      this.#open.push(character);
      return this.#advance(true, character === '{' ? 'first-key' : 'first-value');
    }
    const taken = this.#takeString() || this.#take(SCALAR);
    if (taken) this.#wanted = this.#open.length === 0 ? 'end' : 'next';
    return taken;
  }

  #separator(character: string | undefined): boolean {
    const inObject = this.#open.at(-1) === '{';
    if (character === ',') return this.#advance(true, inObject ? 'key' : 'value');
    return character === (inObject ? '}' : ']') && this.#close();
  }

  #close(): boolean {
    this.#open.pop();
    return this.#advance(true, this.#open.length === 0 ? 'end' : 'next');
  }

  #advance(fits: boolean, wanted: Wanted | 'end'): boolean {
    if (!fits) return false;
    this.#at += 1;
    this.#wanted = wanted;
    return true;
  }
}

/** Line and column, from 1, of an offset. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const lines = before.split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

/** Where `text` stops being JSON; null when nothing wrong is found. */
export function locateJsonError(text: string): JsonErrorPlace | null {
  const found = new Scanner(text).scan();
  return found === null ? null : { ...placeOf(text, found.offset), expected: found.expected };
}
