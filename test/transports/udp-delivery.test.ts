/** What goes by datagram and what by stream, to whom, and what happens when datagrams fail. */
import type { Socket } from 'node:dgram';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { createMaster, createSlave, document } from '../../lib/index.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import { udpConnect, udpListen } from '../../lib/transports/udp/index.js';
import { type OpenSocket, openSocket } from '../../lib/transports/udp/open-socket.js';
import { Seats } from '../../lib/transports/udp/seats.js';
import { decodeFrame } from '../../lib/wire/frame.js';
import type { Message } from '../../machines/protocol.js';
import { until } from '../support/recording-sink.js';
import { type BenchSlave, type UdpBench, withBench } from '../support/udp-bench.js';

const SMALL = Buffer.from('small');
const secret = 'bench secret';

function has({ sink }: BenchSlave, frame: Buffer): boolean {
  return sink.frames.some((got) => frame.equals(got));
}

/** Datagrams and stream frames that `act` took. */
function cost(bench: UdpBench, act: () => void): readonly [number, number] {
  const before = bench.master.traffic;
  act();
  const { datagrams, streamFrames } = bench.master.traffic;
  return [datagrams - before.datagrams, streamFrames - before.streamFrames];
}

/** Sockets whose `send` fails with this code, once `isBroken` says so. */
function failingSockets(code: string, isBroken: () => boolean): OpenSocket {
  return (options) => {
    const socket = openSocket(options);
    const send = socket.send.bind(socket) as (...words: unknown[]) => void;
    socket.send = ((datagram: Uint8Array, sent: (error: Error | null) => void) => {
      if (!isBroken()) return send(datagram, sent);
      setImmediate(() => sent(Object.assign(new Error(code), { code })));
    }) as Socket['send'];
    return socket;
  };
}

const test = suite('udp: delivery');

test('P13: a frame for some of them is one datagram, and the others do not get it', () =>
  withBench(async (bench) => {
    const [a, b, c] = [await bench.slave(), await bench.slave(), await bench.slave()];
    await bench.hearing();
    const [one, two] = bench.present as [string, string, string];
    assert.equal(
      cost(bench, () => bench.master.multicast([one, two], SMALL)),
      [1, 0],
    );
    await bench.flushed();
    assert.equal(
      [a, b, c].map((slave) => has(slave, SMALL)),
      [true, true, false],
    );
    const alone = Buffer.from('for one among three');
    assert.equal(
      cost(bench, () => bench.master.multicast([two], alone)),
      [0, 1],
    );
    await bench.got(b, alone);
    await bench.flushed();
    assert.equal(
      [a, b, c].map((slave) => has(slave, alone)),
      [false, true, false],
    );
  }));

test('P13: one whose connection is being ended takes no more datagrams', () =>
  withBench(async (bench) => {
    const [a, b] = [await bench.slave(), await bench.slave()];
    await bench.hearing();
    const [one, two] = bench.present as [string, string];
    bench.master.disconnect(two);
    bench.master.multicast([one], SMALL);
    await bench.got(a, SMALL);
    await until('it left and came again', () => b.sink.joins.length === 2);
    await bench.hearing();
    assert.not(has(b, SMALL));
  }));

test('P13: seats that were ended here are left out for a minute, those that left are not', () => {
  const clock = new VirtualClock();
  const seats = new Seats(clock);
  const bytes = new Uint8Array(16);
  const names = ['a', 'b', 'c', 'd'];
  for (const name of names) seats.add(name, bytes, bytes).isHearing = true;
  seats.remove('b', true);
  seats.remove('c', false);
  assert.equal(seats.plan(['a', 'd']).leftOut, [3]);
  assert.equal(seats.plan(['a']).leftOut, [4, 3]);
  assert.is(seats.newest, 4);
});

test('what fits a datagram goes by it, one byte more goes by stream, at any limit', () =>
  withBench(
    async (bench) => {
      const slave = await bench.slave();
      await bench.hearing();
      const room = 500 - 48 - 6;
      const [fits, exceeds] = [Buffer.alloc(room, 'f'), Buffer.alloc(room + 1, 'e')];
      assert.equal(
        cost(bench, () => bench.master.multicast(bench.present, fits)),
        [1, 0],
      );
      assert.equal(
        cost(bench, () => bench.master.multicast(bench.present, exceeds)),
        [0, 1],
      );
      await bench.got(slave, fits);
      await bench.got(slave, exceeds);
      assert.is(bench.master.traffic.datagramsFailed, 0);
    },
    { datagramBytesMax: 500 },
  ));

test('the largest datagram UDP carries is one datagram', () =>
  withBench(
    async (bench) => {
      const slave = await bench.slave();
      await bench.hearing();
      const frame = Buffer.alloc(65_507 - 48 - 6, 'x');
      assert.equal(
        cost(bench, () => bench.master.multicast(bench.present, frame)),
        [1, 0],
      );
      await bench.got(slave, frame);
    },
    { datagramBytesMax: 65_507 },
  ));

for (const code of ['EMSGSIZE', 'ENOBUFS', 'ENETUNREACH']) {
  test(`${code} from the system costs no frame and no host: it goes by stream, told once`, () => {
    let isBroken = false;
    return withBench(
      async (bench) => {
        const slave = await bench.slave();
        await bench.hearing();
        isBroken = true;
        const frames = [1, 2, 3].map((number) => Buffer.from(`frame ${number}`));
        for (const frame of frames) bench.master.multicast(bench.present, frame);
        for (const frame of frames) await bench.got(slave, frame);
        assert.is(bench.master.traffic.datagramsFailed, 3);
        assert.is(bench.sink.troubles.length, 1);
        assert.is(bench.sink.troubles[0]?.code, 'NOT_RUNNING');
        assert.match(String(bench.sink.troubles[0]?.message), new RegExp(code));
        isBroken = false;
        await bench.hearing();
      },
      {},
      failingSockets(code, () => isBroken),
    );
  });
}

test('P15: datagrams the system does not take are bounded by bytes, then dropped and told', () => {
  let isStuck = false;
  const sockets: OpenSocket = (options) => {
    const socket = openSocket(options);
    const send = socket.send.bind(socket) as (...words: unknown[]) => void;
    socket.send = ((...words: unknown[]) => {
      if (!isStuck) send(...words);
    }) as Socket['send'];
    return socket;
  };
  return withBench(
    async (bench) => {
      const slave = await bench.slave();
      await bench.hearing();
      isStuck = true;
      for (let at = 0; at < 1000; at += 1) bench.master.multicast(bench.present, SMALL);
      const { datagramsFailed } = bench.master.traffic;
      const each = SMALL.length + 48 + 6;
      assert.is(datagramsFailed, 1000 - Math.floor(10_000 / each));
      assert.is(bench.sink.troubles[0]?.code, 'OVERLOADED');
      assert.is(bench.sink.troubles.length, 1);
      // The stream is not concerned.
      const one = Buffer.from('by stream');
      bench.master.send(bench.sink.peer, one);
      await bench.got(slave, one);
    },
    { datagramQueueBytesMax: 10_000 },
    sockets,
  );
});

test('an interface that takes no multicast is told; all goes by stream, and it is tried again', () => {
  let isBroken = true;
  const sockets: OpenSocket = (options) => {
    const socket = openSocket(options);
    const set = socket.setMulticastInterface.bind(socket);
    socket.setMulticastInterface = (address) => {
      if (isBroken) throw Object.assign(new Error('ENODEV'), { code: 'ENODEV' });
      set(address);
    };
    return socket;
  };
  return withBench(
    async (bench) => {
      const slave = await bench.slave();
      bench.master.multicast(bench.present, SMALL);
      await bench.got(slave, SMALL);
      await until('told', () => bench.sink.troubles.length > 0);
      assert.is(bench.sink.troubles[0]?.code, 'NOT_RUNNING');
      isBroken = false;
      await bench.hearing();
    },
    {},
    sockets,
  );
});

test('a group that cannot be joined is told to the slave, which gets everything by stream', () => {
  const sockets: OpenSocket = (options) => {
    const socket = openSocket(options);
    socket.addMembership = () => {
      throw Object.assign(new Error('ENODEV'), { code: 'ENODEV' });
    };
    return socket;
  };
  return withBench(async (bench) => {
    const slave = await bench.slave({}, sockets);
    await until('told', () => slave.sink.troubles.length > 0);
    assert.is(slave.sink.troubles[0]?.code, 'NOT_RUNNING');
    bench.master.multicast(bench.present, SMALL);
    await bench.got(slave, SMALL);
    assert.is(slave.transport.traffic.datagrams, 0);
  });
});

test('a network that drops long datagrams is no network for datagrams: all goes by stream', () => {
  const sockets: OpenSocket = (options) => {
    const socket = openSocket(options);
    const pass = socket.emit.bind(socket) as (event: string, ...words: unknown[]) => boolean;
    socket.emit = ((event: string, ...words: unknown[]) => {
      const isLong = event === 'message' && (words[0] as Buffer).length > 1500;
      return isLong || pass(event, ...words);
    }) as Socket['emit'];
    return socket;
  };
  return withBench(
    async (bench) => {
      const slave = await bench.slave({}, sockets);
      const whole = await bench.slave();
      await until('the other one hears', () => whole.transport.traffic.datagrams > 0);
      for (let at = 0; at < 50; at += 1) {
        const frame = Buffer.alloc(at % 2 === 0 ? 100 : 3000, at);
        bench.master.multicast(bench.present, frame);
        await bench.got(slave, frame);
      }
    },
    { datagramBytesMax: 4000 },
  );
});

test('options: a secret is wanted, addresses are checked, unknown ones are refused by name', () => {
  const refused = (make: () => unknown): string => {
    try {
      make();
      return 'taken';
    } catch (thrown) {
      assert.ok(thrown instanceof ReplicationError && thrown.code === 'INVALID_OPTION');
      assert.not(thrown.message.includes('hush'), 'no secret in a message');
      return thrown.message;
    }
  };
  assert.match(
    refused(() => udpListen({ port: 0 })),
    /udpListen needs "secret"/,
  );
  assert.match(
    refused(() => udpConnect({ port: 1 })),
    /udpConnect needs "secret"/,
  );
  assert.is(
    refused(() => udpListen({ port: 0, insecure: true })),
    'taken',
  );
  const listen = (options: object) => refused(() => udpListen({ port: 0, secret, ...options }));
  assert.match(listen({ group: '10.0.0.1' }), /"group".*multicast/);
  assert.match(listen({ interface: 'eth0' }), /"interface".*IPv4/);
  assert.match(listen({ ttl: 0 }), /"ttl"/);
  assert.match(listen({ host: '127.0.0.1' }), /no option "host"/);
  assert.match(listen({ datagramBytesMax: 65_508 }), /"datagramBytesMax"/);
  assert.match(listen({ secret: ['hush', ''] }), /"secret"/);
  const far = { port: 1, secret, host: '192.0.2.1' };
  assert.match(
    refused(() => udpConnect(far)),
    /give "interface"/,
  );
  assert.is(
    refused(() => udpConnect({ ...far, interface: '192.0.2.2' })),
    'taken',
  );
});

/** Notes the messages that pass this call of a transport. */
function overheard<T extends 'send' | 'multicast'>(
  transport: Record<T, (to: never, frame: Uint8Array) => void>,
  call: T,
  note: (message: Message) => void,
): void {
  const pass = transport[call].bind(transport) as (to: unknown, frame: Uint8Array) => void;
  transport[call] = (to: unknown, frame: Uint8Array) => {
    note(decodeFrame(frame));
    pass(to, frame);
  };
}

test('P13: a prepare by datagram names nobody, and who is no participant does not vote', async () => {
  const listen = udpListen({ port: 0, group: '239.255.82.69', secret });
  const participants = ['a', 'b'];
  const transport = listen;
  const data = document({ n: 0 });
  const master = createMaster({ item: 'n', data, transport, participants, heartbeat: 100 });
  const named: Array<readonly string[]> = [];
  overheard(listen, 'multicast', (message) => {
    if (message.kind === 'prepare') named.push(message.participants);
  });
  await master.start();
  const voted: string[] = [];
  const transports = ['a', 'b', 'c'].map((id) => {
    const made = udpConnect({ port: listen.port, secret });
    overheard(made, 'send', (message) => {
      if (message.kind === 'vote') voted.push(id);
    });
    return { id, transport: made };
  });
  const slaves = transports.map((parts) =>
    createSlave({ item: 'n', data: document({ n: 0 }), ...parts }),
  );
  try {
    for (const slave of slaves) await slave.start();
    await Promise.all(slaves.map((slave) => slave.current({ timeout: 5_000 })));
    await until('all get datagrams', () => {
      return transports.every(({ transport: { traffic } }) => traffic.frames > 1);
    });
    const { version } = await master.data.set({ n: 1 }, { method: 'two-phase', ack: 'applied' });
    await Promise.all(slaves.map((slave) => slave.waitFor(version, { timeout: 5_000 })));
    assert.equal([[...voted].sort(), named[0]], [participants, []]);
    assert.equal(
      slaves.map((slave) => slave.data.get().n),
      [1, 1, 1],
    );
  } finally {
    await Promise.all(slaves.map((slave) => slave.stop()));
    await master.stop();
  }
});

test.run();
