/** Disk stores of hosts that misbehave on order: slow ones, and one that lies about syncing. */
import type { Store, StoreDefinition, StoreOperation } from '../../lib/stores/contract.js';
import { diskStore } from '../../lib/stores/disk.js';
import type { HostConfig } from './process-messages.js';

type Sync = { readonly sync: boolean };

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Passes everything on; what is special about a disk stands in `batch`. */
class PassingStore implements Store {
  readonly durable: boolean;
  readonly location: string;
  protected readonly store: Store;

  constructor(store: Store) {
    this.store = store;
    this.durable = store.durable;
    this.location = store.location;
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.store.get(key);
  }

  entries(prefix: string): ReturnType<Store['entries']> {
    return this.store.entries(prefix);
  }

  batch(operations: readonly StoreOperation[], options: Sync): Promise<void> {
    return this.store.batch(operations, options);
  }

  clear(prefix: string): Promise<void> {
    return this.store.clear(prefix);
  }

  close(): Promise<void> {
    return this.store.close();
  }
}

/** T22, T23: a disk whose sync takes this long; the event loop stays free, as with a real one. */
class SlowStore extends PassingStore {
  readonly #syncMs: number;

  constructor(store: Store, syncMs: number) {
    super(store);
    this.#syncMs = syncMs;
  }

  override async batch(operations: readonly StoreOperation[], options: Sync): Promise<void> {
    await super.batch(operations, options);
    if (options.sync) await pause(this.#syncMs);
  }
}

/** The seeded bug `lying-sync`: confirms at once and writes with the next batch. */
class LyingStore extends PassingStore {
  #held: readonly StoreOperation[] = [];

  override async batch(operations: readonly StoreOperation[], options: Sync): Promise<void> {
    const before = this.#held;
    this.#held = operations;
    if (before.length > 0) await super.batch(before, options);
  }

  override async close(): Promise<void> {
    if (this.#held.length > 0) await super.batch(this.#held, { sync: true });
    await super.close();
  }
}

function wrapped({ slowSyncMs, bug }: HostConfig, store: Store): Store {
  if (bug === 'lying-sync') return new LyingStore(store);
  return slowSyncMs === undefined ? store : new SlowStore(store, slowSyncMs);
}

/** The disk store of a host. */
export function hostStore(config: HostConfig): StoreDefinition {
  const disk = diskStore(config.folder);
  if (config.slowSyncMs === undefined && config.bug !== 'lying-sync') return disk;
  const { durable, location } = disk;
  return { durable, location, open: async () => wrapped(config, await disk.open()) };
}
