/** Runs in Chromium: the store suite, and what else a browser's store owes, as functions. */
import { ReplicationError } from '../../../lib/errors.js';
import { browserStore } from '../../../lib/stores/browser.js';
import type { Store } from '../../../lib/stores/contract.js';
import { storeSuite } from '../../../lib/testing/store-suite.js';

export interface Verdict {
  readonly name: string;
  readonly problem: string | null;
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
}

let holding: IDBDatabase | null = null;
const opened = new Map<string, Store>();

function storeOf(name: string): Store {
  const store = opened.get(name);
  if (store === undefined) throw new Error(`${name} is not open`);
  return store;
}

async function refusalOf(run: () => Promise<unknown>): Promise<Refusal | null> {
  try {
    await run();
    return null;
  } catch (thrown) {
    if (!(thrown instanceof ReplicationError)) throw thrown;
    return { code: thrown.code, message: thrown.message };
  }
}

async function runSuite(): Promise<Verdict[]> {
  const tests: Array<{ name: string; run: () => Promise<void> }> = [];
  let count = 0;
  storeSuite({
    test: (name, run) => void tests.push({ name, run }),
    factory: async () => {
      count += 1;
      return { definition: browserStore(`suite-${count}`) };
    },
  });
  const verdicts: Verdict[] = [];
  for (const { name, run } of tests) {
    const problem = await run().then(
      () => null,
      (thrown: unknown) => (thrown instanceof Error ? `${thrown.stack}` : String(thrown)),
    );
    verdicts.push({ name, problem });
  }
  return verdicts;
}

export const pageStores = {
  runSuite,
  durable: () => browserStore('any').durable,
  open: (name: string) =>
    refusalOf(async () => void opened.set(name, await browserStore(name).open())),
  close: async (name: string) => {
    await storeOf(name).close();
    opened.delete(name);
  },
  /** Code of the site's own that has a database open, and deletes it: the deletion waits. */
  deleteWhileOpen: (name: string) =>
    new Promise<void>((resolve, reject) => {
      const request = indexedDB.open(name);
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        holding = request.result;
        indexedDB.deleteDatabase(name).onblocked = () => resolve();
      };
    }),
  letGo: () => holding?.close(),
  withoutIndexedDB: (name: string) => {
    Object.defineProperty(globalThis, 'indexedDB', { value: undefined, configurable: true });
    const refused = refusalOf(() => browserStore(name).open());
    return refused.finally(() => Reflect.deleteProperty(globalThis, 'indexedDB'));
  },
  put: (name: string, key: string, bytes: number) =>
    refusalOf(() => {
      const value = new Uint8Array(bytes).fill(7);
      return storeOf(name).batch([{ key, value }], { sync: true });
    }),
  lengthOf: async (name: string, key: string) => (await storeOf(name).get(key))?.length ?? null,
  /** Milliseconds of each of `count` synced writes of 200 bytes, one after the other. */
  writeTimes: async (name: string, count: number) => {
    const times: number[] = [];
    for (let index = 0; index < count; index += 1) {
      const startedMs = performance.now();
      const value = new Uint8Array(200).fill(index);
      await storeOf(name).batch([{ key: `t${index}`, value }], { sync: true });
      times.push(performance.now() - startedMs);
    }
    return times;
  },
};

Object.assign(globalThis, { pageStores });
