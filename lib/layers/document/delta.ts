/** A document delta: the text of a patch node. Decoded where it is applied, and only once. */
import { platform } from '#platform';
import type { CodecBudget } from '../../codec/budget.js';
import { ByteReader, ByteWriter } from '../../codec/bytes.js';
import { decodeValue, encodeValue } from '../../codec/values.js';
import type { DeltaCodec } from '../contract.js';
import { patch } from './patch.js';
import type { PatchNode } from './patch-node.js';

const FORMAT = 1;

export interface DocumentDelta {
  readonly text: string;
  /** The decoded node; trees share its values, which are frozen with the first of them. */
  node?: unknown;
}

/**
 * The text is made at once: the node refers to what the host put into the draft, the text does
 * not. The original takes the decoded text as every copy does, so that all hold the same.
 */
export function documentDelta(node: PatchNode, budget: CodecBudget): DocumentDelta {
  return { text: encodeValue(node, budget) };
}

/** @throws {ReplicationError} PROTOCOL when the delta is none, or does not fit `state`. */
export function applyDelta(state: unknown, delta: DocumentDelta, budget: CodecBudget): unknown {
  delta.node ??= decodeValue(delta.text, budget);
  return patch(state, delta.node);
}

export function encodeDocumentDelta({ text }: DocumentDelta): Uint8Array {
  return new ByteWriter(text.length + 16).byte(FORMAT).text(text).finish();
}

/** @throws {ReplicationError} PROTOCOL for an unknown format. */
export function decodeDocumentDelta(bytes: Uint8Array): DocumentDelta {
  const reader = new ByteReader(bytes, 'A document delta');
  const format = reader.byte();
  if (format !== FORMAT) reader.fail(`its format ${format} is unknown`);
  return { text: platform.utf8Decode(bytes, 1) };
}

export const documentCodec: DeltaCodec<DocumentDelta> = {
  encode: encodeDocumentDelta,
  decode: decodeDocumentDelta,
};
