/** Folders for the store tests, and what is done to the files in them. */
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs `use` on a fresh folder and removes it afterwards. */
export async function withFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'replichart-store-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Replaces `target` by a copy of a store's files as they are at this moment. */
export async function copyStore(source: string, target: string): Promise<void> {
  await rm(target, { recursive: true, force: true });
  await cp(source, target, { recursive: true, filter: (path) => !path.endsWith('LOCK') });
}

/** The largest log of LevelDB in the folder. */
export async function logOf(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  const sizes = await Promise.all(
    names.map(async (name) => ({ name, size: (await stat(join(folder, name))).size })),
  );
  const [largest] = sizes.sort((left, right) => right.size - left.size);
  if (largest === undefined) throw new Error(`no log in ${folder}`);
  return join(folder, largest.name);
}

/** Changes one file through a function over its bytes. */
export async function changeFile(path: string, change: (bytes: Buffer) => Buffer): Promise<void> {
  await writeFile(path, change(await readFile(path)));
}
