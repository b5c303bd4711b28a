import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import { type MemoryNetworkOptions, memoryNetwork } from '../../lib/transports/memory/index.js';
import { RecordingSink } from '../support/recording-sink.js';

const test = suite('memory network');
const ONE = Uint8Array.of(1);

function numbers(sink: RecordingSink): number[] {
  return sink.frames.map((frame) => frame[0] as number);
}

/** A master `m` and a slave `s`, joined, on a clock of the test's own. */
async function pair(options: MemoryNetworkOptions = {}) {
  const clock = new VirtualClock();
  const network = memoryNetwork({ clock, ...options });
  const master = network.listen('m');
  const slave = network.connect({ to: 'm', name: 's', random: () => 0.5 });
  const sink = new RecordingSink();
  const mine = new RecordingSink();
  await master.open(sink);
  await slave.open(mine);
  await clock.pass(1_000);
  assert.is(sink.joins.length, 1);
  assert.is(mine.joins.length, 1);
  return { clock, network, master, slave, sink, mine };
}

test('frames of one turn arrive together, on a later turn', async () => {
  const { clock, master, sink, mine } = await pair();
  for (let number = 0; number < 5; number += 1) master.send(sink.peer, Uint8Array.of(number));
  assert.is(mine.batches.length, 0);
  await clock.settle();
  assert.is(mine.batches.length, 1);
  assert.equal(numbers(mine), [0, 1, 2, 3, 4]);
});

test('networks are objects: two of them never meet', async () => {
  const clock = new VirtualClock();
  const first = memoryNetwork({ clock });
  const second = memoryNetwork({ clock });
  await first.listen('m').open(new RecordingSink());
  await second.listen('m').open(new RecordingSink());
  const mine = new RecordingSink();
  await memoryNetwork({ clock }).connect({ to: 'm' }).open(mine);
  await clock.pass(10_000);
  assert.is(mine.joins.length, 0);
  assert.is(mine.troubles.length, 1, 'told once');
  assert.is(mine.troubles[0]?.code, 'NOT_RUNNING');
});

test('a name in use is refused; after close it is free', async () => {
  const network = memoryNetwork({ clock: new VirtualClock() });
  const first = network.listen('m');
  const second = network.listen('m');
  await first.open(new RecordingSink());
  let code = '';
  await second.open(new RecordingSink()).catch((error) => ({ code } = error));
  assert.is(code, 'INVALID_OPTION');
  await first.close();
  await second.open(new RecordingSink());
});

test('delay: nothing before delayMsMin, all by delayMsMax, in order', async () => {
  const faults = { delayMsMin: 10, delayMsMean: 20, delayMsMax: 50 };
  const { clock, master, sink, mine } = await pair({ faults });
  assert.is(master.features.ordered && master.features.reliable, true);
  for (let number = 0; number < 100; number += 1) master.send(sink.peer, Uint8Array.of(number));
  await clock.pass(9.9);
  assert.is(mine.frames.length, 0);
  await clock.pass(40.2);
  assert.equal(numbers(mine), [...Array(100).keys()]);
  assert.ok(mine.batches.length > 2, 'each frame has a delay of its own');
});

test('each fault is told by the features and counted by the statistics', async () => {
  const count = 4_000;
  const cases = [
    { faults: { lossRatio: 0.25 }, ordered: true, reliable: false },
    { faults: { duplicateRatio: 0.25 }, ordered: false, reliable: false },
    { faults: { reorderRatio: 0.25, delayMsMin: 1 }, ordered: false, reliable: true },
    { faults: { corruptRatio: 0.25 }, ordered: true, reliable: false },
  ];
  for (const { faults, ordered, reliable } of cases) {
    const seed = 31;
    const { clock, network, master, slave, sink, mine } = await pair({ faults, seed });
    const what = `${JSON.stringify(faults)}, seed ${seed}`;
    assert.is(master.features.ordered, ordered, what);
    assert.is(slave.features.reliable, reliable, what);
    const sent = new Uint8Array(4);
    for (let number = 0; number < count; number += 1) {
      const frame = sent.slice();
      new DataView(frame.buffer).setUint32(0, number);
      master.send(sink.peer, frame);
      if (number % 100 === 0) await clock.pass(1);
    }
    await clock.pass(100);
    const got = mine.frames.map((frame) => new DataView(frame.buffer).getUint32(0));
    const statistics = network.statistics('m', 's');
    assert.is(statistics.framesSent, count, what);
    assert.is(statistics.bytesSent, count * 4, what);
    assert.is(statistics.framesDelivered, got.length, what);
    assert.is(statistics.bytesDelivered, got.length * 4, what);
    const near = (value: number) => Math.abs(value / count - 0.25) < 0.03;
    const inOrder = got.every((value, at) => at === 0 || value >= (got[at - 1] as number));
    if ('lossRatio' in faults) {
      assert.ok(near(statistics.framesLost), what);
      assert.is(got.length, count - statistics.framesLost, what);
    } else if ('duplicateRatio' in faults) {
      assert.ok(near(statistics.framesDuplicated), what);
      assert.is(got.length, count + statistics.framesDuplicated, what);
    } else if ('corruptRatio' in faults) {
      assert.ok(near(statistics.framesCorrupted), what);
      const changed = got.filter((value, at) => value !== at).length;
      assert.is(changed, statistics.framesCorrupted, what);
    } else {
      assert.is(inOrder, false, what);
      assert.is(new Set(got).size, count, what);
    }
    assert.is(network.statistics('s', 'm').framesSent, 0, what);
  }
});

test('the same seed gives the same run, another seed another', async () => {
  const run = async (seed: number) => {
    const faults = { lossRatio: 0.3, reorderRatio: 0.3, delayMsMean: 5, duplicateRatio: 0.1 };
    const { clock, master, sink, mine } = await pair({ seed, faults });
    for (let number = 0; number < 200; number += 1) master.send(sink.peer, Uint8Array.of(number));
    await clock.pass(500);
    return numbers(mine).join();
  };
  assert.is(await run(5), await run(5));
  assert.is.not(await run(5), await run(6));
});

test('faults are per direction', async () => {
  const { clock, network, master, slave, sink, mine } = await pair();
  network.setFaults('m', 's', { lossRatio: 1 });
  assert.is(master.features.reliable, false);
  master.send(sink.peer, ONE);
  slave.send(mine.peer, ONE);
  await clock.pass(10);
  assert.is(mine.frames.length, 0);
  assert.is(sink.frames.length, 1);
});

test('a partition holds the frames of a reliable link until it is healed', async () => {
  const { clock, network, master, slave, sink, mine } = await pair();
  network.partition('m', 's', { oneWay: true });
  master.send(sink.peer, ONE);
  slave.send(mine.peer, ONE);
  await clock.pass(5_000);
  assert.is(mine.frames.length, 0);
  assert.is(sink.frames.length, 1, 'the other way is open');
  network.heal('m', 's');
  await clock.settle();
  assert.is(mine.frames.length, 1);
  assert.is(sink.lefts.length + mine.lefts.length, 0);
});

test('a partition of an unreliable link loses frames', async () => {
  const { clock, network, master, sink, mine } = await pair({ faults: { lossRatio: 1e-9 } });
  network.partition('m', 's');
  master.send(sink.peer, ONE);
  await clock.pass(100);
  network.heal();
  master.send(sink.peer, Uint8Array.of(2));
  await clock.pass(100);
  assert.equal(numbers(mine), [2]);
  assert.is(network.statistics('m', 's').framesLost, 1);
});

test('cut ends the connection on both sides; the slave is back once it can', async () => {
  const { clock, network, master, sink, mine } = await pair({ faults: { delayMsMin: 5 } });
  master.send(sink.peer, ONE);
  network.partition('m', 's');
  network.cut('m', 's');
  await clock.settle();
  assert.is(sink.lefts[0]?.error?.code, 'NOT_RUNNING');
  assert.is(mine.lefts[0]?.error?.code, 'NOT_RUNNING');
  assert.is(network.statistics('m', 's').framesLost, 1);
  await clock.pass(10_000);
  assert.is(mine.joins.length, 1);
  network.heal();
  await clock.pass(2_100);
  assert.is(mine.joins.length, 2);
  assert.is.not(sink.joins[0], sink.joins[1]);
  assert.is(mine.frames.length, 0, 'what was under way is lost');
});

test('a master that closes under a partition is known to be gone after it', async () => {
  const { clock, network, master, sink, mine } = await pair();
  network.partition('m', 's');
  const closing = master.close();
  await clock.pass(10);
  await closing;
  assert.is(sink.lefts.length, 1);
  assert.is(mine.lefts.length, 0);
  network.heal();
  await clock.settle();
  assert.is(mine.lefts[0]?.error, null);
});

test('bytesPerSecond: frames queue behind each other and fill the high-water mark', async () => {
  const faults = { bytesPerSecond: 1_000 };
  const { clock, master, sink, mine } = await pair({ faults, highWaterBytes: 500 });
  for (let number = 0; number < 10; number += 1) {
    const frame = new Uint8Array(100);
    frame[0] = number;
    master.send(sink.peer, frame);
  }
  assert.is(master.writable(sink.peer), false);
  await clock.pass(499);
  assert.is(mine.frames.length, 4);
  assert.is(sink.drains.length, 0);
  await clock.pass(301);
  assert.is(sink.drains.length, 1, 'at half the high-water mark');
  assert.is(master.writable(sink.peer), true);
  await clock.pass(200);
  assert.equal(numbers(mine), [...Array(10).keys()]);
});

test('P15: past outboundBytesMax the peer is left with OVERLOADED', async () => {
  const limits = { highWaterBytes: 100, outboundBytesMax: 1_000 };
  const { clock, network, master, sink, mine } = await pair(limits);
  network.partition('m', 's');
  for (let number = 0; number < 11; number += 1) master.send(sink.peer, new Uint8Array(100));
  assert.is(sink.lefts.length, 0, 'never within a call');
  await clock.settle();
  assert.is(sink.lefts[0]?.error?.code, 'OVERLOADED');
  network.heal();
  await clock.pass(1_000);
  assert.is(mine.joins.length, 2);
});

test('a corrupted frame is a copy: the sender keeps its own', async () => {
  const { clock, master, sink, mine } = await pair({ faults: { corruptRatio: 1 } });
  const frame = new Uint8Array(32);
  master.send(sink.peer, frame);
  await clock.settle();
  assert.ok(frame.every((byte) => byte === 0));
  const bits = [...(mine.frames[0] ?? [])].map((byte) => byte.toString(2).replaceAll('0', ''));
  assert.is(bits.join('').length, 1, 'exactly one bit');
});

test('declared features are kept: less is believed, multicast reaches all', async () => {
  const clock = new VirtualClock();
  const network = memoryNetwork({ clock });
  const master = network.listen('m', { ordered: false, multicast: true, maxFrameBytes: 10 });
  assert.equal(master.features, {
    ordered: false,
    reliable: true,
    multicast: true,
    maxFrameBytes: 10,
  });
  const sink = new RecordingSink();
  await master.open(sink);
  const sinks = [new RecordingSink(), new RecordingSink()];
  for (const mine of sinks) await network.connect({ to: 'm' }).open(mine);
  await clock.pass(100);
  master.multicast([sink.joins[0] as string], ONE);
  await clock.settle();
  assert.equal(
    sinks.map((mine) => mine.frames.length),
    [1, 1],
  );
});

test('unknown options and bad numbers are INVALID_OPTION by name', () => {
  const network = memoryNetwork();
  const cases: Array<[string, () => unknown]> = [
    ['sed', () => memoryNetwork({ sed: 1 } as never)],
    ['lossRatio', () => memoryNetwork({ faults: { lossRatio: 2 } })],
    ['delayMs', () => network.setFaults('a', 'b', { delayMs: 2 } as never)],
    ['name', () => network.connect({ name: '' })],
    ['fast', () => network.listen('m', { fast: true } as never)],
  ];
  for (const [name, act] of cases) {
    try {
      act();
      assert.unreachable(name);
    } catch (thrown) {
      assert.instance(thrown, ReplicationError);
      assert.is((thrown as ReplicationError).code, 'INVALID_OPTION');
      assert.match((thrown as ReplicationError).message, `"${name}"`);
    }
  }
});

test.run();
