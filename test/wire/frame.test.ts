/** Frames: what is sent is what arrives, and a damaged one is PROTOCOL. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { payloadOf } from '../../lib/service/payload.js';
import { decodeFrame, encodeFrame, itemOf } from '../../lib/wire/frame.js';
import type { Message } from '../../machines/protocol.js';
import { envelopes, HEADER, kinds, messageOf, plain } from '../support/any-message.js';
import { refused } from '../support/refused-frame.js';

const test = suite('wire: frames (A14, T52)');

for (const kind of kinds) {
  test(`${kind}: any message survives the way`, () => {
    fc.assert(
      fc.property(envelopes, messageOf(kind), (outer, message) => {
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
}

test('what is remembered of envelopes never shows in another', () => {
  const goodbye: Message = { kind: 'goodbye', reason: '' };
  const epochs = Array.from({ length: 300 }, (_, start) => ({ term: 1, start }));
  for (let round = 0; round < 8; round += 1) {
    for (const given of epochs) {
      const sender = `s${round}`;
      const outer = { ...HEADER, sender, epoch: given };
      const frame = encodeFrame(outer, goodbye);
      assert.is(itemOf(frame), 'item');
      assert.equal(plain(decodeFrame(frame).envelope), outer);
      assert.equal(plain(decodeFrame(frame).envelope), outer, 'and again');
    }
  }
  const heard = decodeFrame(encodeFrame(HEADER, goodbye)).envelope;
  assert.throws(() => Object.assign(heard, { sender: 'x' }), TypeError);
  assert.throws(() => Object.assign(heard.epoch, { term: 9 }), TypeError);
});

test('frames that share memory stay as they were', () => {
  const long = 'x'.repeat(4000);
  const messages = fc.sample(fc.oneof(...kinds.map(messageOf)), { numRuns: 400, seed: 5 });
  const many = Array.from({ length: 3000 }, (_, place) => `slave ${place}`);
  const some = messages.flatMap((message, place) => {
    if (place % 40 === 0) return [message, { kind: 'goodbye', reason: long } as const];
    return message.kind === 'prepare' ? [message, { ...message, participants: many }] : [message];
  });
  const frames = some.map((message) => encodeFrame(HEADER, message));
  frames.forEach((frame, place) => {
    assert.equal(plain(decodeFrame(frame)), plain({ ...some[place], envelope: HEADER }));
  });
});

test('a message that cannot be written leaves nothing to the next', () => {
  const body = new Uint8Array([1, 2, 3]);
  const point = { version: 7, digest: 'd' };
  const [good] = fc.sample(messageOf('prepare'), { numRuns: 1, seed: 3 });
  const links = [{ from: point, to: point, durability: 'os', payload: payloadOf(body) }, null];
  const bad = { ...good, links } as unknown as Message;
  assert.throws(() => encodeFrame(HEADER, bad), TypeError);
  const frame = encodeFrame(HEADER, good as Message);
  assert.equal(plain(decodeFrame(frame)), plain({ ...good, envelope: HEADER }));
});

test.run();
