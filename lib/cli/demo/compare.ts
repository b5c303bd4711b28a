/** The closing comparison of the demo: every copy against the original, byte for byte. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { renderTable } from '../table.js';

/** One node as it says it is, and its file. */
export interface NodeCopy {
  readonly name: string;
  readonly path: string;
  readonly version: number;
  readonly digest: string;
}

export interface Comparison {
  readonly equal: boolean;
  readonly table: string;
}

const DIGEST_SHOWN = 12;
const HEADINGS = ['NODE', 'VERSION', 'DIGEST', 'BYTES', 'SHA-256 OF THE FILE', 'VERDICT'] as const;

/** The verdict is about bytes, version and history digest; all three must be the master's. */
export async function compareCopies(
  master: NodeCopy,
  copies: readonly NodeCopy[],
): Promise<Comparison> {
  const original = await readFile(master.path);
  let equal = copies.length > 0;
  const rows: string[][] = [];
  for (const node of [master, ...copies]) {
    const bytes = await readFile(node.path);
    const differs = [
      ...(bytes.equals(original) ? [] : ['bytes']),
      ...(node.version === master.version ? [] : ['version']),
      ...(node.digest === master.digest ? [] : ['digest']),
    ];
    if (differs.length > 0) equal = false;
    const same = node === master ? 'the original' : 'equal, byte for byte';
    rows.push([
      node.name,
      `${node.version}`,
      node.digest.slice(0, DIGEST_SHOWN),
      `${bytes.length}`,
      createHash('sha256')
        .update(bytes)
        .digest('hex')
        .slice(0, 2 * DIGEST_SHOWN),
      differs.length === 0 ? same : `DIFFERENT: ${differs.join(', ')}`,
    ]);
  }
  return { equal, table: renderTable(HEADINGS, rows) };
}
