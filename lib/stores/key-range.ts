/** Keys are text, ordered by their UTF-8 bytes, which is the order of code points. */
import { ReplicationError } from '../errors.js';

const SURROGATE_FIRST = 0xd800;
const SURROGATE_LAST = 0xdfff;
const CODE_POINT_MAX = 0x10ffff;

/**
 * The smallest text above every key that starts with `prefix`; undefined when there is none
 * (an empty prefix, or one of highest code points only). Appending some high character instead
 * would miss keys that go on after it.
 */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix, (letter) => letter.codePointAt(0) as number);
  while (points.length > 0) {
    const last = points.pop() as number;
    if (last === CODE_POINT_MAX) continue;
    // Surrogates are no characters of their own and have no UTF-8 form.
    const next = last + 1 === SURROGATE_FIRST ? SURROGATE_LAST + 1 : last + 1;
    return String.fromCodePoint(...points, next);
  }
  return undefined;
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * UTF-8 turns every lone surrogate into U+FFFD: two such keys would become one without a word.
 * @throws {ReplicationError} INVALID_OPTION; nothing is written then.
 */
export function checkKey(key: string): void {
  if (!LONE_SURROGATE.test(key)) return;
  const message = `The key ${JSON.stringify(key)} has half a surrogate pair: no UTF-8 carries it`;
  throw new ReplicationError('INVALID_OPTION', message);
}
