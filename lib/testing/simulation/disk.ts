/**
 * A disk under the real store code (checksums, group commit, fail-stop, journal). It keeps what
 * the operating system shows and what is synced apart, so that a power cut loses what a disk may.
 */
import type { AbstractLevel } from 'abstract-level';
import { ReplicationError } from '../../errors.js';
import type { Random } from '../../runtime/random.js';
import type { StoreDefinition } from '../../stores/contract.js';
import { LevelStore } from '../../stores/level.js';
import { sharedStore } from '../../stores/shared.js';
import type { SimulatedProcess } from './process.js';

export type DiskImage = ReadonlyMap<string, Uint8Array>;

interface Step {
  readonly type: 'put' | 'del';
  readonly key: string;
  readonly value?: Uint8Array;
}

/** What a power cut leaves of the batches that were not synced. */
export type PowerLoss = 'all' | 'prefix' | 'torn' | 'hole';

/** Asked before each operation. */
export interface DiskHealth {
  /** Milliseconds this write takes. */
  readonly writeMs: () => number;
  /** The code that this write fails with, such as ENOSPC, or null. */
  readonly writeFault: () => string | null;
}

export const HEALTHY: DiskHealth = { writeMs: () => 0, writeFault: () => null };

function applied(image: Map<string, Uint8Array>, steps: readonly Step[]): void {
  for (const { key, value } of steps) {
    if (value === undefined) image.delete(key);
    else image.set(key, value);
  }
}

export class SimulatedDisk {
  readonly name: string;
  readonly #random: Random;
  #shown = new Map<string, Uint8Array>();
  #synced = new Map<string, Uint8Array>();
  /** Batches since the last sync, oldest first. */
  #unsynced: (readonly Step[])[] = [];
  #holder: SimulatedProcess | null = null;
  health: DiskHealth = HEALTHY;
  /** Set once a fault damaged what was synced or left half a batch: CORRUPT is then right. */
  isDamaged = false;
  /** A test's seeded bug: writes that claim to be synced and are not. */
  syncLies: (keys: readonly string[]) => boolean = () => false;
  onWrite: (keys: readonly string[], sync: boolean) => void = () => {};

  constructor(name: string, random: Random) {
    this.name = name;
    this.#random = random;
  }

  /** What a power cut could not take. */
  get synced(): DiskImage {
    return this.#synced;
  }

  get isHeld(): boolean {
    return this.#holder !== null && !this.#holder.isDead;
  }

  /** The store as one process sees it: its promises settle only while that process lives. */
  mount(process: SimulatedProcess): StoreDefinition {
    const location = `disk ${this.name}`;
    const open = async () => {
      await this.#wait(process);
      if (this.isHeld) {
        throw new ReplicationError('STORE_FAILED', `${location} is in use by another process`);
      }
      this.#holder = process;
      const engine = new Engine(this, process);
      const level = engine as unknown as AbstractLevel<Uint8Array, string, Uint8Array>;
      return new LevelStore(level, { durable: true, location });
    };
    return sharedStore({ durable: true, location, open });
  }

  /** The process that held it is dead. Without power loss everything written stays. */
  crash(loss: PowerLoss | null): void {
    this.#holder = null;
    if (loss !== null) this.#cutPower(loss);
    this.#synced = new Map(this.#shown);
    this.#unsynced = [];
  }

  /** A copy as a backup tool makes one. */
  backup(): DiskImage {
    return new Map(this.#synced);
  }

  restore(image: DiskImage): void {
    this.#shown = new Map(image);
    this.#synced = new Map(image);
    this.#unsynced = [];
  }

  /** Flips one bit of one value under a prefix; false when there is nothing to flip. */
  rot(prefix: string): boolean {
    const keys = [...this.#shown.keys()].filter((key) => key.startsWith(prefix)).sort();
    const key = keys[Math.floor(this.#random() * keys.length)];
    const value = key === undefined ? undefined : this.#shown.get(key);
    if (key === undefined || value === undefined || value.length === 0) return false;
    const copy = value.slice();
    const bit = Math.floor(this.#random() * copy.length * 8);
    copy[bit >>> 3] = (copy[bit >>> 3] as number) ^ (1 << (bit & 7));
    this.#shown.set(key, copy);
    this.#synced.set(key, copy);
    this.isDamaged = true;
    return true;
  }

  /** @internal */
  get shown(): Map<string, Uint8Array> {
    return this.#shown;
  }

  /** @internal */
  async write(process: SimulatedProcess, steps: readonly Step[], sync: boolean): Promise<void> {
    await this.#wait(process);
    const fault = this.health.writeFault();
    if (fault !== null) throw Object.assign(new Error(`${fault}: simulated`), { code: fault });
    const keys = steps.map(({ key }) => key);
    applied(this.#shown, steps);
    this.#unsynced.push(steps);
    const isSynced = sync && !this.syncLies(keys);
    if (isSynced) {
      // A log is synced as a whole: everything before a synced batch is on disk with it.
      for (const batch of this.#unsynced) applied(this.#synced, batch);
      this.#unsynced = [];
    }
    this.onWrite(keys, sync);
    await process.awake();
  }

  /** @internal */
  release(process: SimulatedProcess): void {
    if (this.#holder === process) this.#holder = null;
  }

  async #wait(process: SimulatedProcess): Promise<void> {
    const delayMs = this.health.writeMs();
    if (delayMs > 0) await new Promise<void>((done) => process.setTimeout(done, delayMs));
    await process.awake();
  }

  #cutPower(loss: PowerLoss): void {
    const image = new Map(this.#synced);
    const count = this.#unsynced.length;
    const kept = loss === 'all' ? 0 : Math.floor(this.#random() * (count + 1));
    const survivors = this.#unsynced.slice(0, kept);
    const next = this.#unsynced[kept];
    if (loss === 'torn' && next !== undefined && next.length > 1) {
      survivors.push(next.slice(0, 1 + Math.floor(this.#random() * (next.length - 1))));
      this.isDamaged = true;
    }
    if (loss === 'hole' && kept + 1 < count) {
      survivors.push(...this.#unsynced.slice(kept + 1));
      this.isDamaged = true;
    }
    for (const batch of survivors) applied(image, batch);
    this.#shown = image;
  }
}

/** What the store code uses of an abstract-level database. */
class Engine {
  readonly #disk: SimulatedDisk;
  readonly #process: SimulatedProcess;

  constructor(disk: SimulatedDisk, process: SimulatedProcess) {
    this.#disk = disk;
    this.#process = process;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    await this.#process.awake();
    return this.#disk.shown.get(key);
  }

  batch(steps: readonly Step[], options: { readonly sync?: boolean }): Promise<void> {
    return this.#disk.write(this.#process, steps, options.sync === true);
  }

  async clear(range: { readonly gte?: string; readonly lt?: string }): Promise<void> {
    const steps = this.#range(range).map(([key]) => ({ type: 'del' as const, key }));
    if (steps.length > 0) await this.#disk.write(this.#process, steps, false);
  }

  iterator(range: { readonly gte?: string; readonly lt?: string }) {
    let left = this.#range(range);
    return {
      nextv: async (count: number) => {
        await this.#process.awake();
        const part = left.slice(0, count);
        left = left.slice(count);
        return part;
      },
      close: async () => {},
    };
  }

  async close(): Promise<void> {
    this.#disk.release(this.#process);
  }

  #range({ gte, lt }: { readonly gte?: string; readonly lt?: string }): [string, Uint8Array][] {
    return [...this.#disk.shown]
      .filter(([key]) => (gte === undefined || key >= gte) && (lt === undefined || key < lt))
      .sort(([left], [right]) => (left < right ? -1 : 1));
  }
}
