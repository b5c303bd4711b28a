/**
 * Which table files a LevelDB folder consists of, read from its manifest. Only read, never
 * written; whatever cannot be parsed is left for LevelDB itself to complain about.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ByteReader } from './byte-reader.js';

export interface LiveTable {
  readonly number: number;
  readonly sizeBytes: number;
}

const BLOCK_BYTES = 32 * 1024;
const HEADER_BYTES = 7;
const FULL = 1;
const FIRST = 2;
const LAST = 4;

/** The records of a file in LevelDB's log format; an unfinished last one is left out. */
export function* logRecords(file: Uint8Array): Generator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let at = 0;
  while (at + HEADER_BYTES <= file.length) {
    const blockLeft = BLOCK_BYTES - (at % BLOCK_BYTES);
    if (blockLeft < HEADER_BYTES) {
      at += blockLeft;
      continue;
    }
    const length = (file[at + 4] as number) | ((file[at + 5] as number) << 8);
    const type = file[at + 6] as number;
    const end = at + HEADER_BYTES + length;
    if (end > file.length) return;
    if (type === FULL || type === FIRST) parts = [];
    parts.push(file.subarray(at + HEADER_BYTES, end));
    if (type === FULL || type === LAST) yield Buffer.concat(parts);
    at = end;
  }
}

/** Applies one edit of the manifest to the set of live tables. */
function applyEdit(edit: Uint8Array, live: Map<string, LiveTable>): void {
  const reader = new ByteReader(edit);
  while (!reader.atEnd) {
    const tag = reader.varint();
    if (tag === 1) reader.skip(reader.varint());
    else if (tag === 2 || tag === 3 || tag === 4 || tag === 9) reader.varint();
    else if (tag === 5) {
      reader.varint();
      reader.skip(reader.varint());
    } else if (tag === 6) {
      const level = reader.varint();
      live.delete(`${level}/${reader.varint()}`);
    } else if (tag === 7) {
      const level = reader.varint();
      const number = reader.varint();
      live.set(`${level}/${number}`, { number, sizeBytes: reader.varint() });
      reader.skip(reader.varint());
      reader.skip(reader.varint());
    } else {
      throw new RangeError(`unknown tag ${tag}`);
    }
  }
}

/** The live tables; none when the folder is new or its manifest cannot be read. */
export async function liveTables(folder: string): Promise<LiveTable[]> {
  const live = new Map<string, LiveTable>();
  try {
    const current = (await readFile(join(folder, 'CURRENT'), 'utf8')).trimEnd();
    const manifest = await readFile(join(folder, current));
    for (const edit of logRecords(manifest)) applyEdit(edit, live);
  } catch {
    // LevelDB opens next, reads the same files and names what is wrong with them.
    return [];
  }
  return [...live.values()];
}
