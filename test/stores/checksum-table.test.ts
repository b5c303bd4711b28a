/** The compact table of checksums behaves as a Map, and the sum over it as a set's. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ChecksumTable } from '../../lib/stores/checksum-table.js';
import type { StoreOperation } from '../../lib/stores/contract.js';
import { crc32c } from '../../lib/stores/crc32c.js';
import { RunningSum } from '../../lib/stores/entry-sum.js';
import { prefixEnd } from '../../lib/stores/key-range.js';
import { bytes, put } from '../support/store-storage.js';

const test = suite('stores: checksum table');

const stepOf = fc.record({
  key: fc.oneof(
    fc.integer({ min: 0, max: 200 }).map((number) => `key-${number}`),
    fc.string({ unit: 'binary' }),
  ),
  checksum: fc.option(fc.nat(0xffffffff), { nil: undefined }),
});

test('the table answers as a Map does, through growth and removals', () => {
  fc.assert(
    fc.property(fc.array(stepOf, { maxLength: 600, size: 'max' }), (steps) => {
      const table = new ChecksumTable();
      const model = new Map<string, number>();
      for (const { key, checksum } of steps) {
        const before = model.get(key);
        if (checksum === undefined) {
          assert.is(table.delete(key), before);
          model.delete(key);
        } else {
          assert.is(table.set(key, checksum), before);
          model.set(key, checksum);
        }
        assert.is(table.size, model.size);
      }
      for (const [key, checksum] of model) assert.is(table.delete(key), checksum);
      assert.is(table.size, 0);
    }),
    { numRuns: 200 },
  );
});

test('half a million similar keys do not collide', () => {
  const table = new ChecksumTable();
  for (let index = 0; index < 250_000; index += 1) {
    assert.is(table.set(`user:${index}:name`, index), undefined, `collision at ${index}`);
    assert.is(table.set(`${index}`, index), undefined, `collision at ${index}`);
  }
  assert.is(table.size, 500_000);
});

test('the sum depends on what the set holds, not on how it came about', () => {
  const operationOf = fc.record({ key: fc.nat(20), value: fc.option(fc.nat(5)) });
  fc.assert(
    fc.property(fc.array(operationOf, { maxLength: 60 }), (steps) => {
      const sum = new RunningSum();
      const model = new Map<string, StoreOperation>();
      for (const { key, value } of steps) {
        const operation = value === null ? { key: `k${key}` } : put(`k${key}`, `v${value}`);
        sum.apply([operation]);
        if (value === null) model.delete(operation.key);
        else model.set(operation.key, operation);
      }
      const fresh = new RunningSum();
      fresh.apply([...model.values()].reverse());
      assert.equal(sum.state, fresh.state);
      fresh.apply([put('one more', '1')]);
      assert.not.equal(sum.state, fresh.state);
    }),
  );
});

test('CRC-32C gives the published check value, at any alignment', () => {
  const digits = bytes('xx123456789yyyyyyyy');
  assert.is(crc32c(digits, 2, 11), 0xe3069283);
  assert.is(crc32c(bytes('123456789'), 0, 9), 0xe3069283);
  assert.is(crc32c(new Uint8Array(32), 0, 32), 0x8a9136aa);
  assert.is(crc32c(new Uint8Array(32).fill(255), 0, 32), 0x62a8ab43);
});

test('the end of a prefix is above all its keys and below every other one', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'ÿ', '\ud7ff', '\ue000', '\u{10ffff}') });
  const order = (left: string, right: string) =>
    Buffer.compare(Buffer.from(left), Buffer.from(right));
  fc.assert(
    fc.property(text, text, (prefix, key) => {
      const end = prefixEnd(prefix);
      const inRange = order(key, prefix) >= 0 && (end === undefined || order(key, end) < 0);
      assert.is(inRange, key.startsWith(prefix));
    }),
    { numRuns: 2000 },
  );
});

test.run();
