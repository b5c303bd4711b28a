/** P4: the newest deltas of keyValue lie whole in the store; what is read back is the same. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeDelta, type KeyValueDelta } from '../../lib/layers/key-value/delta.js';
import { KeyValueMaster } from '../../lib/layers/key-value/master.js';
import { type KeyValueSettings, keyValueSettings } from '../../lib/layers/key-value/options.js';
import type { Position } from '../../machines/protocol.js';
import { outcome } from '../support/layer-outcome.js';
import { LayerStore } from '../support/layer-storage.js';

const test = suite('keyValue: log of deltas');

function positionOf(version: number): Position {
  return { lineage: 'l', epoch: { term: 1, start: 1 }, version, digest: `d${version}` };
}

/** A master's layer on a store, without a service; tests say when it is read back. */
class StoredMap {
  readonly store = new LayerStore();
  layer: KeyValueMaster<number>;
  version = 0;
  readonly #settings: KeyValueSettings<number>;

  constructor(logBytesMax: number, tombstonesMax = 1000) {
    this.#settings = { ...keyValueSettings<number>({ tombstonesMax }), logBytesMax };
    this.layer = new KeyValueMaster(this.#settings);
  }

  async commit(changes: ReadonlyArray<readonly [key: string, text: string | undefined]>) {
    if (this.version === 0) await this.layer.open(this.store.storage());
    this.version += 1;
    const keys = changes.map(([key]) => key);
    const texts = changes.map(([, text]) => text);
    const delta: KeyValueDelta = { keys, texts, slicedUnits: 0 };
    const next = positionOf(this.version);
    await this.layer.commit(delta, next, this.store.commit(next));
  }

  async restart(): Promise<void> {
    this.layer = new KeyValueMaster(this.#settings);
    await this.layer.open(this.store.storage());
  }

  kinds(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const key of this.store.data.keys()) {
      counts[key[0] as string] = (counts[key[0] as string] ?? 0) + 1;
    }
    return counts;
  }
}

const many = (count: number, text: string | undefined, first = 0) =>
  Array.from({ length: count }, (_, index) => [`key-${first + index}`, text] as const);

test('P4: a delta of several keys is one entry, the bytes that travel', async () => {
  const map = new StoredMap(10_000);
  await map.commit(many(20, 'j1'));
  assert.equal(map.kinds(), { l: 1 });
  const keys = many(20, 'j1').map(([key]) => key);
  const travels = encodeDelta({ keys, texts: keys.map(() => 'j1'), slicedUnits: 0 });
  assert.equal(map.store.data.get('l1'), Uint8Array.from(travels));
  await map.commit(many(1, 'j2'));
  assert.equal(map.kinds(), { l: 1, k: 1 }, 'for a single key its own entry is cheaper');
  await map.restart();
  assert.is(map.layer.get('key-0'), 2);
  assert.is(map.layer.get('key-19'), 1);
});

test('what leaves the log is written by key, unless it was overwritten', async () => {
  const map = new StoredMap(700);
  await map.commit(many(10, 'j1'));
  for (let round = 0; round < 20; round += 1) await map.commit(many(10, `j${round}`, 5));
  const { l: logged = 0, k: own = 0 } = map.kinds();
  assert.ok(logged > 1 && logged < 8, `${logged} deltas in the log`);
  assert.is(own, 5, 'only keys that no later delta set');
  const bytes = [...map.store.data].filter(([key]) => key.startsWith('l'));
  assert.ok(bytes.reduce((sum, [, value]) => sum + value.length, 0) <= 700);
  await map.restart();
  assert.is(map.layer.size, 15);
  assert.is(map.layer.get('key-0'), 1);
  assert.is(map.layer.get('key-14'), 19);
});

test('a delta too large for the log is written by key, and wins over older ones in the log', async () => {
  const map = new StoredMap(1000);
  await map.commit(many(5, 'j1'));
  await map.commit(many(60, 'j2'));
  assert.equal(map.kinds(), { l: 1, k: 60 });
  await map.restart();
  assert.is(map.layer.get('key-0'), 2);
});

test('a forgotten deletion does not come back as a value out of the log', async () => {
  const map = new StoredMap(10_000, 1);
  await map.commit(many(5, 'j1'));
  for (const key of ['key-0', 'key-1', 'key-2']) await map.commit([[key, undefined]]);
  await map.commit([['other', 'j1']]);
  await map.restart();
  assert.equal([...map.layer.keys()], ['key-3', 'key-4', 'other']);
});

test('a foreign entry among the deltas is CORRUPT', async () => {
  for (const [key, value] of [
    ['l', [1, 0]],
    ['l01', [1, 0]],
    ['l-1', [1, 0]],
    ['l1', [9, 0]],
    ['l1', [1, 5]],
  ] as const) {
    const map = new StoredMap(1000);
    map.store.data.set(key, Uint8Array.from(value));
    let code: unknown;
    await map.restart().catch((thrown: { code?: unknown }) => {
      code = thrown.code;
    });
    assert.is(code, 'CORRUPT', `${key}: ${value}`);
  }
});

test('a failed write leaves the log as it was', async () => {
  const map = new StoredMap(400);
  for (let round = 0; round < 4; round += 1) await map.commit(many(8, `j${round}`, round));
  const before = new Map(map.store.data);
  map.store.failure = new Error('no space left');
  assert.is(await outcome(() => map.commit(many(8, 'j9'))), 'Error: Error: no space left');
  assert.equal(map.store.data, before);
  map.store.failure = null;
  map.version -= 1;
  for (let round = 4; round < 9; round += 1) await map.commit(many(8, `j${round}`, round));
  const shown = [...map.layer.entries()];
  await map.restart();
  assert.equal([...map.layer.entries()], shown);
});

const change = fc.tuple(
  fc.constantFrom(...'abcdefghijkl'),
  fc.option(fc.constantFrom('j1', 'j22', 'j333333333333333333'), { nil: undefined }),
);
const step = fc.record({
  changes: fc.uniqueArray(change, { maxLength: 9, selector: ([key]) => key }),
  restarts: fc.boolean(),
});

test('P4: whatever is in the log, a restart shows what was there, in the same order', async () => {
  const property = fc.asyncProperty(
    fc.array(step, { maxLength: 50 }),
    fc.constantFrom(60, 200, 1000),
    fc.constantFrom(0, 2, 100),
    async (steps, logBytesMax, tombstonesMax) => {
      const map = new StoredMap(logBytesMax, tombstonesMax);
      for (const { changes, restarts } of steps) {
        await map.commit(changes);
        if (!restarts) continue;
        const before = map.layer;
        const shown = [...before.entries()];
        await map.restart();
        for (let from = 1; from <= map.version; from += 1) {
          const delta = before.createDelta(from, map.version);
          if (typeof delta === 'symbol') continue;
          assert.equal(map.layer.createDelta(from, map.version), delta, `from ${from}`);
        }
        assert.equal([...map.layer.entries()], shown);
      }
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

test.run();
