import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ErrorCode } from '../../lib/errors.js';
import {
  type TcpConnectOptions,
  type TcpListenOptions,
  tcpConnect,
  tcpListen,
} from '../../lib/transports/tcp/index.js';
import { Authority, hasOpenssl, selfSigned } from '../support/certificates.js';
import { rawSocket } from '../support/raw-socket.js';
import { RecordingSink, until } from '../support/recording-sink.js';

const test = suite('TCP with TLS: who is refused, and in which words');

/** What is refused is refused for what it is: time must not come first on a slow machine. */
const PATIENT_MS = 30_000;

interface Expected {
  readonly master: ErrorCode;
  readonly slave: ErrorCode;
}

async function refused(
  listen: Partial<TcpListenOptions>,
  connect: Partial<TcpConnectOptions>,
  expected: Expected,
): Promise<void> {
  const master = tcpListen({ port: 0, handshakeTimeoutMs: PATIENT_MS, ...listen });
  const sink = new RecordingSink();
  await master.open(sink);
  const slave = tcpConnect({ port: master.port, handshakeTimeoutMs: PATIENT_MS, ...connect });
  const mine = new RecordingSink();
  await slave.open(mine);
  try {
    await until('told on both sides', () => sink.troubles.length * mine.troubles.length > 0);
    assert.is(sink.troubles[0]?.code, expected.master, sink.troubles[0]?.message);
    assert.is(mine.troubles[0]?.code, expected.slave, mine.troubles[0]?.message);
    assert.is(sink.joins.length + mine.joins.length, 0);
  } finally {
    await slave.close();
    await master.close();
  }
}

if (hasOpenssl()) {
  const authority = new Authority();
  const ca = authority.cert;
  const masterCert = authority.issue('master', 'main');
  const slaveCert = authority.issue('slave', 'web-1');
  const stranger = selfSigned('stranger');
  const listen = { tls: masterCert };
  const both: Expected = { master: 'UNAUTHORIZED', slave: 'UNAUTHORIZED' };

  test('a slave without a certificate', () => refused(listen, { tls: { ca } }, both));

  test('a slave whose certificate another authority signed', () =>
    refused(listen, { tls: { ...stranger, ca } }, both));

  test('a master whose certificate the slave does not trust', () =>
    refused(
      listen,
      { tls: { ...slaveCert, ca: stranger.cert } },
      { master: 'PROTOCOL', slave: 'UNAUTHORIZED' },
    ));

  test('a slave that speaks at most TLS 1.2', async () => {
    const tls = await import('node:tls');
    const master = tcpListen({ port: 0, ...listen });
    const sink = new RecordingSink();
    await master.open(sink);
    const options = { ...slaveCert, maxVersion: 'TLSv1.2' as const };
    const socket = tls.connect({ ...options, port: master.port, host: '127.0.0.1' });
    let failure = '';
    socket.on('error', (error) => {
      failure = error.message;
    });
    await until('refused', () => failure !== '' && sink.troubles.length > 0);
    await master.close();
  });

  test('a slave without tls on a port with it', () =>
    refused(listen, {}, { master: 'PROTOCOL', slave: 'PROTOCOL' }));

  test('a slave with tls on a port without it', () =>
    refused({}, { tls: slaveCert }, { master: 'PROTOCOL', slave: 'UNAUTHORIZED' }));

  test('garbage on a port with tls is PROTOCOL, and the listener goes on', async () => {
    const master = tcpListen({ port: 0, ...listen });
    const sink = new RecordingSink();
    await master.open(sink);
    for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(500, 0xee)]) {
      const raw = await rawSocket(master.port, bytes);
      await raw.closed;
    }
    await until('both told', () => sink.troubles.length === 2);
    assert.ok(sink.troubles.every(({ code }) => code === 'PROTOCOL'));
    const slave = tcpConnect({ port: master.port, tls: slaveCert });
    await slave.open(new RecordingSink());
    await until('a slave joined', () => sink.joins.length === 1);
    await slave.close();
    await master.close();
  });

  test('who connects and sends no TLS at all is ended by TIMEOUT', async () => {
    const master = tcpListen({ port: 0, handshakeTimeoutMs: 60, ...listen });
    const sink = new RecordingSink();
    await master.open(sink);
    const raw = await rawSocket(master.port);
    await raw.closed;
    await until('told', () => sink.troubles.length === 1);
    assert.is(sink.troubles[0]?.code, 'TIMEOUT');
    await master.close();
  });

  test('a key or certificate that cannot be read refuses open with INVALID_OPTION', async () => {
    const master = tcpListen({ port: 0, tls: { key: 'no key', cert: 'no certificate' } });
    let code = '';
    let message = '';
    await master.open(new RecordingSink()).catch((error) => ({ code, message } = error));
    assert.is(code, 'INVALID_OPTION');
    assert.match(message, '"tls"');
    await master.close();
  });
} else {
  test.skip('SKIPPED: the openssl command is missing, so no certificates could be made', () => {});
}

test.run();
