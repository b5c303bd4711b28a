import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { limits } from '../../lib/limits.js';
import { HELLO_BYTES } from '../../lib/transports/hello.js';
import { encodeHello } from '../../lib/transports/websocket/hello.js';
import {
  type WebSocketListenOptions,
  webSocketConnect,
  webSocketListen,
} from '../../lib/transports/websocket/index.js';
import { type RawSocket, rawSocket } from '../support/raw-socket.js';
import {
  closeCodeOf,
  messageHead,
  rawUpgrade,
  rawWebSocketSlave,
  statusOf,
  upgradeRequest,
} from '../support/raw-websocket.js';
import { RecordingSink, until } from '../support/recording-sink.js';

const test = suite('WebSocket: bad input costs one connection, never the listener');
const LIMIT = 4 * 1024 * 1024;
const secret = 'the right secret';
const origins = ['https://shop.example'];
const urlOf = (port: number) => `ws://127.0.0.1:${port}/replichart`;

interface Listening {
  readonly sink: RecordingSink;
  readonly port: number;
  readonly codes: () => string[];
}

/** Runs `work` against a listener, which must still serve a slave at the end. */
async function withListener(
  options: Partial<WebSocketListenOptions>,
  work: (listening: Listening) => Promise<void>,
): Promise<void> {
  const transport = webSocketListen({ port: 0, ...options });
  const sink = new RecordingSink();
  await transport.open(sink);
  const { port } = transport;
  try {
    await work({ sink, port, codes: () => sink.troubles.map(({ code }) => code) });
    await stillServes(port, sink, options.secret);
  } finally {
    await transport.close();
  }
}

async function stillServes(
  port: number,
  sink: RecordingSink,
  key: WebSocketListenOptions['secret'],
): Promise<void> {
  const slave = webSocketConnect({
    url: urlOf(port),
    ...(key === undefined ? {} : { secret: key }),
  });
  const mine = new RecordingSink();
  const before = sink.frames.length;
  await slave.open(mine);
  await until('a slave joined after the bad input', () => mine.joins.length > 0);
  slave.send(mine.peer, Buffer.from('still there'));
  await until('its frame', () => sink.frames.length > before);
  await slave.close();
}

test('A12: a foreign Origin is refused with 403 before the upgrade, whatever it knows', () =>
  withListener({ secret, origins }, async ({ port, sink, codes }) => {
    const foreign = [
      'https://evil.example',
      'https://shop.example.evil.example',
      'http://shop.example',
      'https://shop.example:444',
      'https://SHOP.example',
      'null',
      '',
    ];
    for (const origin of foreign) {
      const raw = await rawUpgrade(port, { origin });
      await raw.closed;
      assert.is(statusOf(raw), 403, origin);
    }
    assert.equal(
      codes(),
      foreign.map(() => 'UNAUTHORIZED'),
    );
    assert.match(sink.troubles[0]?.message ?? '', 'https://evil.example');
    const listed = await rawUpgrade(port, { origin: 'https://shop.example' });
    await until('an answer', () => statusOf(listed) !== 0);
    assert.is(statusOf(listed), 101, 'a listed Origin may try to prove itself');
    listed.socket.destroy();
  }));

test('A12: without a list no page connects at all, also on loopback without a secret', () =>
  withListener({}, async ({ port }) => {
    const raw = await rawUpgrade(port, { origin: `http://127.0.0.1:${port}` });
    await raw.closed;
    assert.is(statusOf(raw), 403);
  }));

test('A1: with a list and no secret, who sends no Origin cannot prove itself and is refused', async () => {
  const transport = webSocketListen({ port: 0, origins });
  const sink = new RecordingSink();
  await transport.open(sink);
  const raw = await rawUpgrade(transport.port);
  await raw.closed;
  assert.is(statusOf(raw), 403);
  assert.is(sink.troubles[0]?.code, 'UNAUTHORIZED');
  assert.match(sink.troubles[0]?.message ?? '', 'give both sides a "secret"');
  await transport.close();
});

test('A1: a wrong secret and none are UNAUTHORIZED on both sides, and never shown', () =>
  withListener({ secret }, async ({ port, sink }) => {
    for (const wrong of [{ secret: 'a wrong secret' }, {}]) {
      const slave = webSocketConnect({ url: urlOf(port), reconnectMsMax: 50, ...wrong });
      const mine = new RecordingSink();
      const before = sink.troubles.length;
      await slave.open(mine);
      await until('told twice on the master', () => sink.troubles.length >= before + 2);
      assert.is(mine.troubles.length, 1, 'the slave is told once per reason');
      for (const error of [...sink.troubles, ...mine.troubles]) {
        assert.is(error.code, 'UNAUTHORIZED');
        assert.match(error.message, 'same "secret"');
        assert.not.match(`${error.message} ${error.stack}`, /(right|wrong) secret/);
      }
      assert.is(sink.joins.length + mine.joins.length, 0);
      await slave.close();
    }
  }));

test('plain HTTP, another path, other versions and other bytes are answered as HTTP does', () =>
  withListener({}, async ({ port, codes }) => {
    const page = await fetch(`http://127.0.0.1:${port}/replichart`);
    assert.is(page.status, 426);
    assert.match(await page.text(), 'WebSocket');
    const path = await rawUpgrade(port, { path: '/other' });
    await path.closed;
    assert.is(statusOf(path), 404);
    const old = upgradeRequest().toString().replace('Version: 13', 'Version: 7');
    const version = await rawSocket(port, Buffer.from(old));
    await version.closed;
    assert.is(statusOf(version), 400);
    for (const bytes of [Buffer.from([0x16, 3, 1, 2, 0, 1]), randomBytes(5000).fill(0xff, 0, 1)]) {
      await (await rawSocket(port, bytes)).closed;
    }
    await until('all were told', () => codes().length === 5);
    assert.equal(codes(), Array(5).fill('PROTOCOL'));
  }));

test('what is no handshake is ended by a close code and told', () =>
  withListener({}, async ({ port, sink }) => {
    const nonce = randomBytes(32);
    const hello = encodeHello({ role: 'slave', secret: false, frameBytesMax: LIMIT, nonce });
    const newer = Uint8Array.from(hello);
    newer[4] = 9;
    assert.is(await closeCodeOf(port, ['hello']), 4400);
    assert.is(await closeCodeOf(port, [randomBytes(HELLO_BYTES)]), 4400);
    assert.is(await closeCodeOf(port, [newer]), 4400);
    assert.is(sink.joins.length, 0);
    await until('told', () => sink.troubles.length === 3);
    assert.match(sink.troubles[2]?.message ?? '', 'version 9');
  }));

test('A5: more than a handshake from a stranger ends it before anything is gathered', () =>
  withListener({ secret }, async ({ port, sink, codes }) => {
    const raw = await rawUpgrade(port);
    await until('the upgrade', () => statusOf(raw) === 101);
    raw.socket.write(messageHead(LIMIT));
    raw.socket.write(Buffer.alloc(200_000));
    await raw.closed;
    await until('told', () => codes().length === 1);
    assert.is(sink.joins.length, 0);
  }));

/** The head of a short message, with a mask of zeros. */
const maskedHead = (length: number) => Buffer.from([0x82, 0x80 | length, 0, 0, 0, 0]);

/** A slave on a bare socket, joined. */
async function bareSlave(port: number, sink: RecordingSink): Promise<RawSocket> {
  const raw = await rawUpgrade(port);
  await until('the upgrade', () => statusOf(raw) === 101);
  const nonce = randomBytes(32);
  const hello = encodeHello({ role: 'slave', secret: false, frameBytesMax: LIMIT, nonce });
  const joins = sink.joins.length;
  raw.socket.write(Buffer.concat([maskedHead(hello.length), hello]));
  await until('joined', () => sink.joins.length > joins);
  return raw;
}

/** The code with which the peer is left that sends these bytes behind a good frame. */
async function leftAfter(port: number, sink: RecordingSink, bytes: Uint8Array): Promise<string> {
  const raw = await bareSlave(port, sink);
  const lefts = sink.lefts.length;
  raw.socket.write(Buffer.concat([maskedHead(1), Buffer.from([42]), bytes]));
  await until('left', () => sink.lefts.length > lefts);
  await raw.closed;
  assert.equal([...(sink.frames.at(-1) ?? [])], [42], 'the frame before it counts');
  return `${sink.lefts.at(-1)?.error?.code}`;
}

test('A5: a frame announced above frameBytesMax drops that peer before it is gathered', () =>
  withListener({}, async ({ port, sink }) => {
    const good = await rawWebSocketSlave(port);
    for (const length of [LIMIT + 1, 2 ** 31, 2 ** 52]) {
      assert.is(await leftAfter(port, sink, messageHead(length)), 'TOO_LARGE', `${length}`);
    }
    good.send(Buffer.from('unharmed'));
    await until('a frame of the good peer', () =>
      sink.frames.some((frame) => Buffer.from(frame).toString() === 'unharmed'),
    );
    good.close();
  }));

test('text, nothing, and what breaks RFC 6455 after a good handshake are PROTOCOL', () =>
  withListener({}, async ({ port, sink }) => {
    const mask = [0, 0, 0, 0];
    const wrongs = {
      'a text': [0x81, 0x80 | 1, ...mask, 65],
      'an empty message': [0x82, 0x80, ...mask],
      'an opcode that does not exist': [0x83, 0x80 | 1, ...mask, 1],
      'no mask': [0x82, 1, 1],
      'a part that continues nothing': [0x80, 0x80 | 1, ...mask, 1],
      compression: [0xc2, 0x80 | 1, ...mask, 1],
      'a length of 2^63': [0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, ...mask],
    };
    for (const [what, bytes] of Object.entries(wrongs)) {
      const code = await leftAfter(port, sink, Uint8Array.from(bytes));
      assert.is(code, what === 'a length of 2^63' ? 'TOO_LARGE' : 'PROTOCOL', what);
    }
  }));

/** One byte now and then, for longer than any patience. */
function drip(socket: Socket, bytes: Uint8Array): NodeJS.Timeout {
  let at = 0;
  return setInterval(() => {
    if (!socket.destroyed) socket.write(bytes.subarray(at, at + 1));
    at += 1;
  }, 200);
}

test('A6: silence, and one byte a second, end with TIMEOUT at every stage', () =>
  withListener({ secret, handshakeTimeoutMs: 2_000 }, async ({ port, codes }) => {
    const request = upgradeRequest();
    const silent = await rawSocket(port);
    const http = await rawSocket(port, request.subarray(0, 10));
    const upgraded = await rawUpgrade(port);
    await until('the upgrade', () => statusOf(upgraded) === 101);
    const drips = [
      drip(http.socket, request.subarray(10)),
      drip(upgraded.socket, Buffer.concat([maskedHead(44), Buffer.alloc(44)])),
    ];
    await Promise.all([silent.closed, http.closed]);
    await until('all were told', () => codes().length === 3);
    assert.equal(codes(), ['TIMEOUT', 'TIMEOUT', 'TIMEOUT']);
    for (const timer of drips) clearInterval(timer);
    await upgraded.closed;
  }));

test('A6: 2,500 half-open connections: the oldest give way, an open one and a new one go on', async () => {
  const FLOOD = 2_500;
  const transport = webSocketListen({ port: 0, secret, handshakeTimeoutMs: 60_000 });
  const sink = new RecordingSink();
  await transport.open(sink);
  const { port } = transport;
  const slave = webSocketConnect({ url: urlOf(port), secret });
  const mine = new RecordingSink();
  await slave.open(mine);
  await until('joined', () => mine.joins.length === 1);
  const before = process.memoryUsage().rss;
  const open = new Set<Socket>();
  let started = 0;
  const connect = async () => {
    while (started < FLOOD) {
      started += 1;
      // Half of them stop within HTTP, half within the WebSocket.
      const raw = await (started % 2 === 0 ? rawUpgrade(port) : rawSocket(port));
      open.add(raw.socket);
      raw.socket.once('close', () => open.delete(raw.socket));
    }
  };
  await Promise.all(Array.from({ length: 50 }, connect));
  await until('the surplus is ended', () => open.size <= limits.handshakesMax);
  slave.send(mine.peer, Buffer.from('not held up'));
  await until('a frame of the open one', () => sink.frames.length === 1);
  await stillServes(port, sink, secret);
  const grownBytes = process.memoryUsage().rss - before;
  assert.ok(grownBytes < 256 * 1024 * 1024, `${grownBytes} bytes for both ends of them`);
  assert.ok(sink.troubles.every(({ code }) => code === 'OVERLOADED'));
  assert.ok(sink.troubles.length < FLOOD / 4, 'they do not decide how much a host writes');
  for (const socket of open) socket.destroy();
  await slave.close();
  await transport.close();
});

test('more slaves than maxConnections are refused with OVERLOADED, and come in later', async () => {
  const transport = webSocketListen({ port: 0, maxConnections: 1 });
  const sink = new RecordingSink();
  await transport.open(sink);
  const url = urlOf(transport.port);
  const first = webSocketConnect({ url });
  const second = webSocketConnect({ url, reconnectMsMax: 20 });
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

const outside = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === 'IPv4' && !address.internal)?.address;

if (outside === undefined) {
  test.skip('SKIPPED: connections per address needs an address beyond loopback', () => {});
} else {
  test('more than connectionsPerAddressMax from one address are OVERLOADED', async () => {
    const options = { host: outside, secret, connectionsPerAddressMax: 1 };
    const transport = webSocketListen({ port: 0, ...options });
    const sink = new RecordingSink();
    await transport.open(sink);
    const url = `ws://${outside}:${transport.port}/replichart`;
    const slaves = [1, 2].map(() => webSocketConnect({ url, secret }));
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

test('a port in use refuses open with words that say which and what to do', () =>
  withListener({}, async ({ port }) => {
    const second = webSocketListen({ port });
    let told = { code: '', message: '' };
    await second.open(new RecordingSink()).catch((error) => {
      told = error;
    });
    assert.is(told.code, 'INVALID_OPTION');
    assert.match(told.message, `port ${port}`);
    assert.match(told.message, 'choose another port');
  }));

test.run();
