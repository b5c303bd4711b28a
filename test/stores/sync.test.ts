/** P19: what has to be on disk before a synced write is acknowledged. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { syncOlderLogs } from '../../lib/stores/disk-files.js';
import { LevelStore } from '../../lib/stores/level.js';
import { failingLevel, ioError } from '../support/store-failing-level.js';
import { withFolder } from '../support/store-folder.js';
import { failureOf, put } from '../support/store-storage.js';

const test = suite('stores: sync');

async function openedStore(hooks: {
  completeSync?: () => Promise<void>;
  afterSync?: () => Promise<void>;
}) {
  const faults = await failingLevel();
  await faults.level.open();
  const store = new LevelStore(faults.level, { durable: true, location: '/data', ...hooks });
  return { faults, store };
}

test('P19: earlier unsynced writes are made durable before a synced one is acknowledged', async () => {
  const events: string[] = [];
  const { store } = await openedStore({
    completeSync: async () => void events.push('older logs'),
    afterSync: async () => void events.push('after sync'),
  });
  const write = async (name: string, sync: boolean) => {
    await store.batch([put('a', name)], { sync });
    events.push(name);
  };
  await write('synced 1', true);
  await write('unsynced', false);
  await write('synced 2', true);
  await write('synced 3', true);
  assert.equal(events, [
    'after sync',
    'synced 1',
    'unsynced',
    'older logs',
    'after sync',
    'synced 2',
    'after sync',
    'synced 3',
  ]);
  await store.close();
});

test('P19: `sync` reaches the engine as it was asked for', async () => {
  const { faults, store } = await openedStore({});
  await store.batch([put('a', '1')], { sync: false });
  await store.batch([put('a', '2')], { sync: true });
  assert.equal(
    faults.batches.map(({ sync }) => sync),
    [false, true],
  );
  await store.close();
});

test('T22, T23: nothing is acknowledged while a slow disk has not synced', async () => {
  const { faults, store } = await openedStore({});
  let finish: () => void = () => undefined;
  faults.before = () =>
    new Promise((resolve) => {
      finish = resolve;
    });
  let acknowledged = false;
  const write = store.batch([put('a', '1')], { sync: true }).then(() => {
    acknowledged = true;
  });
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.is(acknowledged, false);
  finish();
  await write;
  faults.before = () => undefined;
  await store.close();
});

test('F7: an error while older logs are synced is final as any other', async () => {
  const { store } = await openedStore({
    completeSync: () => Promise.reject(ioError('Input/output error')),
  });
  await store.batch([put('a', '1')], { sync: false });
  const error = await failureOf(() => store.batch([put('a', '2')], { sync: true }));
  assert.is(error.code, 'STORE_FAILED');
  assert.match(error.message, 'EIO');
  assert.is((await failureOf(() => store.get('a'))).code, 'STORE_FAILED');
  await store.close();
});

test('syncing older logs leaves the files alone', () =>
  withFolder(async (folder) => {
    const names = ['000003.log', '000010.log', '1000000.log', 'CURRENT'];
    for (const name of names) await writeFile(join(folder, name), name);
    await syncOlderLogs(folder);
    assert.equal((await readdir(folder)).sort(), [...names].sort());
  }));

test.run();
