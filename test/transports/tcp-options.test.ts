import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { tcpConnect, tcpListen } from '../../lib/transports/tcp/index.js';

const test = suite('TCP options');

function refusal(make: () => unknown): ReplicationError {
  try {
    make();
  } catch (thrown) {
    if (thrown instanceof ReplicationError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}

test('unknown options and wrong types are INVALID_OPTION by name', () => {
  const cases: Array<[string, object]> = [
    ['prot', { port: 1, prot: 2 }],
    ['port', {}],
    ['port', { port: '7400' }],
    ['port', { port: 65_536 }],
    ['port', { port: -1 }],
    ['port', { port: Number.NaN }],
    ['host', { port: 1, host: 7 }],
    ['secret', { port: 1, secret: '' }],
    ['secret', { port: 1, secret: 5 }],
    ['secret', { port: 1, secret: [] }],
    ['secret', { port: 1, secret: ['fits', ''] }],
    ['secret', { port: 1, secret: Array.from({ length: 17 }, () => 'key') }],
    ['tls', { port: 1, tls: true }],
    ['frameBytesMax', { port: 1, frameBytesMax: 0 }],
    ['handshakeTimeoutMs', { port: 1, handshakeTimeoutMs: '5' }],
    ['outboundBytesMax', { port: 1, outboundBytesMax: 1 }],
  ];
  for (const make of [tcpListen, tcpConnect]) {
    for (const [name, options] of cases) {
      const error = refusal(() => make(options as never));
      assert.is(error.code, 'INVALID_OPTION');
      assert.match(error.message, `"${name}"`);
    }
    assert.is(refusal(() => make(null as never)).code, 'INVALID_OPTION');
  }
});

test('a bad secret is refused without being shown', () => {
  const error = refusal(() => tcpListen({ port: 0, secret: ['hush', 5] as never }));
  assert.match(error.message, '"secret"');
  assert.not.match(error.message, 'hush');
});

test('options that would protect nothing are refused, with the reason', () => {
  const cases: Array<[RegExp, object]> = [
    [/"seal" goes with "secret"/, { seal: true }],
    [/"seal" goes with "secret"/, { seal: false, secret: 'known', tls: {} }],
    [/"peers" goes with "tls"/, { peers: ['web-1'], secret: 'known' }],
    [/"peers" must be 'authority'/, { tls: { rejectUnauthorized: false } }],
    [/"peers" must be 'authority'/, { tls: { requestCert: false }, peers: ['web-1'] }],
    [/"peers"/, { tls: {}, peers: [] }],
    [/"peers"/, { tls: {}, peers: 'anybody' }],
    [/"seal"/, { secret: 'known', seal: 'yes' }],
  ];
  for (const make of [tcpListen, tcpConnect]) {
    for (const [says, options] of cases) {
      const error = refusal(() => make({ port: 1, ...options } as never));
      assert.is(error.code, 'INVALID_OPTION');
      assert.match(error.message, says);
    }
  }
});

test('listening beyond loopback needs tls, a secret or insecure: true', () => {
  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'example.org']) {
    const error = refusal(() => tcpListen({ port: 0, host }));
    assert.is(error.code, 'INVALID_OPTION');
    assert.match(error.message, host);
    assert.match(error.message, 'insecure: true');
    tcpListen({ port: 0, host, insecure: true });
    tcpListen({ port: 0, host, secret: 'known to both' });
    tcpListen({ port: 0, host, tls: {} });
    // TLS without certificates of slaves says nothing of who they are.
    for (const tls of [{ requestCert: false }, { rejectUnauthorized: false }]) {
      const open = { port: 0, host, tls, peers: 'authority' } as const;
      assert.match(refusal(() => tcpListen(open)).message, 'insecure: true');
      tcpListen({ ...open, secret: 'known to both' });
      tcpListen({ ...open, insecure: true });
    }
  }
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) tcpListen({ port: 0, host });
});

test.run();
