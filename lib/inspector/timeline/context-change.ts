/** A context after a step, as it is in the lines: see `StepEntry.changed` and `lines/marks.ts`. */
import { withChanges } from '../context-paths.js';

type Fields = Readonly<Record<string, unknown>>;

/** How a line says that a key is gone. */
function isGone(value: unknown): boolean {
  return typeof value === 'object' && value !== null && '$undefined' in value;
}

/** The context with each path set; what no path touches is shared with the one before. */
export function contextAfter(context: unknown, changed: Fields | undefined): unknown {
  if (changed === undefined) return context;
  const plain = Object.entries(changed).map(
    ([path, value]) => [path, isGone(value) ? undefined : value] as const,
  );
  return withChanges(context, Object.fromEntries(plain));
}
