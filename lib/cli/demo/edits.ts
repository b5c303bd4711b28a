/** Changes that can be made to any JSON document: its own values, spread over all of it. */

/** Keys and indexes from the root to a value that has no parts. */
export type LeafPath = ReadonlyArray<string | number>;

function isBranch(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function eachLeaf(value: unknown, path: Array<string | number>, visit: () => void): void {
  if (!isBranch(value)) {
    visit();
    return;
  }
  const list = Array.isArray(value);
  for (const [key, child] of Object.entries(value)) {
    path.push(list ? Number(key) : key);
    eachLeaf(child, path, visit);
    path.pop();
  }
}

/** How many values without parts there are. */
export function countLeaves(tree: unknown): number {
  let count = 0;
  eachLeaf(tree, [], () => {
    count += 1;
  });
  return count;
}

/** Up to `count` paths at equal distances; none when the tree has no leaf but itself. */
export function pickLeaves(tree: unknown, count: number): LeafPath[] {
  if (!isBranch(tree)) return [];
  const leaves = countLeaves(tree);
  const stride = Math.max(1, Math.floor(leaves / count));
  const picked: LeafPath[] = [];
  const path: Array<string | number> = [];
  let index = 0;
  eachLeaf(tree, path, () => {
    if (index % stride === 0 && picked.length < count) picked.push([...path]);
    index += 1;
  });
  return picked;
}

/** Another value of the same type. */
export function editedLeaf(value: unknown, edit: number): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return `${value} (edit ${edit})`;
  return `edit ${edit}`;
}

/** Changes the value at `path` of a draft in place. */
export function changeLeaf(draft: object, path: LeafPath, next: (value: unknown) => unknown): void {
  let parent = draft as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string | number, unknown>;
  const last = path.at(-1);
  if (last === undefined) throw new RangeError('a leaf below the root has a path');
  parent[last] = next(parent[last]);
}

/** A document without any leaf below its root, changed as a whole. */
export function changedWhole(value: unknown, next: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return [...value, next(null)];
  return isBranch(value) ? { ...value, replichart: next(null) } : next(value);
}
