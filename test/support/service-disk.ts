/** A disk in memory that survives crashes: what was synced always, the rest by kind of crash. */
import type { Store, StoreDefinition, StoreOperation } from '../../lib/stores/contract.js';

/** One batch on its way to the disk. */
export interface DiskBatch {
  /** Counted over the disk's whole life, from 1. */
  readonly number: number;
  readonly keys: readonly string[];
  readonly sync: boolean;
}

type Content = Map<string, Uint8Array>;

const never = (): Promise<never> => new Promise(() => {});

export class ServiceDisk implements StoreDefinition {
  readonly durable = true;
  readonly location = 'simulated disk';
  /** Asked before a batch is applied; what it throws fails the batch, a promise delays it. */
  before: (batch: DiskBatch) => void | Promise<void> = () => {};
  /** Told once a batch is applied, before its writer is. */
  after: (batch: DiskBatch) => void = () => {};
  /** Opened and not closed yet. */
  opened = 0;
  batches = 0;
  #content: Content = new Map();
  #synced: Content = new Map();
  #life = 0;

  open(): Promise<Store> {
    this.opened += 1;
    return Promise.resolve(new DiskHandle(this, this.#life, this.durable, this.location));
  }

  /** Whoever holds it now never hears of it again. `power` loses what was not synced. */
  crash(kind: 'process' | 'power'): void {
    this.#life += 1;
    this.opened = 0;
    this.before = () => {};
    this.after = () => {};
    if (kind === 'power') this.#content = new Map(this.#synced);
    else this.#synced = new Map(this.#content);
  }

  /** A copy as a backup would hold it. */
  backup(): ServiceDisk {
    const copy = new ServiceDisk();
    copy.#content = new Map(this.#content);
    copy.#synced = new Map(this.#content);
    return copy;
  }

  keys(): readonly string[] {
    return [...this.#content.keys()].sort();
  }

  /** @internal The content for a handle of this life; null when that process is dead. */
  contentFor(life: number): Content | null {
    return life === this.#life ? this.#content : null;
  }

  /** @internal */
  async apply(life: number, operations: readonly StoreOperation[], sync: boolean): Promise<void> {
    this.batches += 1;
    const batch = { number: this.batches, keys: operations.map(({ key }) => key), sync };
    const delay = this.before(batch);
    if (delay !== undefined) await delay;
    if (life !== this.#life) return never();
    for (const { key, value } of operations) {
      if (value === undefined) this.#content.delete(key);
      else this.#content.set(key, value);
    }
    // A log is synced as a whole: everything before a synced batch is on disk with it.
    if (sync) this.#synced = new Map(this.#content);
    this.after(batch);
    return life === this.#life ? undefined : never();
  }
}

class DiskHandle implements Store {
  readonly durable: boolean;
  readonly location: string;
  readonly #disk: ServiceDisk;
  readonly #life: number;
  #turn: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(disk: ServiceDisk, life: number, durable: boolean, location: string) {
    this.#disk = disk;
    this.#life = life;
    this.durable = durable;
    this.location = location;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await this.#content()).get(key);
  }

  async *entries(prefix: string) {
    const content = await this.#content();
    const found = [...content].filter(([key]) => key.startsWith(prefix));
    found.sort(([left], [right]) => (left < right ? -1 : 1));
    if (found.length > 0) yield found;
  }

  batch(operations: readonly StoreOperation[], options: { sync: boolean }): Promise<void> {
    const done = this.#turn.then(() => this.#disk.apply(this.#life, operations, options.sync));
    this.#turn = done.catch(() => {});
    return done;
  }

  async clear(prefix: string): Promise<void> {
    await this.#turn;
    const content = await this.#content();
    for (const key of content.keys()) if (key.startsWith(prefix)) content.delete(key);
  }

  async close(): Promise<void> {
    await this.#turn;
    if (!this.#isClosed && this.#disk.contentFor(this.#life) !== null) this.#disk.opened -= 1;
    this.#isClosed = true;
  }

  #content(): Promise<Content> {
    const content = this.#disk.contentFor(this.#life);
    return content === null ? never() : Promise.resolve(content);
  }
}
