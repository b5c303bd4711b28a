import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { webSocketConnect, webSocketListen } from '../../lib/transports/websocket/index.js';
import { liveBytes } from '../simulation/many/meters.js';
import { rawWebSocketSlave } from '../support/raw-websocket.js';
import { RecordingSink, until } from '../support/recording-sink.js';

const test = suite('WebSocket: a slow reader costs bounded memory (P15)');
const FRAME = 64 * 1024;
const MIB = 1024 * 1024;
/** What a slow reader takes at a time, 50 times a second: at most 6 MiB in all. */
const SIP_FRAMES = 2;
/** So much that sips do not drain it before the time-out. */
const SIPPED = { highWaterBytes: 32 * MIB, outboundBytesMax: 64 * MIB };
/** Frames of a sender that goes on whenever it may: 256 MiB. */
const SATURATING = 4096;

const sizes = {
  frameBytesMax: FRAME,
  highWaterBytes: MIB,
  outboundBytesMax: 4 * MIB,
};

async function slowSetup(stallTimeoutMs: number, more: Partial<typeof sizes> = {}) {
  const master = webSocketListen({ port: 0, stallTimeoutMs, ...sizes, ...more });
  const sink = new RecordingSink();
  await master.open(sink);
  const raw = await rawWebSocketSlave(master.port, { frameBytesMax: FRAME });
  let receivedBytes = 0;
  raw.on('message', (message: Buffer) => {
    receivedBytes += message.length;
  });
  raw.pause();
  await until('the slow one joined', () => sink.joins.length === 1);
  const slow = sink.peer;
  const url = `ws://127.0.0.1:${master.port}/replichart`;
  const slave = webSocketConnect({ url, ...sizes });
  const mine = new RecordingSink();
  await slave.open(mine);
  await until('both joined', () => sink.joins.length === 2 && mine.joins.length === 1);
  const close = async () => {
    raw.terminate();
    await slave.close();
    await master.close();
  };
  const received = () => receivedBytes;
  return { master, sink, raw, received, slow, quick: sink.peer, mine, close };
}

const pause = (ms: number) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** Sends while writable until the system's buffers and ours are full. */
async function fill(master: ReturnType<typeof webSocketListen>, peer: string): Promise<number> {
  let sent = 0;
  // The system takes what it has room for while a look at the buffer is due.
  for (let idle = 0; idle < 20; ) {
    if (master.writable(peer)) {
      master.send(peer, Buffer.alloc(FRAME, sent));
      sent += 1;
      idle = 0;
    } else {
      idle += 1;
    }
    if (sent % 64 === 0 || idle > 0) await pause(2);
  }
  return sent;
}

test('a full peer is not writable, blocks no other, and drains when it reads', async () => {
  const { master, sink, raw, received, slow, quick, mine, close } = await slowSetup(60_000);
  const sent = await fill(master, slow);
  assert.is(master.writable(slow), false);
  assert.is(master.writable(quick), true);
  master.send(quick, Buffer.from('not blocked'));
  await until('a frame of the other', () => mine.frames.length === 1);
  const drains = sink.drains.length;
  raw.resume();
  await until('drained', () => sink.drains.length > drains);
  assert.is(sink.drains.at(-1), slow);
  await until('all bytes', () => received() === sent * FRAME);
  assert.is(sink.lefts.length, 0);
  await close();
});

test('a full peer that takes no byte for stallTimeoutMs is left with OVERLOADED', async () => {
  const { master, sink, slow, quick, close } = await slowSetup(80);
  await fill(master, slow);
  await until('left', () => sink.lefts.length === 1);
  assert.is(sink.lefts[0]?.peer, slow);
  assert.is(sink.lefts[0]?.error?.code, 'OVERLOADED');
  assert.match(sink.lefts[0]?.error?.message ?? '', '80 ms');
  assert.is(master.writable(quick), true);
  await close();
});

test('a slow peer that makes progress is kept, however long it takes', async () => {
  // This process, which sips as well, does not stand still for as long.
  const stallTimeoutMs = 1_500;
  const { master, sink, raw, received, slow, close } = await slowSetup(stallTimeoutMs, SIPPED);
  let sent = await fill(master, slow);
  const started = performance.now();
  let isSipping = true;
  raw.on('message', () => {
    if (isSipping && received() % (SIP_FRAMES * FRAME) === 0) raw.pause();
  });
  const sip = setInterval(() => raw.resume(), 20);
  await until('well past the time-out', () => {
    // Full again: one that drained is slow no more.
    for (; sink.lefts.length === 0 && master.writable(slow); sent += 1) {
      master.send(slow, Buffer.alloc(FRAME, sent));
    }
    return performance.now() - started > 2.5 * stallTimeoutMs;
  });
  clearInterval(sip);
  isSipping = false;
  raw.resume();
  await until('all bytes', () => received() === sent * FRAME);
  assert.is(sink.lefts.length, 0);
  await close();
});

test('a peer that is never without waiting frames costs what waits, not what was sent', async () => {
  const { master, sink, raw, received, slow, close } = await slowSetup(60_000, SIPPED);
  const before = liveBytes();
  raw.resume();
  let [sent, grewBytes] = [0, 0];
  await until('all sent', () => {
    for (; sent < SATURATING && master.writable(slow); sent += 1) {
      master.send(slow, Buffer.alloc(FRAME, sent));
    }
    if (sent < SATURATING) return false;
    grewBytes = liveBytes() - before;
    return true;
  });
  assert.ok(grewBytes < 2 * SIPPED.highWaterBytes, `${Math.round(grewBytes / MIB)} MiB held`);
  await until('all bytes', () => received() === sent * FRAME);
  assert.is(sink.lefts.length, 0);
  await close();
});

test('who sends on without asking writable drops the peer at outboundBytesMax', async () => {
  const { master, sink, slow, quick, close } = await slowSetup(60_000);
  await fill(master, slow);
  for (let index = 0; index < 80; index += 1) master.send(slow, Buffer.alloc(FRAME));
  assert.is(sink.lefts.length, 0, 'never told within a call');
  await until('left', () => sink.lefts.length === 1);
  assert.is(sink.lefts[0]?.error?.code, 'OVERLOADED');
  assert.is(master.writable(slow), false);
  assert.is(master.writable(quick), true);
  await close();
});

test('a slave is full, too, where its master does not read', async () => {
  const master = webSocketListen({ port: 0, ...sizes });
  await master.open(new RecordingSink());
  const url = `ws://127.0.0.1:${master.port}/replichart`;
  const slave = webSocketConnect({ url, ...sizes });
  const mine = new RecordingSink();
  await slave.open(mine);
  await until('joined', () => mine.joins.length === 1);
  let sent = 0;
  // Within one turn the other side, in this process, reads nothing.
  while (slave.writable(mine.peer)) {
    assert.ok(sent * FRAME < 64 * MIB, 'it stays writable however much waits');
    slave.send(mine.peer, Buffer.alloc(FRAME));
    sent += 1;
  }
  await until('drained', () => mine.drains.length === 1);
  assert.ok(slave.writable(mine.peer));
  await slave.close();
  await master.close();
});

test.run();
