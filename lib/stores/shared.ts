/**
 * One open store for all who were given the same definition: a process that is master of two
 * items, or master and slave, may keep both in one folder, which its engine opens only once.
 */
import { ReplicationError } from '../errors.js';
import type { Store, StoreDefinition, StoreOperation } from './contract.js';

/** A store that can tell whether a part of it already has a user. */
export interface ClaimingStore extends Store {
  /** Takes `name` until this handle closes. False when it is taken. */
  claim(name: string): boolean;
}

interface Opened {
  readonly store: Store;
  readonly claims: Set<string>;
  users: number;
}

export function canClaim(store: Store): store is ClaimingStore {
  return 'claim' in store && typeof store.claim === 'function';
}

/** One user's handle; closing it leaves the others alone. */
class SharedHandle implements ClaimingStore {
  readonly #opened: Opened;
  readonly #release: () => Promise<void>;
  readonly #claimed: string[] = [];
  #closing: Promise<void> | undefined;

  constructor(opened: Opened, release: () => Promise<void>) {
    this.#opened = opened;
    this.#release = release;
  }

  get durable(): boolean {
    return this.#opened.store.durable;
  }

  get location(): string {
    return this.#opened.store.location;
  }

  claim(name: string): boolean {
    if (this.#opened.claims.has(name)) return false;
    this.#opened.claims.add(name);
    this.#claimed.push(name);
    return true;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#store().get(key);
  }

  entries(prefix: string): ReturnType<Store['entries']> {
    return this.#store().entries(prefix);
  }

  async batch(operations: readonly StoreOperation[], options: { sync: boolean }): Promise<void> {
    return this.#store().batch(operations, options);
  }

  async clear(prefix: string): Promise<void> {
    return this.#store().clear(prefix);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const name of this.#claimed) this.#opened.claims.delete(name);
    await this.#release();
  }

  #store(): Store {
    if (this.#closing === undefined) return this.#opened.store;
    throw new ReplicationError(
      'STORE_FAILED',
      `The store ${this.location} is closed; open it again`,
    );
  }
}

/**
 * Makes a definition that may be opened several times at once: the first `open` opens the store,
 * the last `close` closes it, and an `open` in between waits for neither. Already part of
 * `diskStore`, `memoryStore` and `levelStore`; meant for a host's own definition.
 *
 * @throws {ReplicationError} from `open`: whatever the wrapped definition throws
 */
export function sharedStore(definition: StoreDefinition): StoreDefinition {
  let opened: Promise<Opened> | undefined;
  let closed: Promise<void> = Promise.resolve();

  async function openFirst(): Promise<Opened> {
    await closed;
    return { store: await definition.open(), claims: new Set(), users: 0 };
  }

  async function release(shared: Opened): Promise<void> {
    shared.users -= 1;
    if (shared.users > 0) return;
    opened = undefined;
    const closing = shared.store.close();
    // Only the order matters to the next `open`; the failure goes to whoever closed last.
    closed = closing.catch(() => undefined);
    await closing;
  }

  async function open(): Promise<Store> {
    opened ??= openFirst();
    const attempt = opened;
    let shared: Opened;
    try {
      shared = await attempt;
    } catch (thrown) {
      // A failed attempt must not be handed to the next caller.
      if (opened === attempt) opened = undefined;
      throw thrown;
    }
    // The last user may have closed it between the opening and this line.
    if (opened !== attempt) return open();
    shared.users += 1;
    return new SharedHandle(shared, () => release(shared));
  }

  return { durable: definition.durable, location: definition.location, open };
}
