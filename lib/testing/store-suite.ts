/**
 * What every store owes, as tests for any runner: `test(name, run)` registers one, `run` throws
 * when the store does not keep its contract. No assertion library is needed.
 */
import { reasonOf } from '../errors.js';
import type { Store, StoreDefinition } from '../stores/contract.js';
import { openItemStorage } from '../stores/open-item-storage.js';

export interface StoreSuiteOptions {
  /** Registers one test with the host's runner. */
  readonly test: (name: string, run: () => Promise<void>) => void;
  /** A definition of a new, empty store each time, and what removes it after the test. */
  readonly factory: () => Promise<{
    readonly definition: StoreDefinition;
    readonly remove?: () => Promise<void>;
  }>;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Keys in the order of their UTF-8 bytes, with the borders where naive ranges go wrong. */
const UNICODE_KEYS = [
  'a',
  'a/',
  'a/1',
  'a/\uffff',
  'a/\u{10ffff}',
  'a/\u{10ffff}z',
  'a0',
  'ä',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{10ffff}',
  '\u{10ffff}\u{10ffff}',
];

function equal(found: unknown, wanted: unknown, what: string): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`${what}: found ${left}, wanted ${right}`);
}

async function codeOf(run: () => Promise<unknown>): Promise<unknown> {
  try {
    await run();
  } catch (thrown) {
    return (thrown as { code?: unknown }).code ?? reasonOf(thrown);
  }
  return 'no failure';
}

async function pairsOf(store: Store, prefix: string): Promise<string[][]> {
  const pairs: string[][] = [];
  for await (const part of store.entries(prefix)) {
    for (const [key, value] of part) pairs.push([key, decode(value)]);
  }
  return pairs;
}

type Check = (definition: StoreDefinition) => Promise<void>;

async function withStore(definition: StoreDefinition, use: (store: Store) => Promise<void>) {
  const store = await definition.open();
  try {
    await use(store);
  } finally {
    await store.close();
  }
}

const getAndBatch: Check = (definition) =>
  withStore(definition, async (store) => {
    equal(await store.get('a'), undefined, 'a key never written');
    const before = encode('1');
    const written = store.batch([{ key: 'a', value: before }], { sync: true });
    before[0] = 0;
    await written;
    equal(decode((await store.get('a')) ?? encode('')), '1', 'a value changed by its owner later');
    const operations = [
      { key: 'a' },
      { key: 'b', value: encode('') },
      { key: 'c', value: encode('3') },
    ];
    await store.batch(operations, { sync: false });
    equal(
      await pairsOf(store, ''),
      [
        ['b', ''],
        ['c', '3'],
      ],
      'after a delete and two puts',
    );
    await store.batch([{ key: 'c' }, { key: 'c', value: encode('4') }], { sync: false });
    equal(await pairsOf(store, 'c'), [['c', '4']], 'steps of one batch take effect in order');
  });

const prefixes: Check = (definition) =>
  withStore(definition, async (store) => {
    const shuffled = [...UNICODE_KEYS].reverse();
    await store.batch(
      shuffled.map((key) => ({ key, value: encode(key) })),
      { sync: true },
    );
    for (const prefix of ['', ...UNICODE_KEYS]) {
      const wanted = UNICODE_KEYS.filter((key) => key.startsWith(prefix)).map((key) => [key, key]);
      equal(await pairsOf(store, prefix), wanted, `entries of prefix ${JSON.stringify(prefix)}`);
    }
    await store.clear('a/');
    const left = UNICODE_KEYS.filter((key) => !key.startsWith('a/'));
    equal(
      (await pairsOf(store, '')).map(([key]) => key),
      left,
      'what a cleared prefix leaves',
    );
    const half = { key: '\ud800', value: encode('x') };
    equal(
      await codeOf(() => store.batch([half], { sync: false })),
      'INVALID_OPTION',
      'half a pair',
    );
    equal(await store.get('a').then((value) => value && decode(value)), 'a', 'after a refused key');
  });

const concurrent: Check = (definition) =>
  withStore(definition, async (store) => {
    const finished: number[] = [];
    const writes = Array.from({ length: 300 }, async (_, index) => {
      const operations = [
        { key: 'last', value: encode(String(index)) },
        { key: `each/${String(index).padStart(3, '0')}`, value: encode('x') },
      ];
      await store.batch(operations, { sync: index % 7 === 0 });
      finished.push(index);
    });
    await Promise.all(writes);
    equal(
      finished,
      [...finished].sort((left, right) => left - right),
      'the order of acknowledgements',
    );
    equal(decode((await store.get('last')) ?? encode('')), '299', 'the last write wins');
    equal((await pairsOf(store, 'each/')).length, 300, 'how many were written');
  });

const stableView: Check = (definition) =>
  withStore(definition, async (store) => {
    const keys = Array.from({ length: 5000 }, (_, index) => `k${String(index).padStart(4, '0')}`);
    await store.batch(
      keys.map((key) => ({ key, value: encode('old') })),
      { sync: false },
    );
    let seen = 0;
    for await (const part of store.entries('k')) {
      if (seen === 0)
        await store.batch(
          keys.map((key) => ({ key, value: encode('new') })),
          { sync: false },
        );
      if (part.length > 4096) throw new Error(`an array of ${part.length} entries is not bounded`);
      for (const [, value] of part) equal(decode(value), 'old', 'an entry of a pass begun before');
      seen += part.length;
    }
    equal(seen, keys.length, 'entries of one pass');
  });

const closing: Check = async (definition) => {
  const [first, second] = await Promise.all([definition.open(), definition.open()]);
  await first.batch([{ key: 'a', value: encode('1') }], { sync: true });
  await Promise.all([first.close(), first.close()]);
  equal(await codeOf(() => first.get('a')), 'STORE_FAILED', 'reading a closed store');
  const write = () => first.batch([{ key: 'a' }], { sync: false });
  equal(await codeOf(write), 'STORE_FAILED', 'writing to a closed store');
  equal(await pairsOf(second, ''), [['a', '1']], 'the other user of the same definition');
  await second.close();
  await withStore(definition, async (store) => {
    equal(await pairsOf(store, ''), [['a', '1']], 'after closing and opening again');
  });
};

const itemStorage: Check = async (definition) => {
  const part = { item: 'i/ä', role: 'slave' } as const;
  const open = async () => openItemStorage(await definition.open(), part);
  let storage = await open();
  const data = [{ key: 'x', value: encode('1') }];
  await storage.write({ records: { epoch: { term: 1 }, gone: 1 }, data }, { sync: true });
  await storage.write({ records: { gone: undefined }, data: [] }, { sync: false });
  async function* batches() {
    yield [{ key: 'y', value: encode('2') }];
    yield [{ key: 'z', value: encode('3') }, { key: 'y' }];
  }
  await storage.replace(batches(), () => ({ records: { position: 7 } }));
  await storage.close();
  storage = await open();
  const wanted = [
    ['epoch', { term: 1 }],
    ['position', 7],
  ];
  equal([...storage.records()], wanted, 'records after a restart');
  const found: string[][] = [];
  for await (const part of storage.data()) {
    for (const [key, value] of part) found.push([key, decode(value)]);
  }
  equal(found, [['z', '3']], 'data after a replacement and a restart');
  await storage.close();
};

const passBehindWrites: Check = async (definition) => {
  const storage = await openItemStorage(await definition.open(), { item: 'i', role: 'master' });
  const writes = Array.from({ length: 50 }, (_, index) =>
    storage.write({ data: [{ key: `k${index}`, value: encode('1') }] }, { sync: index % 2 === 0 }),
  );
  let seen = 0;
  // Throws CORRUPT at its end if it saw less, or more, than the sum it is held against.
  for await (const part of storage.data()) seen += part.length;
  equal(seen, 50, 'entries that were being written when the pass began');
  await Promise.all(writes);
  await storage.close();
};

const CHECKS: ReadonlyArray<readonly [name: string, check: Check]> = [
  ['reads what it wrote; steps of a batch take effect in order', getAndBatch],
  ['ranges by prefix are right for any Unicode', prefixes],
  ['concurrent batches are acknowledged and take effect in order', concurrent],
  ['a pass over the entries sees one state, in bounded arrays', stableView],
  ['one definition serves several users and opens again', closing],
  ['a pass over the data waits for the writes before it', passBehindWrites],
  ['carries the records and data of an item over a restart', itemStorage],
];

/**
 * Registers the tests that a `StoreDefinition` has to pass, each on a new store.
 *
 * @param options the runner's `test` and a factory of empty stores
 */
export function storeSuite({ test, factory }: StoreSuiteOptions): void {
  for (const [name, check] of CHECKS) {
    test(`store: ${name}`, async () => {
      const { definition, remove } = await factory();
      try {
        await check(definition);
      } finally {
        await remove?.();
      }
    });
  }
}
