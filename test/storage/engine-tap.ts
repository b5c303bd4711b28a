/** Watches the real LevelDB under real stores: each batch before and after, and each file sync. */
import { readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClassicLevel } from 'classic-level';

export interface EngineWatcher {
  /** An engine batch is about to be written. */
  before(): void;
  /** An engine batch is written; with `sync` the newest log is on disk. */
  after(sync: boolean): void;
  /** The store itself synced this file. */
  fileSynced(name: string): void;
  /** Seeded bug: the store's own syncs of older logs are skipped. */
  readonly skipsFileSync?: boolean;
}

type Step = (this: unknown, ...given: unknown[]) => Promise<unknown>;

interface Patch {
  readonly target: object;
  readonly name: string;
  readonly original: Step;
}

function patched(target: object, name: string, wrap: (original: Step) => Step): Patch {
  const original = Reflect.get(target, name) as Step;
  Object.defineProperty(target, name, {
    value: wrap(original),
    writable: true,
    configurable: true,
  });
  return { target, name, original };
}

/** File handles share a prototype that no module exports. */
async function fileHandlePrototype(): Promise<object> {
  const handle = await open(fileURLToPath(import.meta.url), 'r');
  try {
    return Object.getPrototypeOf(handle) as object;
  } finally {
    await handle.close();
  }
}

function syncTap(watchers: ReadonlyMap<string, EngineWatcher>): (original: Step) => Step {
  return (original) =>
    async function tapped(this: unknown) {
      // Asked before the call: the handle may be closed after it.
      const path = readlinkSync(`/proc/self/fd/${(this as { fd: number }).fd}`);
      const watcher = watchers.get(dirname(path));
      if (watcher?.skipsFileSync === true && path.endsWith('.log')) return undefined;
      const result = await original.call(this);
      watcher?.fileSynced(basename(path));
      return result;
    };
}

function locationOf(level: unknown): string {
  return (level as ClassicLevel).location;
}

/**
 * Starts watching all engines of this process; `watchers` are found by folder.
 * @returns a function that puts everything back
 */
export async function tapEngine(watchers: ReadonlyMap<string, EngineWatcher>): Promise<() => void> {
  const handles = await fileHandlePrototype();
  const engine = ClassicLevel.prototype;
  const patches = [
    patched(
      engine,
      '_batch',
      (original) =>
        async function tapped(this: unknown, ...given) {
          const watcher = watchers.get(locationOf(this));
          watcher?.before();
          const result = await original.apply(this, given);
          watcher?.after((given[1] as { sync?: boolean }).sync === true);
          return result;
        },
    ),
    patched(
      engine,
      '_clear',
      (original) =>
        async function tapped(this: unknown, ...given) {
          const watcher = watchers.get(locationOf(this));
          watcher?.before();
          const result = await original.apply(this, given);
          watcher?.after(false);
          return result;
        },
    ),
    patched(handles, 'datasync', syncTap(watchers)),
    patched(handles, 'sync', syncTap(watchers)),
  ];
  return () => {
    for (const { target, name, original } of patches) {
      Object.defineProperty(target, name, {
        value: original,
        writable: true,
        configurable: true,
      });
    }
  };
}
