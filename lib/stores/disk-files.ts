/** What `diskStore` does with the folder itself, beside and below LevelDB. */
import { mkdir, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ReplicationError } from '../errors.js';
import { corrupt } from './store-error.js';

/** Present once the folder held durable data. */
const WITNESS = 'REPLICHART';
const WITNESS_TEXT = 'This folder is a store of replichart; the data is in the other files.\n';

/** The code of a failed system call. */
export function codeOf(thrown: unknown): unknown {
  return (thrown as { code?: unknown } | null)?.code;
}

/** Makes the folder, readable by this user alone: a copy may hold what others must not see. */
export async function prepareFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const status = await stat(folder);
  if (status.isDirectory()) return;
  throw new ReplicationError('STORE_FAILED', `The store ${folder} is a file; name a folder`);
}

/**
 * LevelDB makes a new, empty database where CURRENT is missing, whatever else is there: an
 * emptied master would come up silently. A first creation that was cut leaves MANIFEST-000001
 * alone, so that is no damage.
 * @throws {ReplicationError} CORRUPT
 */
export async function checkFolder(folder: string): Promise<void> {
  const names = await readdir(folder);
  if (names.includes('CURRENT')) return;
  const rest = names.find(
    (name) => /\.(ldb|sst|log)$/.test(name) || name === WITNESS || isLaterManifest(name),
  );
  if (rest !== undefined) throw corrupt(folder, `the file CURRENT is missing beside ${rest}`);
}

function isLaterManifest(name: string): boolean {
  return name.startsWith('MANIFEST-') && name !== 'MANIFEST-000001';
}

/** Whether the folder once held durable data, as far as its own witness knows. */
export async function hasWitness(folder: string): Promise<boolean> {
  return (await readdir(folder)).includes(WITNESS);
}

/** Notes on disk that the folder holds durable data; call it after the first synced write. */
export async function writeWitness(folder: string): Promise<void> {
  const file = await open(join(folder, WITNESS), 'w', 0o600);
  try {
    await file.writeFile(WITNESS_TEXT);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(folder);
}

async function syncFolder(folder: string): Promise<void> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(folder, 'r');
  } catch (thrown) {
    // Windows cannot open folders.
    if (codeOf(thrown) === 'EISDIR' || codeOf(thrown) === 'EPERM') return;
    throw thrown;
  }
  try {
    await handle.sync();
  } catch (thrown) {
    // Windows and some file systems of macOS cannot sync a folder and need not.
    const code = codeOf(thrown);
    if (code !== 'EPERM' && code !== 'EINVAL' && code !== 'ENOTSUP') throw thrown;
  } finally {
    await handle.close();
  }
}
