/** A store in a folder: LevelDB through classic-level. */
import { resolve } from 'node:path';
import { ReplicationError, reasonOf } from '../errors.js';
import type { Store, StoreDefinition } from './contract.js';
import { checkFolder, hasWitness, prepareFolder, writeWitness } from './disk-files.js';
import { LevelStore } from './level.js';
import { checkTables } from './leveldb-tables.js';
import { OlderLogs } from './older-logs.js';
import { sharedStore } from './shared.js';
import { corrupt, storeError } from './store-error.js';

const MEBIBYTE = 1024 * 1024;

export interface DiskStoreOptions {
  /** LevelDB's cache of blocks it has read, in bytes. Default 8 MiB. */
  readonly cacheBytes?: number;
  /** How much LevelDB gathers in memory before it writes a table file, in bytes. Default 4 MiB. */
  readonly writeBufferBytes?: number;
}

function checkOptions(path: unknown, options: DiskStoreOptions): void {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new ReplicationError('INVALID_OPTION', 'diskStore needs the path of a folder');
  }
  for (const [name, value] of Object.entries(options)) {
    if (name !== 'cacheBytes' && name !== 'writeBufferBytes') {
      const known = 'cacheBytes, writeBufferBytes';
      throw new ReplicationError(
        'INVALID_OPTION',
        `diskStore has no option ${name}; it has ${known}`,
      );
    }
    if (Number.isSafeInteger(value) && value >= 64 * 1024 && value <= 1024 * MEBIBYTE) continue;
    const message = `${name} must be a number of bytes from 64 KiB to 1 GiB`;
    throw new ReplicationError('INVALID_OPTION', message);
  }
}

async function loadEngine(): Promise<typeof import('classic-level')> {
  try {
    return await import('classic-level');
  } catch (thrown) {
    const message =
      'diskStore needs the optional package classic-level, which cannot be loaded here: run ' +
      `"npm install classic-level", or use another store (${reasonOf(thrown)})`;
    throw new ReplicationError('STORE_FAILED', message, { cause: thrown });
  }
}

async function openDisk(folder: string, options: DiskStoreOptions): Promise<Store> {
  const { ClassicLevel } = await loadEngine();
  const writeBufferSize = options.writeBufferBytes ?? 4 * MEBIBYTE;
  const olderLogs = new OlderLogs(folder, writeBufferSize);
  try {
    await prepareFolder(folder);
    await checkFolder(folder);
    await checkTables(folder);
    const level = new ClassicLevel<string, Uint8Array>(folder, {
      // `checkTables` follows the index of a table, which must be plain for that.
      compression: false,
      cacheSize: options.cacheBytes ?? 8 * MEBIBYTE,
      writeBufferSize,
    });
    await level.open();
    let witnessed = false;
    try {
      await olderLogs.begin();
      witnessed = await hasWitness(folder);
      const empty = (await level.keys({ limit: 1 }).all()).length === 0;
      if (witnessed && empty) throw corrupt(folder, 'it held data, and the engine finds none');
    } catch (thrown) {
      await level.close();
      throw thrown;
    }
    return new LevelStore(level, {
      durable: true,
      location: folder,
      writing: (sizeBytes) => olderLogs.writing(sizeBytes),
      completeSync: () => olderLogs.sync(),
      afterSync: async () => {
        if (witnessed) return;
        await writeWitness(folder);
        witnessed = true;
      },
    });
  } catch (thrown) {
    throw storeError(thrown, 'open', folder);
  }
}

/**
 * Keeps protocol records and data in a folder, by LevelDB (the optional package
 * `classic-level`). What a synced write acknowledged survives `kill -9` and a power cut; an
 * unsynced one survives the process (P19). The folder is made with mode 0700 and locked while it
 * is open; the lock goes with the process, so none is left behind by a crash.
 *
 * @param path the folder, made when missing; relative to the working directory of this moment
 * @param options sizes of LevelDB's buffers, in bytes
 * @throws {ReplicationError} INVALID_OPTION at once. From `open`: STORE_FAILED when another
 * process holds the folder, the path is a file, rights or space are missing, or classic-level is
 * not installed; CORRUPT when what is there cannot be read.
 */
export function diskStore(path: string, options: DiskStoreOptions = {}): StoreDefinition {
  checkOptions(path, options);
  const folder = resolve(path);
  return sharedStore({ durable: true, location: folder, open: () => openDisk(folder, options) });
}
