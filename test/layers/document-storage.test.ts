import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NEEDS_SNAPSHOT } from '../../lib/layers/contract.js';
import { document } from '../../lib/layers/document/document.js';
import { outcome } from '../support/layer-outcome.js';
import { LayerReplication } from '../support/layer-replication.js';
import type { LayerStore } from '../support/layer-storage.js';

const test = suite('document: what is kept in a store');

interface Tree {
  readonly rows: Record<string, { n: number; text: string }>;
  /** Changes here are not idempotent: a delta that is applied twice shows. */
  readonly order: number[];
}

function bigTree(keys: number): Tree {
  const text = 'x'.repeat(500);
  const rows = Array.from({ length: keys }, (_, n) => [`key ${n}`, { n, text }] as const);
  return { rows: Object.fromEntries(rows), order: [0] };
}

async function stored(statesMax: number, keys: number, historyBytesMax = 16 * 1024 * 1024) {
  const definition = document<Tree>(bigTree(keys), { statesMax, historyBytesMax });
  const replication = await new LayerReplication(definition, true).start();
  return { replication, store: replication.store as LayerStore };
}

async function touch(
  replication: Awaited<ReturnType<typeof stored>>['replication'],
  round: number,
) {
  replication.master.update((draft) => {
    draft.rows[`key ${round % 100}`] = { n: round, text: 'y'.repeat(500) };
    draft.order.push(round);
    if (draft.order.length > 20) draft.order.shift();
  });
  await replication.flush();
}

function bytesOf(store: LayerStore): number {
  return [...store.data.values()].reduce((sum, value) => sum + value.length, 0);
}

test('a commit writes one small entry, not the tree', async () => {
  const { replication, store } = await stored(1000, 1000);
  const { bytesWritten, data, writes } = store;
  const entries = data.size;
  await touch(replication, 1);
  assert.is(store.writes, writes + 1);
  assert.is(store.data.size, entries + 1);
  assert.ok(store.bytesWritten - bytesWritten < 700, `${store.bytesWritten - bytesWritten}`);
});

test('retained states come back after a restart, and nothing older than the bound', async () => {
  const { replication } = await stored(20, 100);
  const contents = new Map<number, string>();
  for (let round = 0; round < 60; round += 1) {
    await touch(replication, round);
    contents.set(replication.position.version, JSON.stringify(replication.master.get()));
  }
  await replication.start();
  const { version } = replication.position;
  assert.is(JSON.stringify(replication.master.get()), contents.get(version));
  for (let from = version - 19; from <= version; from += 1) {
    assert.is.not(await replication.master.createDelta(from, version), NEEDS_SNAPSHOT);
  }
  assert.is(await replication.master.createDelta(version - 20, version), NEEDS_SNAPSHOT);
});

test('retained states are bounded by bytes as well, and as many as fit are kept', async () => {
  const { replication } = await stored(1000, 100, 20_000);
  for (let round = 0; round < 99; round += 1) await touch(replication, round);
  const { version } = replication.position;
  let retained = 0;
  for (let from = 1; from < version; from += 1) {
    if (replication.master.createDelta(from, version) !== NEEDS_SNAPSHOT) retained += 1;
  }
  // One delta is some 600 bytes.
  assert.ok(retained > 25 && retained < 40, `${retained} states`);
});

test('the log is compacted: what is stored stays in proportion to the tree', async () => {
  const { replication, store } = await stored(10, 300);
  const base = bytesOf(store);
  let most = 0;
  for (let round = 0; round < 2000; round += 1) {
    await touch(replication, round);
    most = Math.max(most, bytesOf(store));
  }
  assert.ok(most < base * 2.5 + 64 * 1024, `${most} bytes for a tree of ${base}`);
  // 2000 small commits and the bases between them: far below 2000 trees.
  assert.ok(store.bytesWritten < base * 20, `${store.bytesWritten}`);
  const before = JSON.stringify(replication.master.get());
  await replication.start();
  assert.is(JSON.stringify(replication.master.get()), before);
});

test('a failed write in the middle of a compaction loses nothing', async () => {
  const { replication, store } = await stored(2, 10);
  for (let round = 0; round < 400; round += 1) {
    if (round % 3 === 0) {
      store.failure = new Error('the disk is full');
      assert.match(await outcome(() => touch(replication, round)), /disk is full/);
      store.failure = null;
    }
    await touch(replication, round);
    if (round % 50 === 0) {
      const before = JSON.stringify(replication.master.get());
      await replication.start();
      assert.is(JSON.stringify(replication.master.get()), before);
    }
  }
});

test('damage is named CORRUPT, never guessed at', async () => {
  const { replication, store } = await stored(1000, 3);
  for (let round = 0; round < 5; round += 1) await touch(replication, round);
  const intact = new Map(store.data);
  const keys = [...intact.keys()];
  const last = keys.at(-1) as string;
  const damages: Array<(data: Map<string, Uint8Array>) => void> = [
    (data) => void data.delete(last),
    (data) => void data.set(last, new Uint8Array([1, 106])),
    (data) => void data.set(last, new Uint8Array([9, 9])),
    (data) => void data.set('foreign', new Uint8Array(1)),
    (data) => void data.set('base', new Uint8Array([1, 5])),
    (data) => data.clear(),
  ];
  for (const damage of damages) {
    store.data = new Map(intact);
    damage(store.data);
    assert.match(await outcome(() => replication.start()), /^CORRUPT: /, damage.toString());
  }
  store.data = intact;
  assert.is(await outcome(() => replication.start()), 'done');
});

test.run();
