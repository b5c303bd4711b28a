import * as http from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import * as browser from '../../lib/transports/websocket/browser.js';
import { webSocketConnect, webSocketListen } from '../../lib/transports/websocket/index.js';

const test = suite('WebSocket options');
const url = 'ws://127.0.0.1:1/replichart';

function refusal(make: () => unknown): ReplicationError {
  try {
    make();
  } catch (thrown) {
    if (thrown instanceof ReplicationError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}

function refuses(make: (options: never) => unknown, base: object, wrong: object): void {
  for (const [name, value] of Object.entries(wrong)) {
    const error = refusal(() => make({ ...base, [name]: value } as never));
    assert.is(error.code, 'INVALID_OPTION', name);
    assert.match(error.message, `"${name}"`);
  }
}

const COMMON = {
  secret: '',
  tls: true,
  frameBytesMax: 0,
  handshakeTimeoutMs: '5',
  highWaterBytes: -1,
  outboundBytesMax: 1,
  stallTimeoutMs: 0.5,
  closeTimeoutMs: null,
  clock: 5,
};

test('unknown options and wrong types are INVALID_OPTION by name', () => {
  refuses(webSocketListen, { port: 0 }, { ...COMMON, prot: 1, host: 7, maxConnections: 0 });
  refuses(webSocketListen, {}, { port: 65_536 });
  refuses(webSocketListen, { port: 0 }, { keepAliveMs: 0, connectionsPerAddressMax: 0 });
  refuses(webSocketConnect, { url }, { ...COMMON, port: 1, reconnectMsMin: 0, random: 1 });
  for (const make of [webSocketListen, webSocketConnect]) {
    assert.is(refusal(() => make(null as never)).code, 'INVALID_OPTION');
  }
});

test('A11: a bad secret and an address with a password are refused without being shown', () => {
  const list = { port: 0, secret: ['hush', ''] };
  const bad = refusal(() => webSocketListen(list));
  assert.match(bad.message, '"secret"');
  const address = refusal(() => webSocketConnect({ url: 'ws://me:hush@example.org/' }));
  assert.match(address.message, 'use "secret"');
  const other = refusal(() => webSocketConnect({ url: 'http://hush' }));
  for (const { message } of [bad, address, other]) assert.not.match(message, 'hush');
});

test('an address is a whole one, for WebSocket', () => {
  for (const wrong of ['', 'replichart', 'http://h/', `${url}#fragment`]) {
    assert.match(refusal(() => webSocketConnect({ url: wrong })).message, '"url"');
  }
  assert.match(refusal(() => webSocketConnect({ url, tls: {} })).message, 'wss://');
  webSocketConnect({ url: 'wss://example.org/a?tenant=7', tls: {} });
});

test('Origins are what browsers send, nothing that would never match', () => {
  for (const origin of ['*', 'example.org', 'https://example.org/', 'https://EXAMPLE.org', 7]) {
    const error = refusal(() => webSocketListen({ port: 0, origins: [origin as string] }));
    assert.match(error.message, '"origins"');
  }
  const origins = ['https://example.org', 'http://127.0.0.1:8080', 'null', 'capacitor://localhost'];
  webSocketListen({ port: 0, origins });
});

test('either a port or a server, and what belongs to each', () => {
  const server = http.createServer();
  const secret = 'known to both';
  assert.match(refusal(() => webSocketListen({})).message, '"port"');
  assert.match(refusal(() => webSocketListen({ port: 0, server, secret })).message, '"server"');
  assert.match(refusal(() => webSocketListen({ server, secret, host: 'h' })).message, '"host"');
  assert.match(refusal(() => webSocketListen({ server: {} as never, secret })).message, '"server"');
  for (const path of ['replichart', '/a?b', '/a b']) {
    assert.match(refusal(() => webSocketListen({ port: 0, path })).message, '"path"');
  }
  webSocketListen({ server, secret, path: '/tills' });
});

test('beyond loopback, and on a server, a list of Origins is no proof', () => {
  const server = http.createServer();
  const origins = ['https://example.org'];
  const tls = { key: 'k', cert: 'c', requestCert: false };
  const peers = 'authority';
  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'example.org']) {
    for (const more of [{}, { origins }, { tls, peers } as const]) {
      const error = refusal(() => webSocketListen({ port: 0, host, ...more }));
      assert.is(error.code, 'INVALID_OPTION');
      assert.match(error.message, host);
      assert.match(error.message, 'insecure: true');
    }
    webSocketListen({ port: 0, host, secret: 'known to both' });
    webSocketListen({ port: 0, host, tls: { key: 'k', cert: 'c' } });
    webSocketListen({ port: 0, host, insecure: true });
  }
  for (const host of ['127.0.0.1', '::1', 'localhost']) webSocketListen({ port: 0, host });
  assert.match(refusal(() => webSocketListen({ server, origins })).message, 'insecure: true');
  webSocketListen({ server, insecure: true });
});

test('names of certificates go with certificates that are verified', () => {
  const tls = { key: 'k', cert: 'c', rejectUnauthorized: false };
  const secret = 'known to both';
  for (const wrong of [{ peers: ['a'] }, { tls }, { tls, peers: ['a'] }]) {
    assert.match(refusal(() => webSocketListen({ port: 0, secret, ...wrong })).message, '"peers"');
  }
  webSocketListen({ port: 0, secret, tls, peers: 'authority' });
});

test('a page connects and cannot listen; its certificates are its own', () => {
  assert.is(refusal(() => browser.webSocketListen()).code, 'INVALID_OPTION');
  const secure = { url: 'wss://example.org/', tls: {} };
  assert.match(refusal(() => browser.webSocketConnect(secure)).message, '"tls"');
  assert.is(browser.webSocketConnect({ url }).role, 'slave');
});

test.run();
