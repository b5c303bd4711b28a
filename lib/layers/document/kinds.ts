/** How diff and patch see a value: four kinds of containers, and leaves. */

export type Kind = 'object' | 'array' | 'map' | 'set' | 'leaf';

/** Anything that is not exactly one of the four, a class instance for example, is a leaf. */
export function kindOf(value: unknown): Kind {
  if (typeof value !== 'object' || value === null) return 'leaf';
  switch (Object.getPrototypeOf(value)) {
    case Object.prototype:
    case null:
      return 'object';
    case Array.prototype:
      return 'array';
    case Map.prototype:
      return 'map';
    case Set.prototype:
      return 'set';
    default:
      return 'leaf';
  }
}

function sameBytes(left: ArrayBufferView, right: ArrayBufferView): boolean {
  if (left.byteLength !== right.byteLength) return false;
  const first = new Uint8Array(left.buffer, left.byteOffset, left.byteLength);
  const second = new Uint8Array(right.buffer, right.byteOffset, right.byteLength);
  return first.every((byte, index) => byte === second[index]);
}

/** Leaves are the same when nobody can tell them apart: -0 is not 0, NaN is NaN. */
export function sameLeaf(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || !left || !right) return false;
  if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false;
  if (left instanceof Date) return left.getTime() === (right as Date).getTime();
  if (left instanceof URL) return left.href === (right as URL).href;
  return ArrayBuffer.isView(left) && sameBytes(left, right as ArrayBufferView);
}

function samePairs(left: Iterable<unknown>, right: Iterable<unknown>): boolean {
  const others = right[Symbol.iterator]();
  for (const member of left) {
    const other = others.next();
    if (other.done === true || !isSame(member, other.value)) return false;
  }
  return others.next().done === true;
}

function sameObjects(left: object, right: object): boolean {
  const keys = Object.keys(left);
  const others = Object.keys(right);
  if (keys.length !== others.length) return false;
  return keys.every((key, index) => {
    if (key !== others[index]) return false;
    return isSame((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]);
  });
}

/** Equal in everything, the order of keys included; shared parts cost nothing. */
export function isSame(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  const kind = kindOf(left);
  if (kind !== kindOf(right)) return false;
  if (kind === 'leaf') return sameLeaf(left, right);
  if (kind === 'object') return sameObjects(left as object, right as object);
  return samePairs(left as Iterable<unknown>, right as Iterable<unknown>);
}
