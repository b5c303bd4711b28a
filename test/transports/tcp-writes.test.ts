import * as net from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tcpConnect, tcpListen } from '../../lib/transports/tcp/index.js';
import { RecordingSink, until } from '../support/recording-sink.js';

const test = suite('TCP: few, large writes and reads');

interface Counted {
  writes: number;
}

/** Counts what reaches the system: one `_write` or `_writev` of a socket is one system write. */
async function countingWrites(run: (count: Counted) => Promise<void>): Promise<void> {
  const count = { writes: 0 };
  const proto = net.Socket.prototype as net.Socket & Record<'_write' | '_writev', () => void>;
  const { _write, _writev } = proto;
  const wrap = (original: () => void) =>
    function counted(this: net.Socket, ...args: []) {
      count.writes += 1;
      return original.apply(this, args);
    };
  proto._write = wrap(_write);
  proto._writev = wrap(_writev);
  try {
    await run(count);
  } finally {
    Object.assign(proto, { _write, _writev });
  }
}

async function joinedPair() {
  const master = tcpListen({ port: 0 });
  const sink = new RecordingSink();
  await master.open(sink);
  const slave = tcpConnect({ port: master.port });
  const mine = new RecordingSink();
  await slave.open(mine);
  await until('joined', () => mine.joins.length > 0 && sink.joins.length > 0);
  const close = async () => {
    await slave.close();
    await master.close();
  };
  return { master, sink, slave, mine, close };
}

test('frames of one turn, promises included, leave in one write and arrive in few calls', async () => {
  const { master, sink, mine, close } = await joinedPair();
  await countingWrites(async (count) => {
    for (let index = 0; index < 300; index += 1) master.send(sink.peer, Buffer.alloc(100, index));
    await Promise.resolve();
    master.send(sink.peer, Buffer.alloc(20_000, 1));
    await Promise.resolve().then(() => undefined);
    master.send(sink.peer, Buffer.alloc(100, 2));
    await until('all frames', () => mine.frames.length === 302);
    assert.is(count.writes, 1);
  });
  // 51 KB come in one read or, if the system splits them, a few.
  assert.ok(mine.batches.length <= 3, `${mine.batches.length} calls`);
  await close();
});

test('under load one write per turn, in order', async () => {
  const { master, sink, mine, close } = await joinedPair();
  const turns = 50;
  await countingWrites(async (count) => {
    for (let turn = 0; turn < turns; turn += 1) {
      for (let index = 0; index < 20; index += 1) {
        master.send(sink.peer, Buffer.from([turn, index]));
      }
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
    await until('all frames', () => mine.frames.length === turns * 20);
    assert.ok(count.writes <= turns + 1, `${count.writes} writes in ${turns} turns`);
  });
  const order = mine.frames.map((frame) => (frame[0] as number) * 20 + (frame[1] as number));
  assert.ok(order.every((place, at) => place === at));
  await close();
});

test('a multicast is one write per slave, of the same memory', async () => {
  const master = tcpListen({ port: 0 });
  const sink = new RecordingSink();
  await master.open(sink);
  const slaves = Array.from({ length: 5 }, () => tcpConnect({ port: master.port }));
  const sinks = slaves.map(() => new RecordingSink());
  await Promise.all(slaves.map((slave, at) => slave.open(sinks[at] as RecordingSink)));
  await until('joined', () => sink.joins.length === 5 && sinks.every((s) => s.joins.length > 0));
  const frame = Buffer.alloc(50_000, 7);
  await countingWrites(async (count) => {
    master.multicast(sink.joins, frame);
    await until('on all', () => sinks.every((s) => s.frames.length === 1));
    assert.is(count.writes, 5);
  });
  assert.ok(sinks.every((s) => Buffer.from(s.frames[0] as Uint8Array).equals(frame)));
  await Promise.all(slaves.map((slave) => slave.close()));
  await master.close();
});

test.run();
