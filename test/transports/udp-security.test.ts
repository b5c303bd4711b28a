/** Threats A1-A4, A15-A17 on a living group: replays, forgeries, floods, keys. */
import { randomBytes } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { tcpConnect, tcpListen } from '../../lib/transports/tcp/index.js';
import { MASTER_TOKENS, STRANGER_TOKENS } from '../../lib/transports/udp/forgery-budget.js';
import { CHALLENGE_BYTES, encodeTerms, readTerms } from '../../lib/transports/udp/greeting.js';
import { udpConnect, udpListen } from '../../lib/transports/udp/index.js';
import { RecordingSink, until } from '../support/recording-sink.js';
import { type BenchSlave, countedSockets, type UdpBench, withBench } from '../support/udp-bench.js';

const FRAME = Buffer.from('the frame of this test');

/** Sends the frame to all by datagram; the datagrams that an eavesdropper took down meanwhile. */
async function captured(bench: UdpBench, slave: BenchSlave): Promise<readonly Buffer[]> {
  const ear = await bench.ear();
  ear.heard.length = 0;
  bench.master.multicast(bench.present, FRAME);
  await bench.got(slave, FRAME);
  await until('the eavesdropper heard it', () => ear.heard.length > 0);
  return [...ear.heard];
}

function countOf({ sink }: BenchSlave, frame: Buffer): number {
  return sink.frames.filter((got) => frame.equals(got)).length;
}

const test = suite('udp: security');

test('A1: nobody without the secret reads a frame out of the group', () =>
  withBench(async (bench) => {
    const slave = await bench.slave();
    await bench.hearing();
    const datagrams = await captured(bench, slave);
    assert.ok(datagrams.every((datagram) => !datagram.includes(FRAME)));
  }));

test('A3: a capture played again at a living slave is refused, in whatever order', () =>
  withBench(async (bench) => {
    const slave = await bench.slave();
    await bench.hearing();
    const datagrams = await captured(bench, slave);
    const ear = await bench.ear();
    const before = slave.transport.traffic;
    for (const datagram of [...datagrams, ...[...datagrams].reverse()]) await ear.send(datagram);
    await bench.flushed();
    const { replayed } = slave.transport.traffic;
    assert.is(replayed - before.replayed, 2 * datagrams.length);
    assert.is(countOf(slave, FRAME), 1);
  }));

test('A3: a capture played at a slave that started again is refused', () =>
  withBench(async (bench) => {
    const slave = await bench.slave();
    await bench.hearing();
    const datagrams = await captured(bench, slave);
    await slave.transport.close();
    bench.slaves.length = 0;
    const again = await bench.slave();
    await until('the old connection is gone', () => bench.present.length === 1);
    await bench.hearing();
    const ear = await bench.ear();
    for (const datagram of datagrams) await ear.send(datagram);
    await bench.flushed();
    assert.is(again.transport.traffic.replayed, datagrams.length);
    assert.is(countOf(again, FRAME), 0);
  }));

test('A3: a capture of an earlier start of the master is refused', () =>
  withBench(async (bench) => {
    const slave = await bench.slave();
    await bench.hearing();
    const datagrams = await captured(bench, slave);
    await bench.master.close();
    await bench.master.open(bench.sink);
    await until('it joined again', () => bench.present.length === 1);
    await bench.hearing();
    const before = slave.transport.traffic;
    const ear = await bench.ear();
    for (const datagram of datagrams) await ear.send(datagram);
    await bench.flushed();
    assert.is(slave.transport.traffic.strangers - before.strangers, datagrams.length);
    assert.is(countOf(slave, FRAME), 0);
  }));

test('A3: terms of an earlier greeting prove nothing to a later challenge', () => {
  const secret = Buffer.from('bench secret');
  const [earlier, later] = [randomBytes(CHALLENGE_BYTES), randomBytes(CHALLENGE_BYTES)];
  const salt = randomBytes(16);
  const terms = { group: '239.1.2.3', port: 7400, seat: 1, counter: 5, salt, mark: salt };
  const frame = encodeTerms(terms, earlier, secret);
  assert.equal(readTerms(frame, earlier, [secret], 'm').terms, terms);
  const refused = (bytes: Buffer, challenge: Buffer, ring: Buffer[]) => {
    try {
      readTerms(bytes, challenge, ring, 'm');
      return 'taken';
    } catch (thrown) {
      return (thrown as { code?: string }).code;
    }
  };
  assert.is(refused(frame, later, [secret]), 'UNAUTHORIZED');
  assert.is(refused(frame, earlier, [Buffer.from('another')]), 'UNAUTHORIZED');
  for (let bit = 40; bit < frame.length * 8; bit += 1) {
    const flipped = Buffer.from(frame);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    assert.is(refused(flipped, earlier, [secret]), 'UNAUTHORIZED', `bit ${bit}`);
  }
});

test('A2: forged datagrams are counted, told once, and harm nobody; nothing is ever answered', () => {
  const slaveSockets = countedSockets();
  const masterSockets = countedSockets();
  return withBench(
    async (bench) => {
      const slave = await bench.slave({}, slaveSockets.openSocket);
      await bench.hearing();
      const [datagram] = await captured(bench, slave);
      assert.ok(datagram);
      const ear = await bench.ear();
      const sentBefore = masterSockets.sent.datagrams;
      const before = slave.transport.traffic;
      const floods = MASTER_TOKENS - 50;
      for (let at = 0; at < floods; at += 1) {
        const forged = Buffer.from(datagram);
        forged.writeUInt32BE(at, datagram.length - 4);
        await ear.send(forged);
        await ear.send(randomBytes(1 + (at % 300)));
      }
      await bench.flushed();
      const { forged, strangers, unread } = slave.transport.traffic;
      assert.is(forged - before.forged + unread - before.unread, floods);
      assert.is(strangers - before.strangers, floods);
      const told = slave.sink.troubles.filter(({ code }) => code === 'UNAUTHORIZED');
      assert.is(told.length, 1);
      assert.match(String(told[0]?.message), /seal is wrong.*127\.0\.0\.1/);
      assert.is(slave.sink.lefts.length, 0);
      // Bytes out <= bytes in: a slave has not one datagram out, the master only its own frames.
      assert.is(slaveSockets.sent.datagrams, 0);
      assert.is(masterSockets.sent.datagrams - sentBefore, 1, 'only the mark of flushed');
    },
    {},
    masterSockets.openSocket,
  );
});

test('A4: datagrams sent to the address and port of the master are not answered', () => {
  const sockets = countedSockets();
  return withBench(
    async (bench) => {
      const slave = await bench.slave();
      await bench.hearing();
      const [datagram] = await captured(bench, slave);
      assert.ok(datagram);
      const ear = await bench.ear();
      const { datagrams } = sockets.sent;
      ear.heard.length = 0;
      for (let at = 0; at < 100; at += 1) {
        await ear.send(datagram, bench.master.port, '127.0.0.1');
        await ear.send(randomBytes(200), bench.master.port, '127.0.0.1');
      }
      await bench.flushed();
      assert.is(sockets.sent.datagrams - datagrams, 1, 'only the mark of flushed');
      assert.is(bench.sink.troubles.length, 0);
    },
    {},
    sockets.openSocket,
  );
});

test('A2: a flood from the master’s own address leaves room for its datagrams', () => {
  // One address for all on loopback: the larger budget is the one that is used here.
  const flood = MASTER_TOKENS - 50;
  assert.ok(flood > 2 * STRANGER_TOKENS);
  return withBench(async (bench) => {
    const slave = await bench.slave();
    await bench.hearing();
    const [datagram] = await captured(bench, slave);
    assert.ok(datagram);
    const ear = await bench.ear();
    const forged = Buffer.from(datagram);
    forged[40] = (forged[40] as number) ^ 1;
    for (let at = 0; at < flood; at += 1) await ear.send(forged);
    await bench.hearing();
    assert.ok(slave.transport.traffic.forged > 0);
    assert.is(slave.transport.traffic.unread, 0);
  });
});

test('A2: a flood under the master’s address costs datagrams, not one frame: all goes by stream', () =>
  withBench(async (bench) => {
    const slave = await bench.slave();
    await bench.hearing();
    const [datagram] = await captured(bench, slave);
    assert.ok(datagram);
    const ear = await bench.ear();
    const forged = Buffer.from(datagram);
    forged[40] = (forged[40] as number) ^ 1;
    const isFlooded = () => slave.sink.troubles.some(({ code }) => code === 'OVERLOADED');
    const flood = Array.from({ length: 100 }, () => forged);
    for (let at = 0; at < 1_000 && !isFlooded(); at += 1) {
      await Promise.all(flood.map((each) => ear.send(each)));
      // Sends are done within a turn; the slave reads in the next.
      await new Promise(setImmediate);
    }
    assert.ok(isFlooded(), 'the flood was not noticed');
    const before = slave.transport.traffic;
    const frames = Array.from({ length: 50 }, (_, at) => Buffer.from(`during the flood ${at}`));
    await until('the master knows', () => {
      const { streamFrames } = bench.master.traffic;
      bench.master.multicast(bench.present, FRAME);
      return bench.master.traffic.streamFrames > streamFrames;
    });
    for (const frame of frames) {
      await ear.send(forged);
      bench.master.multicast(bench.present, frame);
      await bench.got(slave, frame);
    }
    const { forged: looked, unread } = slave.transport.traffic;
    assert.is(looked, before.forged, 'work was put into forged ones');
    assert.ok(unread > before.unread);
    assert.is(slave.sink.troubles.filter(({ code }) => code === 'OVERLOADED').length, 1);
  }));

test('A1: another secret is refused with UNAUTHORIZED on both sides, and told once a reason', () =>
  withBench(async (bench) => {
    const sink = new RecordingSink();
    const { port } = bench.master;
    const stranger = udpConnect({ port, secret: 'another secret', reconnectMsMax: 20 });
    await stranger.open(sink);
    try {
      await until('told', () => sink.troubles.length > 0 && bench.sink.troubles.length > 0);
      assert.is(sink.troubles[0]?.code, 'UNAUTHORIZED');
      assert.is(bench.sink.troubles[0]?.code, 'UNAUTHORIZED');
      assert.equal([sink.joins, bench.sink.joins], [[], []]);
    } finally {
      await stranger.close();
    }
  }));

test('A15: tcpConnect at a udpListen, and udpConnect at a tcpListen: both sides hear what to call', async () => {
  const secret = 'bench secret';
  const wantedOf = (sink: RecordingSink) =>
    sink.troubles.map(({ code, message }) => [code, /: (connect with .*)$/.exec(message)?.[1]]);
  await withBench(async (bench) => {
    const slave = tcpConnect({ port: bench.master.port, secret, reconnectMsMax: 20 });
    const sink = new RecordingSink();
    await slave.open(sink);
    try {
      await until(
        'both were told',
        () => sink.troubles.length > 0 && bench.sink.troubles.length > 1,
      );
      const wanted = ['PROTOCOL', 'connect with udpConnect, or listen with tcpListen'];
      assert.equal(wantedOf(sink), [wanted], 'once, whatever the attempts');
      assert.equal(wantedOf(bench.sink)[0], wanted);
      assert.match(sink.troubles[0]?.message ?? '', /the master at \S+ is a udpListen/);
      assert.match(bench.sink.troubles[0]?.message ?? '', /is a tcpConnect, this side a udpListen/);
      assert.equal([sink.joins, bench.sink.joins], [[], []]);
    } finally {
      await slave.close();
    }
  });
  const master = tcpListen({ port: 0, secret });
  const theirs = new RecordingSink();
  await master.open(theirs);
  const sink = new RecordingSink();
  const slave = udpConnect({ port: master.port, secret, reconnectMsMax: 20 });
  await slave.open(sink);
  try {
    await until('both were told', () => sink.troubles.length > 0 && theirs.troubles.length > 1);
    const wanted = ['PROTOCOL', 'connect with tcpConnect, or listen with udpListen'];
    assert.equal([wantedOf(sink), wantedOf(theirs)[0]], [[wanted], wanted]);
    assert.equal([sink.joins, theirs.joins], [[], []]);
  } finally {
    await slave.close();
    await master.close();
  }
});

test('errors of renew, and of limits, name what the host called', () =>
  withBench(async (bench) => {
    const slave = await bench.slave();
    const messageOf = (step: () => void) => {
      try {
        step();
      } catch (thrown) {
        return thrown instanceof ReplicationError && thrown.code === 'INVALID_OPTION'
          ? thrown.message
          : String(thrown);
      }
      return 'taken';
    };
    const tls = { key: '', cert: '' };
    assert.match(
      messageOf(() => bench.master.renew({ tls })),
      /renew of udpListen/,
    );
    assert.match(
      messageOf(() => bench.master.renew({ secret: '' })),
      /renew of udpListen/,
    );
    assert.match(
      messageOf(() => slave.transport.renew({ tls })),
      /renew of udpConnect/,
    );
    assert.match(
      messageOf(() => slave.transport.renew({ secret: '' })),
      /renew of udpConnect/,
    );
    const made = { port: 0, secret: 'x', highWaterBytes: 1, outboundBytesMax: 1 };
    assert.match(
      messageOf(() => udpListen(made)),
      /"outboundBytesMax" of udpListen/,
    );
  }));

test('A17: keys are exchanged under load: no slave is dropped, no frame is missing in the end', () =>
  withBench(
    async (bench) => {
      const slaves = [
        await bench.slave({ secret: ['old'] }),
        await bench.slave({ secret: ['old'] }),
      ];
      await bench.hearing();
      const streamsBefore = bench.master.traffic.streamFrames;
      const load = setInterval(() => bench.master.multicast(bench.present, FRAME), 1);
      try {
        const steps = [{ secret: ['old', 'new'] }, { secret: ['new', 'old'] }, { secret: ['new'] }];
        for (const step of steps) {
          for (const { transport } of slaves) transport.renew(step);
          bench.master.renew(step);
          await bench.hearing();
        }
      } finally {
        clearInterval(load);
      }
      for (const { sink, transport } of slaves) {
        assert.is(sink.lefts.length, 0);
        assert.is(transport.traffic.forged, 0);
        assert.equal(sink.troubles, []);
      }
      assert.ok(bench.master.traffic.streamFrames > streamsBefore, 'they went by stream meanwhile');
      // One that still has only the old key is let in no more.
      const late = new RecordingSink();
      const stranger = udpConnect({ port: bench.master.port, secret: ['old'] });
      await stranger.open(late);
      try {
        await until('it was told', () => late.troubles.length > 0);
        assert.is(late.troubles[0]?.code, 'UNAUTHORIZED');
      } finally {
        await stranger.close();
      }
    },
    { secret: ['old'] },
  ));

test.run();
