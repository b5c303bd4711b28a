/** The journal and the sums: what a damaged store shows when it is opened and loaded. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ItemStorage } from '../../lib/stores/contract.js';
import { JOURNAL_ENTRIES } from '../../lib/stores/journal.js';
import { STORE_FORMAT } from '../../lib/stores/open-item-storage.js';
import { CrashEngine } from '../support/store-crash.js';
import {
  bytes,
  contentOf,
  failureOf,
  openItem,
  put,
  reopened,
  text,
} from '../support/store-storage.js';

const test = suite('stores: journal');
const PREFIX = 'master/8/settings/';

async function written(engine: CrashEngine, count: number): Promise<void> {
  const storage = await openItem(engine);
  for (let index = 1; index <= count; index += 1) {
    const data = [put(`key-${index % 5}`, `value ${index}`)];
    await storage.write({ records: { position: { version: index } }, data }, { sync: true });
  }
  await storage.close();
}

async function damageOf(change: (entries: Map<string, Uint8Array>) => void) {
  const engine = new CrashEngine();
  await written(engine, 20);
  engine.tamper(change);
  const before = [...engine.view()];
  const error = await failureOf(() => reopened(engine));
  assert.equal([...engine.view()], before, 'a refused store is left as it is');
  assert.is(error.code, 'CORRUPT');
  assert.match(error.message, '"settings"');
  assert.match(error.message, 'crash-engine');
  return error;
}

test('design 9: a missing batch in the middle is a hole, named by its number', async () => {
  const error = await damageOf((entries) => entries.delete(`${PREFIX}j/0012`));
  assert.match(error.message, 'journal entry 12');
  assert.match(error.message, 'later ones up to 20');
});

test('design 9: an entry of another history breaks the chain', async () => {
  const other = new CrashEngine();
  const storage = await openItem(other);
  for (let index = 1; index <= 12; index += 1) {
    await storage.write({ records: { other: index } }, { sync: true });
  }
  const foreign = other.view().get(`${PREFIX}j/0012`);
  assert.ok(foreign);
  const error = await damageOf((entries) => entries.set(`${PREFIX}j/0012`, foreign));
  assert.match(error.message, 'journal entry 12');
});

test('an unreadable journal entry is CORRUPT', async () => {
  const error = await damageOf((entries) => entries.set(`${PREFIX}j/0012`, bytes('x,1,2')));
  assert.match(error.message, 'j/0012');
});

test('a lost, an older and an unreadable record are noticed on open', async () => {
  for (const value of [undefined, bytes('{"version":19}'), bytes('{"version":')]) {
    const error = await damageOf((entries) => {
      if (value === undefined) entries.delete(`${PREFIX}r/position`);
      else entries.set(`${PREFIX}r/position`, value);
    });
    assert.match(error.message, 'journal entry 20');
  }
});

test('lost, older, returned and swapped data entries are noticed when loaded', async () => {
  const changes: Array<(entries: Map<string, Uint8Array>) => void> = [
    (entries) => entries.delete(`${PREFIX}d/0/key-1`),
    (entries) => entries.set(`${PREFIX}d/0/key-1`, bytes('value 11')),
    (entries) => entries.set(`${PREFIX}d/0/key-9`, bytes('value 9')),
    (entries) => {
      entries.set(`${PREFIX}d/0/key-1`, bytes('value 17'));
      entries.set(`${PREFIX}d/0/key-2`, bytes('value 16'));
    },
  ];
  for (const change of changes) await damageOf(change);
});

test('damaged data is noticed before the first write too, and nothing is written', async () => {
  const engine = new CrashEngine();
  await written(engine, 3);
  engine.tamper((entries) => entries.delete(`${PREFIX}d/0/key-1`));
  const storage = await openItem(engine);
  const before = [...engine.view()];
  const error = await failureOf(() => storage.write({ data: [put('a', '1')] }, { sync: true }));
  assert.is(error.code, 'CORRUPT');
  assert.equal([...engine.view()], before);
});

test('S15: the journal stays bounded and is checked across its ring', async () => {
  const engine = new CrashEngine();
  await written(engine, 2 * JOURNAL_ENTRIES + 10);
  const entries = [...engine.view().keys()].filter((key) => key.startsWith(`${PREFIX}j/`));
  assert.is(entries.length, JOURNAL_ENTRIES);
  const { records } = await reopened(engine);
  assert.equal(records, { position: { version: 2 * JOURNAL_ENTRIES + 10 } });
  const oldest = engine.view().get(`${PREFIX}j/0011`);
  assert.ok(oldest);
  engine.tamper((all) => all.delete(`${PREFIX}j/0011`));
  const error = await failureOf(() => reopened(engine));
  assert.match(error.message, `journal entry ${JOURNAL_ENTRIES + 11}`);
});

for (const [age, format] of [
  ['newer', STORE_FORMAT + 1],
  ['older', STORE_FORMAT - 1],
] as const) {
  test(`T53: ${age} format is refused by name, and never rewritten`, async () => {
    const engine = new CrashEngine();
    await written(engine, 2);
    engine.tamper((all) => all.set('replichart', bytes(`{"format":${format},"more":true}`)));
    const before = [...engine.view()];
    const error = await failureOf(() => openItem(engine));
    assert.is(error.code, 'STORE_FAILED');
    assert.match(error.message, `${age} version of replichart (format ${format}`);
    assert.equal([...engine.view()], before);
  });
}

test('a store without a format record, but with content, is refused', async () => {
  const engine = new CrashEngine();
  await written(engine, 2);
  engine.tamper((entries) => entries.delete('replichart'));
  assert.is((await failureOf(() => openItem(engine))).code, 'CORRUPT');
  engine.tamper((entries) => entries.set('replichart', bytes('garbage')));
  assert.is((await failureOf(() => openItem(engine))).code, 'CORRUPT');
});

test('items and roles share a store without touching each other', async () => {
  const engine = new CrashEngine();
  const names = ['a', 'a/r', 'a/d/0', '1/a', '', '\u{10ffff}'];
  const opened: ItemStorage[] = [];
  for (const name of names) {
    for (const role of ['master', 'slave'] as const) {
      const storage = await openItem(engine, name, role);
      opened.push(storage);
      const data = [put('key', `${role} ${name}`)];
      await storage.write({ records: { who: [role, name] }, data }, { sync: true });
    }
  }
  let index = 0;
  for (const name of names) {
    for (const role of ['master', 'slave'] as const) {
      const storage = opened[index];
      index += 1;
      assert.ok(storage);
      assert.equal(await contentOf(storage), {
        records: { who: [role, name] },
        data: { key: `${role} ${name}` },
      });
    }
  }
});

test('what JSON or UTF-8 cannot carry is refused, and nothing is counted', async () => {
  const engine = new CrashEngine();
  const storage = await openItem(engine);
  const refused = [
    () => storage.write({ records: { big: 1n } }, { sync: false }),
    () => storage.write({ data: [put('fine', '1'), put('\udc00', '1')] }, { sync: false }),
    () =>
      storage.write(
        { data: [{ key: 'k', value: 'text' as unknown as Uint8Array }] },
        { sync: false },
      ),
    () => storage.write({ records: { '\ud800': 1 } }, { sync: false }),
  ];
  for (const run of refused) assert.is((await failureOf(run)).code, 'INVALID_OPTION');
  await storage.write({ data: [put('fine', '2')] }, { sync: true });
  await storage.close();
  assert.equal((await reopened(engine)).data, { fine: '2' });
  assert.is(text(engine.view().get(`${PREFIX}d/0/fine`)), '2');
});

test('data written while all data is being read counts, and the pass sees what was before', async () => {
  const engine = new CrashEngine();
  await written(engine, 40);
  let storage = await openItem(engine);
  const many = Array.from({ length: 60 }, (_, index) => put(`more-${index}`, 'x'));
  await storage.write({ data: many }, { sync: true });
  await storage.close();
  storage = await openItem(engine);
  const seen: string[] = [];
  for await (const part of storage.data()) {
    for (const [key] of part) seen.push(key);
    const data = [put(`late-${seen.length}`, '1'), { key: 'more-59' }];
    await Promise.all([
      storage.write({ data }, { sync: false }),
      storage.write({ records: { seen: seen.length } }, { sync: true }),
    ]);
  }
  assert.is(seen.length, 65);
  await storage.close();
  const { records, data } = await reopened(engine);
  assert.equal(records, { position: { version: 40 }, seen: 65 });
  assert.is(Object.keys(data).filter((key) => key.startsWith('late-')).length, 7);
  assert.is(Object.keys(data).length, 65 + 7 - 1);
});

test('a pass that is not finished checks nothing and harms nothing', async () => {
  const engine = new CrashEngine();
  await written(engine, 5);
  const storage = await openItem(engine);
  for await (const part of storage.data()) {
    assert.ok(part.length > 0);
    break;
  }
  await storage.write({ data: [put('key-1', 'new')] }, { sync: true });
  await storage.close();
  assert.is((await reopened(engine)).data['key-1'], 'new');
});

test('a closed storage says so', async () => {
  const engine = new CrashEngine();
  const storage = await openItem(engine);
  await storage.close();
  await storage.close();
  const error = await failureOf(() => storage.write({ records: { a: 1 } }, { sync: true }));
  assert.is(error.code, 'STORE_FAILED');
});

test.run();
