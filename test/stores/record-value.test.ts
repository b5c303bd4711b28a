/** Protocol records with and without bytes, and what is no record. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeRecord, encodeRecord } from '../../lib/stores/record-value.js';
import { CrashEngine } from '../support/store-crash.js';
import { failureOf, openItem } from '../support/store-storage.js';

const test = suite('stores: record values');

const BODY = Uint8Array.from({ length: 300 }, (_, index) => index);

for (const value of [4711, 'text', null, [], ['a', 1], {}, { a: { b: [1, 2] } }]) {
  test(`plain data as JSON: ${JSON.stringify(value)}`, () => {
    const bytes = encodeRecord(value);
    assert.is(new TextDecoder().decode(bytes), JSON.stringify(value));
    assert.equal(decodeRecord(bytes), value);
  });
}

test('P8, P9: a record carries its delta byte for byte, an empty one too', () => {
  for (const delta of [BODY, new Uint8Array(0)]) {
    const record = { round: 'ä', to: { version: 3, digest: 'd' }, delta, participants: ['s'] };
    const bytes = encodeRecord(record);
    assert.ok(bytes.length < delta.length + 120, 'the bytes stand there as they are');
    assert.equal(decodeRecord(bytes), record);
  }
});

test('what is cut short is refused', () => {
  const bytes = encodeRecord({ round: 'r', delta: BODY });
  for (const length of [0, 1, 4, 5, 12]) assert.throws(() => decodeRecord(bytes.slice(0, length)));
});

test('P8: a record with bytes comes back after a restart', async () => {
  const engine = new CrashEngine();
  const record = { round: 'r', delta: BODY };
  const storage = await openItem(engine);
  await storage.write({ records: { promise: record } }, { sync: true });
  await storage.close();
  const again = await openItem(engine);
  const { delta, ...rest } = again.records().get('promise') as typeof record;
  assert.equal(rest, { round: 'r' });
  assert.equal(Uint8Array.from(delta), BODY);
  await again.close();
});

test('what JSON cannot carry is refused before anything is written', async () => {
  const storage = await openItem(new CrashEngine());
  const write = () =>
    storage.write({ records: { promise: { delta: BODY, n: 1n } } }, { sync: true });
  assert.is((await failureOf(write)).code, 'INVALID_OPTION');
  await storage.write({ records: { promise: 1 } }, { sync: true });
  assert.equal([...storage.records()], [['promise', 1]]);
  await storage.close();
});

test.run();
