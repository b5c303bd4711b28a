/** Encoded deltas as payloads, and the digest that chains them into a history. */
import { platform } from '#platform';
import type { Payload, Point } from '../../machines/protocol.js';
import { defaultDeltaCodec } from '../codec/default-delta.js';
import type { DeltaCodec } from '../layers/contract.js';

/** Wraps encoded bytes; the checksum travels with them (S12). */
export function payloadOf(body: Uint8Array): Payload {
  return { bytes: body.length, checksum: platform.digest(body), body };
}

/** The bytes of a payload that carries them. */
export function bytesOf(payload: Payload): Uint8Array {
  if (payload.body instanceof Uint8Array) return payload.body;
  throw new Error('this payload travels without its bytes');
}

/** The digest after a delta: chained over the version and content of every committed delta. */
export function nextDigest(from: Point, version: number, checksum: string): string {
  return platform.digest(from.digest, `.${version}.`, checksum);
}

const carriesAnything = defaultDeltaCodec();

/** The layer's own codec, or the one that carries whatever superjson carries. */
export function codecOf(layer: { readonly codec?: DeltaCodec<unknown> }): DeltaCodec<unknown> {
  return layer.codec ?? carriesAnything;
}
