/** Frames: what is sent is what arrives, and whatever else arrives is PROTOCOL and nothing else. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { platform } from '#platform';
import { ReplicationError } from '../../lib/errors.js';
import { payloadOf } from '../../lib/service/payload.js';
import { decodeFrame, encodeFrame, itemOf } from '../../lib/wire/frame.js';
import type { Envelope, Message } from '../../machines/protocol.js';

const test = suite('wire: frames (A14, T52)');

const name = fc.string({ maxLength: 60, unit: 'grapheme' });
const count = fc.oneof(
  fc.nat(),
  fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1),
);
const bytes = fc.uint8Array({ maxLength: 200 });
const payload = bytes.map(payloadOf);
const bare = payload.map(({ bytes: length, checksum }) => ({ bytes: length, checksum }));
const point = fc.record({ version: count, digest: name });
const epoch = fc.record({ term: count, start: count });
const position = fc.record({ lineage: name, epoch, version: count, digest: name });
const orNull = <T>(inner: fc.Arbitrary<T>) => fc.option(inner, { nil: null });
const durability = fc.constantFrom('disk', 'os', 'memory');
const relation = fc.constantFrom('same', 'behind', 'ahead', 'fork', 'unknown');
const link = fc.oneof(
  fc.record({ from: point, to: point, durability }),
  fc.record({ from: point, to: point, durability, payload: fc.oneof(payload, bare) }),
);
const links = fc.array(link, { maxLength: 4 });
const prepared = fc.record({
  round: name,
  from: point,
  to: point,
  epoch,
  incarnation: name,
  sequence: count,
});
const stamp = { sequence: count, position: point, firm: point, openRound: orNull(name) };
const chunk = {
  build: name,
  index: count,
  last: fc.boolean(),
  from: point,
  to: position,
  durability,
  round: orNull(name),
  reason: orNull(fc.constantFrom('empty', 'trimmed', 'fork')),
  firmRelation: relation,
  payload,
};

const KINDS = {
  announce: { ...stamp, links, reply: fc.boolean() },
  prepare: {
    ...stamp,
    round: name,
    from: point,
    to: point,
    participants: fc.array(name, { maxLength: 5 }),
    links,
    payload: fc.oneof(payload, bare),
  },
  commit: { ...stamp, round: name, to: point },
  abort: { ...stamp, round: name, reason: name },
  welcome: {
    hello: name,
    position: point,
    firm: point,
    sequence: count,
    openRound: orNull(name),
    volatile: fc.boolean(),
    heartbeatMs: count,
    relation,
    firmRelation: relation,
  },
  delta: chunk,
  snapshot: chunk,
  outcome: {
    round: name,
    outcome: fc.constantFrom('committed', 'aborted', 'pending', 'unknown', 'superseded'),
    position: point,
  },
  refused: { code: name, message: name, hello: orNull(name) },
  hello: {
    hello: name,
    position: orNull(position),
    firm: orNull(point),
    prepared: orNull(prepared),
    durable: fc.boolean(),
  },
  request: {
    position: orNull(position),
    firm: orNull(point),
    round: orNull(name),
    build: orNull(name),
    next: count,
  },
  vote: {
    round: name,
    answer: fc.constantFrom('yes', 'no'),
    reason: orNull(name),
    code: orNull(name),
    position: orNull(position),
    needsSync: fc.boolean(),
  },
  ack: { position: orNull(position), durability, round: orNull(name), problem: orNull(name) },
  inquire: { prepared },
  goodbye: { reason: name },
} as const;

type Kind = keyof typeof KINDS;
const kinds = Object.keys(KINDS) as Kind[];

function messageOf(kind: Kind): fc.Arbitrary<Message> {
  const fields = fc.record(KINDS[kind] as Record<string, fc.Arbitrary<unknown>>);
  return fields.map((rest) => ({ kind, ...rest }) as Message);
}

const envelope: fc.Arbitrary<Envelope> = fc.record({
  protocol: fc.constant(1),
  item: name,
  lineage: name,
  epoch,
  incarnation: name,
  sender: name,
});

/** `fast-check` makes null-prototype objects too; only content counts. */
const plain = (value: unknown) => structuredClone(value);

function refused(frame: Uint8Array, what: string): void {
  try {
    decodeFrame(frame);
  } catch (error) {
    assert.instance(error, ReplicationError, `${what}: ${(error as Error).message}`);
    assert.is((error as ReplicationError).code, 'PROTOCOL', what);
    return;
  }
  throw new Error(`${what}: it was taken`);
}

const HEADER: Envelope = {
  protocol: 1,
  item: 'item',
  lineage: 'l',
  epoch: { term: 1, start: 1 },
  incarnation: 'i',
  sender: 's',
};

/** A frame with any JSON as its head, its checksum right: what a hostile peer would make. */
function forged(head: unknown, body = new Uint8Array(0)): Uint8Array {
  const item = platform.utf8Encode('item');
  const text = platform.utf8Encode(typeof head === 'string' ? head : JSON.stringify(head));
  const frame = new Uint8Array(4 + item.length + 8 + text.length + body.length);
  const view = new DataView(frame.buffer);
  frame.set([0x52, 1, 0, item.length, ...item]);
  const at = 4 + item.length;
  view.setUint32(at, text.length);
  frame.set(text, at + 8);
  view.setUint32(at + 4, platform.crc32(frame.subarray(0, at + 4), text));
  frame.set(body, at + 8 + text.length);
  return frame;
}

for (const kind of kinds) {
  test(`${kind}: any message survives the way`, () => {
    fc.assert(
      fc.property(envelope, messageOf(kind), (outer, message) => {
        const frame = encodeFrame(outer, message);
        assert.is(itemOf(frame), outer.item);
        assert.equal(plain(decodeFrame(frame)), plain({ ...message, envelope: outer }));
      }),
      { numRuns: 150 },
    );
  });

  test(`${kind}: truncated at any byte, longer by one, or with any bit flipped: PROTOCOL`, () => {
    const [message] = fc.sample(messageOf(kind), { numRuns: 1, seed: 7 });
    const frame = encodeFrame(HEADER, message as Message);
    for (let end = 0; end < frame.length; end += 1)
      refused(frame.subarray(0, end), `cut at ${end}`);
    refused(new Uint8Array([...frame, 0]), 'longer by one');
    for (let bit = 0; bit < frame.length * 8; bit += 1) {
      const flipped = frame.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      refused(flipped, `bit ${bit} flipped`);
    }
  });

  test(`${kind}: each field wrong in turn is refused by name`, () => {
    const [message] = fc.sample(messageOf(kind), { numRuns: 1, seed: 11 });
    const fields = Object.keys(KINDS[kind]);
    const travelling = { bytes: 0, checksum: 'c', inline: false };
    const good = {
      ...message,
      ...('payload' in KINDS[kind] ? { payload: travelling } : {}),
      ...('links' in KINDS[kind] ? { links: [] } : {}),
    };
    assert.is(decodeFrame(forged([HEADER, good])).kind, kind, 'nothing else is wrong with it');
    for (const field of fields) {
      for (const wrong of [undefined, 1.5, -1, 2 ** 53, 'x'.repeat(5000), [1], { a: 1 }]) {
        const isText =
          ['reason', 'message', 'problem'].includes(field) && typeof wrong === 'string';
        const isFree = kind === 'snapshot' || kind === 'delta' ? field !== 'reason' : true;
        if (isText && isFree) continue;
        const bad = { ...good, [field]: wrong };
        try {
          decodeFrame(forged([HEADER, bad]));
        } catch (error) {
          assert.is((error as ReplicationError).code, 'PROTOCOL', `${field} = ${String(wrong)}`);
          continue;
        }
        throw new Error(`${kind}.${field} = ${JSON.stringify(wrong)} was taken`);
      }
    }
  });
}

test('each field of the envelope wrong in turn is refused', () => {
  const message = { kind: 'goodbye', reason: 'r' };
  assert.is(decodeFrame(forged([HEADER, message])).kind, 'goodbye');
  for (const field of Object.keys(HEADER)) {
    for (const wrong of [undefined, null, -1, 1e300, 'x'.repeat(300), [], {}]) {
      refused(forged([{ ...HEADER, [field]: wrong }, message]), `${field} = ${String(wrong)}`);
    }
  }
});

test('unknown kinds, other protocols and heads that are no pair are refused', () => {
  for (const kind of ['', 'teleport', '__proto__', 'constructor', 'toString', 7, null, {}]) {
    refused(forged([HEADER, { kind }]), `kind ${String(kind)}`);
  }
  for (const head of ['', '{', 'null', '7', '[]', '[{}]', '[1,2,3]', '[null,null]']) {
    refused(forged(head), `head ${head}`);
  }
  const other = encodeFrame(HEADER, { kind: 'goodbye', reason: '' });
  other[1] = 2;
  assert.throws(
    () => itemOf(other),
    (error: ReplicationError) => error.message.includes('upgrade'),
  );
});

test('unknown optional fields are dropped, and prototypes stay as they are', () => {
  const message = JSON.parse('{"kind":"goodbye","reason":"r","__proto__":{"bad":1},"later":2}');
  const decoded = decodeFrame(forged([HEADER, message]));
  assert.equal(Object.keys(decoded).sort(), ['envelope', 'kind', 'reason']);
  assert.is((decoded as { bad?: number }).bad, undefined);
});

test('payload sizes that lie are refused before anything is allocated', () => {
  const [message] = fc.sample(messageOf('delta'), { numRuns: 1, seed: 3 });
  for (const size of [1, 2 ** 31, Number.MAX_SAFE_INTEGER]) {
    const wire = { bytes: size, checksum: 'c', inline: true };
    refused(forged([HEADER, { ...message, payload: wire }]), `${size} bytes`);
  }
  const body = new Uint8Array([1, 2, 3]);
  const wire = { bytes: 3, checksum: 'wrong', inline: true };
  refused(forged([HEADER, { ...message, payload: wire }], body), 'wrong checksum');
});

test('any bytes at all are PROTOCOL and nothing else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
      refused(noise, 'noise');
      refused(new Uint8Array([0x52, 1, ...noise]), 'noise behind the magic');
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.constantFrom(...kinds), (outer, inner, kind) => {
      refused(forged([outer, inner]), 'any JSON');
      refused(forged([HEADER, { kind, value: inner }]), 'any JSON of a kind');
    }),
    { numRuns: 1000 },
  );
});

test.run();
