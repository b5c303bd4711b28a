/**
 * The stored form of a protocol record. Most are JSON. One that carries bytes, as the delta of a
 * promise or a decision, has them behind its JSON as they are: written as base64 inside of it
 * they cost a quarter of a slave's time in a two-phase round.
 *
 *     JSON                                       any plain data
 *     0, length of the JSON (4), JSON, bytes     [name of the property that holds the bytes, rest]
 */
import { platform } from '#platform';

/** No JSON text begins with it. */
const WITH_BYTES = 0;
const HEAD_BYTES = 5;

function bytesProperty(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  for (const [name, part] of Object.entries(value)) if (part instanceof Uint8Array) return name;
  return undefined;
}

/**
 * @param value plain data, of which one direct property may be a `Uint8Array`
 * @throws whatever `JSON.stringify` throws for what JSON cannot carry
 */
export function encodeRecord(value: unknown): Uint8Array {
  const name = bytesProperty(value);
  if (name === undefined) return platform.utf8Encode(JSON.stringify(value));
  const { [name]: attached, ...rest } = value as Record<string, unknown>;
  const body = attached as Uint8Array;
  const head = platform.utf8Encode(JSON.stringify([name, rest]));
  const bytes = new Uint8Array(HEAD_BYTES + head.length + body.length);
  bytes[0] = WITH_BYTES;
  bytes[1] = head.length >>> 24;
  bytes[2] = head.length >>> 16;
  bytes[3] = head.length >>> 8;
  bytes[4] = head.length;
  bytes.set(head, HEAD_BYTES);
  bytes.set(body, HEAD_BYTES + head.length);
  return bytes;
}

/**
 * The bytes of the record are a view into what was read, not a copy.
 * @throws for what `encodeRecord` did not make
 */
export function decodeRecord(bytes: Uint8Array): unknown {
  if (bytes[0] !== WITH_BYTES) return JSON.parse(platform.utf8Decode(bytes));
  const [, a = 0, b = 0, c = 0, d = 0] = bytes;
  const end = HEAD_BYTES + (((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
  if (end > bytes.length) throw new RangeError('the record is shorter than its head says');
  const [name, rest] = JSON.parse(platform.utf8Decode(bytes, HEAD_BYTES, end)) as [string, object];
  return { ...rest, [name]: bytes.subarray(end) };
}
