/**
 * The structural difference of two immutable trees. Subtrees that both share by reference are
 * never entered, so that it costs what changed, as long as the trees share what did not.
 */

import { isHostileKey } from '../../codec/keys.js';
import { ReplicationError } from '../../errors.js';
import { alignKeys, matchElements } from './align.js';
import { isSame, kindOf, sameLeaf } from './kinds.js';
import { isIndexKey, KEEP, type PatchNode } from './patch-node.js';

/** Asked about every value that enters the tree; throws for what must not. */
export type Inspect = (value: unknown, path: readonly unknown[]) => void;

type Changed<K> = Array<readonly [K, PatchNode]>;
type Table = Readonly<Record<string, unknown>>;

/** `value.list[3]`, as error messages name places. */
export function pathText(path: readonly unknown[]): string {
  const parts = path.map((key) => {
    if (typeof key === 'string') return `.${key}`;
    return typeof key === 'number' ? `[${key}]` : '[object]';
  });
  return `value${parts.join('')}`;
}

class Differ {
  readonly #inspect: Inspect;
  readonly #path: unknown[] = [];

  constructor(inspect: Inspect) {
    this.#inspect = inspect;
  }

  #refuse(problem: string): never {
    throw new ReplicationError('INVALID_OPTION', `${pathText(this.#path)}: ${problem}`);
  }

  #replace(value: unknown): PatchNode {
    this.#inspect(value, this.#path);
    return ['=', value];
  }

  /** The node that makes `next` of `old`; undefined where they are the same. */
  at(old: unknown, next: unknown): PatchNode | undefined {
    if (Object.is(old, next)) return undefined;
    const kind = kindOf(next);
    if (kind !== kindOf(old)) return this.#replace(next);
    switch (kind) {
      case 'object':
        return this.#objects(old as Table, next as Table);
      case 'array':
        return this.#arrays(old as readonly unknown[], next as readonly unknown[]);
      case 'map':
        return this.#maps(old as Map<unknown, unknown>, next as Map<unknown, unknown>);
      case 'set':
        return this.#sets(old as Set<unknown>, next as Set<unknown>);
      default:
        return sameLeaf(old, next) ? undefined : this.#replace(next);
    }
  }

  #below(key: unknown, old: unknown, next: unknown): PatchNode | undefined {
    if (Object.is(old, next)) return undefined;
    this.#path.push(key);
    const node = this.at(old, next);
    this.#path.pop();
    return node;
  }

  /** A value that comes in under `key`. */
  #enter(key: unknown, value: unknown): PatchNode {
    this.#path.push(key);
    if (typeof key === 'string' && isHostileKey(key, value)) {
      this.#refuse('this key could change a prototype, rename it');
    }
    const node = this.#replace(value);
    this.#path.pop();
    return node;
  }

  #objects(old: Table, next: Table): PatchNode | undefined {
    if (Object.getOwnPropertySymbols(next).length > 0) {
      this.#refuse('a key that is a symbol cannot be replicated');
    }
    const { removed, kept, appended } = alignKeys(
      Object.keys(old),
      Object.keys(next),
      (key) => !isIndexKey(key),
    );
    const changed: Changed<string> = [];
    for (const [key] of kept) {
      const node = this.#below(key, old[key], next[key]);
      if (node !== undefined) changed.push([key, node]);
    }
    const added: Changed<string> = appended.map(([key, place]) => [
      key,
      place < 0 ? this.#enter(key, next[key]) : (this.#below(key, old[key], next[key]) ?? KEEP),
    ]);
    if (removed.length + changed.length + added.length === 0) return undefined;
    return ['o', removed.map(([key]) => key), changed, added];
  }

  #maps(old: Map<unknown, unknown>, next: Map<unknown, unknown>): PatchNode | undefined {
    const { removed, kept, appended } = alignKeys([...old.keys()], [...next.keys()], () => true);
    const changed: Changed<number> = [];
    for (const [key, place] of kept) {
      const node = this.#below(key, old.get(key), next.get(key));
      if (node !== undefined) changed.push([place, node]);
    }
    const added: Changed<number | readonly [unknown]> = appended.map(([key, place]) => {
      if (place >= 0) return [place, this.#below(key, old.get(key), next.get(key)) ?? KEEP];
      this.#inspect(key, this.#path);
      return [[key], this.#replace(next.get(key))];
    });
    if (removed.length + changed.length + added.length === 0) return undefined;
    return ['m', removed.map(([, place]) => place), changed, added];
  }

  #sets(old: Set<unknown>, next: Set<unknown>): PatchNode | undefined {
    const { removed, appended } = alignKeys([...old], [...next], () => true);
    if (removed.length + appended.length === 0) return undefined;
    const added = appended.map(([member, place]): number | readonly [unknown] => {
      if (place >= 0) return place;
      this.#inspect(member, this.#path);
      return [member];
    });
    return ['s', removed.map(([, place]) => place), added];
  }

  #arrays(old: readonly unknown[], next: readonly unknown[]): PatchNode | undefined {
    if (Object.keys(next).length !== next.length) {
      this.#refuse('the array has holes or keys that are no indices');
    }
    const shorter = Math.min(old.length, next.length);
    let start = 0;
    while (start < shorter && isSame(old[start], next[start])) start += 1;
    let end = 0;
    while (
      end < shorter - start &&
      isSame(old[old.length - 1 - end], next[next.length - 1 - end])
    ) {
      end += 1;
    }
    const oldEnd = old.length - end;
    const nextEnd = next.length - end;
    if (start === oldEnd && start === nextEnd) return undefined;
    const matches = matchElements(old, next, [start, oldEnd], [start, nextEnd]);
    const changed: Changed<number> = [];
    const splices: Array<readonly [number, number, readonly unknown[]]> = [];
    let [oldAt, nextAt] = [start, start];
    for (const [oldPlace, nextPlace] of [...matches, [oldEnd, nextEnd] as const]) {
      // Between two elements that stayed: pairs are compared, the rest is taken out or put in.
      while (oldAt < oldPlace && nextAt < nextPlace) {
        const node = this.#below(nextAt, old[oldAt], next[nextAt]);
        if (node !== undefined) changed.push([oldAt, node]);
        oldAt += 1;
        nextAt += 1;
      }
      const inserted = next.slice(nextAt, nextPlace);
      inserted.forEach((value, index) => void this.#enter(nextAt + index, value));
      if (oldPlace > oldAt || inserted.length > 0)
        splices.push([oldAt, oldPlace - oldAt, inserted]);
      [oldAt, nextAt] = [oldPlace + 1, nextPlace + 1];
    }
    if (changed.length + splices.length === 0) return undefined;
    return ['a', changed, splices];
  }
}

/**
 * What makes `next` of `old`, exactly: order of keys, missing and undefined, -0 and NaN included.
 * Undefined when they are the same. The node refers to parts of `next`.
 * @throws {ReplicationError} INVALID_OPTION, with its path, for what nothing can carry; and
 * whatever `inspect` throws.
 */
export function diff(
  old: unknown,
  next: unknown,
  inspect: Inspect = () => {},
): PatchNode | undefined {
  return new Differ(inspect).at(old, next);
}
