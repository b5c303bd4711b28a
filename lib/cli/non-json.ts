/**
 * A host's own master may replicate what superjson carries and JSON does not. A copy that left it
 * out without a word would be wrong, so it is looked for. What is shared with the version before
 * was looked at then.
 */

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function kindOf(value: unknown): string {
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value !== 'object' || value === null) return `a value of type ${typeof value}`;
  return `a ${value.constructor.name}`;
}

function childOf(parent: unknown, key: string): unknown {
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, key))
    return undefined;
  return (parent as Record<string, unknown>)[key];
}

/** What in `value` is no JSON, with its path, or null. */
export function findNonJson(value: unknown, previous: unknown, path = '$'): string | null {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return null;
  if (typeof value === 'number')
    return Number.isFinite(value) ? null : `${kindOf(value)} at ${path}`;
  if (typeof value !== 'object') return `${kindOf(value)} at ${path}`;
  if (value === previous) return null;
  if (!Array.isArray(value) && !isPlainObject(value)) return `${kindOf(value)} at ${path}`;
  for (const [key, child] of Object.entries(value)) {
    const place = Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`;
    const found = findNonJson(child, childOf(previous, key), place);
    if (found !== null) return found;
  }
  return null;
}
