/** Which parts of an old sequence can stay where they are in a new one. */

/** How the keys of a container came to the next: what stays, and what comes after it. */
export interface KeyAlignment<K> {
  readonly removed: ReadonlyArray<readonly [key: K, place: number]>;
  readonly kept: ReadonlyArray<readonly [key: K, place: number]>;
  /** Place -1: the key is new. Else it moved to the end. */
  readonly appended: ReadonlyArray<readonly [key: K, place: number]>;
}

/**
 * A container can only be appended to. So what stays is the longest beginning of the new order
 * that is still in the old order; everything after that is appended again, as it stands.
 * `isOrdered` is false for keys that have no say in the order.
 */
export function alignKeys<K>(
  oldKeys: readonly K[],
  nextKeys: readonly K[],
  isOrdered: (key: K) => boolean,
): KeyAlignment<K> {
  const places = new Map(oldKeys.map((key, place) => [key, place]));
  const kept: Array<readonly [K, number]> = [];
  const appended: Array<readonly [K, number]> = [];
  let last = -1;
  let inOrder = true;
  for (const key of nextKeys) {
    const place = places.get(key) ?? -1;
    if (!isOrdered(key)) {
      (place >= 0 ? kept : appended).push([key, place]);
    } else if (inOrder && place > last) {
      kept.push([key, place]);
      last = place;
    } else {
      inOrder = false;
      appended.push([key, place]);
    }
    places.delete(key);
  }
  return { removed: [...places], kept, appended };
}

/** Pairs of places at which old and next hold the very same element, both ascending. */
export type Match = readonly [oldPlace: number, nextPlace: number];

/** The longest ascending run of `places`, as indices into it (patience sorting). */
function longestAscending(places: readonly number[]): number[] {
  const tails: number[] = [];
  const before = new Int32Array(places.length).fill(-1);
  places.forEach((place, index) => {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((places[tails[middle] as number] as number) < place) low = middle + 1;
      else high = middle;
    }
    if (low > 0) before[index] = tails[low - 1] as number;
    tails[low] = index;
  });
  const run: number[] = [];
  for (let at = tails.at(-1) ?? -1; at >= 0; at = before[at] as number) run.push(at);
  return run.reverse();
}

/**
 * Matches elements of `old[oldStart, oldEnd)` and `next[nextStart, nextEnd)` that are identical:
 * the same primitive or the very same object, as structural sharing leaves them.
 */
export function matchElements(
  old: readonly unknown[],
  next: readonly unknown[],
  [oldStart, oldEnd]: readonly [number, number],
  [nextStart, nextEnd]: readonly [number, number],
): readonly Match[] {
  const places = new Map<unknown, number[]>();
  for (let place = oldEnd - 1; place >= oldStart; place -= 1) {
    const list = places.get(old[place]);
    if (list === undefined) places.set(old[place], [place]);
    else list.push(place);
  }
  const oldPlaces: number[] = [];
  const nextPlaces: number[] = [];
  for (let place = nextStart; place < nextEnd; place += 1) {
    const list = places.get(next[place]);
    const oldPlace = list?.at(-1);
    // A Map takes -0 for 0.
    if (oldPlace === undefined || !Object.is(old[oldPlace], next[place])) continue;
    list?.pop();
    oldPlaces.push(oldPlace);
    nextPlaces.push(place);
  }
  return longestAscending(oldPlaces).map((index) => [
    oldPlaces[index] as number,
    nextPlaces[index] as number,
  ]);
}
