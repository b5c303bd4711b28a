/**
 * Group commit: one engine batch at a time; whatever is handed in meanwhile goes out together
 * in the next one, in order. A sync of that one covers what came before it, so no write has to
 * wait for a sync of its own.
 */
import type { ReplicationError } from '../errors.js';

/** Above this the next batch is closed: it bounds memory and the time one batch may take. */
const JOINED_BYTES_MAX = 4 * 1024 * 1024;

interface Waiting<Operation> {
  readonly operations: Operation[];
  readonly sizeBytes: number;
  readonly sync: boolean;
  readonly resolve: () => void;
  readonly reject: (error: ReplicationError) => void;
}

type WriteJoined<Operation> = (
  operations: Operation[],
  sync: boolean,
  sizeBytes: number,
) => Promise<void>;

/** @param write sends one joined batch; what it throws ends the queue for good (F7). */
export class WriteQueue<Operation> {
  readonly #write: WriteJoined<Operation>;
  readonly #onFailure: (thrown: unknown) => ReplicationError;
  #waiting: Waiting<Operation>[] = [];
  #running: Promise<void> | undefined;

  constructor(write: WriteJoined<Operation>, onFailure: (thrown: unknown) => ReplicationError) {
    this.#write = write;
    this.#onFailure = onFailure;
  }

  /** Resolves when the operations are written, and on disk when `sync`; in the order of calls. */
  add(operations: Operation[], sizeBytes: number, sync: boolean): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ operations, sizeBytes, sync, resolve, reject });
    });
    this.#running ??= this.#run();
    return done;
  }

  /** Resolves when all that was added before is written or has failed. */
  async drained(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      const sync = group.some((entry) => entry.sync);
      const [only] = group;
      const operations =
        group.length === 1 && only !== undefined
          ? only.operations
          : group.flatMap((entry) => entry.operations);
      const sizeBytes = group.reduce((sum, entry) => sum + entry.sizeBytes, 0);
      try {
        await this.#write(operations, sync, sizeBytes);
      } catch (thrown) {
        // A retry after a failed sync may succeed with the data gone, so what waits fails too.
        const error = this.#onFailure(thrown);
        const failed = [...group, ...this.#waiting];
        this.#waiting = [];
        for (const entry of failed) entry.reject(error);
        break;
      }
      for (const entry of group) entry.resolve();
    }
    this.#running = undefined;
  }

  #takeGroup(): Waiting<Operation>[] {
    let sizeBytes = 0;
    let count = 0;
    for (const entry of this.#waiting) {
      sizeBytes += entry.sizeBytes;
      if (count > 0 && sizeBytes > JOINED_BYTES_MAX) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}
