/** One delta of a group of changes: what is left of them once each key has its newest value. */
import type { BuiltGroup, MaybePromise } from '../contract.js';
import { textOf } from './cell.js';
import type { CellTable } from './cells.js';
import type { KeyValueChange } from './change.js';
import { deltaOf, type KeyValueDelta } from './delta.js';

/** Gathers from the newest change to the oldest: the first to name a key is the one that counts. */
class Fold {
  readonly #table: CellTable;
  readonly #seen = new Set<string>();
  readonly #keys: string[] = [];
  readonly #texts: Array<string | undefined> = [];

  constructor(table: CellTable) {
    this.#table = table;
  }

  add(key: string, text: string | undefined): void {
    const { size } = this.#seen;
    this.#seen.add(key);
    if (this.#seen.size === size) return;
    // What changes nothing is left out: a key that has this text, or none and shall have none.
    const cell = this.#table.cell(key);
    if ((cell && textOf(cell)) === text) return;
    this.#keys.push(key);
    this.#texts.push(text);
  }

  /** In order of last change, which is the order that copies iterate in. */
  delta(): KeyValueDelta | null {
    return this.#keys.length === 0 ? null : deltaOf(this.#keys.reverse(), this.#texts.reverse());
  }
}

function fold(changes: readonly KeyValueChange[], table: CellTable): BuiltGroup<KeyValueDelta> {
  const rejected: Array<{ index: number; error: unknown }> = [];
  const newest = new Fold(table);
  for (let index = changes.length - 1; index >= 0; index -= 1) {
    const { key, text, delta, problem } = changes[index] as KeyValueChange;
    if (problem !== null) rejected.push({ index, error: problem });
    else if (delta === null) newest.add(key, text);
    else {
      for (let place = delta.keys.length - 1; place >= 0; place -= 1) {
        newest.add(delta.keys[place] as string, delta.texts[place]);
      }
    }
  }
  rejected.reverse();
  const delta = newest.delta();
  return delta === null ? { rejected } : { delta, rejected };
}

/**
 * One delta of a group: the last write to a key wins, what changes nothing is left out. A change
 * with a problem is rejected by its place and harms no other.
 */
export function buildGroup(
  changes: readonly KeyValueChange[],
  table: () => CellTable,
): MaybePromise<BuiltGroup<KeyValueDelta>> {
  const isPending = changes.some((change) => change.pending !== null);
  if (!isPending) return fold(changes, table());
  return Promise.all(changes.map((change) => change.pending)).then(() => fold(changes, table()));
}
