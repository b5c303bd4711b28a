/**
 * How a host's own layer has its deltas carried unless it brings a codec: a `Uint8Array` as it
 * is, any other value as `encodeValue` writes it.
 */
import { platform } from '#platform';
import { ReplicationError } from '../errors.js';
import type { DeltaCodec } from '../layers/contract.js';
import { type CodecBudget, VALUE_BUDGET } from './budget.js';
import { ByteReader, ByteWriter } from './bytes.js';
import { decodeValue, encodeValue } from './values.js';

const RAW = 0;
const VALUE = 1;

/**
 * Makes the default codec. `decode` throws PROTOCOL on what it did not make; `encode` throws
 * INVALID_OPTION or TOO_LARGE as `encodeValue` does. Raw bytes are kept by reference.
 */
export function defaultDeltaCodec(budget: CodecBudget = VALUE_BUDGET): DeltaCodec<unknown> {
  return {
    encode(delta) {
      if (delta instanceof Uint8Array) {
        return new ByteWriter(delta.length + 1).byte(RAW).raw(delta).finish();
      }
      const text = encodeValue(delta, budget);
      return new ByteWriter(text.length + 8).byte(VALUE).text(text).finish();
    },
    decode(bytes) {
      const reader = new ByteReader(bytes, 'A delta');
      const kind = reader.byte();
      if (kind === RAW) return reader.raw(reader.rest);
      if (kind !== VALUE) return reader.fail(`its kind ${kind} is unknown`);
      if (reader.rest > budget.textLengthMax * 3) {
        const limit = `${budget.textLengthMax} (budget.textLengthMax)`;
        throw new ReplicationError('PROTOCOL', `A delta is longer than ${limit}`);
      }
      return decodeValue(platform.utf8Decode(bytes, 1), budget);
    },
  };
}
