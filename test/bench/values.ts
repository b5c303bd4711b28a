/** The values that every contestant carries: the same plain objects, of an exact length as JSON. */

export interface Value {
  /** Nine digits, one more for each update: tells which update a copy shows. */
  readonly sequence: number;
  readonly group: string;
  readonly isActive: boolean;
  readonly note: string;
}

/** Keeps every sequence at nine digits, so that all values are equally long. */
export const SEQUENCE_FIRST = 100_000_000;
const NOTES = 1024;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const SHELL_BYTES = JSON.stringify({
  sequence: SEQUENCE_FIRST,
  group: 'settings',
  isActive: true,
  note: '',
}).length;

/** Shortest value there is: the object with an empty note. */
export const VALUE_BYTES_MIN = SHELL_BYTES;

function notesOf(length: number): string[] {
  let state = 4711;
  return Array.from({ length: NOTES }, () => {
    const letters = Array.from({ length }, () => {
      // A linear congruence: incompressible enough, and the same in every process.
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return LETTERS[state >>> 26];
    });
    // Joined, so that it is one piece: a text grown letter by letter is a chain of as many parts,
    // walked anew each time a longer text around it is written out (limit, 1 KB: a quarter).
    return letters.join('');
  });
}

export class Values {
  readonly #notes: readonly string[];

  /** @param valueBytes length of each value as JSON, at least `VALUE_BYTES_MIN` */
  constructor(valueBytes: number) {
    if (valueBytes < SHELL_BYTES) throw new Error(`a value has at least ${SHELL_BYTES} bytes`);
    this.#notes = notesOf(valueBytes - SHELL_BYTES);
  }

  /** A fresh object, as an application would hand over; two neighbours differ in all they can. */
  make(sequence: number): Value {
    const note = this.#notes[sequence % NOTES] as string;
    return { sequence, group: 'settings', isActive: true, note };
  }
}

/** The same text as `JSON.stringify`, for the limit program, which writes its encoders by hand. */
export function textOf({ sequence, group, isActive, note }: Value): string {
  return `{"sequence":${sequence},"group":"${group}","isActive":${isActive},"note":"${note}"}`;
}

/** Names of `count` keys. */
export function keysOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `key-${index}`);
}
