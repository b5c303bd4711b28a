/**
 * A whole keyValue as a stream of blocks, each behind its length, so that the stream may be cut
 * anywhere on its way. A block is a delta of keys that are set. The last one is only the number
 * of keys: a stream that ends early is told from a complete one.
 */
import { ByteReader, ByteWriter } from '../../codec/bytes.js';
import { ReplicationError } from '../../errors.js';
import type { CellTable } from './cells.js';
import { decodeDelta, deltaOf, encodeDelta, type KeyValueDelta } from './delta.js';

const LENGTH_BYTES = 4;
const ENTRIES = 1;
const END = 2;

/** About what one block holds; a larger value still makes one block. */
export const BLOCK_BYTES = 256 * 1024;
/** What the lengths of a key take beside its text. */
const ENTRY_BYTES = 4;

function seal(kind: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES + 1 + payload.length);
  new DataView(bytes.buffer).setUint32(0, bytes.length - LENGTH_BYTES);
  bytes[LENGTH_BYTES] = kind;
  bytes.set(payload, LENGTH_BYTES + 1);
  return bytes;
}

/** The blocks of an open view at `version`. */
export function* writeSnapshot(table: CellTable, version: number): Generator<Uint8Array> {
  let keys: string[] = [];
  let texts: string[] = [];
  let units = 0;
  let count = 0;
  for (const { key, text = '' } of table.cellsAt(version)) {
    keys.push(key);
    texts.push(text);
    units += key.length + text.length + ENTRY_BYTES;
    count += 1;
    if (units < BLOCK_BYTES) continue;
    yield seal(ENTRIES, encodeDelta(deltaOf(keys, texts)));
    keys = [];
    texts = [];
    units = 0;
  }
  if (keys.length > 0) yield seal(ENTRIES, encodeDelta(deltaOf(keys, texts)));
  yield seal(END, new ByteWriter().varint(count).finish());
}

/** Puts the blocks together again, wherever the stream was cut. */
class BlockJoiner {
  readonly #blockBytesMax: number;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(blockBytesMax: number) {
    this.#blockBytesMax = blockBytesMax;
  }

  get pending(): number {
    return this.#bytes;
  }

  *push(chunk: Uint8Array): Generator<Uint8Array> {
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= LENGTH_BYTES) {
      const needed = LENGTH_BYTES + this.#nextLength();
      if (this.#bytes < needed) return;
      const joined = this.#joined();
      const rest = joined.subarray(needed);
      this.#parts = rest.length === 0 ? [] : [rest];
      this.#bytes = rest.length;
      yield joined.subarray(LENGTH_BYTES, needed);
    }
  }

  #nextLength(): number {
    let head = this.#parts[0] as Uint8Array;
    if (head.length < LENGTH_BYTES) {
      head = this.#joined();
      this.#parts = [head];
    }
    const length = new DataView(head.buffer, head.byteOffset).getUint32(0);
    if (length <= this.#blockBytesMax) return length;
    const problem = `a block of ${length} bytes, over ${this.#blockBytesMax}`;
    throw new ReplicationError('PROTOCOL', `A keyValue snapshot holds ${problem}`);
  }

  #joined(): Uint8Array {
    if (this.#parts.length === 1) return this.#parts[0] as Uint8Array;
    const joined = new Uint8Array(this.#bytes);
    let at = 0;
    for (const part of this.#parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }
}

/**
 * The entries of a stream that `writeSnapshot` made.
 * @throws {ReplicationError} PROTOCOL when it is not, or not all, of one; and whatever `chunks`
 * throws when the transfer is given up.
 */
export async function* readSnapshot(
  chunks: AsyncIterable<Uint8Array>,
  blockBytesMax: number,
): AsyncGenerator<KeyValueDelta> {
  const joiner = new BlockJoiner(blockBytesMax);
  let count = 0;
  let ended = false;
  for await (const chunk of chunks) {
    for (const block of joiner.push(chunk)) {
      const reader = new ByteReader(block, 'A keyValue snapshot');
      const kind = reader.byte();
      if (ended || (kind !== ENTRIES && kind !== END)) reader.fail('unexpected data follow');
      if (kind === ENTRIES) {
        const entries = decodeDelta(reader.raw(reader.rest));
        if (entries.texts.includes(undefined)) reader.fail('a key has no value');
        count += entries.keys.length;
        yield entries;
        continue;
      }
      if (reader.varint() !== count) reader.fail('keys are missing');
      reader.end();
      ended = true;
    }
  }
  if (ended && joiner.pending === 0) return;
  throw new ReplicationError('PROTOCOL', 'A keyValue snapshot ends too early');
}
