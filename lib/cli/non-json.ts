/**
 * A host's own master may replicate what superjson carries and JSON does not. A copy that left it
 * out without a word would be wrong, so it is looked for. What is shared with the version before
 * was looked at then.
 */

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** What is no JSON, and the keys that lead to it, the innermost first. */
interface Finding {
  readonly kind: string;
  readonly keys: string[];
}

function finding(value: unknown): Finding {
  if (typeof value === 'number') return { kind: `the number ${value}`, keys: [] };
  if (typeof value !== 'object' || value === null) {
    return { kind: `a value of type ${typeof value}`, keys: [] };
  }
  return { kind: `a ${value.constructor.name}`, keys: [] };
}

function childOf(parent: unknown, key: string): unknown {
  if (typeof parent !== 'object' || parent === null) return undefined;
  return Object.hasOwn(parent, key) ? (parent as Record<string, unknown>)[key] : undefined;
}

/** Paths are made only of what is found: a tree may have millions of values. */
function search(value: unknown, previous: unknown): Finding | null {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return null;
  if (typeof value === 'number') return Number.isFinite(value) ? null : finding(value);
  if (typeof value !== 'object') return finding(value);
  if (value === previous) return null;
  if (!Array.isArray(value) && !isPlainObject(value)) return finding(value);
  for (const key of Object.keys(value)) {
    const before = previous === undefined ? undefined : childOf(previous, key);
    const found = search((value as Record<string, unknown>)[key], before);
    if (found === null) continue;
    found.keys.push(key);
    return found;
  }
  return null;
}

/** What in `value` is no JSON, with its path from `$`, or null. */
export function findNonJson(value: unknown, previous: unknown): string | null {
  const found = search(value, previous);
  if (found === null) return null;
  return `${found.kind} at ${['$', ...found.keys.reverse()].join('.')}`;
}
