/** Whether two values that were kept are the same; a key without a value is as good as none. */
import { LeftOutBytes, Unshown } from '../lines/kept-value.js';

type Fields = Readonly<Record<string, unknown>>;

function areListsEqual(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.length === right.length && left.every((each, index) => isEqual(each, right[index]));
}

function areFieldsEqual(left: Fields, right: Fields): boolean {
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].every((key) => isEqual(left[key], right[key]));
}

function areInstancesEqual(left: object, right: object): boolean {
  if (left instanceof LeftOutBytes && right instanceof LeftOutBytes) {
    return left.length === right.length;
  }
  if (left instanceof Unshown && right instanceof Unshown) return left.text === right.text;
  if (left instanceof Date && right instanceof Date) {
    return Object.is(left.getTime(), right.getTime());
  }
  if (left instanceof Map && right instanceof Map) return areListsEqual([...left], [...right]);
  if (left instanceof Set && right instanceof Set) return areListsEqual([...left], [...right]);
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    return left.length === right.length && left.every((byte, index) => byte === right[index]);
  }
  return false;
}

export function isEqual(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left === null || right === null) return false;
  if (Array.isArray(left)) return Array.isArray(right) && areListsEqual(left, right);
  const prototype: unknown = Object.getPrototypeOf(left);
  if (prototype !== Object.prototype && prototype !== null) return areInstancesEqual(left, right);
  const isPlain = Object.getPrototypeOf(right) === prototype;
  return isPlain && areFieldsEqual(left as Fields, right as Fields);
}
