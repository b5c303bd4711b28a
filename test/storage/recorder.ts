/** Records what lies in a store's folder at each of its writes. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Store, StoreDefinition, StoreOperation } from '../../lib/stores/contract.js';
import type { ClaimingStore } from '../../lib/stores/shared.js';
import type { EngineWatcher } from './engine-tap.js';
import { type KnownStates, type Progress, StoreReference } from './reference.js';

/** A file at one moment; `blob` is its place in the recording's list of contents. */
export interface FileAt {
  readonly blob: number;
  /** How many of its bytes survive a power cut; less than all only in logs. */
  readonly durableBytes: number;
  /** How many belong to what was acknowledged as synced; never more than the above. */
  readonly promisedBytes: number;
}

/** The folder between two steps of its engine. */
export interface Moment {
  readonly files: Readonly<Record<string, FileAt>>;
  /** The newest state that may be in the files. */
  readonly asked: Progress;
  /** What was acknowledged: it survives the process. */
  readonly written: Progress;
  /** What was acknowledged as synced: it survives a power cut. */
  readonly synced: Progress;
}

/** One folder over all its lives. */
export interface FolderRecording {
  readonly name: string;
  readonly role: 'master' | 'slave';
  readonly moments: readonly Moment[];
  readonly blobs: readonly Uint8Array[];
  readonly states: KnownStates;
}

interface Seen {
  readonly stamp: string;
  readonly blob: number;
}

const NOT_RECORDED = /^(LOCK|LOG|LOG\.old)$/;

/** What changes in the service layer's calls; only seeded bugs change anything. */
export type Distortion = (
  operations: readonly StoreOperation[],
  sync: boolean,
) => ReadonlyArray<{ readonly operations: readonly StoreOperation[]; readonly sync: boolean }>;

const faithful: Distortion = (operations, sync) => [{ operations, sync }];

export interface RecorderOptions {
  readonly name: string;
  readonly role: 'master' | 'slave';
  readonly folder: string;
  readonly distortion?: Distortion | undefined;
  readonly skipsFileSync?: boolean | undefined;
  /** Called before each engine write; throws to fail it, as a bad or full disk does. */
  readonly beforeWrite?: ((name: string) => void) | undefined;
}

export class FolderRecorder implements EngineWatcher {
  readonly skipsFileSync: boolean;
  readonly #options: RecorderOptions;
  readonly #reference = new StoreReference();
  readonly #blobs: Uint8Array[] = [];
  readonly #seen = new Map<string, Seen>();
  readonly #durable = new Map<string, number>();
  /** Sizes of the logs after the last engine batch, and as of the last synced acknowledgement. */
  #written = new Map<string, number>();
  #promised = new Map<string, number>();
  readonly #moments: Moment[] = [];
  #asked: Progress = {};

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.skipsFileSync = options.skipsFileSync ?? false;
  }

  before(): void {
    this.#options.beforeWrite?.(this.#options.name);
    this.#capture();
  }

  after(sync: boolean): void {
    if (sync) {
      const logs = this.#names().filter((name) => name.endsWith('.log'));
      const newest = logs.sort().at(-1);
      if (newest !== undefined) this.#markDurable(newest);
    }
    this.#written = this.#logSizes();
    this.#capture();
  }

  fileSynced(name: string): void {
    if (name.endsWith('.log')) this.#markDurable(name);
    this.#capture();
  }

  /** The store as the service layer sees it, each call noted in the reference. */
  watch(inner: StoreDefinition): StoreDefinition {
    const open = async () => this.#handle((await inner.open()) as ClaimingStore);
    return { durable: inner.durable, location: inner.location, open };
  }

  finish(): FolderRecording {
    const { name, role } = this.#options;
    const states = this.#reference.states;
    return { name, role, moments: this.#moments, blobs: this.#blobs, states };
  }

  #handle(store: ClaimingStore): Store {
    const distortion = this.#options.distortion ?? faithful;
    const batch: Store['batch'] = async (operations, { sync }) => {
      this.#asked = this.#reference.asked(operations);
      const progress = this.#asked;
      const parts = distortion(operations, sync);
      await Promise.all(parts.map((part) => store.batch(part.operations, { sync: part.sync })));
      this.#reference.acknowledged(progress, sync);
      if (sync) this.#promised = this.#written;
      this.#capture();
    };
    return {
      durable: store.durable,
      location: store.location,
      get: (key) => store.get(key),
      entries: (prefix) => store.entries(prefix),
      batch,
      clear: (prefix) => {
        this.#reference.cleared(prefix);
        return store.clear(prefix);
      },
      close: () => store.close(),
      claim: (name: string) => store.claim(name),
    } as ClaimingStore;
  }

  #markDurable(name: string): void {
    const size = this.#logSizes().get(name);
    if (size !== undefined) this.#durable.set(name, size);
  }

  #logSizes(): Map<string, number> {
    const sizes = new Map<string, number>();
    for (const name of this.#names()) {
      if (!name.endsWith('.log')) continue;
      // Compaction may have removed it since it was listed.
      const status = statSync(join(this.#options.folder, name), { throwIfNoEntry: false });
      if (status !== undefined) sizes.set(name, status.size);
    }
    return sizes;
  }

  #names(): string[] {
    return readdirSync(this.#options.folder).filter((name) => !NOT_RECORDED.test(name));
  }

  #stamps(): Map<string, string> {
    const stamps = new Map<string, string>();
    for (const name of this.#names()) {
      const { ino, size, mtimeNs } = statSync(join(this.#options.folder, name), { bigint: true });
      stamps.set(name, `${ino} ${size} ${mtimeNs}`);
    }
    return stamps;
  }

  /** LevelDB compacts in threads of its own, so the files are read until nothing moved. */
  #capture(): void {
    for (;;) {
      try {
        const stamps = this.#stamps();
        const files = this.#read(stamps);
        const again = this.#stamps();
        const isStill =
          again.size === stamps.size &&
          [...stamps].every(([name, stamp]) => again.get(name) === stamp);
        if (!isStill) continue;
        const { written, synced } = this.#reference;
        this.#moments.push({ files, asked: this.#asked, written, synced });
        return;
      } catch (thrown) {
        // Between the listing and the reading a file went away.
        if ((thrown as { code?: unknown }).code !== 'ENOENT') throw thrown;
      }
    }
  }

  #read(stamps: ReadonlyMap<string, string>): Record<string, FileAt> {
    const files: Record<string, FileAt> = {};
    for (const [name, stamp] of stamps) {
      let seen = this.#seen.get(name);
      if (seen?.stamp !== stamp) {
        const bytes = readFileSync(join(this.#options.folder, name));
        seen = { stamp, blob: this.#blobs.push(new Uint8Array(bytes)) - 1 };
        this.#seen.set(name, seen);
      }
      const size = (this.#blobs[seen.blob] as Uint8Array).length;
      const isLog = name.endsWith('.log');
      const durableBytes = isLog ? Math.min(size, this.#durable.get(name) ?? 0) : size;
      const promisedBytes = isLog ? Math.min(size, this.#promised.get(name) ?? 0) : size;
      files[name] = { blob: seen.blob, durableBytes, promisedBytes };
    }
    return files;
  }
}
