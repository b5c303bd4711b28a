/**
 * The form of a structural difference: a tree of these nodes, plain arrays so that the codec
 * carries it as it is. Numbers are places in the old container.
 */

/** The new value itself. */
export type ReplaceNode = readonly ['=', value: unknown];
/** The old value, unchanged; only where a key moved. */
export type KeepNode = readonly ['k'];
/**
 * What is not named stays, in its old order; what is appended comes after it. Appending a key
 * that is there moves it to the end. `K` is a key; in a Map a place, or a new key in an array.
 */
export type ObjectNode = readonly [
  'o',
  removed: readonly string[],
  changed: ReadonlyArray<readonly [key: string, node: PatchNode]>,
  appended: ReadonlyArray<readonly [key: string, node: PatchNode]>,
];
export type MapNode = readonly [
  'm',
  removed: readonly number[],
  changed: ReadonlyArray<readonly [place: number, node: PatchNode]>,
  appended: ReadonlyArray<readonly [key: number | readonly [unknown], node: PatchNode]>,
];
export type SetNode = readonly [
  's',
  removed: readonly number[],
  appended: ReadonlyArray<number | readonly [unknown]>,
];
/** First `changed`, element by element, then the splices; all places are those of the old array. */
export type ArrayNode = readonly [
  'a',
  changed: ReadonlyArray<readonly [place: number, node: PatchNode]>,
  splices: ReadonlyArray<readonly [start: number, removed: number, inserted: readonly unknown[]]>,
];

export type PatchNode = ReplaceNode | KeepNode | ObjectNode | MapNode | SetNode | ArrayNode;

export const KEEP: KeepNode = ['k'];

/** Keys like `12` come first in every object, whenever they were added. */
export function isIndexKey(key: string): boolean {
  if (key.length > 10 || !/^(?:0|[1-9]\d*)$/.test(key)) return false;
  return Number(key) < 2 ** 32 - 1;
}
