/** A1, A3, A15: what somebody on the wire can do where a secret is used: nothing but cut it. */
import { randomBytes } from 'node:crypto';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sealKeyOf } from '../../lib/transports/tcp/sealing.js';
import { Authority, hasOpenssl } from '../support/certificates.js';
import { rawSocket } from '../support/raw-socket.js';
import { until } from '../support/recording-sink.js';
import { connecting, listening, refused, stillServes } from '../support/tcp-pair.js';
import { wiretap } from '../support/tcp-wiretap.js';

const test = suite('TCP: a secret proves and seals (A1, A3, A15)');
const secret = 'what both sides know';
const BOTH = { master: 'UNAUTHORIZED', slave: 'UNAUTHORIZED' } as const;

test('a wrong key is refused on both sides, in words, and shown on neither', async () => {
  const words = await refused(
    { secret },
    { secret: 'guessed' },
    { ...BOTH, says: /same "secret"/ },
  );
  for (const text of words) assert.not.match(text, /guessed|both sides know/);
});

test('a key of the right name and the wrong bytes does not pass either', async () => {
  const here = await listening({ secret });
  const { id } = sealKeyOf(new TextEncoder().encode(secret));
  const failure = await new Promise<Error>((resolve) => {
    const socket = tls.connect({
      port: here.port,
      host: '127.0.0.1',
      minVersion: 'TLSv1.3',
      ciphers: 'TLS_AES_128_GCM_SHA256',
      pskCallback: () => ({ psk: randomBytes(32), identity: id }),
    });
    socket.on('error', resolve);
    socket.on('secureConnect', () => resolve(new Error('let in')));
  });
  assert.not.match(failure.message, 'let in');
  await until('told', () => here.sink.troubles.length === 1);
  assert.is(here.sink.troubles[0]?.code, 'UNAUTHORIZED');
  await stillServes(here, { secret });
  await here.transport.close();
});

test('no fallback: a secret or a seal on one side only never connects', async () => {
  const protocol = { master: 'PROTOCOL', slave: 'PROTOCOL' } as const;
  await refused({ secret }, {}, protocol);
  await refused({}, { secret }, { master: 'PROTOCOL', slave: 'UNAUTHORIZED' });
  await refused({ secret }, { secret, seal: false }, protocol);
  await refused({ secret, seal: false }, { secret }, { ...BOTH, master: 'PROTOCOL' });
});

test('nothing of what is sent can be read on the wire, unless seal is false', async () => {
  for (const seal of [true, false]) {
    const here = await listening({ secret, seal });
    const tap = await wiretap(here.port);
    await stillServes({ ...here, port: tap.port }, { secret, seal });
    const wire = Buffer.concat(tap.taped.flatMap(({ toMaster }) => toMaster));
    assert.is(wire.includes('good'), !seal, `seal: ${seal}`);
    assert.not(wire.includes(secret));
    await tap.close();
    await here.transport.close();
  }
});

test('a bit flipped anywhere on the wire ends that connection and is never delivered', async () => {
  const here = await listening({ secret });
  const tap = await wiretap(here.port);
  const sent = Buffer.alloc(20_000, 'frame');
  // Of the handshake, and of the frames behind it.
  for (const at of [0, 5, 40, 90, 200, 260, 500, 700, 2_000, 15_000]) {
    let flipped = false;
    tap.meddle = (piece, direction, from) => {
      if (flipped || direction !== 'toMaster' || at < from || at >= from + piece.length)
        return piece;
      flipped = true;
      const copy = Buffer.from(piece);
      copy[at - from] = (copy[at - from] as number) ^ (1 << (at & 7));
      return copy;
    };
    const told = () => here.sink.troubles.length + here.sink.lefts.filter((l) => l.error).length;
    const [before, frames] = [told(), here.sink.frames.length];
    const slave = await connecting({ port: tap.port, secret, handshakeTimeoutMs: 2_000 });
    await until('it tried', () => flipped || slave.sink.joins.length > 0);
    if (!flipped) slave.transport.send(slave.sink.peer, sent);
    await until(`byte ${at}: told with a code`, () => told() > before);
    await slave.transport.close();
    for (const frame of here.sink.frames.slice(frames)) assert.ok(sent.equals(frame), `byte ${at}`);
  }
  tap.meddle = (piece) => piece;
  await stillServes({ ...here, port: tap.port }, { secret });
  await tap.close();
  await here.transport.close();
});

/** Says a recorded side of a session again, in these pieces; what came back. */
async function replay(port: number, pieces: readonly Buffer[]): Promise<Buffer> {
  const raw = await rawSocket(port);
  for (const piece of pieces) raw.socket.write(piece);
  raw.socket.end();
  await raw.closed;
  return raw.received();
}

for (const seal of [true, false]) {
  test(`A3: a whole session replayed is refused: live, out of order, after a restart (seal: ${seal})`, async () => {
    const here = await listening({ secret, seal, handshakeTimeoutMs: 2_000 });
    const tap = await wiretap(here.port);
    const slave = await connecting({ port: tap.port, secret, seal });
    await until('joined', () => slave.sink.joins.length > 0);
    for (let n = 0; n < 50; n += 1) slave.transport.send(slave.sink.peer, Buffer.from(`vote ${n}`));
    await until('all votes', () => here.sink.frames.length === 50);
    const { toMaster } = tap.taped[0] ?? { toMaster: [] };
    const live = here.sink.joins.length;
    await replay(here.port, toMaster);
    await replay(here.port, [...toMaster].reverse());
    for (let drop = 0; drop < toMaster.length; drop += 1) {
      await replay(
        here.port,
        toMaster.filter((_, index) => index !== drop),
      );
    }
    assert.is(here.sink.joins.length, live, 'nobody joined by it');
    assert.is(here.sink.frames.length, 50, 'no frame of it was delivered');
    assert.is(slave.sink.lefts.length, 0, 'the slave was not disturbed');
    await until('each was told', () => here.sink.troubles.length >= 2 + toMaster.length);
    await slave.transport.close();
    await here.transport.close();
    const again = await listening({ secret, seal, port: here.port, handshakeTimeoutMs: 2_000 });
    await replay(again.port, toMaster);
    await until('told after the restart', () => again.sink.troubles.length > 0);
    assert.is(again.sink.joins.length + again.sink.frames.length, 0);
    await stillServes(again, { secret, seal });
    await tap.close();
    await again.transport.close();
  });

  test(`A3: a recorded master cannot be played to a slave (seal: ${seal})`, async () => {
    const here = await listening({ secret, seal });
    const tap = await wiretap(here.port);
    const first = await connecting({ port: tap.port, secret, seal });
    await until('joined', () => here.sink.joins.length > 0);
    here.transport.send(here.sink.peer, Buffer.from('commit'));
    await until('the frame', () => first.sink.frames.length === 1);
    await first.transport.close();
    await here.transport.close();
    const { toSlave } = tap.taped[0] ?? { toSlave: [] };
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume();
      for (const piece of toSlave) socket.write(piece);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    const victim = await connecting({ port, secret, seal, handshakeTimeoutMs: 2_000 });
    await until('refused', () => victim.sink.troubles.length > 0);
    assert.is(victim.sink.joins.length + victim.sink.frames.length, 0);
    await victim.transport.close();
    await tap.close();
    await new Promise((resolve) => server.close(resolve));
  });
}

if (hasOpenssl()) {
  test('a master with a good certificate in place of the secret is refused by the slave', async () => {
    const certified = new Authority().issue('master', 'main');
    const server = tls.createServer({ ...certified, minVersion: 'TLSv1.3' }, (socket) => {
      socket.on('error', () => undefined);
      socket.resume();
    });
    server.on('tlsClientError', (_, socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    const slave = await connecting({ port, secret });
    await until('refused', () => slave.sink.troubles.length > 0);
    assert.is(slave.sink.troubles[0]?.code, 'UNAUTHORIZED');
    assert.is(slave.sink.joins.length, 0);
    await slave.transport.close();
    await new Promise((resolve) => server.close(resolve));
  });
} else {
  test.skip('SKIPPED: the openssl command is missing, so no certificates could be made', () => {});
}

test.run();
