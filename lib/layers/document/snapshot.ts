/** A whole document as bytes: format, length, and the text of the tree. May be cut anywhere. */
import { platform } from '#platform';
import type { CodecBudget } from '../../codec/budget.js';
import { ByteReader, ByteWriter } from '../../codec/bytes.js';
import { encodeValue } from '../../codec/values.js';
import { ReplicationError } from '../../errors.js';
import { joined, pieces } from './records.js';

const FORMAT = 1;
/** The longest head: format and one varint. */
const HEAD_BYTES_MAX = 9;

/** The chunks of a tree; it is encoded when the first is asked for. */
export async function* writeDocument(
  state: unknown,
  budget: CodecBudget,
): AsyncGenerator<Uint8Array> {
  const bytes = platform.utf8Encode(encodeValue(state, budget));
  yield new ByteWriter().byte(FORMAT).varint(bytes.length).finish();
  yield* pieces(bytes);
}

/**
 * The bytes of the tree's text.
 * @throws {ReplicationError} PROTOCOL when they are not what `writeDocument` made, or too many;
 * and whatever `chunks` throws when the transfer is given up.
 */
export async function readDocument(
  chunks: AsyncIterable<Uint8Array>,
  budget: CodecBudget,
): Promise<Uint8Array> {
  const bytesMax = budget.textLengthMax * 3 + HEAD_BYTES_MAX;
  const parts: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of chunks) {
    received += chunk.length;
    if (received > bytesMax) {
      throw new ReplicationError('PROTOCOL', `A document snapshot is over ${bytesMax} bytes`);
    }
    parts.push(chunk);
  }
  const reader = new ByteReader(joined(parts), 'A document snapshot');
  const format = reader.byte();
  if (format !== FORMAT) reader.fail(`its format ${format} is unknown`);
  const length = reader.varint();
  const bytes = reader.raw(length);
  reader.end();
  return bytes;
}
