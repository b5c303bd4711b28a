/**
 * LevelDB changes to a new log when its write buffer is full and does not sync the old one: a
 * synced write in the new log would survive a power cut that the unsynced ones before it, in the
 * old log, do not. So the old log is synced too while it exists; once it is gone, its content
 * stands in a table file that LevelDB has synced.
 *
 * To look for one is a trip through the thread pool between the sync and the vote that waits for
 * it (a fifth of the sync itself, measured). It is not made as long as all that was written since
 * the last look cannot have filled the write buffer.
 */
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from './disk-files.js';

/** Its arena gives up at most a quarter of each block it takes, and begins with a whole one. */
const ARENA_FACTOR = 4 / 3;
const ARENA_BLOCK_BYTES = 4096;

function numberOf(name: string): number {
  return Number.parseInt(name, 10);
}

/** Names of the logs in the folder, oldest first. */
async function logsIn(folder: string): Promise<string[]> {
  const logs = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  return logs.sort((left, right) => numberOf(left) - numberOf(right));
}

async function syncLog(path: string): Promise<void> {
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(path, 'r+');
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return;
    throw thrown;
  }
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

export class OlderLogs {
  readonly #folder: string;
  readonly #writeBufferBytes: number;
  #newest: string | undefined;
  /** Of the memory table, at most: since the newest log began, and since the last look. */
  #filledBytes = 0;
  #sinceLookBytes = 0;

  /** @param writeBufferBytes the engine changes logs once its memory table is larger */
  constructor(folder: string, writeBufferBytes: number) {
    this.#folder = folder;
    this.#writeBufferBytes = writeBufferBytes;
  }

  /** Call it once after the engine opened, before the first write: its log is new and empty. */
  async begin(): Promise<void> {
    this.#newest = (await logsIn(this.#folder)).at(-1);
  }

  /** @param sizeBytes of what is about to be written, as entries of the memory table, at most */
  writing(sizeBytes: number): void {
    this.#filledBytes += sizeBytes * ARENA_FACTOR;
    this.#sinceLookBytes += sizeBytes * ARENA_FACTOR;
  }

  /** Resolves when everything written before is on disk, whichever log it is in. */
  async sync(): Promise<void> {
    if (this.#filledBytes + 2 * ARENA_BLOCK_BYTES < this.#writeBufferBytes) return;
    // Later batches belong to the next look: they may be written while this one is made.
    const seenBytes = this.#sinceLookBytes;
    this.#sinceLookBytes = 0;
    const logs = await logsIn(this.#folder);
    for (const name of logs.slice(0, -1)) await syncLog(join(this.#folder, name));
    const newest = logs.at(-1);
    if (newest === this.#newest) return;
    this.#newest = newest;
    this.#filledBytes = seenBytes + this.#sinceLookBytes;
  }
}
