/**
 * Applies a structural difference, which may come from a hostile peer: every place is checked.
 * The old tree is not touched; what did not change is shared with it.
 */
import { ReplicationError } from '../../errors.js';
import { kindOf } from './kinds.js';

/** Deeper than any tree that the master lets in, shallow enough for every stack. */
const DEPTH_MAX = 512;

function refuse(problem: string): never {
  throw new ReplicationError('PROTOCOL', `A document delta does not fit: ${problem}`);
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : refuse('a part that should be a list is not');
}

function asPair(value: unknown): readonly [unknown, unknown] {
  const list = asList(value);
  return list.length === 2 ? [list[0], list[1]] : refuse('a part that should be a pair is not');
}

function asPlace(value: unknown, end: number): number {
  const valid = Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < end;
  return valid ? (value as number) : refuse('a place is out of range');
}

function asKey(value: unknown): string {
  return typeof value === 'string' ? value : refuse('a key is no text');
}

type Table = Record<string, unknown>;

function oldValue(old: Table, key: string): unknown {
  return Object.hasOwn(old, key) ? old[key] : refuse(`there is no key ${JSON.stringify(key)}`);
}

function patchObject(old: Table, node: readonly unknown[], depth: number): Table {
  const appended = asList(node[3]).map((entry) => {
    const [name, inner] = asPair(entry);
    const key = asKey(name);
    return [key, patchAt(Object.hasOwn(old, key) ? old[key] : undefined, inner, depth)] as const;
  });
  const gone = new Set(asList(node[1]).map(asKey));
  for (const key of gone) oldValue(old, key);
  for (const [key] of appended) if (Object.hasOwn(old, key)) gone.add(key);
  const result: Table = { ...old };
  if (gone.size > 0) for (const key of gone) delete result[key];
  for (const entry of asList(node[2])) {
    const [name, inner] = asPair(entry);
    const key = asKey(name);
    if (gone.has(key)) refuse('a key is both gone and changed');
    result[key] = patchAt(oldValue(old, key), inner, depth);
  }
  for (const [key, value] of appended) {
    // Assigning it would set the prototype; the codec lets no such key through, others might.
    if (key === '__proto__') refuse('a key is __proto__');
    result[key] = value;
  }
  return result;
}

function patchMap(old: Map<unknown, unknown>, node: readonly unknown[], depth: number) {
  const entries = [...old];
  const gone = new Set(asList(node[1]).map((place) => asPlace(place, entries.length)));
  const changed = new Map<number, unknown>();
  for (const entry of asList(node[2])) {
    const [place, inner] = asPair(entry);
    changed.set(asPlace(place, entries.length), inner);
  }
  const appended = asList(node[3]).map((entry) => {
    const [ref, inner] = asPair(entry);
    if (Array.isArray(ref)) return [ref[0], patchAt(undefined, inner, depth)] as const;
    const place = asPlace(ref, entries.length);
    const [key, value] = entries[place] as [unknown, unknown];
    gone.add(place);
    return [key, patchAt(value, inner, depth)] as const;
  });
  const result = new Map<unknown, unknown>();
  entries.forEach(([key, value], place) => {
    if (gone.has(place)) return;
    result.set(key, changed.has(place) ? patchAt(value, changed.get(place), depth) : value);
  });
  for (const [key, value] of appended) {
    if (result.has(key)) refuse('a Map gets a key twice');
    result.set(key, value);
  }
  return result;
}

function patchSet(old: Set<unknown>, node: readonly unknown[]): Set<unknown> {
  const members = [...old];
  const gone = new Set(asList(node[1]).map((place) => asPlace(place, members.length)));
  const appended = asList(node[2]).map((ref) => {
    if (Array.isArray(ref)) return ref[0] as unknown;
    const place = asPlace(ref, members.length);
    gone.add(place);
    return members[place];
  });
  const result = new Set(members.filter((_, place) => !gone.has(place)));
  for (const member of appended) result.add(member);
  return result;
}

function patchArray(old: readonly unknown[], node: readonly unknown[], depth: number): unknown[] {
  const changed = old.slice();
  for (const entry of asList(node[1])) {
    const [ref, inner] = asPair(entry);
    const place = asPlace(ref, old.length);
    changed[place] = patchAt(old[place], inner, depth);
  }
  const splices = asList(node[2]);
  if (splices.length === 0) return changed;
  const result: unknown[] = [];
  let at = 0;
  for (const splice of splices) {
    const [from, count, inserted] = asList(splice);
    const start = asPlace(from, old.length + 1);
    if (start < at) refuse('splices are out of order');
    for (; at < start; at += 1) result.push(changed[at]);
    at += asPlace(count, old.length - start + 1);
    for (const value of asList(inserted)) result.push(value);
  }
  for (; at < changed.length; at += 1) result.push(changed[at]);
  return result;
}

function patchAt(old: unknown, node: unknown, depth: number): unknown {
  if (depth > DEPTH_MAX) refuse('it is nested too deep');
  const list = asList(node);
  const kind = kindOf(old);
  switch (list[0]) {
    case '=':
      return list.length === 2 ? list[1] : refuse('a value is missing');
    case 'k':
      return old;
    case 'o':
      if (kind === 'object') return patchObject(old as Table, list, depth + 1);
      break;
    case 'm':
      if (kind === 'map') return patchMap(old as Map<unknown, unknown>, list, depth + 1);
      break;
    case 's':
      if (kind === 'set') return patchSet(old as Set<unknown>, list);
      break;
    case 'a':
      if (kind === 'array') return patchArray(old as readonly unknown[], list, depth + 1);
      break;
    default:
      break;
  }
  return refuse(`it wants to change a ${kind} by ${JSON.stringify(list[0])?.slice(0, 20)}`);
}

/**
 * The tree that `node` makes of `old`.
 * @throws {ReplicationError} PROTOCOL when the node does not fit the tree.
 */
export function patch(old: unknown, node: unknown): unknown {
  return patchAt(old, node, 0);
}
