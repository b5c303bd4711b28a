import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeValue } from '../../lib/codec/values.js';
import { textOf } from '../../lib/layers/key-value/cell.js';
import { CellTable } from '../../lib/layers/key-value/cells.js';
import type { PackedTexts } from '../../lib/layers/key-value/packed-texts.js';
import { BLOCK_BYTES, readSnapshot, writeSnapshot } from '../../lib/layers/key-value/snapshot.js';
import { outcome } from '../support/layer-outcome.js';

const test = suite('keyValue: whole states travel in blocks whose values stay packed');

const BLOCK_BYTES_MAX = 64 * 1024 * 1024;

function tableOf(entries: Iterable<readonly [string, string]>): CellTable {
  const table = new CellTable();
  for (const [key, text] of entries) table.put(key, text, 1, table.size);
  return table;
}

async function* cutAt(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function blocksOf(chunks: AsyncIterable<Uint8Array>): Promise<PackedTexts[]> {
  const blocks: PackedTexts[] = [];
  for await (const block of readSnapshot(chunks, BLOCK_BYTES_MAX)) blocks.push(block);
  return blocks;
}

async function loaded(source: CellTable, cutBytes = BLOCK_BYTES): Promise<CellTable> {
  const bytes = new Uint8Array(Buffer.concat([...writeSnapshot(source, 1)]));
  const table = new CellTable();
  for (const block of await blocksOf(cutAt(bytes, cutBytes))) table.load(block, 1, table.size);
  return table;
}

const contentOf = (table: CellTable, version = Number.POSITIVE_INFINITY) =>
  [...table.cellsAt(version)].map((cell) => [cell.key, textOf(cell)]);

const someKey = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('a', 'ключ', '鍵', '🔑'));
const someText = fc.oneof(
  fc.string({ unit: 'grapheme' }).map((text) => encodeValue(text)),
  fc.bigInt().map((number) => encodeValue(new Map([[number, new Date(0)]]))),
);

test('whatever keys and values are, and wherever the stream is cut, they arrive', async () => {
  const entries = fc.uniqueArray(fc.tuple(someKey, someText), { selector: ([key]) => key });
  const property = fc.asyncProperty(entries, fc.integer({ min: 1, max: 90 }), async (all, cut) => {
    const copy = await loaded(tableOf(all), cut);
    assert.equal(contentOf(copy), all);
    assert.is(copy.size, all.length);
  });
  await fc.assert(property, { numRuns: 200 });
});

test('a block of plain text arrives in one part of a transfer', () => {
  const entries = Array.from({ length: 5000 }, (_, index) => {
    return [`key-${index}`, `j"${'x'.repeat(190)}"`] as const;
  });
  const lengths = [...writeSnapshot(tableOf(entries), 1)].map((block) => block.length);
  assert.ok(Math.max(...lengths) <= BLOCK_BYTES, `a block has ${Math.max(...lengths)} bytes`);
  // Nor are they needlessly small: each one but the last two is filled.
  assert.ok(lengths.slice(0, -2).every((length) => length > BLOCK_BYTES * 0.97));
});

test('a value beyond the size of a block arrives whole, between small ones', async () => {
  const large = encodeValue('large '.repeat(BLOCK_BYTES));
  const entries = [
    ['first', 'j1'],
    ['large', large],
    ['last', 'j3'],
  ] as const;
  assert.equal(contentOf(await loaded(tableOf(entries), 1000)), entries);
});

test('once most of a block was replaced, nothing holds its bytes any more', async () => {
  const keys = Array.from({ length: 100 }, (_, index) => `key number ${index}`);
  const source = tableOf(
    keys.map((key, index) => [key, encodeValue({ index, note: 'x'.repeat(200) })] as const),
  );
  const before = contentOf(source);
  const copy = await loaded(source);
  const packed = () => [...copy.cellsAt(2)].filter(({ text }) => typeof text === 'object').length;
  assert.is(packed(), 100);
  keys.slice(0, 20).forEach((key, place) => {
    copy.put(key, 'j0', 2, place);
  });
  assert.is(packed(), 80, 'a block of which a fifth is gone is worth its memory');
  copy.openView(2);
  keys.slice(20, 80).forEach((key, place) => {
    copy.put(key, place % 2 === 0 ? 'j0' : undefined, 3, place);
  });
  const left = [...copy.cellsAt(3)].filter(({ version }) => version === 1);
  assert.equal(
    left.map(({ text }) => typeof text),
    Array(20).fill('string'),
  );
  assert.equal(
    left.map((cell) => [cell.key, textOf(cell)]),
    before.slice(80),
  );
  const seen = contentOf(copy, 2).filter(([, text]) => text !== 'j0');
  assert.equal(seen, before.slice(20), 'the view sees what stood there when it was opened');
});

test('a key that stands twice in a whole state is refused', async () => {
  const bytes = new Uint8Array(Buffer.concat([...writeSnapshot(tableOf([['twin', 'j1']]), 1)]));
  const [block] = await blocksOf(cutAt(bytes, bytes.length));
  assert.ok(block !== undefined);
  const table = new CellTable();
  table.load(block, 1, 0);
  assert.match(await outcome(() => table.load(block, 1, 0)), /^PROTOCOL: .*"twin" twice/);
});

test.run();
