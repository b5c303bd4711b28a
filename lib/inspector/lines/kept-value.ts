/**
 * What stays of a value once it was seen: a copy of its own, so that nothing the host changes
 * afterwards changes what was seen, and nothing the inspector keeps holds the host's bytes alive.
 */
import { reasonOf } from '../../errors.js';

/** Bytes that were left out: only their number is known. */
export class LeftOutBytes {
  readonly length: number;

  constructor(length: number) {
    this.length = length;
  }
}

/** What cannot be shown as a value: a function, an object of a class, or what was too much. */
export class Unshown {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export interface KeepOptions {
  /** Keeps a copy of the bytes themselves. @default false */
  readonly payloads?: boolean;
  /** What was kept before, in a later value: a message is told, and then as part of its event. */
  readonly known?: WeakMap<object, unknown>;
}

/** Values below one another; deeper ones are not shown. */
const DEPTH_MAX = 64;
/** Parts of one value; the rest is not shown. A round of 10,000 slaves has this many. */
const PARTS_MAX = 200_000;
const TEXT_LENGTH_MAX = 1_000_000;

const OWN = { enumerable: true, writable: true, configurable: true };

interface Keeping {
  readonly payloads: boolean;
  readonly known: KeepOptions['known'] | undefined;
  partsLeft: number;
}

function keepBytes(bytes: ArrayBufferView, payloads: boolean): unknown {
  if (!payloads) return new LeftOutBytes(bytes.byteLength);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice();
}

function keepInstance(value: object, keeping: Keeping, depth: number): unknown {
  if (ArrayBuffer.isView(value)) return keepBytes(value, keeping.payloads);
  if (value instanceof ArrayBuffer) return keepBytes(new Uint8Array(value), keeping.payloads);
  if (value instanceof LeftOutBytes || value instanceof Unshown) return value;
  if (value instanceof Date) return new Date(value.getTime());
  if (value instanceof Error) return new Unshown(`${value.name}: ${reasonOf(value)}`);
  if (value instanceof Set) {
    return new Set([...value].map((member) => keep(member, keeping, depth + 1)));
  }
  if (value instanceof Map) {
    const pairs = [...value].map(
      ([key, member]) => [keep(key, keeping, depth + 1), keep(member, keeping, depth + 1)] as const,
    );
    return new Map(pairs);
  }
  const { name } = value.constructor;
  return new Unshown(typeof name === 'string' && name !== '' ? name : 'object');
}

function keepObject(value: object, keeping: Keeping, depth: number): unknown {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return keepInstance(value, keeping, depth);
  }
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = keep((value as Record<string, unknown>)[key], keeping, depth + 1);
    // As an assignment `__proto__` would be the prototype.
    if (key === '__proto__') Object.defineProperty(copy, key, { ...OWN, value: member });
    else copy[key] = member;
  }
  return copy;
}

function keep(value: unknown, keeping: Keeping, depth: number): unknown {
  if (typeof value === 'string') {
    if (value.length <= TEXT_LENGTH_MAX) return value;
    return new Unshown(`a text of ${value.length} characters`);
  }
  if (typeof value === 'function') return new Unshown(`function ${value.name}`);
  if (typeof value === 'symbol') return new Unshown(String(value));
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 1 && keeping.known?.has(value)) return keeping.known.get(value);
  keeping.partsLeft -= 1;
  // A value that contains itself ends here, too.
  if (depth > DEPTH_MAX) return new Unshown('too deep');
  if (keeping.partsLeft < 0) return new Unshown('too much');
  if (Array.isArray(value)) return value.map((member) => keep(member, keeping, depth + 1));
  return keepObject(value, keeping, depth);
}

/** A copy of what can be shown. Never throws, whatever getters and proxies of a host do. */
export function keptValue(value: unknown, options: KeepOptions = {}): unknown {
  try {
    const { payloads = false, known } = options;
    return keep(value, { payloads, known, partsLeft: PARTS_MAX }, 0);
  } catch (error) {
    return new Unshown(`it cannot be read: ${reasonOf(error)}`);
  }
}
