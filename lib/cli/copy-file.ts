/** Writes a file so that whoever reads it finds all of the old or of the new one, never a part. */
import { constants } from 'node:fs';
import { type FileHandle, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ReplicationError, reasonOf } from '../errors.js';

/** The one text of a value: equal values in equal key order give equal bytes on every node. */
export function canonicalText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function failure(path: string, thrown: unknown): ReplicationError {
  const code = (thrown as NodeJS.ErrnoException).code;
  const hints: Readonly<Record<string, string>> = {
    ENOENT: 'its folder does not exist; make it first',
    EACCES: 'this user may not write there',
    EPERM: 'this user may not write there',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full; free space, it is tried again',
    EISDIR: 'it is a folder; name a file',
    ENOTDIR: 'a part of the path is no folder',
  };
  const why = code === undefined ? undefined : hints[code];
  const message = `cannot write ${path}: ${why ?? reasonOf(thrown)}`;
  return new ReplicationError('STORE_FAILED', message, { cause: thrown });
}

/** In as few steps as the system allows: `writeFile` takes one for every half megabyte. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await handle.write(bytes, at)).bytesWritten;
  }
}

/** Windows cannot sync a folder; there the rename is as durable as it gets. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** One file, replaced as a whole. Calls must not overlap. */
export class CopyFile {
  readonly path: string;
  readonly #temporary: string;
  #target: string | null = null;

  constructor(path: string) {
    this.path = resolve(path);
    // One fixed name: a process that was killed leaves at most one behind, and it is used again.
    this.#temporary = `.${basename(this.path)}.replichart-tmp`;
  }

  /**
   * Replaces the file: a temporary one in the same folder, synced, renamed, the folder synced.
   * @throws {ReplicationError} STORE_FAILED; the old file is as it was
   */
  async write(text: string): Promise<void> {
    try {
      const target = await this.#resolve();
      const temporary = join(dirname(target), this.#temporary);
      const handle = await open(temporary, 'w', await modeOf(target));
      try {
        await writeAll(handle, Buffer.from(text));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, target);
      await syncFolder(dirname(target));
    } catch (thrown) {
      throw failure(this.path, thrown);
    }
  }

  /** Writes only when the file holds something else. True when it was written. */
  async restore(text: string): Promise<boolean> {
    const now = await readFile(this.path, 'utf8').catch(() => null);
    if (now === text) return false;
    await this.write(text);
    return true;
  }

  /**
   * Fails early where no file could be written later.
   * @throws {ReplicationError} STORE_FAILED
   */
  async check(): Promise<void> {
    try {
      const target = await this.#resolve();
      const temporary = join(dirname(target), this.#temporary);
      await (await open(temporary, 'w')).close();
      await rm(temporary);
    } catch (thrown) {
      throw failure(this.path, thrown);
    }
  }

  /** Through a symbolic link, so that a rename does not replace the link. */
  async #resolve(): Promise<string> {
    if (this.#target !== null) return this.#target;
    const target = await realpath(this.path).catch(() => this.path);
    const found = await stat(target).catch(() => null);
    if (found?.isDirectory()) {
      throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
    }
    this.#target = target;
    return target;
  }
}

/** A file that only its owner may read stays so. */
async function modeOf(target: string): Promise<number> {
  const found = await stat(target).catch(() => null);
  return found === null ? 0o666 : found.mode & 0o777;
}
