/** Which states a state value lights. */
import type { StateValue } from '../../entries.js';

/** Paths of the active states, those around them included; the root is `''`. */
export function activePaths(value: StateValue | null): ReadonlySet<string> {
  const paths = new Set<string>();
  if (value === null) return paths;
  paths.add('');
  const visit = (inside: StateValue, group: string): void => {
    const pathOf = (key: string): string => (group === '' ? key : `${group}.${key}`);
    if (typeof inside === 'string') {
      paths.add(pathOf(inside));
      return;
    }
    for (const [key, below] of Object.entries(inside)) {
      paths.add(pathOf(key));
      visit(below, pathOf(key));
    }
  };
  visit(value, '');
  return paths;
}
