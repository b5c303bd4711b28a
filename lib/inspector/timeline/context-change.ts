/** A context after a step: see `StepEntry.changed`. */

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A copy with one key set; `undefined` takes the key away. */
function withKey(fields: unknown, key: string, value: unknown): Fields {
  const copy: Record<string, unknown> = { ...(isFields(fields) ? fields : {}) };
  if (value === undefined) delete copy[key];
  else if (key === '__proto__') Object.defineProperty(copy, key, { value, enumerable: true });
  else copy[key] = value;
  return copy;
}

function changedAt(context: unknown, path: string, value: unknown): Fields {
  const dot = path.indexOf('.');
  if (dot < 0) return withKey(context, path, value);
  const outer = path.slice(0, dot);
  const inner = isFields(context) ? context[outer] : undefined;
  return withKey(context, outer, withKey(inner, path.slice(dot + 1), value));
}

/** The context with each path set; what no path touches is shared with the one before. */
export function contextAfter(context: unknown, changed: Fields | undefined): unknown {
  if (changed === undefined) return context;
  return Object.entries(changed).reduce<unknown>(
    (before, [path, value]) => changedAt(before, path, value),
    context,
  );
}
