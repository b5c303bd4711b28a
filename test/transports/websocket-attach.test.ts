/** On the host's own HTTP server: its pages and its other upgrades stay as they are. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WebSocket, WebSocketServer } from 'ws';
import { SlaveHandshake } from '../../lib/transports/websocket/handshake.js';
import { webSocketConnect, webSocketListen } from '../../lib/transports/websocket/index.js';
import { rawSocket } from '../support/raw-socket.js';
import { rawUpgrade, statusOf } from '../support/raw-websocket.js';
import { RecordingSink, until } from '../support/recording-sink.js';

const test = suite("WebSocket on the host's server");
const secret = 'known to both';

async function withServer(
  work: (server: http.Server, port: number) => Promise<void>,
): Promise<void> {
  const server = http.createServer((_, response) => void response.end('a page of the host'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await work(server, (server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

async function joinOn(port: number, path: string): Promise<void> {
  const slave = webSocketConnect({ url: `ws://127.0.0.1:${port}${path}`, secret });
  const sink = new RecordingSink();
  await slave.open(sink);
  await until(`joined on ${path}`, () => sink.joins.length === 1);
  await slave.close();
}

const pageOf = async (port: number) => (await fetch(`http://127.0.0.1:${port}/`)).text();

test('pages go on, before, during and after; closing leaves the server alone', () =>
  withServer(async (server, port) => {
    const master = webSocketListen({ server, secret });
    assert.is(master.port, port);
    await master.open(new RecordingSink());
    assert.is(master.address, `ws://127.0.0.1:${port}/replichart`);
    await joinOn(port, '/replichart');
    assert.is(await pageOf(port), 'a page of the host');
    await master.close();
    assert.is(server.listenerCount('upgrade'), 0);
    assert.is(await pageOf(port), 'a page of the host');
    await master.open(new RecordingSink());
    await joinOn(port, '/replichart');
    await master.close();
  }));

test("another WebSocket of the host's on another path is not touched", () =>
  withServer(async (server, port) => {
    const chat = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request, socket, head) => {
      if (request.url !== '/chat') return;
      chat.handleUpgrade(request, socket, head, (client) => client.send('hello'));
    });
    const master = webSocketListen({ server, secret });
    const sink = new RecordingSink();
    await master.open(sink);
    const client = new WebSocket(`ws://127.0.0.1:${port}/chat`);
    const greeting = await new Promise((resolve) => {
      client.once('message', (data) => resolve(String(data)));
    });
    assert.is(greeting, 'hello');
    await joinOn(port, '/replichart');
    assert.is(sink.troubles.length, 0);
    await master.close();
    assert.is(client.readyState, WebSocket.OPEN);
    client.terminate();
  }));

test('a path that nobody knows is answered, where we are the only one to do it', () =>
  withServer(async (server, port) => {
    const master = webSocketListen({ server, secret });
    const sink = new RecordingSink();
    await master.open(sink);
    const raw = await rawUpgrade(port, { path: '/nothing' });
    await raw.closed;
    assert.is(statusOf(raw), 404);
    assert.match(sink.troubles[0]?.message ?? '', '/replichart');
    await master.close();
  }));

test('two masters on one server, each on its path', () =>
  withServer(async (server, port) => {
    const masters = ['/one', '/two'].map((path) => webSocketListen({ server, secret, path }));
    for (const master of masters) await master.open(new RecordingSink());
    await Promise.all(['/one', '/two'].map((path) => joinOn(port, path)));
    for (const master of masters) await master.close();
  }));

for (const count of [1, 2]) {
  test(`what offers another protocol is a page of the host's still, with ${count} of us`, () =>
    withServer(async (server, port) => {
      const bodies: string[] = [];
      server.on('request', (request) => {
        request.on('data', (chunk) => bodies.push(String(chunk)));
      });
      const masters = ['/one', '/two']
        .slice(0, count)
        .map((path) => webSocketListen({ server, secret, path }));
      const sink = new RecordingSink();
      for (const master of masters) await master.open(sink);
      const offer = 'Host: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n';
      const get = await rawSocket(port, Buffer.from(`GET / HTTP/1.1\r\n${offer}\r\n`));
      await get.closed;
      assert.is(statusOf(get), 200);
      assert.match(get.received().toString(), 'a page of the host');
      const head = `POST / HTTP/1.1\r\n${offer}Content-Length: 7\r\n\r\nfirst`;
      const post = await rawSocket(port, Buffer.from(head));
      post.socket.write('ly');
      await post.closed;
      assert.is(statusOf(post), 200);
      assert.is(bodies.join(''), 'firstly');
      const unknown = await rawUpgrade(port, { path: '/three' });
      await unknown.closed;
      assert.is(statusOf(unknown), 404);
      assert.is(sink.troubles.length, 1);
      for (const master of masters) await master.close();
    }));
}

test('a path is taken once; it is free again when that master ends', () =>
  withServer(async (server, port) => {
    const [first, second] = [
      webSocketListen({ server, secret }),
      webSocketListen({ server, secret }),
    ];
    await first.open(new RecordingSink());
    let told = { code: '', message: '' };
    await second.open(new RecordingSink()).catch((error) => {
      told = error;
    });
    assert.is(told.code, 'INVALID_OPTION');
    assert.match(told.message, '/replichart');
    await joinOn(port, '/replichart');
    await first.close();
    await second.open(new RecordingSink());
    await joinOn(port, '/replichart');
    await second.close();
  }));

test("what another listener took already is told, and is that one's", () =>
  withServer(async (server, port) => {
    const greedy = new WebSocketServer({ server });
    const master = webSocketListen({ server, secret });
    const sink = new RecordingSink();
    await master.open(sink);
    const client = new WebSocket(`ws://127.0.0.1:${port}/replichart`);
    await until('told', () => sink.troubles.length > 0);
    assert.match(sink.troubles[0]?.message ?? '', 'another listener');
    await until('the other has it', () => client.readyState === WebSocket.OPEN);
    client.terminate();
    await master.close();
    greedy.close();
  }));

test('limits count connections over a socket in the file system, too', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'socket-'));
  const server = http.createServer();
  const path = join(folder, 'site');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const master = webSocketListen({ server, maxConnections: 2, insecure: true });
  const sink = new RecordingSink();
  await master.open(sink);
  const dial = async () => {
    const socket = new WebSocket(`ws+unix:${path}:/replichart`, { perMessageDeflate: false });
    const nonce = randomBytes(32);
    const hello = { keys: [], frameBytesMax: 4 * 1024 * 1024, nonce, other: 'master' };
    socket.once('open', () => socket.send(new SlaveHandshake(hello).start()));
    return new Promise<number>((resolve) => {
      socket.once('message', () => resolve(0));
      socket.once('close', (code) => resolve(code));
    });
  };
  assert.equal([await dial(), await dial(), await dial()], [0, 0, 4429]);
  assert.is(sink.joins.length, 2);
  assert.is(sink.troubles[0]?.code, 'OVERLOADED');
  await master.close();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  rmSync(folder, { recursive: true });
});

test('a server that does not listen yet is one that slaves find later', async () => {
  const server = http.createServer();
  const master = webSocketListen({ server, secret });
  await master.open(new RecordingSink());
  assert.is(master.port, 0);
  assert.match(master.address, '/replichart');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await joinOn(master.port, '/replichart');
  await master.close();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

test("A6: who never shakes hands is cut off on the host's server, too", () =>
  withServer(async (server, port) => {
    const master = webSocketListen({ server, secret, handshakeTimeoutMs: 60, closeTimeoutMs: 60 });
    const sink = new RecordingSink();
    await master.open(sink);
    const raw = await rawUpgrade(port);
    await raw.closed;
    assert.is(sink.troubles[0]?.code, 'TIMEOUT');
    await master.close();
  }));

test.run();
