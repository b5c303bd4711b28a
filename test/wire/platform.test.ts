/** Node and browsers: the same bytes and the same texts from both platforms. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { platform as node } from '../../lib/platform/node.js';
import { platform as portable } from '../../lib/platform/portable.js';

const test = suite('wire: both platforms');

const bytes = fc.uint8Array({ maxLength: 300 });
const text = fc.string({ maxLength: 80, unit: 'binary' });
/** A view into the middle of something longer, as frames are. */
const within = (inner: Uint8Array) => new Uint8Array([1, 2, 3, ...inner, 4]).subarray(3, -1);

test('a digest is SHA-256 over all parts, cut to 16 bytes, whatever the parts are', () => {
  const part = fc.oneof(bytes.map(within), text);
  fc.assert(
    fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
      const hash = createHash('sha256');
      for (const each of parts) hash.update(each);
      const expected = hash.digest().subarray(0, 16).toString('base64url');
      assert.is(node.digest(...parts), expected);
      assert.is(portable.digest(...parts), expected);
    }),
    { numRuns: 2000 },
  );
});

test('texts are written and read alike, and a range is cut to the bytes there are', () => {
  fc.assert(
    fc.property(bytes, fc.nat(310), fc.nat(310), (inner, start, end) => {
      const view = within(inner);
      const expected = new TextDecoder('utf-8', { ignoreBOM: true }).decode(
        view.subarray(start, Math.max(start, end)),
      );
      assert.is(node.utf8Decode(view, start, end), expected);
      if (start <= end) assert.is(portable.utf8Decode(view, start, end), expected);
      const last = Math.min(end, view.length);
      const latin1 = node.latin1Decode(view, 0, last);
      assert.is(latin1, portable.latin1Decode(view, 0, last));
      assert.equal(
        Array.from(latin1, (letter) => letter.charCodeAt(0)),
        [...view.subarray(0, last)],
      );
      assert.is(node.crc32(view, inner), portable.crc32(view, inner));
    }),
  );
  fc.assert(
    fc.property(text, (given) => {
      const expected = new TextEncoder().encode(given);
      for (const each of [node, portable]) {
        const target = new Uint8Array(expected.length + 5);
        assert.is(each.utf8Length(given), expected.length);
        assert.is(each.utf8Write(target, given, 5), expected.length);
        assert.equal([...target.subarray(5)], [...expected]);
        assert.is(each.utf8Decode(target, 5), new TextDecoder().decode(expected));
      }
    }),
  );
  assert.is(node.utf8Decode(new Uint8Array(0), 1), '');
});

test.run();
