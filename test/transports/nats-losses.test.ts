/** What NATS loses is noticed, what ends survived: messages, servers, connections, masters. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { natsConnect, natsListen } from '../../lib/transports/nats/index.js';
import { lossyNats } from '../support/lossy-nats.js';
import { natsServerMissing } from '../support/nats-server.js';
import { NatsWorld, PING_MS, PREFIX } from '../support/nats-world.js';
import { RecordingSink, until } from '../support/recording-sink.js';

const test = suite('NATS: losses');
const missing = natsServerMissing();

const frame = (number: number) => Uint8Array.of(number);
const firsts = (sink: RecordingSink) => sink.frames.map(([first]) => first);

/** Loses what is published while `isOn`. */
function switched() {
  const state = { isOn: false };
  return {
    state,
    wrap: (connection: Parameters<typeof lossyNats>[0]) => lossyNats(connection, () => state.isOn),
  };
}

/** Sends 1, loses 2 and sends 3 by `send`; the receiver must not take 3 for what follows 1. */
async function losesOne(toAll: boolean): Promise<void> {
  await NatsWorld.in(async (world) => {
    const { state, wrap } = switched();
    const { master, slave } = await world.pair(wrap);
    // One slave alone is spoken to on its own subject; with a second it is the one for all.
    const second = toAll ? await world.slave() : null;
    if (second !== null) await until('both', () => master.sink.joins.length === 2);
    const send = (number: number) => master.transport.multicast(master.sink.joins, frame(number));
    send(1);
    state.isOn = true;
    send(2);
    state.isOn = false;
    send(3);
    await until('left', () => slave.sink.lefts.length === 1);
    assert.is(slave.sink.lefts[0]?.error?.code, 'NOT_RUNNING');
    assert.match(slave.sink.lefts[0]?.error?.message ?? '', 'missing');
    assert.equal(firsts(slave.sink), [1]);
    await until('joined anew', () => slave.sink.joins.length === 2);
    await until('the master knows', () => master.sink.joins.length >= (toAll ? 3 : 2));
    master.transport.multicast(master.sink.joins, frame(4));
    await until('goes on', () => slave.sink.frames.length === 2);
    assert.equal(firsts(slave.sink), [1, 4]);
  });
}

function messageTests(): void {
  test('one message to one slave is lost: it leaves at the next, and joins anew', () =>
    losesOne(false));
  test('one message to all is lost: each leaves at the next, and joins anew', () => losesOne(true));

  test('a frame to all but some reaches those and nobody else, in parts as well', async () => {
    const config = 'max_payload: 1024';
    await NatsWorld.in(
      async (world) => {
        const master = await world.master();
        const slaves = [await world.slave(), await world.slave(), await world.slave()];
        await until('joined', () => slaves.every(({ sink }) => sink.joins.length === 1));
        await until('known', () => master.sink.joins.length === 3);
        const [first = '', second = '', third = ''] = master.sink.joins;
        const large = new Uint8Array(10_000).fill(3);
        master.transport.multicast([first, second], frame(1));
        master.transport.multicast([second, third], large);
        master.transport.multicast([first, third], frame(2));
        master.transport.multicast([first, second, third], frame(4));
        await until('the last', () => slaves.every(({ sink }) => firsts(sink).includes(4)));
        // Joined in turn, but known to the master in the order in which it heard them.
        const got = slaves.map(({ sink }) => firsts(sink).join()).sort();
        assert.equal(got, ['1,2,4', '1,3,4', '3,2,4']);
        assert.equal([...master.sink.lefts, ...slaves.flatMap(({ sink }) => sink.lefts)], []);
      },
      { config },
    );
  });

  for (const from of ['master', 'slave'] as const) {
    test(`the last message of a ${from} is lost: signs of life find it`, async () => {
      await NatsWorld.in(async (world) => {
        const { state, wrap } = switched();
        const ends = from === 'master' ? await world.pair(wrap) : await world.pair(undefined, wrap);
        const near = ends[from];
        const far = ends[from === 'master' ? 'slave' : 'master'];
        state.isOn = true;
        near.transport.send(near.sink.peer, frame(1));
        state.isOn = false;
        await until('left', () => far.sink.lefts.length === 1);
        assert.is(far.sink.lefts[0]?.error?.code, 'NOT_RUNNING');
        await until(
          'joined anew',
          () => far.sink.joins.length === 2 && near.sink.joins.length === 2,
        );
        near.transport.send(near.sink.peer, frame(2));
        await until('goes on', () => far.sink.frames.length === 1);
      });
    });
  }

  test('a side that falls silent has left for the other: TIMEOUT', async () => {
    await NatsWorld.in(async (world) => {
      const { state, wrap } = switched();
      const { master, slave } = await world.pair(undefined, wrap);
      state.isOn = true;
      await until('left at the master', () => master.sink.lefts.length === 1);
      assert.is(master.sink.lefts[0]?.error?.code, 'TIMEOUT');
      await until('left at the slave', () => slave.sink.lefts.length === 1);
      state.isOn = false;
      await until('back', () => master.sink.joins.length === 2);
    });
  });
}

function serverTests(): void {
  test('a server that dies and starts again: all leave, both hosts are told, all join', async () => {
    await NatsWorld.in(async (world) => {
      const { master, slave } = await world.pair();
      await world.server.kill();
      await until('left', () => master.sink.lefts.length === 1 && slave.sink.lefts.length === 1);
      for (const { sink } of [master, slave]) {
        assert.is(sink.lefts[0]?.error?.code, 'NOT_RUNNING');
        assert.match(sink.troubles.map(({ message }) => message).join('\n'), 'was lost');
      }
      // Nothing of this may be kept for later, nor thrown.
      master.transport.send(master.sink.peer, frame(1));
      assert.is(master.transport.writable(master.sink.peer), false);
      await world.server.start();
      await until('joined', () => master.sink.joins.length === 2 && slave.sink.joins.length === 2);
      master.transport.send(master.sink.peer, frame(2));
      await until('a frame', () => slave.sink.frames.length === 1);
      assert.equal(firsts(slave.sink), [2]);
    });
  });

  test('a server that stands still: silence is an end, and going on a beginning', async () => {
    await NatsWorld.in(async (world) => {
      const { master, slave } = await world.pair();
      world.server.freeze();
      await until('left', () => master.sink.lefts.length === 1 && slave.sink.lefts.length === 1);
      assert.is(slave.sink.lefts[0]?.error?.code, 'TIMEOUT');
      world.server.thaw();
      await until('joined', () => slave.sink.joins.length === 2);
      await until('the master knows', () => master.sink.joins.length >= 2);
      const joins = () => [master.sink.joins.length, master.sink.lefts.length];
      await until('one slave', () => joins()[0] === (joins()[1] ?? 0) + 1);
      // Of several attempts the last counts: until it is settled, a frame may go to one before it.
      await until('a frame', () => {
        master.transport.send(master.sink.peer, frame(1));
        return slave.sink.frames.length > 0;
      });
    });
  });

  test('P15: a server that stands still makes nothing grow: OVERLOADED, or not writable', async () => {
    await NatsWorld.in(async (world) => {
      const { master } = await world.pair();
      world.server.freeze();
      const large = new Uint8Array(512 * 1024);
      let sent = 0;
      while (master.transport.writable(master.sink.peer)) {
        master.transport.send(master.sink.peer, large);
        sent += large.length;
      }
      assert.ok(sent <= 5 * 1024 * 1024, `${sent} bytes were taken`);
      for (let more = 0; more < 100; more += 1) {
        master.transport.send(master.sink.peer, large);
      }
      await until('dropped', () => master.sink.lefts.length === 1);
      assert.is(master.sink.lefts[0]?.error?.code, 'OVERLOADED');
      world.server.thaw();
    });
  });
}

function connectionTests(): void {
  test('a connection the host closes ends the slave and is told; close still works', async () => {
    await NatsWorld.in(async (world) => {
      const { master, slave } = await world.pair();
      await master.connection.close();
      await until('left', () => master.sink.lefts.length === 1);
      assert.match(master.sink.troubles[0]?.message ?? '', 'closed');
      await until('silence', () => slave.sink.lefts.length === 1);
      await master.transport.close();
      const again = natsListen(master.connection, { prefix: PREFIX });
      const error = await again.open(new RecordingSink()).then(
        () => assert.unreachable('it opened'),
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof ReplicationError && error.code === 'NOT_RUNNING');
      const late = natsConnect(master.connection, { prefix: PREFIX });
      const sink = new RecordingSink();
      await late.open(sink);
      await until('told', () => sink.troubles.length === 1);
      assert.is(sink.troubles[0]?.code, 'NOT_RUNNING');
      await late.close();
    });
  });

  test('closing a transport leaves a connection open and its subscriptions gone', async () => {
    await NatsWorld.in(async (world) => {
      const { master, slave } = await world.pair();
      await slave.transport.close();
      await master.transport.close();
      for (const { connection } of [master, slave]) {
        assert.is(connection.isClosed(), false);
        await connection.flush();
      }
      const heard: string[] = [];
      const listener = await world.client();
      listener.subscribe(`${PREFIX}.>`, { callback: (_, { subject }) => void heard.push(subject) });
      await listener.flush();
      slave.connection.publish(`${PREFIX}.up.any.x`, frame(0));
      await slave.connection.flush();
      await new Promise((resolve) => setTimeout(resolve, 3 * PING_MS));
      assert.equal(heard, [`${PREFIX}.up.any.x`]);
    });
  });
}

function masterTests(): void {
  test('no master: the slave is told once, and joins at once when one comes', async () => {
    await NatsWorld.in(async (world) => {
      const slave = await world.slave({ handshakeTimeoutMs: 50 });
      await until('told', () => slave.sink.troubles.length === 1);
      assert.is(slave.sink.troubles[0]?.code, 'TIMEOUT');
      assert.match(slave.sink.troubles[0]?.message ?? '', PREFIX);
      const patient = await world.slave({ handshakeTimeoutMs: 60_000 });
      await new Promise((resolve) => setTimeout(resolve, 2 * PING_MS));
      // Of a master that says only once that it is here, not after a ping's interval.
      await world.master({ pingIntervalMs: 60_000 });
      await until('joined', () => slave.sink.joins.length === 1 && patient.sink.joins.length === 1);
      const hasty = await world.slave();
      await until('joined as well', () => hasty.sink.joins.length === 1);
      assert.is(slave.sink.troubles.length, 1);
    });
  });

  test('P16: a second master on the prefix is told to both, and slaves stay with theirs', async () => {
    await NatsWorld.in(async (world) => {
      const { master, slave } = await world.pair();
      const second = await world.master();
      for (const { sink } of [master, second]) {
        await until('told', () => sink.troubles.length > 0);
        assert.is(sink.troubles[0]?.code, 'PROTOCOL');
        assert.match(sink.troubles[0]?.message ?? '', 'another master');
      }
      const late = await world.slave();
      await until('joined', () => late.sink.joins.length === 1);
      await until('one of them has it', () => {
        const here = (sink: RecordingSink) => sink.joins.length - sink.lefts.length;
        return here(master.sink) + here(second.sink) === 2;
      });
      assert.equal(slave.sink.lefts, []);
      assert.is(late.sink.joins.length, 1);
    });
  });

  test('a master that dies and its successor: slaves change over before silence tells', async () => {
    await NatsWorld.in(async (world) => {
      const { state, wrap } = switched();
      // It hears, and is not heard; its own signs of life would take minutes to be missed.
      await world.master({ pingIntervalMs: 60_000 }, {}, wrap);
      const slave = await world.slave();
      await until('joined', () => slave.sink.joins.length === 1);
      state.isOn = true;
      const second = await world.master();
      await until('changed over', () => slave.sink.joins.length === 2);
      await until('known', () => second.sink.joins.length === 1);
      assert.match(slave.sink.lefts[0]?.error?.message ?? '', 'another master');
    });
  });

  test('the next server takes smaller messages: frames are cut to it', async () => {
    await NatsWorld.in(async (world) => {
      const { master, slave } = await world.pair();
      const large = new Uint8Array(3_000_000).fill(7);
      master.transport.send(master.sink.peer, large);
      await until('whole', () => slave.sink.frames.length === 1);
      const most = (master.connection.info?.max_payload ?? 0) / 1024;
      assert.is(most, 1024);
      await world.server.kill();
      world.server.append('max_payload: 2048');
      await world.server.start();
      await until('joined', () => slave.sink.joins.length === 2 && master.sink.joins.length === 2);
      assert.is(master.connection.info?.max_payload, 2048);
      master.transport.send(master.sink.peer, large);
      await until('whole again', () => slave.sink.frames.length === 2);
      assert.equal(slave.sink.frames[1], large);
    });
  });
}

if (missing !== null) test.skip(`SKIPPED: ${missing}`, () => {});
else {
  messageTests();
  serverTests();
  connectionTests();
  masterTests();
}

test.run();
