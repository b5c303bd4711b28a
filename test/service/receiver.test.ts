/** P6, S8: what a slave makes of parts that come twice, late, or of several builds at once. */
import { rejects } from 'node:assert/strict';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { payloadOf } from '../../lib/service/payload.js';
import { TransferReceiver } from '../../lib/service/transfer-receiver.js';
import type { ChunkMessage, Enveloped } from '../../machines/protocol.js';

const test = suite('service: receiver of transfers');

function part(build: string, index: number, last: boolean): Enveloped<ChunkMessage> {
  const epoch = { term: 1, start: 1 };
  return {
    envelope: { protocol: 1, item: 'i', lineage: 'l', epoch, incarnation: 'i', sender: 'm' },
    kind: 'snapshot',
    build,
    index,
    last,
    from: { version: 0, digest: '' },
    to: { lineage: 'l', epoch, version: 7, digest: 'd' },
    durability: 'memory',
    round: null,
    reason: 'empty',
    firmRelation: 'behind',
    payload: payloadOf(new Uint8Array([index])),
  };
}

function receiver() {
  const calls: string[] = [];
  const made = new TransferReceiver({
    send: ({ build, next }) => calls.push(`request ${build} ${next}`),
    deltaArrived: () => calls.push('delta'),
    snapshotBegan: ({ build }) => calls.push(`began ${build}`),
    progressed: () => {},
    lost: (reason) => calls.push(`lost: ${reason}`),
  });
  made.request({ position: null, firm: null, round: null });
  return { made, calls };
}

async function read(chunks: AsyncIterable<Uint8Array>): Promise<number[]> {
  const all: number[] = [];
  for await (const chunk of chunks) all.push(...chunk);
  return all;
}

test('S8: a whole state on its way into the copy is not called off by parts of other builds', async () => {
  const { made, calls } = receiver();
  made.receive(part('a', 0, false));
  const reading = read(made.chunks('a'));
  made.receive(part('a', 1, true));
  made.receive(part('b', 0, false));
  made.receive(part('c', 0, false));
  assert.equal(await reading, [0, 1]);
  assert.equal(calls, ['request null 0', 'began a']);
});

test('P6: while it is installed nothing is asked for; when that ended, anew', () => {
  const { made, calls } = receiver();
  made.receive(part('a', 0, true));
  const chunks = made.chunks('a');
  made.request({ position: null, firm: null, round: null });
  assert.equal(calls, ['request null 0', 'began a']);
  made.ended(chunks);
  made.request({ position: null, firm: null, round: null });
  assert.is(calls.at(-1), 'request null 0');
  assert.is(calls.length, 3);
});

test('S8: the end of an installation whose transfer was lost is told apart from the next one', async () => {
  const { made } = receiver();
  made.receive(part('a', 0, false));
  const first = made.chunks('a');
  const reading = read(first);
  made.receive(part('b', 0, false));
  await rejects(async () => reading, /started it anew/);
  const second = made.chunks('b');
  const rest = read(second);
  made.ended(first);
  assert.equal([made.wasLost(first), made.wasLost(second)], [true, false]);
  made.receive(part('b', 1, true));
  assert.equal(await rest, [0, 1], 'the late end of the first one did not call off the second');
});

test('P6: parts that come twice or out of order are not taken; the missing one is asked for', async () => {
  const { made, calls } = receiver();
  made.receive(part('a', 0, false));
  const reading = read(made.chunks('a'));
  made.receive(part('a', 0, false));
  made.receive(part('a', 2, true));
  made.request({ position: null, firm: null, round: null });
  assert.is(calls.at(-1), 'request a 1');
  made.receive(part('a', 1, false));
  made.receive(part('a', 2, true));
  assert.equal(await reading, [0, 1, 2]);
});

test('P6: a state that nobody reads is asked for anew, not waited for', () => {
  const { made, calls } = receiver();
  made.receive(part('a', 0, true));
  made.request({ position: null, firm: null, round: null });
  assert.is(calls.at(-1), 'request null 0');
});

test.run();
