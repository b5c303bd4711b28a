/**
 * Freezes what readers are given, so that a copy cannot be changed behind the protocol's back.
 * A frozen node is taken to be frozen all the way down: freezing again costs nothing, and a new
 * version costs its new nodes only. Typed arrays cannot be frozen; that they must not be written
 * to is left to the documentation.
 */
import { ReplicationError } from '../errors.js';

function refuse(): never {
  const hint = 'change it through the master; in a draft, put a new Date in the place of the old';
  throw new ReplicationError('INVALID_OPTION', `Replicated data is read-only: ${hint}`);
}

const REFUSED = { value: refuse, enumerable: false, configurable: false, writable: false };

function guardsOf(names: readonly string[]): PropertyDescriptorMap {
  return Object.fromEntries(names.map((name) => [name, REFUSED]));
}

// `Object.freeze` leaves the inner slots of these open; own methods hide the changing ones.
const MAP_GUARDS = guardsOf(['set', 'delete', 'clear']);
const SET_GUARDS = guardsOf(['add', 'delete', 'clear']);
const DATE_GUARDS = guardsOf(
  Object.getOwnPropertyNames(Date.prototype).filter((name) => name.startsWith('set')),
);

/** Freezes `value` and all below it; returns it. Needs a tree, which decoded values are. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (ArrayBuffer.isView(value)) return value;
  if (value instanceof Map) {
    for (const [key, member] of value) {
      deepFreeze(key);
      deepFreeze(member);
    }
    Object.defineProperties(value, MAP_GUARDS);
  } else if (value instanceof Set) {
    for (const member of value) deepFreeze(member);
    Object.defineProperties(value, SET_GUARDS);
  } else if (value instanceof Date) {
    Object.defineProperties(value, DATE_GUARDS);
  } else {
    for (const key in value) deepFreeze((value as Record<string, unknown>)[key]);
  }
  return Object.freeze(value);
}
