/** T26, F7: an error at any call is coded, final for the store, and ends no process. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import type { StoreDefinition } from '../../lib/stores/contract.js';
import { levelStore } from '../../lib/stores/level.js';
import { sharedStore } from '../../lib/stores/shared.js';
import { failingLevel, ioError, type LevelCall } from '../support/store-failing-level.js';
import { bytes, contentOf, failureOf, openItem, put } from '../support/store-storage.js';

const test = suite('stores: fail-stop');

async function failingStore() {
  const faults = await failingLevel();
  const definition = levelStore(faults.level, { durable: true, location: '/data/settings' });
  return { faults, definition };
}

/** A life of a storage with every kind of call in it. */
async function life(definition: StoreDefinition): Promise<void> {
  const storage = await openItem(definition);
  async function* parts() {
    yield [put('b', '2')];
  }
  try {
    await storage.write({ records: { version: 1 }, data: [put('a', '1')] }, { sync: true });
    await storage.write({ records: { version: 2 } }, { sync: false });
    await storage.replace(parts(), () => ({ records: { version: 3 } }));
    await contentOf(storage);
  } finally {
    await storage.close();
  }
}

test('T26: EIO at each single call is STORE_FAILED with its code, and no write is retried', async () => {
  const healthy = await failingStore();
  await life(healthy.definition);
  const total = healthy.faults.calls.length;
  const failedAt = new Set<LevelCall>();
  for (let failing = 0; failing < total; failing += 1) {
    const { faults, definition } = await failingStore();
    let broken: LevelCall | undefined;
    faults.before = (call, index) => {
      if (index !== failing) return;
      broken = call;
      throw ioError('Input/output error');
    };
    let error: unknown;
    await life(definition).catch((thrown: unknown) => {
      error = thrown;
    });
    assert.ok(broken, `call ${failing} was reached`);
    failedAt.add(broken);
    // Clearing the old generation comes after the promise of `replace`; the next call tells.
    assert.ok(error instanceof ReplicationError, `call ${failing}, ${broken}: ${String(error)}`);
    assert.is(error.code, 'STORE_FAILED', `call ${failing}, ${broken}`);
    assert.match(error.message, 'EIO', `call ${failing}, ${broken}`);
    assert.match(error.message, '/data/settings');
    const after = faults.calls.slice(failing + 1);
    const writes = after.filter((call) => call === 'batch' || call === 'clear');
    if (broken === 'batch' || broken === 'clear')
      assert.equal(writes, [], `after ${broken} failed`);
  }
  assert.equal([...failedAt].sort(), ['batch', 'clear', 'close', 'get', 'nextv', 'open']);
});

test('F7: after one failed write every later call fails, and the disk is not asked again', async () => {
  const { faults, definition } = await failingStore();
  const store = await definition.open();
  await store.batch([put('a', '1')], { sync: true });
  faults.before = (call) => {
    if (call === 'batch') throw ioError('No space left on device');
  };
  const failed = await failureOf(() => store.batch([put('a', '2')], { sync: true }));
  assert.match(failed.message, 'ENOSPC');
  assert.is((failed.cause as { code?: string }).code, 'LEVEL_IO_ERROR');
  assert.is(failed.retryable, false);
  faults.before = () => undefined;
  const calls = faults.calls.length;
  const later = [
    () => store.batch([put('a', '3')], { sync: true }),
    () => store.get('a'),
    () => store.clear('a'),
    () => store.entries('')[Symbol.asyncIterator]().next(),
  ];
  for (const run of later) assert.is((await failureOf(run)).code, 'STORE_FAILED');
  assert.is(faults.calls.length, calls, 'the database was not called again');
  await store.close();
  const again = await definition.open();
  assert.equal(await again.get('a'), bytes('1'), 'opened again it is what the disk holds');
  await again.close();
});

test('what waits behind a failed write fails with it', async () => {
  const { faults, definition } = await failingStore();
  const store = await definition.open();
  faults.before = (call) => {
    if (call === 'batch') throw ioError('Input/output error');
  };
  const writes = Array.from({ length: 20 }, () => store.batch([put('a', '1')], { sync: true }));
  const results = await Promise.allSettled(writes);
  assert.ok(results.every(({ status }) => status === 'rejected'));
  assert.is(faults.batches.length, 1);
  await store.close();
});

test('group commit: what comes during a synced write goes out as one batch behind it', async () => {
  const { faults, definition } = await failingStore();
  const store = await definition.open();
  let finish: () => void = () => undefined;
  faults.before = (call, index) => {
    if (call !== 'batch' || index > 1) return undefined;
    return new Promise((resolve) => {
      finish = resolve;
    });
  };
  const order: number[] = [];
  const write = async (index: number, sync: boolean) => {
    await store.batch([put('last', String(index))], { sync });
    order.push(index);
  };
  const first = write(0, true);
  const others = Array.from({ length: 50 }, (_, index) => write(index + 1, index === 30));
  assert.equal(faults.batches, [{ operations: 1, sync: true }]);
  finish();
  await Promise.all([first, ...others]);
  assert.equal(faults.batches.slice(1), [{ operations: 50, sync: true }]);
  assert.equal(
    order,
    [...order].sort((left, right) => left - right),
  );
  assert.equal(await store.get('last'), bytes('50'));
  await store.close();
});

test('a flipped bit in a value is CORRUPT and names the key', async () => {
  const { faults, definition } = await failingStore();
  const store = await definition.open();
  await store.batch([put('good', '1'), put('ba"d', 'value')], { sync: true });
  const options = { valueEncoding: 'view', keyEncoding: 'utf8' } as const;
  const sealed = await faults.level.get('ba"d', options);
  assert.ok(sealed);
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const flipped = sealed.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    await faults.level.batch([{ type: 'put', key: 'ba"d', value: flipped }], options);
    const error = await failureOf(() => store.get('ba"d'));
    assert.is(error.code, 'CORRUPT');
    assert.match(error.message, '"ba\\"d"');
  }
  await faults.level.batch([{ type: 'put', key: 'other', value: sealed }], options);
  assert.is((await failureOf(() => store.get('other'))).code, 'CORRUPT', 'under another key');
  await faults.level.batch([{ type: 'put', key: 'other', value: new Uint8Array(3) }], options);
  assert.is((await failureOf(() => store.get('other'))).code, 'CORRUPT', 'shorter than a checksum');
  assert.equal(await store.get('good'), bytes('1'));
  await store.close();
});

test('a definition opens once for all its users, closes last, and opens again after a failure', async () => {
  const { faults, definition } = await failingStore();
  faults.before = (call) => {
    if (call === 'open') throw ioError('Permission denied');
  };
  const both = await Promise.allSettled([definition.open(), definition.open()]);
  assert.ok(both.every(({ status }) => status === 'rejected'));
  faults.before = () => undefined;
  faults.calls.length = 0;
  const [one, two] = await Promise.all([openItem(definition, 'a'), openItem(definition, 'b')]);
  const taken = await failureOf(() => openItem(definition, 'a'));
  assert.match(taken.message, 'already open in this process');
  await one.close();
  await (await openItem(definition, 'a')).close();
  assert.not(faults.calls.includes('close'));
  await two.write({ records: { version: 1 } }, { sync: true });
  const last = await definition.open();
  await two.close();
  const closing = last.close();
  const reopening = definition.open();
  await closing;
  await (await reopening).close();
  assert.equal(
    faults.calls.filter((call) => call === 'open' || call === 'close'),
    ['open', 'close', 'open', 'close'],
  );
});

test("a host's own definition is shared by sharedStore, its location kept", async () => {
  let opened = 0;
  const { definition } = await failingStore();
  const own = sharedStore({
    durable: true,
    location: 'mine',
    open() {
      opened += 1;
      return definition.open();
    },
  });
  const [one, two] = await Promise.all([own.open(), own.open()]);
  assert.is(opened, 1);
  assert.is(own.location, 'mine');
  await one.close();
  await two.close();
});

test.run();
