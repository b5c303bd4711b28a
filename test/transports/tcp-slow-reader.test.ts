import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpConnect, tcpListen } from '../../lib/transports/tcp/index.js';
import { rawSlave } from '../support/raw-socket.js';
import { RecordingSink, until } from '../support/recording-sink.js';

const test = suite('TCP: a slow reader costs bounded memory (P15)');
const FRAME = 64 * 1024;
const MIB = 1024 * 1024;
/** What a slow reader takes at a time, 50 times a second: at most 6 MiB in all. */
const SIP_CHUNKS = 2;
/** So much that sips do not drain it before the time-out. */
const SIPPED = { highWaterBytes: 32 * MIB, outboundBytesMax: 64 * MIB };

const sizes = {
  frameBytesMax: FRAME,
  highWaterBytes: MIB,
  outboundBytesMax: 4 * MIB,
};

async function slowSetup(stallTimeoutMs: number, more: Partial<typeof sizes> = {}) {
  const master = tcpListen({ port: 0, stallTimeoutMs, ...sizes, ...more });
  const sink = new RecordingSink();
  await master.open(sink);
  const raw = await rawSlave(master.port, FRAME);
  raw.socket.pause();
  await until('the slow one joined', () => sink.joins.length === 1);
  const slow = sink.peer;
  const slave = tcpConnect({ port: master.port, ...sizes });
  const mine = new RecordingSink();
  await slave.open(mine);
  await until('both joined', () => sink.joins.length === 2 && mine.joins.length === 1);
  const close = async () => {
    raw.socket.destroy();
    await slave.close();
    await master.close();
  };
  return { master, sink, raw, slow, quick: sink.peer, mine, close };
}

const pause = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });

/** Sends while writable, turn by turn, until the system's buffers and ours are full. */
async function fill(master: ReturnType<typeof tcpListen>, peer: string): Promise<number> {
  let sent = 0;
  for (let idle = 0; idle < 20; ) {
    if (master.writable(peer)) {
      master.send(peer, Buffer.alloc(FRAME, sent));
      sent += 1;
      idle = 0;
    } else {
      idle += 1;
    }
    await pause(sent % 64 === 0 || idle > 0 ? 1 : 0);
  }
  return sent;
}

test('a full peer is not writable, blocks no other, and drains when it reads', async () => {
  const { master, sink, raw, slow, quick, mine, close } = await slowSetup(60_000);
  const sent = await fill(master, slow);
  assert.is(master.writable(slow), false);
  assert.is(master.writable(quick), true);
  master.send(quick, Buffer.from('not blocked'));
  await until('a frame of the other', () => mine.frames.length === 1);
  assert.is(sink.drains.length, 0);
  raw.socket.resume();
  await until('drained', () => sink.drains.length === 1);
  assert.is(sink.drains[0], slow);
  await until('all bytes', () => raw.received().length >= sent * (FRAME + 4));
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
  const { master, sink, raw, slow, close } = await slowSetup(stallTimeoutMs, SIPPED);
  let sent = await fill(master, slow);
  const started = performance.now();
  let [chunks, isSipping] = [0, true];
  raw.socket.on('data', () => {
    chunks += 1;
    if (isSipping && chunks % SIP_CHUNKS === 0) raw.socket.pause();
  });
  const sip = setInterval(() => raw.socket.resume(), 20);
  await until('well past the time-out', () => {
    // Full again: one that drained is slow no more.
    for (; sink.lefts.length === 0 && master.writable(slow); sent += 1) {
      master.send(slow, Buffer.alloc(FRAME, sent));
    }
    return performance.now() - started > 2.5 * stallTimeoutMs;
  });
  clearInterval(sip);
  isSipping = false;
  raw.socket.resume();
  await until('all bytes', () => raw.socket.bytesRead >= sent * (FRAME + 4));
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

test.run();
