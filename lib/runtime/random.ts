/** Seeded randomness for simulations: the same seed and stream always give the same numbers. */

/** Like `Math.random`: a number from 0 up to, never reaching, 1. */
export type Random = () => number;

/** 32 well-mixed bits of a text; `salt` makes independent words of one text. */
function mixText(text: string, salt: number): number {
  let hash = 0x9e3779b9 ^ Math.imul(salt + 1, 0x85ebca6b);
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/**
 * A generator (sfc32) of its own for each `stream`, so that drawing from one never shifts another:
 * a run stays the same when somebody adds a fault elsewhere.
 */
export function seededRandom(seed: string | number, stream = ''): Random {
  const text = `${seed}\u0000${stream}`;
  let a = mixText(text, 0);
  let b = mixText(text, 1);
  let c = mixText(text, 2);
  let counter = 1;
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 0x1_0000_0000;
  };
  // The first numbers still resemble the seed; the generator asks for a dozen to be thrown away.
  for (let warm = 0; warm < 12; warm += 1) next();
  return next;
}
