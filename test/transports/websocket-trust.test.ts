/** WebSocket over TLS: certificates have a role and a name (A1, A16), as on TCP. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReplicationError } from '../../lib/errors.js';
import {
  type WebSocketListenOptions,
  type WebSocketTls,
  webSocketConnect,
  webSocketListen,
} from '../../lib/transports/websocket/index.js';
import { Authority, type Certificate, hasOpenssl } from '../support/certificates.js';
import { RecordingSink, until } from '../support/recording-sink.js';

const test = suite('WebSocket trust: certificates have a role and a name (A1, A16)');

interface Attempt {
  /** What the slave is told; null when it joined. */
  readonly slave: ReplicationError | null;
  /** What the master is told first. */
  readonly master: ReplicationError | null;
}

async function attemptOn(
  master: Certificate,
  tls: WebSocketTls | undefined,
  options: Partial<WebSocketListenOptions>,
  scheme: string,
): Promise<Attempt> {
  const listener = webSocketListen({ port: 0, tls: master, ...options });
  const sink = new RecordingSink();
  await listener.open(sink);
  const url = `${scheme}://127.0.0.1:${listener.port}/replichart`;
  const slave = webSocketConnect({ url, ...(tls === undefined ? {} : { tls }) });
  const mine = new RecordingSink();
  await slave.open(mine);
  await until('an outcome', () => mine.joins.length + mine.troubles.length > 0);
  const outcome = { slave: mine.troubles[0] ?? null, master: sink.troubles[0] ?? null };
  await Promise.all([slave.close(), listener.close()]);
  return outcome;
}

if (hasOpenssl()) {
  const authority = new Authority();
  const master = authority.issue('master', 'one');

  const attempt = (
    tls: WebSocketTls | undefined,
    options: Partial<WebSocketListenOptions> = {},
    scheme = 'wss',
  ) => attemptOn(master, tls, options, scheme);

  test('a slave of the authority, issued for a slave, joins', async () => {
    assert.is((await attempt(authority.issue('slave', 'till'))).slave, null);
  });

  test('another authority, an expired one, the other role, no role: refused in words', async () => {
    const other = new Authority();
    const strangers: Array<[string, WebSocketTls, RegExp]> = [
      ['another authority', { ...other.issue('slave', 'till'), ca: authority.cert }, /signed/],
      ['expired', authority.issue('slave', 'till', -1), /EXPIRED|expired/],
      ['the other role', authority.issue('master', 'two'), /issued for a master/],
      ['no role', authority.sign({ names: ['DNS:shop.example'] }), /names no role/],
      ['no certificate', { ca: authority.cert }, /certificate/],
    ];
    for (const [who, tls, words] of strangers) {
      const { slave, master: told } = await attempt(tls);
      assert.ok(slave !== null, who);
      assert.is(told?.code, 'UNAUTHORIZED', who);
      assert.match(told?.message ?? '', words, who);
    }
  });

  test('a master whose certificate is not of our authority, or for another host, is refused', async () => {
    const mine = authority.issue('slave', 'till');
    const stranger = await attempt({ ...mine, ca: new Authority().cert });
    assert.is(stranger.slave?.code, 'UNAUTHORIZED');
    const elsewhere = await attempt({ ...mine, servername: 'shop.example' });
    assert.is(elsewhere.slave?.code, 'UNAUTHORIZED');
  });

  test('A15: plain text to the TLS port, and TLS to a plain one, never fall back', async () => {
    const plain = await attempt(undefined, {}, 'ws');
    assert.is(plain.master?.code, 'PROTOCOL');
    assert.match(plain.master?.message ?? '', 'TLS');
    const listener = webSocketListen({ port: 0 });
    await listener.open(new RecordingSink());
    const url = `wss://127.0.0.1:${listener.port}/replichart`;
    const slave = webSocketConnect({ url, tls: authority.issue('slave', 'till') });
    const mine = new RecordingSink();
    await slave.open(mine);
    await until('told', () => mine.troubles.length > 0);
    assert.is(mine.joins.length, 0);
    await Promise.all([slave.close(), listener.close()]);
  });

  test('a list of peers lets in those names only; the name says which ids it may have', async () => {
    const peers = ['till'];
    assert.is((await attempt(authority.issue('slave', 'till'), { peers })).slave, null);
    const refused = await attempt(authority.issue('slave', 'kitchen'), { peers });
    assert.match(refused.master?.message ?? '', '"peers"');

    const listener = webSocketListen({ port: 0, tls: master });
    const sink = new RecordingSink();
    await listener.open(sink);
    const url = `wss://127.0.0.1:${listener.port}/replichart`;
    const slave = webSocketConnect({ url, tls: authority.issue('slave', 'till') });
    await slave.open(new RecordingSink());
    await until('joined', () => sink.joins.length === 1);
    const may = ['till', 'till/7', 'tills', 'kitchen'].map((id) =>
      listener.permits?.(sink.peer, id),
    );
    assert.equal(may, [true, true, false, false]);
    await Promise.all([slave.close(), listener.close()]);
  });

  test('browsers show no certificate: TLS for the wire, the secret for who', async () => {
    const secret = 'known to both';
    const tls = { ...master, requestCert: false };
    const listener = webSocketListen({ port: 0, tls, peers: 'authority', secret });
    const sink = new RecordingSink();
    await listener.open(sink);
    const url = `wss://127.0.0.1:${listener.port}/replichart`;
    const slave = webSocketConnect({ url, secret, tls: { ca: authority.cert } });
    await slave.open(new RecordingSink());
    await until('joined', () => sink.joins.length === 1);
    await Promise.all([slave.close(), listener.close()]);
  });
} else {
  test.skip('SKIPPED: the openssl command is missing, so no certificates could be made', () => {});
}

test.run();
