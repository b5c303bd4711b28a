/**
 * Values beyond JSON, written by superjson. What it would lose or refuse travels by its own means
 * of extension: typed arrays as base64, objects with reserved keys as lists of pairs.
 */
import SuperJSON, { type SuperJSONResult } from 'superjson';
import { toBase64 } from './base64.js';
import { isPlainRecord } from './keys.js';
import { typedArrayName } from './refusal.js';

/** An instance of our own: what a host registers with the shared one must not change the wire. */
const superjson = new SuperJSON();
type Json = SuperJSONResult['json'];

/** Names of the custom kinds, as they stand on the wire. */
export const BYTES = 'bytes';
export const PAIRS = 'pairs';

// superjson writes typed arrays as lists of numbers: four times the size, and NaN and -0 are lost.
superjson.registerCustom<ArrayBufferView, string>(
  {
    isApplicable: (value): value is ArrayBufferView => ArrayBuffer.isView(value),
    serialize: (view) => {
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      return `${typedArrayName(view)}:${toBase64(bytes)}`;
    },
    deserialize: (text) => text as unknown as ArrayBufferView,
  },
  BYTES,
);

// superjson throws at these keys wherever they stand; as members of a list they are plain text.
superjson.registerCustom<object, Json>(
  {
    isApplicable: (value): value is object =>
      isPlainRecord(value) &&
      (Object.hasOwn(value, 'constructor') || Object.hasOwn(value, 'prototype')),
    serialize: (record) => Object.entries(record) as unknown as Json,
    deserialize: (pairs) => pairs as unknown as object,
  },
  PAIRS,
);

/** The JSON text of a value that `surveyValue` called rich. */
export function stringifyRich(value: unknown): string {
  const { json, meta } = superjson.serialize(value);
  // Referential equalities are left out: replicated values are trees (see values.ts).
  return JSON.stringify(meta?.values === undefined ? { json } : { json, meta: meta.values });
}
