import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fromBase64, toBase64 } from '../../lib/codec/base64.js';
import { ByteReader, ByteWriter } from '../../lib/codec/bytes.js';
import { defaultDeltaCodec } from '../../lib/codec/default-delta.js';
import { ReplicationError } from '../../lib/errors.js';
import { check, difference, richValue } from '../support/layer-values.js';

const test = suite('codec: bytes');

function code(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return error instanceof ReplicationError ? error.code : String(error);
  }
  return 'none';
}

test('varints and texts come back, all lengths up to the largest safe integer', () => {
  const numbers = fc.array(fc.oneof(fc.maxSafeNat(), fc.nat(300)), { maxLength: 20 });
  check(
    fc.property(numbers, fc.string({ unit: 'binary' }), (list, text) => {
      const writer = new ByteWriter();
      for (const number of list) writer.varint(number);
      const bytes = writer.text(text).finish();
      const reader = new ByteReader(bytes, 'test');
      for (const number of list) assert.is(reader.varint(), number);
      assert.is(reader.text(reader.rest), Buffer.from(text).toString());
      reader.end();
    }),
  );
});

test('a length is held against what is there before anything is allocated', () => {
  const huge = new ByteWriter().varint(Number.MAX_SAFE_INTEGER).finish();
  assert.is(
    code(() => new ByteReader(huge, 't').count(1)),
    'PROTOCOL',
  );
  assert.is(
    code(() => new ByteReader(huge, 't').raw(2 ** 40)),
    'PROTOCOL',
  );
  assert.is(
    code(() => new ByteReader(huge, 't').text(2 ** 40)),
    'PROTOCOL',
  );
  assert.is(
    code(() => new ByteReader(new Uint8Array(9).fill(255), 't').varint()),
    'PROTOCOL',
  );
  assert.is(
    code(() => new ByteReader(new Uint8Array([128]), 't').varint()),
    'PROTOCOL',
  );
  assert.is(
    code(() => new ByteReader(huge, 't').end()),
    'PROTOCOL',
  );
});

test('base64 is the usual one, and refuses anything else', () => {
  check(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      assert.is(toBase64(bytes), Buffer.from(bytes).toString('base64'));
      assert.equal(fromBase64(toBase64(bytes)), bytes);
    }),
  );
  for (const text of ['A', 'AAA', 'A===', '====', 'AA=A', 'AA\n=']) {
    assert.is(fromBase64(text), undefined, text);
  }
});

test('the default delta codec carries bytes as they are and any value', () => {
  const codec = defaultDeltaCodec();
  assert.equal([...(codec.decode(codec.encode(new Uint8Array([1, 2]))) as Uint8Array)], [1, 2]);
  check(
    fc.property(richValue, (value) => {
      if (value instanceof Uint8Array) return;
      assert.is(difference(codec.decode(codec.encode(value)), value), null);
    }),
  );
  for (const bytes of [[], [7], [1], [1, 106], [1, 255, 255]]) {
    assert.is(
      code(() => codec.decode(new Uint8Array(bytes))),
      'PROTOCOL',
    );
  }
  assert.is(
    code(() => codec.encode(() => 1)),
    'INVALID_OPTION',
  );
});

test.run();
