/**
 * Verifies the block checksums of all live table files before LevelDB opens them. LevelDB
 * itself verifies none on normal reads, and its build in classic-level has assertions on: a
 * single flipped bit in a key's length was seen to abort the whole process of the host (S14).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ByteReader, fixed32 } from './byte-reader.js';
import { crc32c } from './crc32c.js';
import { type LiveTable, liveTables } from './leveldb-manifest.js';
import { corrupt } from './store-error.js';

const FOOTER_BYTES = 48;
/** Type and checksum behind each block. */
const TRAILER_BYTES = 5;
const MAGIC_LOW = 0x8b80fb57;
const MAGIC_HIGH = 0xdb477524;
const MASK_DELTA = 0xa282ead8;

interface Handle {
  readonly offset: number;
  readonly length: number;
}

function readHandle(reader: ByteReader): Handle {
  return { offset: reader.varint(), length: reader.varint() };
}

function checkBlock(file: Uint8Array, { offset, length }: Handle): void {
  const end = offset + length;
  if (end + TRAILER_BYTES > file.length) throw new RangeError(`the block at ${offset} is cut`);
  const checksum = crc32c(file, offset, end + 1);
  const masked = (((checksum >>> 15) | (checksum << 17)) + MASK_DELTA) >>> 0;
  if (masked !== fixed32(file, end + 1)) {
    throw new RangeError(`the block at ${offset} fails its checksum`);
  }
  // The index could not be followed, and `diskStore` turns compression off.
  if (file[end] !== 0) throw new RangeError(`the block at ${offset} is compressed`);
}

/** The handles of an index block: entries of key and handle, then the table of restarts. */
function* indexHandles(file: Uint8Array, { offset, length }: Handle): Generator<Handle> {
  const restarts = fixed32(file, offset + length - 4);
  const reader = new ByteReader(file, offset, offset + length - 4 - restarts * 4);
  while (!reader.atEnd) {
    reader.varint();
    const keyBytes = reader.varint();
    reader.varint();
    reader.skip(keyBytes);
    yield readHandle(reader);
  }
}

/** @throws {RangeError} saying what is wrong with the table file */
export function checkTable(file: Uint8Array): void {
  const footer = file.length - FOOTER_BYTES;
  if (footer < 0) throw new RangeError('it is shorter than its footer');
  if (
    fixed32(file, file.length - 8) !== MAGIC_LOW ||
    fixed32(file, file.length - 4) !== MAGIC_HIGH
  ) {
    throw new RangeError('it does not end as a table does');
  }
  const reader = new ByteReader(file, footer);
  const metaIndex = readHandle(reader);
  const index = readHandle(reader);
  checkBlock(file, metaIndex);
  checkBlock(file, index);
  // Data, then the filter, stand one behind the other: none can be missing unnoticed.
  let expected = 0;
  for (const handle of [...indexHandles(file, index), ...indexHandles(file, metaIndex)]) {
    if (handle.offset !== expected) throw new RangeError(`the block at ${expected} is not indexed`);
    checkBlock(file, handle);
    expected = handle.offset + handle.length + TRAILER_BYTES;
  }
  if (expected !== metaIndex.offset) {
    throw new RangeError(`the block at ${expected} is not indexed`);
  }
}

async function readTable(folder: string, name: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(join(folder, name));
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === 'ENOENT') return undefined;
    throw thrown;
  }
}

async function checkLive(folder: string, { number, sizeBytes }: LiveTable): Promise<void> {
  const stem = String(number).padStart(6, '0');
  for (const name of [`${stem}.ldb`, `${stem}.sst`]) {
    const file = await readTable(folder, name);
    if (file === undefined) continue;
    try {
      if (file.length < sizeBytes) throw new RangeError('it is shorter than when it was written');
      checkTable(file.subarray(0, sizeBytes));
    } catch (thrown) {
      if (!(thrown instanceof RangeError)) throw thrown;
      throw corrupt(folder, `in its file ${name}, ${thrown.message}`, thrown);
    }
  }
}

/**
 * Reads every live table once. A missing one is left for LevelDB to report: where another
 * process has the folder open, files go at any time, and the lock is what has to be reported.
 * Tables that no crash finished are not live, so they are no damage.
 *
 * @throws {ReplicationError} CORRUPT naming folder, file and offset
 */
export async function checkTables(folder: string): Promise<void> {
  for (const table of await liveTables(folder)) await checkLive(folder, table);
}
