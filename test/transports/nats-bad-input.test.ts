/**
 * Whoever may publish on the subjects of a prefix may publish anything: it is told, ignored or
 * ends one connection; it allocates nothing by its word and ends no process (A5, A6, A14).
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { limits } from '../../lib/limits.js';
import { seededRandom } from '../../lib/runtime/random.js';
import { natsConnect, natsListen } from '../../lib/transports/nats/index.js';
import { encodeMessage, HEADER_BYTES, type Message } from '../../lib/transports/nats/message.js';
import { natsServerMissing } from '../support/nats-server.js';
import { NatsWorld, PREFIX } from '../support/nats-world.js';
import { type RecordingSink, until } from '../support/recording-sink.js';

const test = suite('NATS: bad input');
const missing = natsServerMissing();

type Told = Pick<Message, 'kind' | 'master' | 'link'> & Partial<Message>;

/** Speaks as a slave that joined, but says what the test wants. */
async function impostor(world: NatsWorld, inbox = 'any.impostor') {
  const connection = await world.client();
  let master = 0n;
  const link = 77n;
  const heard: number[] = [];
  connection.subscribe(`${PREFIX}.down.to.${inbox}`, {
    callback: (_, { data }) => {
      heard.push(data[2] ?? -1);
      master = new DataView(data.buffer, data.byteOffset).getBigUint64(4);
    },
  });
  const say = (message: Partial<Told>) => {
    const bytes = encodeMessage({ kind: 'frame', master, link, ...message });
    connection.publish(`${PREFIX}.up.${inbox}`, bytes);
  };
  const join = async () => {
    const before = heard.length;
    say({ kind: 'hello', first: limits.frameBytesMax, second: 1 });
    await until('answered', () => heard.length > before);
  };
  return { connection, heard, say, join };
}

const codeOf = (sink: RecordingSink) => sink.lefts.at(-1)?.error?.code;

/** What a joined slave may say that ends it, and with which code. */
const WRONG: ReadonlyArray<readonly [name: string, message: Partial<Told>, code: string]> = [
  [
    'a frame of 1 GiB is begun',
    { first: 1, frameBytes: 2 ** 30, body: new Uint8Array(9) },
    'TOO_LARGE',
  ],
  [
    'a frame shorter than its body',
    { first: 1, frameBytes: 1, body: new Uint8Array(9) },
    'PROTOCOL',
  ],
  ['a frame of no bytes', { first: 1, frameBytes: 0 }, 'PROTOCOL'],
  [
    'a part of nothing',
    { kind: 'part', first: 1, frameBytes: 9, body: new Uint8Array(1) },
    'PROTOCOL',
  ],
  [
    'a number that was skipped',
    { first: 5, frameBytes: 1, body: new Uint8Array(1) },
    'NOT_RUNNING',
  ],
  ['more taken than was sent', { kind: 'acknowledge', first: 10 ** 15 }, 'PROTOCOL'],
  ['a welcome to the master', { kind: 'welcome' }, 'PROTOCOL'],
  ['a ping without its counts', { kind: 'ping' }, 'PROTOCOL'],
  [
    'a ping with counts that cannot be',
    { kind: 'ping', body: new Uint8Array(16).fill(0xff) },
    'PROTOCOL',
  ],
];

function masterTests(): void {
  test('A14: each wrong message of a joined slave ends that slave with its code', async () => {
    await NatsWorld.in(async (world) => {
      const master = await world.master();
      const good = await world.slave();
      await until('a good slave', () => master.sink.joins.length === 1);
      for (const [name, message, code] of WRONG) {
        const bad = await impostor(world);
        const before = master.sink.lefts.length;
        await bad.join();
        bad.say(message);
        await until(name, () => master.sink.lefts.length > before);
        assert.is(codeOf(master.sink), code, name);
      }
      assert.equal(good.sink.lefts, []);
      assert.equal(master.sink.frames, []);
    });
  });

  test('A5: a frame that is begun and not gone on with is dropped, and takes what came', async () => {
    await NatsWorld.in(async (world) => {
      const master = await world.master({ stallTimeoutMs: 300 });
      const bad = await impostor(world);
      await bad.join();
      bad.say({ first: 1, frameBytes: 4_000_000, body: new Uint8Array(100) });
      const counts = () => {
        const body = new Uint8Array(16);
        bad.say({ kind: 'ping', first: 1, body });
      };
      const timer = setInterval(counts, 50);
      try {
        await until('dropped', () => master.sink.lefts.length === 1);
      } finally {
        clearInterval(timer);
      }
      assert.is(codeOf(master.sink), 'TIMEOUT');
    });
  });
}

function strangerTests(): void {
  test('strangers, old and new versions, and noise are told once each and join nobody', async () => {
    await NatsWorld.in(async (world) => {
      const master = await world.master();
      const stranger = await world.client();
      const random = seededRandom(process.env.SEED ?? 12);
      const subject = `${PREFIX}.up.any.stranger`;
      const hello = encodeMessage({ kind: 'hello', master: 0n, link: 1n });
      hello[1] = 2;
      for (let count = 0; count < 500; count += 1) {
        stranger.publish(subject, 'GET / HTTP/1.1');
        stranger.publish(subject, new Uint8Array(0));
        stranger.publish(subject, hello);
        const noise = new Uint8Array(Math.floor(random() * 90)).map(() => random() * 256);
        stranger.publish(subject, noise);
        const half = encodeMessage({ kind: 'hello', master: 0n, link: 1n });
        for (let at = 2; at < HEADER_BYTES; at += 3) half[at] = random() * 256;
        stranger.publish(subject, half.subarray(0, Math.floor(random() * HEADER_BYTES)));
      }
      await stranger.flush();
      await master.connection.flush();
      assert.equal(master.sink.joins, []);
      const words = master.sink.troubles.map(({ message }) => message);
      assert.ok(words.some((each) => each.includes('version 2')));
      assert.is(new Set(words).size, words.length, 'something was told twice');
      assert.ok(words.length <= 32, `${words.length} troubles for 2500 messages`);
      const slave = await world.slave();
      await until('others join', () => slave.sink.joins.length === 1);
    });
  });

  test('A6: 10,000 hellos of nobody take no more places than there are', async () => {
    await NatsWorld.in(async (world) => {
      const master = await world.master({ maxConnections: 50, pingIntervalMs: 500 });
      const good = await world.slave();
      await until('joined', () => good.sink.joins.length === 1);
      const connection = await world.client();
      const hello = { kind: 'hello', master: 0n, first: limits.frameBytesMax, second: 1 } as const;
      for (let count = 0; count < 10_000; count += 1) {
        const bytes = encodeMessage({ ...hello, link: BigInt(count) });
        connection.publish(`${PREFIX}.up.any.nobody-${count}`, bytes);
      }
      await connection.flush();
      await master.connection.flush();
      const here = () => master.sink.joins.length - master.sink.lefts.length;
      assert.ok(here() <= 50, `${here()} places are taken`);
      assert.ok(master.sink.troubles.length > 0);
      assert.ok(master.sink.troubles.every(({ code }) => code === 'OVERLOADED'));
      await until('they are gone again', () => here() === 1);
      assert.equal(good.sink.lefts, []);
      const late = await world.slave();
      await until('a place for a real one', () => late.sink.joins.length === 1);
    });
  });
}

function slaveTests(): void {
  test('a slave believes its own master only, and no stranger', async () => {
    await NatsWorld.in(async (world) => {
      const { master, slave } = await world.pair();
      const stranger = await world.client();
      const lie = { kind: 'frame', master: 5n, link: 0n, first: 1, frameBytes: 4 } as const;
      stranger.publish(`${PREFIX}.down.all`, encodeMessage({ ...lie, body: new Uint8Array(4) }));
      stranger.publish(`${PREFIX}.down.all`, 'noise');
      stranger.publish(`${PREFIX}.down.here`, 'noise');
      await until('told', () => slave.sink.troubles.length > 0);
      for (const { code } of slave.sink.troubles) assert.is(code, 'PROTOCOL');
      master.transport.send(master.sink.peer, Uint8Array.of(1));
      await until('a true frame', () => slave.sink.frames.length === 1);
      assert.equal(slave.sink.lefts, []);
    });
  });

  test('sides with another frameBytesMax refuse each other, and both are told', async () => {
    await NatsWorld.in(async (world) => {
      const master = await world.master({ frameBytesMax: 1_000_000 });
      const slave = await world.slave();
      const sinks = [master.sink, slave.sink];
      await until('told', () => sinks.every(({ troubles }) => troubles.length > 0));
      for (const { troubles } of sinks) assert.is(troubles[0]?.code, 'PROTOCOL');
      assert.match(slave.sink.troubles[0]?.message ?? '', 'frameBytesMax');
      assert.equal(master.sink.joins, []);
    });
  });

  test('options are checked by name, and so is the connection', async () => {
    await NatsWorld.in(async (world) => {
      const connection = await world.client();
      const refused = (make: () => unknown, words: RegExp) => {
        try {
          make();
        } catch (thrown) {
          assert.ok(thrown instanceof ReplicationError && thrown.code === 'INVALID_OPTION');
          assert.match(thrown.message, words);
          return;
        }
        assert.unreachable('it was taken');
      };
      for (const prefix of ['', 'a b', 'a.*', 'a..b', '>', '.a', 'a.', 'x'.repeat(201)]) {
        refused(() => natsListen(connection, { prefix }), /prefix/);
      }
      refused(() => natsListen(connection, {} as never), /prefix/);
      refused(() => natsConnect(connection, { prefix: 'a', name: 'a.b' }), /name/);
      refused(() => natsConnect(connection, { prefix: 'a', secret: 'x' } as never), /secret/);
      refused(() => natsListen({} as never, { prefix: 'a' }), /nats-core/);
      const small = { prefix: 'a', outboundBytesMax: 5_000_000 };
      refused(() => natsListen(connection, small), /outboundBytesMax/);
    });
  });
}

if (missing !== null) test.skip(`SKIPPED: ${missing}`, () => {});
else {
  masterTests();
  strangerTests();
  slaveTests();
}

test.run();
