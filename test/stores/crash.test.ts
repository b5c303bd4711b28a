/** S3, S13, T33, T34: what is left after a crash between any two steps of the engine. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { StoreOperation } from '../../lib/stores/contract.js';
import { CrashEngine } from '../support/store-crash.js';
import { type Content, failureOf, openItem, put, reopened } from '../support/store-storage.js';

const test = suite('stores: crash');

interface Step {
  readonly keys: readonly number[];
  readonly sync: boolean;
}

/** Writes the steps; returns the content after each and how many are acknowledged as synced. */
async function history(engine: CrashEngine, steps: readonly Step[]) {
  const states: Content[] = [{ records: {}, data: {} }];
  let synced = 0;
  const storage = await openItem(engine);
  for (const [index, { keys, sync }] of steps.entries()) {
    const version = index + 1;
    const last = states.at(-1) as Content;
    const data = { ...last.data };
    const operations: StoreOperation[] = keys.map((key) => {
      const name = `k${Math.abs(key)}`;
      if (key < 0) {
        delete data[name];
        return { key: name };
      }
      data[name] = `v${version}`;
      return put(name, `v${version}`);
    });
    await storage.write({ records: { version }, data: operations }, { sync });
    states.push({ records: { version }, data });
    if (sync) synced = version;
  }
  return { states, synced };
}

const sorted = ({ records, data }: Content): string =>
  JSON.stringify([records, Object.entries(data).sort()]);

const stepsOf = fc.array(
  fc.record({
    keys: fc.array(fc.integer({ min: -6, max: 6 }), { maxLength: 4 }),
    sync: fc.boolean(),
  }),
  { minLength: 1, maxLength: 25 },
);

test('S3, T34: a lost tail leaves records and data of one acknowledged moment', async () => {
  await fc.assert(
    fc.asyncProperty(stepsOf, fc.nat(25), async (steps, kept) => {
      const engine = new CrashEngine();
      const { states, synced } = await history(engine, steps);
      engine.crash((index) => index < kept);
      const left = await reopened(engine);
      const version = Number(left.records.version ?? 0);
      assert.ok(version >= synced, `version ${version} is below the synced ${synced}`);
      assert.is(sorted(left), sorted(states[version] as Content));
    }),
    { numRuns: 300 },
  );
});

test('T29: a batch lost in the middle is CORRUPT, whatever it held', async () => {
  let holes = 0;
  await fc.assert(
    fc.asyncProperty(stepsOf, fc.nat(24), async (steps, lost) => {
      const engine = new CrashEngine();
      await history(
        engine,
        steps.map(({ keys }) => ({ keys, sync: false })),
      );
      if (engine.unsynced < 2) return;
      const dropped = lost % (engine.unsynced - 1);
      engine.crash((index) => index !== dropped);
      holes += 1;
      assert.is((await failureOf(() => reopened(engine))).code, 'CORRUPT');
    }),
    { numRuns: 300 },
  );
  assert.ok(holes > 100, `only ${holes} runs had a hole`);
});

async function* parts(): AsyncGenerator<StoreOperation[]> {
  yield [put('b', 'new'), put('c', 'gone')];
  yield [put('d', 'new'), { key: 'c' }];
  yield [put('e', 'new')];
}

const OLD: Content = { records: { version: 1 }, data: { a: 'old', b: 'old' } };
const NEW: Content = { records: { version: 2 }, data: { b: 'new', d: 'new', e: 'new' } };

async function withOld(): Promise<CrashEngine> {
  const engine = new CrashEngine();
  const storage = await openItem(engine);
  const data = [put('a', 'old'), put('b', 'old')];
  await storage.write({ records: { version: 1 }, data }, { sync: true });
  await storage.close();
  engine.steps = 0;
  return engine;
}

/** Data keys of all generations, to see that nothing is left behind. */
const dataKeys = (engine: CrashEngine): string[] =>
  [...engine.view().keys()].filter((key) => key.startsWith('master/8/settings/d/'));

/** Runs a replacement whose write number `failing` fails; true when it resolved. */
async function cutReplace(engine: CrashEngine, failing: number): Promise<boolean> {
  const storage = await openItem(engine);
  engine.beforeWrite = (step) => {
    if (step >= failing) throw new Error(`power gone at step ${step}`);
  };
  try {
    await storage.replace(parts(), () => ({ records: { version: 2 } }));
    return true;
  } catch {
    return false;
  }
}

test('S13, T33: a replacement cut at each step leaves the complete old or new state', async () => {
  const outcomes: boolean[] = [];
  for (let failing = 0; failing <= 5; failing += 1) {
    for (const keepUnsynced of [true, false]) {
      const engine = await withOld();
      const resolved = await cutReplace(engine, failing);
      engine.crash(() => keepUnsynced);
      const left = await reopened(engine);
      outcomes.push(resolved);
      assert.is(sorted(left), sorted(resolved ? NEW : OLD), `cut at step ${failing}`);
      assert.is(dataKeys(engine).length, resolved ? 3 : 2, `leftovers of step ${failing}`);
    }
  }
  assert.equal(outcomes.filter(Boolean).length, 4, 'cut after the flip in the last two steps');
});

test('S13: a source that fails leaves the old state and no half generation', async () => {
  const engine = await withOld();
  const storage = await openItem(engine);
  async function* failing(): AsyncGenerator<StoreOperation[]> {
    yield [put('z', 'half')];
    throw new Error('the transfer was given up');
  }
  const change = () => ({ records: { version: 2 } });
  let thrown: unknown;
  await storage.replace(failing(), change).catch((error: unknown) => {
    thrown = error;
  });
  assert.match(String(thrown), 'the transfer was given up');
  assert.is(dataKeys(engine).length, 2);
  await storage.replace(parts(), change);
  await storage.write({ data: [put('f', 'later')] }, { sync: true });
  await storage.close();
  assert.is(dataKeys(engine).length, 4);
  const left = await reopened(engine);
  assert.is(sorted(left), sorted({ records: NEW.records, data: { ...NEW.data, f: 'later' } }));
});

test('records may be written while a replacement is under way', async () => {
  const engine = await withOld();
  const storage = await openItem(engine);
  async function* slow(): AsyncGenerator<StoreOperation[]> {
    yield [put('b', 'new')];
    await storage.write({ records: { epoch: 5 }, data: [put('a', 'lost')] }, { sync: true });
    yield [put('d', 'new')];
  }
  await storage.replace(slow(), () => ({ records: { version: 2 }, data: [put('e', 'new')] }));
  await storage.close();
  const left = await reopened(engine);
  assert.equal(left.records, { epoch: 5, version: 2 });
  assert.equal(left.data, NEW.data);
});

test('a generation that lost one unsynced part is noticed when it is loaded', async () => {
  const engine = await withOld();
  const storage = await openItem(engine);
  await storage.replace(parts(), () => ({ records: { version: 2 } }));
  await storage.close();
  engine.tamper((entries) => entries.delete('master/8/settings/d/1/d'));
  assert.is((await failureOf(() => reopened(engine))).code, 'CORRUPT');
});

test("F7: a host's store that fails once is not written to again by the storage", async () => {
  const engine = await withOld();
  const storage = await openItem(engine);
  engine.beforeWrite = () => {
    throw new Error('once');
  };
  await storage.write({ records: { version: 2 } }, { sync: true }).catch(() => undefined);
  engine.beforeWrite = () => undefined;
  const later = () => storage.write({ records: { version: 3 } }, { sync: true });
  assert.is((await failureOf(later)).code, 'STORE_FAILED');
  await storage.close();
  assert.is(sorted(await reopened(engine)), sorted(OLD));
});

test.run();
