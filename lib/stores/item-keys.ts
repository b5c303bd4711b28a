/**
 * The key space: everything of one item in one role below one prefix.
 *
 *     replichart                          the format of the whole store
 *     master/8/settings/j/0017            journal entry, in its place of the ring
 *     master/8/settings/r/epoch           a record
 *     master/8/settings/d/3/theme         a data entry of generation 3
 *
 * The length before the item's name keeps `a` and `a/r` apart without escaping anything. `node` is
 * the one part of a node, whose role changes; `conflict` holds what a node set aside.
 */
export type StorageRole = 'master' | 'slave' | 'relay' | 'node' | 'conflict';

export const FORMAT_KEY = 'replichart';

export interface ItemKeys {
  readonly prefix: string;
  readonly journal: string;
  readonly records: string;
  data(generation: number): string;
}

export function itemKeys(role: StorageRole, item: string): ItemKeys {
  const prefix = `${role}/${item.length}/${item}/`;
  return {
    prefix,
    journal: `${prefix}j/`,
    records: `${prefix}r/`,
    data: (generation) => `${prefix}d/${generation}/`,
  };
}
