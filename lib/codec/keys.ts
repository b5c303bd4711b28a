/**
 * Keys that can reach a prototype. `__proto__` does so in any copy made key by key, and never
 * travels. `constructor` and `prototype` are ordinary keys of real data (the tables of browser
 * features have them); together, one in the other, they are only ever an attack on hosts that
 * merge objects recursively, and are refused.
 */

/** Whether an object may not have `key`, with `value` under it. */
export function isHostileKey(key: string, value: unknown): boolean {
  // Few keys are as long as these: the comparison of texts is hardly ever made.
  if (key.length === 9) return key === '__proto__';
  if (key.length !== 11 || key !== 'constructor') return false;
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
}

/** Whether superjson refuses the key, so that its object travels as a list of pairs. */
export function isReservedKey(key: string): boolean {
  // All three have nine letters or eleven, which few keys have.
  if (key.length === 9) return key === '__proto__' || key === 'prototype';
  return key.length === 11 && key === 'constructor';
}

/** An object made of keys and nothing else. */
export function isPlainRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
