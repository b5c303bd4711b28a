/**
 * A whole keyValue as a stream of blocks, each behind its length, so that the stream may be cut
 * anywhere on its way:
 *
 *     length u32 | kind u8 | number of keys | units of each key | bytes of each value |
 *     bytes of all keys | keys | values
 *
 * Values stand behind one another as UTF-8, so that whoever receives them can leave them there.
 * The last block is only the number of keys: a stream that ends early is told from a complete one.
 */

import { platform } from '#platform';
import { ByteReader, ByteWriter } from '../../codec/bytes.js';
import { startsEncoded } from '../../codec/values.js';
import { isWellFormed } from '../../codec/well-formed.js';
import { ReplicationError } from '../../errors.js';
import { textOf } from './cell.js';
import { type CellTable, ownText } from './cells.js';
import { PackedTexts } from './packed-texts.js';

const LENGTH_BYTES = 4;
const ENTRIES = 1;
const END = 2;

/**
 * What one block holds, unless a value is larger or beyond ASCII: as much as a part of a transfer,
 * so that a block usually arrives in one piece and need not be put together.
 */
export const BLOCK_BYTES = 256 * 1024;
/** Its length, its kind and two counts. */
const BLOCK_HEAD_BYTES = 16;
/** Lengths of a key and of its value. */
const ENTRY_BYTES = 6;

function seal(kind: number, bytesExpected: number, fill: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter(bytesExpected + LENGTH_BYTES + 1);
  fill(writer.raw(new Uint8Array(LENGTH_BYTES)).byte(kind));
  const bytes = writer.finish();
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, bytes.length - LENGTH_BYTES);
  return bytes;
}

function entriesBlock(keys: readonly string[], texts: readonly string[], units: number) {
  const allKeys = keys.join('');
  const allTexts = texts.join('');
  const textsBytes = platform.utf8Length(allTexts);
  // Asking for the length of each text costs more than encoding them all at once.
  const isAscii = textsBytes === allTexts.length;
  return seal(ENTRIES, units, (writer) => {
    writer.varint(keys.length);
    for (const key of keys) writer.varint(key.length);
    for (const text of texts) writer.varint(isAscii ? text.length : platform.utf8Length(text));
    writer.varint(platform.utf8Length(allKeys)).text(allKeys).text(allTexts);
  });
}

/** The blocks of an open view at `version`. */
export function* writeSnapshot(table: CellTable, version: number): Generator<Uint8Array> {
  let keys: string[] = [];
  let texts: string[] = [];
  let units = BLOCK_HEAD_BYTES;
  let count = 0;
  for (const cell of table.cellsAt(version)) {
    const text = textOf(cell) ?? '';
    const more = cell.key.length + text.length + ENTRY_BYTES;
    if (units + more > BLOCK_BYTES && keys.length > 0) {
      yield entriesBlock(keys, texts, units);
      keys = [];
      texts = [];
      units = BLOCK_HEAD_BYTES;
    }
    keys.push(cell.key);
    texts.push(text);
    units += more;
    count += 1;
  }
  if (keys.length > 0) yield entriesBlock(keys, texts, units);
  yield seal(END, 8, (writer) => writer.varint(count));
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

/** The keys of a block, each a text of its own: what lives as long as a key may not be large. */
function readKeys(reader: ByteReader, units: Uint32Array): string[] {
  const bytes = reader.varint();
  const all = reader.text(bytes);
  const keys = new Array<string>(units.length);
  let at = 0;
  for (let index = 0; index < units.length; index += 1) {
    const end = at + (units[index] as number);
    keys[index] = ownText(all.slice(at, end));
    at = end;
  }
  if (at !== all.length) reader.fail('the lengths of its keys do not add up');
  const isTorn = all.length !== bytes && !keys.every(isWellFormed);
  if (isTorn) reader.fail('a key is cut within a character');
  return keys;
}

function readEntries(reader: ByteReader, block: Uint8Array, firstPlace: number): PackedTexts {
  const count = reader.count(2);
  const units = new Uint32Array(count);
  for (let index = 0; index < count; index += 1) units[index] = reader.varint();
  const lengths = new Uint32Array(count + 1);
  for (let index = 0; index < count; index += 1) lengths[index] = reader.varint();
  const keys = readKeys(reader, units);
  // What were lengths become the places where values begin.
  let start = reader.offset;
  for (let index = 0; index < count; index += 1) {
    const length = lengths[index] as number;
    if (length === 0) reader.fail('a key has no value');
    if (!startsEncoded(block[start])) reader.fail('a value is not encoded');
    lengths[index] = start;
    start += length;
  }
  lengths[count] = start;
  if (start !== block.length) reader.fail('the lengths of its values do not add up');
  return new PackedTexts(keys, block, lengths, firstPlace);
}

/**
 * The entries of a stream that `writeSnapshot` made. They keep the bytes of `chunks`.
 * @throws {ReplicationError} PROTOCOL when it is not, or not all, of one; and whatever `chunks`
 * throws when the transfer is given up.
 */
export async function* readSnapshot(
  chunks: AsyncIterable<Uint8Array>,
  blockBytesMax: number,
): AsyncGenerator<PackedTexts> {
  const joiner = new BlockJoiner(blockBytesMax);
  let count = 0;
  let ended = false;
  for await (const chunk of chunks) {
    for (const block of joiner.push(chunk)) {
      const reader = new ByteReader(block, 'A keyValue snapshot');
      const kind = reader.byte();
      if (ended || (kind !== ENTRIES && kind !== END)) reader.fail('unexpected data follow');
      if (kind === ENTRIES) {
        const entries = readEntries(reader, block, count);
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
