/** Texts that come back from UTF-8 as they were. */

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Whether UTF-8 carries the text: half a surrogate pair would come back as another character. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}
