/** A17: keys and certificates are exchanged while everything runs. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMaster, createSlave, document } from '../../lib/index.js';
import type { Secret } from '../../lib/transports/keyring.js';
import { webSocketConnect, webSocketListen } from '../../lib/transports/websocket/index.js';
import { Authority, hasOpenssl } from '../support/certificates.js';
import { RecordingSink, until } from '../support/recording-sink.js';

const test = suite('WebSocket: keys are rotated (A17)');
const OLD = 'the key of last year';
const NEW = 'the key of this year';
/** Installed behind the old one everywhere, then used everywhere, then the old one is removed. */
const STEPS: readonly Secret[] = [[OLD, NEW], [NEW, OLD], [NEW]];

/** What a process that comes now, with these keys, is told; nothing when it joins. */
async function joins(url: string, secret: Secret): Promise<readonly string[]> {
  const transport = webSocketConnect({ url, secret });
  const sink = new RecordingSink();
  await transport.open(sink);
  await until('joined or refused', () => sink.joins.length + sink.troubles.length > 0);
  await transport.close();
  return sink.troubles.map(({ code }) => code);
}

test('step by step, with two-phase changes between: nothing is dropped, nothing refused', async () => {
  const listen = webSocketListen({ port: 0, secret: OLD });
  const master = createMaster({ item: 'a', data: document({ n: 0 }), transport: listen });
  const troubles: string[] = [];
  master.on('trouble', ({ reason }) => troubles.push(reason));
  await master.start();
  const url = listen.address;
  const transport = webSocketConnect({ url, secret: OLD, reconnectMsMax: 20 });
  const slave = createSlave({ item: 'a', id: 's', data: document({ n: 0 }), transport });
  slave.on('trouble', ({ reason }) => troubles.push(reason));
  await slave.start();
  await slave.current({ timeout: 10_000 });
  let n = 0;
  for (const secret of STEPS) {
    // The master first: it accepts any of its keys, and a slave proves its first.
    for (const each of [listen, transport]) {
      each.renew({ secret });
      n += 1;
      const { participants } = await master.data.set({ n }, { method: 'two-phase' });
      assert.is(participants.length, 1);
    }
    assert.equal(await joins(url, secret), []);
  }
  assert.equal(troubles, []);
  assert.equal(await joins(url, OLD), ['UNAUTHORIZED'], 'a key that was removed opens nothing');
  await slave.stop();
  await master.stop();
});

test('what there was none of cannot be renewed, and a bad one changes nothing', async () => {
  const listen = webSocketListen({ port: 0, secret: OLD });
  const none = webSocketConnect({ url: 'ws://127.0.0.1:1/replichart' });
  const renewals: Array<() => void> = [
    () => none.renew({ secret: NEW }),
    () => listen.renew({ tls: {} }),
    () => listen.renew({ secret: '' }),
    () => listen.renew({ port: 1 } as never),
  ];
  for (const renew of renewals)
    assert.throws(renew, (error: { code?: string }) => error.code === 'INVALID_OPTION');
  await listen.open(new RecordingSink());
  assert.equal(await joins(listen.address, OLD), []);
  await listen.close();
});

if (hasOpenssl()) {
  test('a new certificate is shown to the next that connects; a broken one is refused', async () => {
    const [first, second] = [new Authority(), new Authority()];
    const client = { ...first.issue('slave', 'till'), ca: second.cert };
    const listen = webSocketListen({ port: 0, tls: first.issue('master', 'one') });
    await listen.open(new RecordingSink());
    const slave = webSocketConnect({ url: listen.address, tls: client, reconnectMsMax: 20 });
    const sink = new RecordingSink();
    await slave.open(sink);
    await until('refused', () => sink.troubles.length > 0);
    assert.is(sink.troubles[0]?.code, 'UNAUTHORIZED');
    const broken = { ...second.issue('master', 'one'), key: 'no key' };
    assert.throws(() => listen.renew({ tls: broken }), /"tls" of renew/);
    listen.renew({ tls: { ...second.issue('master', 'one'), ca: first.cert } });
    await until('joined', () => sink.joins.length === 1);
    await slave.close();
    await listen.close();
  });
} else {
  test.skip('SKIPPED: the openssl command is missing, so no certificates could be made', () => {});
}

test.run();
