import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { FrameReader } from '../../lib/transports/tcp/framing.js';
import { OutboundQueue, PackedRun } from '../../lib/transports/tcp/outbound-queue.js';

const test = suite('TCP framing');
const LIMIT = 4 * 1024 * 1024;

function frameOf(length: number, seed = length): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 13 + seed) & 0xff);
}

/** The bytes a real sender writes for these frames. */
function wireOf(frames: readonly Uint8Array[]): Buffer {
  const queue = new OutboundQueue(new PackedRun());
  for (const frame of frames) queue.push(frame);
  const pieces: Uint8Array[] = [];
  while (queue.bytes > 0) queue.take(pieces);
  return Buffer.concat(pieces);
}

function read(chunks: readonly Uint8Array[]): Buffer[] {
  const reader = new FrameReader(LIMIT);
  const frames: Uint8Array[] = [];
  for (const chunk of chunks) reader.push(chunk, frames);
  assert.is(reader.partial, false);
  return frames.map((frame) => Buffer.from(frame));
}

function failureOf(bytes: Uint8Array, limit = LIMIT): ReplicationError {
  try {
    new FrameReader(limit).push(bytes, []);
  } catch (thrown) {
    if (thrown instanceof ReplicationError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}

const sent = [1, 2, 3, 4, 5, 17, 64].map((length) => frameOf(length));
const wanted = sent.map((frame) => Buffer.from(frame));

test('frames come out of one chunk as views of it, without a copy', () => {
  const wire = new Uint8Array(wireOf(sent));
  const frames: Uint8Array[] = [];
  new FrameReader(LIMIT).push(wire, frames);
  assert.equal(
    frames.map((frame) => Buffer.from(frame)),
    wanted,
  );
  assert.ok(frames.every((frame) => frame.buffer === wire.buffer));
});

test('frames stay as they were when the memory they were read into is filled again', () => {
  const wire = wireOf([...sent, frameOf(70_000), frameOf(500_000), ...sent]);
  const kept = [...wanted, Buffer.from(frameOf(70_000)), Buffer.from(frameOf(500_000)), ...wanted];
  for (const readBytes of [5, 100, 65_536, wire.length]) {
    const memory = Buffer.alloc(readBytes);
    const reader = new FrameReader(LIMIT, true);
    const frames: Uint8Array[] = [];
    for (let at = 0; at < wire.length; at += readBytes) {
      const length = wire.copy(memory, 0, at);
      reader.push(memory.subarray(0, length), frames);
      memory.fill(0);
    }
    const arrived = frames.map((frame) => Buffer.from(frame));
    assert.equal(arrived, kept, `reads of ${readBytes} bytes`);
    // Nothing more is kept alive than the frame itself.
    assert.ok(frames.every((frame) => frame.buffer.byteLength === frame.length));
  }
});

test('a stream cut at every offset gives the same frames', () => {
  const wire = wireOf(sent);
  for (let at = 0; at <= wire.length; at += 1) {
    assert.equal(read([wire.subarray(0, at), wire.subarray(at)]), wanted, `cut at ${at}`);
  }
});

test('a stream that comes byte by byte gives the same frames', () => {
  const wire = wireOf(sent);
  assert.equal(read(Array.from(wire, (byte) => Uint8Array.of(byte))), wanted);
});

test('a reader knows whether the stream ends within a frame', () => {
  const wire = wireOf([frameOf(9)]);
  for (let at = 1; at < wire.length; at += 1) {
    const reader = new FrameReader(LIMIT);
    reader.push(wire.subarray(0, at), []);
    assert.is(reader.partial, true, `after ${at} bytes`);
  }
});

test('a length of zero, negative, 2 GB or above the limit is refused by its header alone', () => {
  const cases: Array<[number[], string]> = [
    [[0, 0, 0, 0], 'PROTOCOL'],
    [[0x80, 0, 0, 0], 'PROTOCOL'],
    [[0xff, 0xff, 0xff, 0xff], 'PROTOCOL'],
    [[0x7f, 0xff, 0xff, 0xff], 'TOO_LARGE'],
    [[0x47, 0x45, 0x54, 0x20], 'TOO_LARGE'],
    [[0, 0x40, 0, 1], 'TOO_LARGE'],
  ];
  for (const [bytes, code] of cases) {
    const before = process.memoryUsage().arrayBuffers;
    assert.is(failureOf(Uint8Array.from(bytes)).code, code, bytes.join());
    assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20, 'memory was taken for it');
  }
});

test('a frame of exactly the limit passes, and frames before a bad one are kept', () => {
  const most = frameOf(LIMIT, 1);
  assert.equal(read([wireOf([most])])[0]?.equals(most), true);
  const frames: Uint8Array[] = [];
  const damaged = Buffer.concat([wireOf(sent), Buffer.alloc(4)]);
  assert.throws(() => new FrameReader(LIMIT).push(damaged, frames));
  assert.is(frames.length, sent.length);
});

test('a long frame in many small reads takes linear work and no memory ahead of its bytes', () => {
  const reader = new FrameReader(LIMIT);
  const wire = wireOf([frameOf(LIMIT, 3)]);
  const frames: Uint8Array[] = [];
  const before = process.memoryUsage().arrayBuffers;
  reader.push(wire.subarray(0, 100), frames);
  assert.ok(process.memoryUsage().arrayBuffers - before < 2 ** 20, 'memory follows the header');
  // 42,000 reads: quadratic copying would move 88 GB.
  const started = performance.now();
  for (let at = 100; at < wire.length; at += 100) reader.push(wire.subarray(at, at + 100), frames);
  assert.ok(performance.now() - started < 2_000, 'too slow for linear work');
  assert.is(Buffer.from(frames[0] ?? []).equals(wire.subarray(4)), true);
});

test('long frames are written where they lie, short ones together', () => {
  const queue = new OutboundQueue(new PackedRun());
  const long = frameOf(100_000);
  for (const frame of [...sent, long]) queue.push(frame);
  const pieces: Uint8Array[] = [];
  queue.take(pieces);
  assert.is(queue.bytes, 0);
  assert.is(pieces.length, 3, 'short ones, a header, the long one');
  assert.is(pieces[2], long);
});

test('queues that hold the same small frames share one packing, others do not', () => {
  const packed = new PackedRun();
  const take = (frames: readonly Uint8Array[]) => {
    const queue = new OutboundQueue(packed);
    for (const frame of frames) queue.push(frame);
    const pieces: Uint8Array[] = [];
    queue.take(pieces);
    return pieces[0] as Uint8Array;
  };
  const first = take(sent);
  assert.is(take(sent), first);
  const other = take([...sent.slice(0, -1), frameOf(64, 5)]);
  assert.is.not(other, first);
  assert.equal(read([other]).at(-1), Buffer.from(frameOf(64, 5)));
  assert.equal(read([take(sent)]), wanted);
});

test('random streams in random pieces come out as they went in', () => {
  const seed = 20_261_122;
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let round = 0; round < 12; round += 1) {
    const lengths = Array.from({ length: 30 }, () => 1 + random(random(4) === 0 ? 200_000 : 300));
    const frames = lengths.map((length, at) => frameOf(length, at));
    const wire = wireOf(frames);
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < wire.length; ) {
      const end = at + 1 + random(70_000);
      chunks.push(wire.subarray(at, end));
      at = end;
    }
    const got = read(chunks);
    assert.is(got.length, frames.length, `seed ${seed}, round ${round}`);
    got.forEach((frame, at) => {
      assert.ok(
        frame.equals(frames[at] ?? frameOf(0)),
        `seed ${seed}, round ${round}, frame ${at}`,
      );
    });
  }
});

test.run();
