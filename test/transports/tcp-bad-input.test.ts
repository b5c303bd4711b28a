import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeHello, TRANSPORT_VERSION } from '../../lib/transports/tcp/hello.js';
import type { TcpListenOptions } from '../../lib/transports/tcp/index.js';
import { tcpConnect, tcpListen } from '../../lib/transports/tcp/index.js';
import { rawSlave, rawSocket } from '../support/raw-socket.js';
import { RecordingSink, until } from '../support/recording-sink.js';

const test = suite('TCP: bad input costs one connection, never the listener');
const LIMIT = 4 * 1024 * 1024;

async function listener(options: Partial<TcpListenOptions> = {}) {
  const transport = tcpListen({ port: 0, ...options });
  const sink = new RecordingSink();
  await transport.open(sink);
  return { transport, sink, port: transport.port };
}

/** The listener still takes a slave and its frame. */
async function stillServes(port: number, sink: RecordingSink, secret?: string): Promise<void> {
  const slave = tcpConnect({ port, ...(secret === undefined ? {} : { secret }) });
  const mine = new RecordingSink();
  const before = sink.frames.length;
  await slave.open(mine);
  await until('a slave joined after the bad input', () => mine.joins.length > 0);
  slave.send(mine.peer, Buffer.from('still there'));
  await until('its frame', () => sink.frames.length > before);
  await slave.close();
}

/** How many refusals the sink was told of: of many in a second only a count is told. */
function countTold({ troubles }: RecordingSink): number {
  const counts = troubles.map(({ message }) =>
    Number(/^(\d+) more like this/.exec(message)?.[1] ?? 1),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

test('strangers on the port are PROTOCOL and get no byte', async () => {
  const { transport, sink, port } = await listener();
  const strangers = [
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]),
    Buffer.alloc(100_000, 0xff),
  ];
  for (const bytes of strangers) {
    const raw = await rawSocket(port, bytes);
    await raw.closed;
    assert.is(raw.received().length, 0);
  }
  await until('all troubles', () => sink.troubles.length === 3);
  assert.equal(
    sink.troubles.map(({ code }) => code),
    ['PROTOCOL', 'PROTOCOL', 'PROTOCOL'],
  );
  await stillServes(port, sink);
  await transport.close();
});

test('10,000 connections with random garbage leave nothing behind', async () => {
  const { transport, sink, port } = await listener();
  let started = 0;
  const connect = async (): Promise<void> => {
    while (started < 10_000) {
      started += 1;
      const bytes = randomBytes(1 + (started % 200));
      // Real ones would be kept until the handshake's deadline.
      bytes[0] = (bytes[0] as number) % 0xab;
      const raw = await rawSocket(port, bytes);
      await raw.closed;
    }
  };
  await Promise.all(Array.from({ length: 50 }, connect));
  await until('every one was told, or counted', () => countTold(sink) === 10_000);
  assert.ok(sink.troubles.every(({ code }) => code === 'PROTOCOL'));
  assert.ok(sink.troubles.length < 1000, `a log of ${sink.troubles.length} lines`);
  assert.is(sink.joins.length, 0);
  await stillServes(port, sink);
  await transport.close();
});

test('garbage after a good handshake drops that peer only, with its code', async () => {
  const { transport, sink, port } = await listener();
  const good = tcpConnect({ port });
  const mine = new RecordingSink();
  await good.open(mine);
  await until('joined', () => mine.joins.length > 0);
  const cases: Array<[number[], string]> = [
    [[0, 0, 0, 0], 'PROTOCOL'],
    [[0xff, 0xff, 0xff, 0xff], 'PROTOCOL'],
    [[0x7f, 0xff, 0xff, 0xff], 'TOO_LARGE'],
    [[0x47, 0x45, 0x54, 0x20], 'TOO_LARGE'],
  ];
  for (const [bytes, code] of cases) {
    const before = sink.lefts.length;
    const raw = await rawSlave(port, LIMIT);
    raw.socket.write(Buffer.from([0, 0, 0, 1, 42, ...bytes]));
    await raw.closed;
    await until('left', () => sink.lefts.length > before);
    assert.is(sink.lefts.at(-1)?.error?.code, code);
    assert.equal([...(sink.frames.at(-1) ?? [])], [42], 'the frame before it counts');
  }
  good.send(mine.peer, Buffer.from('unharmed'));
  await until('a frame of the good peer', () => {
    return sink.frames.some((frame) => Buffer.from(frame).toString() === 'unharmed');
  });
  assert.is(mine.lefts.length, 0);
  await good.close();
  await transport.close();
});

test('a peer that ends within a frame is left with PROTOCOL', async () => {
  const { transport, sink, port } = await listener();
  const raw = await rawSlave(port, LIMIT);
  raw.socket.end(Buffer.from([0, 0, 0, 9, 1, 2]));
  await until('left', () => sink.lefts.length > 0);
  assert.is(sink.lefts[0]?.error?.code, 'PROTOCOL');
  assert.match(sink.lefts[0]?.error?.message ?? '', 'in the middle of a frame');
  await transport.close();
});

test('who connects and says nothing, or too slowly, is ended by TIMEOUT', async () => {
  const { transport, sink, port } = await listener({ handshakeTimeoutMs: 300 });
  const silent = await rawSocket(port);
  const slow = await rawSocket(port, Buffer.from([0xab]));
  const drip = setInterval(() => slow.socket.write(Buffer.from([0x52])), 500);
  await Promise.all([silent.closed, slow.closed]);
  clearInterval(drip);
  assert.equal(
    sink.troubles.map(({ code }) => code),
    ['TIMEOUT', 'TIMEOUT'],
  );
  assert.match(sink.troubles[0]?.message ?? '', '300 ms');
  await stillServes(port, sink);
  await transport.close();
});

test('another secret is UNAUTHORIZED on both sides and never shown', async () => {
  const { transport, sink, port } = await listener({ secret: 'the right secret' });
  const slave = tcpConnect({ port, secret: 'a wrong secret', reconnectMsMax: 50 });
  const mine = new RecordingSink();
  await slave.open(mine);
  await until('told twice on the master', () => sink.troubles.length >= 2);
  assert.is(mine.troubles.length, 1, 'the slave is told once per reason');
  for (const error of [...sink.troubles, ...mine.troubles]) {
    assert.is(error.code, 'UNAUTHORIZED');
    assert.match(error.message, 'same "secret"');
    assert.not.match(JSON.stringify({ ...error, message: error.message }), /(right|wrong) secret/);
  }
  assert.is(sink.joins.length + mine.joins.length, 0);
  await stillServes(port, sink, 'the right secret');
  await slave.close();
  await transport.close();
});

test('more slaves than maxConnections are refused with OVERLOADED, and come in later', async () => {
  const { transport, sink, port } = await listener({ maxConnections: 1 });
  const first = tcpConnect({ port });
  const second = tcpConnect({ port, reconnectMsMax: 20 });
  const mine = new RecordingSink();
  await first.open(new RecordingSink());
  await until('the first joined', () => sink.joins.length === 1);
  await second.open(mine);
  await until('the second was refused', () => mine.troubles.length > 0);
  assert.is(mine.troubles[0]?.code, 'OVERLOADED');
  assert.is(sink.troubles[0]?.code, 'OVERLOADED');
  await first.close();
  await until('the second joined', () => mine.joins.length === 1);
  await second.close();
  await transport.close();
});

test('a port in use refuses open with words that say which and what to do', async () => {
  const { transport, port } = await listener();
  const second = tcpListen({ port });
  let code = '';
  let message = '';
  await second.open(new RecordingSink()).catch((error) => ({ code, message } = error));
  assert.is(code, 'INVALID_OPTION');
  assert.match(message, `port ${port}`);
  assert.match(message, 'choose another port');
  await transport.close();
  await second.open(new RecordingSink());
  await second.close();
});

test('a slave of another protocol version is PROTOCOL, and can read which version this is', async () => {
  const { transport, sink, port } = await listener();
  const hello = encodeHello({
    role: 'slave',
    secret: false,
    frameBytesMax: LIMIT,
    nonce: randomBytes(32),
  });
  hello[4] = 9;
  const raw = await rawSocket(port, hello);
  await raw.closed;
  assert.is(sink.troubles[0]?.code, 'PROTOCOL');
  assert.match(sink.troubles[0]?.message ?? '', 'version 9');
  assert.is(raw.received()[4], TRANSPORT_VERSION);
  await stillServes(port, sink);
  await transport.close();
});

const outside = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === 'IPv4' && !address.internal)?.address;

if (outside === undefined) {
  test.skip('SKIPPED: connections per address needs an address beyond loopback', () => {});
} else {
  test('more than connectionsPerAddressMax from one address are OVERLOADED', async () => {
    const secret = 'known to both';
    const options = { host: outside, secret, connectionsPerAddressMax: 1 };
    const { transport, sink, port } = await listener(options);
    const slaves = [1, 2].map(() => tcpConnect({ host: outside, port, secret }));
    const sinks = slaves.map(() => new RecordingSink());
    await slaves[0]?.open(sinks[0] as RecordingSink);
    await until('the first joined', () => sink.joins.length === 1);
    await slaves[1]?.open(sinks[1] as RecordingSink);
    await until('the second was refused', () => (sinks[1]?.troubles.length ?? 0) > 0);
    assert.is(sinks[1]?.troubles[0]?.code, 'OVERLOADED');
    assert.match(sink.troubles[0]?.message ?? '', 'connectionsPerAddressMax');
    await Promise.all(slaves.map((slave) => slave.close()));
    await transport.close();
  });
}

test('close ends sockets that are still shaking hands', async () => {
  const { transport, sink, port } = await listener();
  const raw = await rawSocket(port);
  await transport.close();
  await raw.closed;
  assert.is(sink.troubles.length, 0);
});

test.run();
