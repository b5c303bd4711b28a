/**
 * What changed in a context, by paths of at most two keys (`facts.position`): most steps change
 * one of thirty keys, and whole contexts would be most of a recording. A dot or backslash within
 * a key is written with a backslash before it; the empty path is the whole.
 */

/** A key that is empty, since an empty path is the whole. */
const EMPTY = '\\0';

type Fields = Readonly<Record<string, unknown>>;

function isPlain(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function escaped(key: string): string {
  if (key === '') return EMPTY;
  // As a key of the changes it would be their prototype.
  if (key === '__proto__') return `\\${key}`;
  return /[.\\]/.test(key) ? key.replace(/[.\\]/g, '\\$&') : key;
}

function unescaped(key: string): string {
  return key === EMPTY ? '' : key.replace(/\\(.)/g, '$1');
}

/** The one or two keys of a path; none is the whole context. */
export function keysOf(path: string): readonly string[] {
  if (path === '') return [];
  if (!path.includes('\\')) {
    const dot = path.indexOf('.');
    return dot < 0 ? [path] : [path.slice(0, dot), path.slice(dot + 1)];
  }
  const parts = path.match(/(?:\\.|[^.\\])+/g) ?? [];
  return parts.slice(0, 2).map(unescaped);
}

function compare(
  before: Fields,
  after: Fields,
  prefix: string,
  differ: (path: string, left: unknown, right: unknown) => void,
): void {
  for (const key of Object.keys(after)) {
    if (!Object.is(before[key], after[key]) || !Object.hasOwn(before, key)) {
      differ(prefix + escaped(key), before[key], after[key]);
    }
  }
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) differ(prefix + escaped(key), before[key], undefined);
  }
}

/** Paths with their new values, by identity of the old ones; undefined when nothing changed. */
export function changedPaths(before: unknown, after: unknown): Record<string, unknown> | undefined {
  if (Object.is(before, after)) return undefined;
  if (!isPlain(before) || !isPlain(after)) return { '': after };
  let changed: Record<string, unknown> | undefined;
  const note = (path: string, _: unknown, value: unknown): void => {
    changed ??= {};
    changed[path] = value;
  };
  compare(before, after, '', (path, left, right) => {
    if (isPlain(left) && isPlain(right)) compare(left, right, `${path}.`, note);
    else note(path, left, right);
  });
  return changed;
}

/** The context after these changes; `context` itself stays as it is. */
export function withChanges(context: unknown, changed: Readonly<Record<string, unknown>>): unknown {
  let next: unknown = context;
  for (const [path, value] of Object.entries(changed)) next = withOne(next, keysOf(path), value);
  return next;
}

function withOne(context: unknown, keys: readonly string[], value: unknown): unknown {
  const [first, second] = keys;
  if (first === undefined) return value;
  const fields = isPlain(context) ? context : {};
  if (second !== undefined) return set(fields, first, withOne(fields[first], [second], value));
  return set(fields, first, value);
}

function set(fields: Fields, key: string, value: unknown): Fields {
  if (value !== undefined) return { ...fields, [key]: value };
  const { [key]: _gone, ...rest } = fields;
  return rest;
}
