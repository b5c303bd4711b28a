/** Frames of a peer that means harm, checksums right: PROTOCOL, or a message like any other. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReplicationError } from '../../lib/errors.js';
import { payloadOf } from '../../lib/service/payload.js';
import { decodeFrame, encodeFrame, itemOf } from '../../lib/wire/frame.js';
import { HeadWriter } from '../../lib/wire/head-writer.js';
import { KINDS as WORDS } from '../../lib/wire/words.js';
import { type Message, PROTOCOL_VERSION } from '../../machines/protocol.js';
import { type FrameParts, partsOf, sealFrame } from '../fuzz/sealed-frame.js';
import { HEADER, type Kind, kinds, messageOf, plain } from '../support/any-message.js';
import { refused } from '../support/refused-frame.js';

const test = suite('wire: hostile frames (A14, T52)');

const POINT = { version: 7, digest: 'digest of seven' };

/** A frame of any fields, its checksum right: what a hostile peer would make. */
function forged(
  kind: Kind | number,
  write: (writer: HeadWriter) => void = () => undefined,
  parts: Partial<FrameParts> = {},
): Uint8Array {
  const { envelope } = partsOf(encodeFrame(HEADER, { kind: 'goodbye', reason: '' }));
  const writer = new HeadWriter();
  writer.begin(HEADER);
  writer.byte(typeof kind === 'number' ? kind : WORDS.indexOf(kind));
  write(writer);
  return sealFrame({ envelope, message: writer.end(), bodies: new Uint8Array(0), ...parts });
}

type Path = readonly (string | number)[];

/** Every place of a message that holds a number or a text. */
function leaves(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) {
    return typeof value === 'number' || typeof value === 'string' ? [path] : [];
  }
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, [...path, key]));
}

function replaced(value: unknown, [key, ...rest]: Path, leaf: unknown): unknown {
  if (key === undefined) return leaf;
  const inner = (value as Record<string, unknown>)[key];
  if (Array.isArray(value)) {
    return value.map((each, at) => (at === Number(key) ? replaced(each, rest, leaf) : each));
  }
  return { ...(value as object), [key]: replaced(inner, rest, leaf) };
}

const at = (value: unknown, path: Path): unknown =>
  path.reduce((inner: unknown, key) => (inner as Record<string, unknown>)[key], value);

const WRONG_NUMBERS = [-1, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, 5e9 + 0.5];
const FOR_PEOPLE = ['reason', 'message', 'problem'];

for (const kind of kinds) {
  test(`${kind}: each number and text wrong in turn is refused, and reasons are cut`, () => {
    const samples = fc.sample(messageOf(kind), { numRuns: 12, seed: 11 });
    let tried = 0;
    for (const message of samples) {
      for (const path of leaves(message)) {
        const [field] = path.slice(-1);
        if (field === 'kind') continue;
        tried += 1;
        const old = at(message, path);
        const wrongs =
          typeof old === 'number' ? WRONG_NUMBERS : ['x'.repeat(257), '\u20ac'.repeat(5000)];
        const isWord = kind === 'snapshot' || kind === 'delta';
        const isForPeople = !isWord && FOR_PEOPLE.includes(String(field));
        for (const wrong of wrongs) {
          const frame = encodeFrame(HEADER, replaced(message, path, wrong) as Message);
          if (!isForPeople) refused(frame, `${path.join('.')} = ${String(wrong).slice(0, 20)}`);
          else assert.is(at(decodeFrame(frame), path), String(wrong).slice(0, 4096));
        }
      }
    }
    assert.ok(tried > 0, 'there was something to make wrong');
  });

  test(`${kind}: a head cut anywhere, or any byte of it another, under a right checksum`, () => {
    const [message] = fc.sample(messageOf(kind), { numRuns: 1, seed: 13 });
    const parts = partsOf(encodeFrame(HEADER, message as Message));
    const { message: fields } = parts;
    for (let end = 0; end < fields.length; end += 1) {
      refused(sealFrame({ ...parts, message: fields.subarray(0, end) }), `fields cut at ${end}`);
    }
    refused(sealFrame({ ...parts, message: new Uint8Array([...fields, 0]) }), 'one field more');
    for (let place = 0; place < fields.length; place += 1) {
      for (const value of [0, 1, 2, 8, 127, 128, 252, 253, 254, 255]) {
        const changed = fields.slice();
        changed[place] = value;
        const frame = sealFrame({ ...parts, message: changed });
        let taken: ReturnType<typeof decodeFrame>;
        try {
          taken = decodeFrame(frame);
        } catch (error) {
          assert.is((error as ReplicationError).code, 'PROTOCOL', `byte ${place} = ${value}`);
          continue;
        }
        // Another message, as good as any: it survives the way.
        const { envelope: outer, ...inner } = taken;
        assert.equal(plain(decodeFrame(encodeFrame(outer, inner))), plain(taken));
      }
    }
  });
}

test('an envelope cut, overlong or with wrong fields is refused', () => {
  const good = partsOf(encodeFrame(HEADER, { kind: 'goodbye', reason: 'r' }));
  assert.is(decodeFrame(sealFrame(good)).kind, 'goodbye', 'nothing else is wrong with it');
  const { envelope: bytes } = good;
  for (let end = 0; end < bytes.length; end += 1) {
    refused(sealFrame({ ...good, envelope: bytes.subarray(0, end) }), `envelope cut at ${end}`);
  }
  refused(sealFrame({ ...good, envelope: new Uint8Array([...bytes, 0]) }), 'one byte more');
  const goodbye: Message = { kind: 'goodbye', reason: '' };
  for (const field of ['item', 'lineage', 'incarnation', 'sender']) {
    refused(encodeFrame({ ...HEADER, [field]: 'x'.repeat(257) }, goodbye), `${field} too long`);
  }
  for (const wrong of WRONG_NUMBERS) {
    const wrongTerm = { ...HEADER, epoch: { term: wrong, start: 1 } };
    refused(encodeFrame(wrongTerm, goodbye), `term ${wrong}`);
    refused(
      encodeFrame({ ...HEADER, epoch: { term: 1, start: wrong } }, goodbye),
      `start ${wrong}`,
    );
  }
});

test('unknown kinds, words, forms and other protocols are refused', () => {
  for (const kind of [kinds.length, 100, 255]) refused(forged(kind), `kind ${kind}`);
  const acked = (position: number, durability: number, round: number) =>
    forged('ack', (writer) => {
      for (const value of [position, durability, round, 0]) writer.byte(value);
    });
  assert.is(decodeFrame(acked(0, 2, 0)).kind, 'ack', 'nothing else is wrong with it');
  refused(acked(0, 3, 0), 'an unknown word');
  refused(acked(0, 2, 2), 'a flag that is none');
  for (const bits of [2, 4, 6, 8, 9]) refused(acked(bits, 2, 0), `position bits ${bits}`);
  const other = encodeFrame(HEADER, { kind: 'goodbye', reason: '' });
  for (const version of [0, PROTOCOL_VERSION - 1, PROTOCOL_VERSION + 1]) {
    other[1] = version;
    for (const read of [itemOf, decodeFrame]) {
      assert.throws(
        () => read(other),
        (error: ReplicationError) =>
          error.code === 'PROTOCOL' && error.message.includes('upgrade the older'),
      );
    }
  }
});

test('a point of before is named by its place, and a place without one is refused', () => {
  const commit = (place: number) =>
    forged('commit', (writer) => {
      writer.count(1);
      writer.point(POINT);
      writer.point({ ...POINT, version: 8 });
      writer.textOrNull(null);
      writer.text('round');
      writer.byte(place);
    });
  const decoded = decodeFrame(commit(1));
  assert.equal(decoded.kind === 'commit' && decoded.to, POINT);
  for (const place of [3, 8, 9, 255]) refused(commit(place), `place ${place}`);
  // More points than are kept: each is still the one that was meant.
  const points = Array.from({ length: 17 }, (_, version) => ({ version, digest: `d${version}` }));
  const links = points.slice(1).map((to, before) => {
    return { from: points[before] ?? POINT, to, durability: 'os' } as const;
  });
  const last = links.map(({ to }) => to).at(-1) ?? POINT;
  const stamped = { sequence: 1, position: last, firm: POINT, openRound: null };
  const message: Message = { kind: 'announce', ...stamped, links, reply: false };
  assert.equal(plain(decodeFrame(encodeFrame(HEADER, message))), { ...message, envelope: HEADER });
});

test('lengths and sizes that lie are refused before anything is allocated', () => {
  const stamped = (writer: HeadWriter) => {
    writer.count(1);
    writer.point(POINT);
    writer.point(POINT);
    writer.textOrNull(null);
  };
  const sizes = [1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER];
  for (const size of sizes) {
    refused(
      forged('goodbye', (writer) => writer.count(size)),
      `a text of ${size}`,
    );
    const announced = (writer: HeadWriter) => {
      stamped(writer);
      writer.count(size);
    };
    refused(forged('announce', announced), `${size} increments`);
    const named = (writer: HeadWriter) => {
      stamped(writer);
      writer.text('round');
      writer.point(POINT);
      writer.point(POINT);
      writer.count(size);
    };
    refused(forged('prepare', named), `${size} participants`);
  }
  const body = new Uint8Array([1, 2, 3]);
  const [message] = fc.sample(messageOf('delta'), { numRuns: 1, seed: 3 });
  const carrying = (payload: object) => ({ ...message, payload }) as Message;
  const good = payloadOf(body);
  assert.is(decodeFrame(encodeFrame(HEADER, carrying(good))).kind, 'delta');
  for (const size of [0, 2, 4, ...sizes]) {
    refused(encodeFrame(HEADER, carrying({ ...good, bytes: size })), `${size} bytes`);
  }
  refused(encodeFrame(HEADER, carrying({ ...good, checksum: 'wrong' })), 'wrong checksum');
});

test('any bytes at all are PROTOCOL and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
      refused(noise, 'noise');
      refused(new Uint8Array([0x52, PROTOCOL_VERSION, ...noise]), 'noise behind the magic');
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(...kinds), (noise, kind) => {
      const frame = forged(kind, (writer) => {
        for (const value of noise) writer.byte(value);
      });
      try {
        decodeFrame(frame);
      } catch (error) {
        assert.is((error as ReplicationError).code, 'PROTOCOL');
      }
    }),
    { numRuns: 5000 },
  );
});

test.run();
