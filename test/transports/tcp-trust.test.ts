/** A1, A16: what a certificate allows its holder to be. All over real TLS sockets. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMaster, createSlave, document } from '../../lib/index.js';
import { covers, namesOf } from '../../lib/transports/certificate-names.js';
import { tcpConnect, tcpListen } from '../../lib/transports/tcp/index.js';
import { Authority, hasOpenssl } from '../support/certificates.js';
import { until } from '../support/recording-sink.js';
import { connecting, listening, type Refusal, refused, stillServes } from '../support/tcp-pair.js';

const test = suite('TCP trust: certificates have a role and a name (A1, A16)');

test('names are read from subjectAltName, and a forged entry is no entry', () => {
  const both = 'URI:replichart:slave:web-1, URI:replichart:master:main, DNS:a.example';
  assert.equal(namesOf(both, 'slave'), ['web-1']);
  assert.equal(namesOf(both, 'master'), ['main']);
  assert.equal(namesOf('URI:replichart:slave:caf%C3%A9', 'slave'), ['café']);
  // Node writes a value with a comma as a JSON string: it stays one entry.
  assert.equal(namesOf('DNS:"a, URI:replichart:slave:evil"', 'slave'), []);
  assert.equal(namesOf('DNS:a, URI:"replichart:slave:a, b"', 'slave'), ['a, b']);
  for (const nobody of [
    undefined,
    '',
    'DNS:replichart:slave:web-1',
    'URI:replichart:slave:',
    'URI:replichart:slave:%E0%A4%A',
    'URI:x-replichart:slave:web-1',
    'URI:replichart:slave:web-1, "unfinished',
  ]) {
    assert.equal(namesOf(nobody, 'slave'), [], nobody ?? 'undefined');
  }
});

test('a name covers itself and what is below it, not what merely begins like it', () => {
  for (const id of ['web-1', 'web-1/a', 'web-1/a/b']) assert.ok(covers(['web-1'], id), id);
  for (const id of ['web-10', 'web-2', 'web', '', '*']) assert.not(covers(['web-1'], id), id);
  assert.ok(covers(['*'], 'whatever'));
  assert.not(covers([], 'web-1'));
});

if (hasOpenssl()) {
  const authority = new Authority();
  const master = authority.issue('master', 'main');
  const web1 = authority.issue('slave', 'web-1');
  const isRefused = async (...args: Parameters<typeof refused>): Promise<void> => {
    await refused(...args);
  };
  const both: Refusal = { master: 'UNAUTHORIZED', slave: 'UNAUTHORIZED' };
  const expired = /expired/;

  test('requestCert: undefined is as if it were not given: no certificate, no way in', () =>
    isRefused(
      { tls: { ...master, requestCert: undefined }, peers: 'authority' },
      { tls: { ca: authority.cert }, peers: 'authority' },
      both,
    ));

  test('an expired certificate of a slave is refused, and said to be expired', () =>
    isRefused(
      { tls: master },
      { tls: authority.issue('slave', 'web-1', -1) },
      { ...both, says: expired },
    ));

  test('an expired certificate of the master is refused by the slave', () =>
    isRefused(
      { tls: authority.issue('master', 'main', -1) },
      { tls: web1 },
      { master: 'PROTOCOL', slave: 'UNAUTHORIZED', says: expired },
    ));

  test('right authority, wrong role: a certificate for a master is no slave', () =>
    isRefused(
      { tls: master },
      { tls: authority.issue('master', 'second') },
      { ...both, says: /issued for a master \("second"\), not for a slave/ },
    ));

  test('right authority, wrong role: a certificate for a slave is no master', () =>
    isRefused(
      { tls: web1 },
      { tls: authority.issue('slave', 'web-2') },
      {
        master: 'PROTOCOL',
        slave: 'UNAUTHORIZED',
        says: /issued for a slave \("web-1"\), not for a master/,
      },
    ));

  test('right authority, no role: a certificate of a web server is neither', async () => {
    const web = authority.sign({ names: ['DNS:localhost'] });
    await refused({ tls: master }, { tls: web }, { ...both, says: /names no role/ });
    const asMaster = { master: 'PROTOCOL', slave: 'UNAUTHORIZED', says: /names no role/ } as const;
    await refused({ tls: web }, { tls: web1 }, asMaster);
  });

  test('a name that is not among "peers" is refused on either side', async () => {
    const says = /not in the option "peers"/;
    await refused({ tls: master, peers: ['web-2'] }, { tls: web1 }, { ...both, says });
    await refused(
      { tls: master },
      { tls: web1, peers: ['other'] },
      { master: 'PROTOCOL', slave: 'UNAUTHORIZED', says },
    );
  });

  test("peers: 'authority' accepts what the ca signed, on the side that says so", async () => {
    const web = authority.sign({ names: ['DNS:localhost'] });
    const there = await listening({ tls: web, peers: 'authority' });
    await stillServes(there, { tls: web, peers: 'authority' });
    await there.transport.close();
  });

  test('a wrong secret under good certificates is UNAUTHORIZED: both are needed', () =>
    isRefused({ tls: master, secret: 'right' }, { tls: web1, secret: 'wrong' }, both));

  test('a certificate is exchanged while running: who is there stays, the next need the new', async () => {
    const next = new Authority();
    const here = await listening({ tls: master });
    const first = await connecting({ port: here.port, tls: web1 });
    await until('joined', () => first.sink.joins.length === 1);
    here.transport.renew({ tls: next.issue('master', 'main') });
    const old = await connecting({ port: here.port, tls: web1 });
    await until('the old one is refused', () => old.sink.troubles.length > 0);
    assert.is(old.sink.troubles[0]?.code, 'UNAUTHORIZED');
    old.transport.renew({ tls: next.issue('slave', 'web-1') });
    await until('and let in with a new one', () => old.sink.joins.length === 1);
    assert.is(here.sink.lefts.length + first.sink.lefts.length, 0);
    assert.throws(() => here.transport.renew({ tls: { key: 'none', cert: 'none' } }), /"tls"/);
    assert.throws(() => here.transport.renew({ secret: 'one more' }), /nothing to renew/);
    await stillServes(here, { tls: next.issue('slave', 'web-2') });
    await Promise.all([first.transport.close(), old.transport.close()]);
    await here.transport.close();
  });

  test('A16: a valid slave cannot vote, read or fence as another id', async () => {
    const item = 'settings';
    const transport = tcpListen({ port: 0, tls: master });
    const original = createMaster({ item, data: document({ n: 0 }), transport, heartbeat: 50 });
    const told: string[] = [];
    original.on('trouble', ({ code, reason }) => told.push(`${code} ${reason}`));
    await original.start();
    const slaveOf = (id: string) =>
      createSlave({
        item,
        id,
        data: document({ n: 0 }),
        transport: tcpConnect({ port: transport.port, tls: web1, reconnectMsMax: 20 }),
      });
    const [own, below, other] = ['web-1', 'web-1/second', 'web-2'].map(slaveOf);
    const all = [own, below, other].flatMap((slave) => slave ?? []);
    await Promise.all(all.map((slave) => slave.start()));
    try {
      await until(
        'two follow',
        () => original.slaves().filter((s) => s.link === 'live').length === 2,
      );
      await until('one is refused', () => other?.status.link === 'refused');
      assert.is(other?.status.problem?.code, 'UNAUTHORIZED');
      assert.match(other?.status.problem?.reason ?? '', 'the id that its certificate names');
      assert.ok(told.some((text) => text.startsWith('UNAUTHORIZED') && text.includes('web-2')));
      const done = await original.data.set({ n: 1 }, { method: 'two-phase' });
      assert.equal([...done.participants].sort(), ['web-1', 'web-1/second']);
      assert.is(other?.position, null);
      assert.equal(
        original
          .slaves()
          .map(({ id }) => id)
          .sort(),
        ['web-1', 'web-1/second'],
      );
    } finally {
      await Promise.all(all.map((slave) => slave.stop()));
      await original.stop();
    }
  });
} else {
  test.skip('SKIPPED: the openssl command is missing, so no certificates could be made', () => {});
}

test.run();
