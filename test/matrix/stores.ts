/** The stores of the matrix: what a node that died finds when it comes back. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoreDefinition } from '../../lib/index.js';
import { diskStore } from '../../lib/stores/disk.js';
import { memoryStore } from '../../lib/stores/memory.js';

export interface MatrixStores {
  /** The store of the node with this id, the same at each call. */
  of(id: string): StoreDefinition;
  close(): void;
}

export interface MatrixStoreKind {
  readonly name: string;
  open(): MatrixStores;
}

const memory: MatrixStoreKind = {
  name: 'memory',
  open: () => {
    const stores = new Map<string, StoreDefinition>();
    return {
      of: (id) => {
        const store = stores.get(id) ?? memoryStore();
        stores.set(id, store);
        return store;
      },
      close: () => undefined,
    };
  },
};

const disk: MatrixStoreKind = {
  name: 'disk',
  open: () => {
    const folder = mkdtempSync(join(tmpdir(), 'replichart-matrix-'));
    return {
      of: (id) => diskStore(join(folder, id)),
      close: () => rmSync(folder, { recursive: true, force: true }),
    };
  },
};

export const storeKinds: readonly MatrixStoreKind[] = [memory, disk];
