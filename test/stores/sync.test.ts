/** P19: what has to be on disk before a synced write is acknowledged. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LevelStore } from '../../lib/stores/level.js';
import { OlderLogs } from '../../lib/stores/older-logs.js';
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

const WRITE_BUFFER_BYTES = 64 * 1024;

test('syncing older logs leaves the files alone', () =>
  withFolder(async (folder) => {
    const names = ['000003.log', '000010.log', '1000000.log', 'CURRENT'];
    for (const name of names) await writeFile(join(folder, name), name);
    const logs = new OlderLogs(folder, WRITE_BUFFER_BYTES);
    await logs.begin();
    logs.writing(WRITE_BUFFER_BYTES);
    await logs.sync();
    assert.equal((await readdir(folder)).sort(), [...names].sort());
  }));

/** A folder that is gone tells by its ENOENT whether it was looked into. */
async function looks(logs: OlderLogs): Promise<boolean> {
  try {
    await logs.sync();
    return false;
  } catch (thrown) {
    assert.is((thrown as { code?: unknown }).code, 'ENOENT');
    return true;
  }
}

test('P19: older logs are looked for once the write buffer may be full, until a new log is seen', () =>
  withFolder(async (folder) => {
    const inner = join(folder, 'inner');
    const withLogs = async (...names: string[]) => {
      await mkdir(inner);
      for (const name of names) await writeFile(join(inner, name), '');
    };
    await withLogs('000003.log');
    const logs = new OlderLogs(inner, WRITE_BUFFER_BYTES);
    await logs.begin();
    await rm(inner, { recursive: true });
    logs.writing(WRITE_BUFFER_BYTES / 2);
    assert.is(await looks(logs), false, 'half a buffer cannot have filled it');
    logs.writing(WRITE_BUFFER_BYTES / 2);
    assert.is(await looks(logs), true, 'from here on a new log may be there');
    assert.is(await looks(logs), true, 'and was not seen yet');
    await withLogs('000003.log', '000005.log');
    assert.is(await looks(logs), false);
    await rm(inner, { recursive: true });
    assert.is(await looks(logs), false, 'the new log is known and all but empty');
    logs.writing(WRITE_BUFFER_BYTES);
    assert.is(await looks(logs), true);
  }));

test('P19: LevelDB changes logs no earlier than counted', () =>
  withFolder(async (folder) => {
    const level = new ClassicLevel<string, Uint8Array>(folder, {
      compression: false,
      writeBufferSize: WRITE_BUFFER_BYTES,
    });
    await level.open();
    const newest = async () =>
      (await readdir(folder))
        .filter((name) => name.endsWith('.log'))
        .sort()
        .at(-1);
    // Entries that waste most: tiny ones, and ones that leave a block of the arena a quarter empty.
    for (const valueBytes of [0, 10, 1000, 1030]) {
      let counted = 0;
      const store = new LevelStore(level, {
        durable: true,
        location: folder,
        writing: (sizeBytes) => {
          counted += sizeBytes;
        },
      });
      let before = await newest();
      // The first change only begins the count; the second one ends it.
      for (let changes = 0, index = 0; changes < 2; index += 1) {
        await store.batch([{ key: `k${index}`, value: new Uint8Array(valueBytes) }], {
          sync: false,
        });
        const now = await newest();
        if (now === before) continue;
        before = now;
        changes += 1;
        const isEnough = (counted * 4) / 3 + 8192 >= WRITE_BUFFER_BYTES;
        assert.ok(isEnough, `${counted} bytes counted with values of ${valueBytes}`);
        counted = 0;
      }
    }
    await level.close();
  }));

test.run();
