/** A store for one layer in memory: atomic batches, every write counted, failures on demand. */
import type { CommitContext, LayerStorage, SnapshotContext } from '../../lib/layers/contract.js';
import type { StoreOperation } from '../../lib/stores/contract.js';
import type { Position } from '../../machines/protocol.js';

const ENTRIES_AT_ONCE = 1000;

export class LayerStore {
  data = new Map<string, Uint8Array>();
  position: Position | null = null;
  writes = 0;
  bytesWritten = 0;
  /** Thrown by the next write. */
  failure: Error | null = null;
  /** False makes `write` answer with a promise, as a disk does. */
  synchronous = false;

  /** What a layer is opened with after a restart: the content as of now. */
  storage(): LayerStorage {
    const entries = [...this.data].sort(([left], [right]) => (left < right ? -1 : 1));
    return {
      position: this.position,
      async *entries() {
        for (let start = 0; start < entries.length; start += ENTRIES_AT_ONCE) {
          yield entries.slice(start, start + ENTRIES_AT_ONCE);
        }
      },
    };
  }

  #apply(data: Map<string, Uint8Array>, operations: readonly StoreOperation[]): void {
    for (const { key, value } of operations) {
      if (value === undefined) data.delete(key);
      else data.set(key, value.slice());
      this.bytesWritten += value?.length ?? 0;
    }
  }

  commit(next: Position): CommitContext {
    const write = (operations: readonly StoreOperation[]): void => {
      if (this.failure !== null) throw this.failure;
      this.#apply(this.data, operations);
      this.position = next;
      this.writes += 1;
    };
    return {
      durability: 'disk',
      write: (operations) =>
        this.synchronous ? write(operations) : Promise.resolve().then(() => write(operations)),
    };
  }

  snapshot(next: Position): SnapshotContext {
    return {
      durability: 'disk',
      replace: async (batches) => {
        const fresh = new Map<string, Uint8Array>();
        for await (const operations of batches) this.#apply(fresh, operations);
        if (this.failure !== null) throw this.failure;
        this.data = fresh;
        this.position = next;
      },
    };
  }
}

/** What a service without a store hands to a layer. */
export const STORELESS: CommitContext = { durability: 'memory', write: () => undefined };
export const STORELESS_SNAPSHOT: SnapshotContext = { durability: 'memory' };
