/** What arrives: completeness, order, sizes, sharing, backpressure. */
import type { PeerId, Transport, TransportFeatures } from '../../transports/contract.js';
import {
  type Bench,
  bench,
  check,
  numbered,
  numberOf,
  refusedWith,
  type SuiteContext,
  sameBytes,
  sendAgain,
} from './harness.js';

const FRAMES = 2_000;
const LONG = 64 * 1024;

/** Holds what arrived against what was sent, as far as the features promise it. */
function judge(features: TransportFeatures, got: readonly Uint8Array[], sent: number): void {
  const numbers = got.map(numberOf);
  got.forEach((frame, at) => {
    const number = numbers[at] as number;
    const known = number < sent && sameBytes(frame, numbered(number));
    check(known, `frame ${at} was never sent`);
  });
  if (features.reliable) {
    check(numbers.length === sent, `${sent} frames were sent, ${numbers.length} arrived`);
    check(new Set(numbers).size === sent, 'a frame arrived twice');
  }
  if (!features.ordered) return;
  const sorted = numbers.every((number, at) => at === 0 || number > (numbers[at - 1] as number));
  check(sorted, 'frames arrived in another order than sent');
}

interface Stream {
  readonly from: Transport;
  readonly to: PeerId;
  /** What arrived at the other end. */
  readonly got: readonly Uint8Array[];
}

async function stream(b: Bench, { from, to, got }: Stream) {
  const { features } = from;
  b.within(() => {
    for (let number = 0; number < FRAMES; number += 1) from.send(to, numbered(number));
  });
  if (features.reliable) {
    await b.until('every frame sent', () => got.length >= FRAMES);
    return judge(features, got, FRAMES);
  }
  await b.until('some of the frames', () => got.length > FRAMES / 10);
  judge({ ...features, ordered: false }, got, FRAMES);
  const all = () => new Set(got.map(numberOf)).size === FRAMES;
  const again = () => {
    const seen = new Set(got.map(numberOf));
    for (let number = 0; number < FRAMES; number += 1) {
      if (!seen.has(number)) sendAgain(from, to, numbered(number));
    }
  };
  await b.until('what is sent again and again gets through', all, again);
}

function streamTests(context: SuiteContext): void {
  bench(context, `${FRAMES} frames from the master, as its features promise`, async (b) => {
    const { peer, sink } = await b.slave();
    await stream(b, { from: b.master, to: peer, got: sink.frames });
    check(!sink.brokeContract && !b.sink.brokeContract, 'a sink was called within a call');
  });

  bench(context, `${FRAMES} frames from a slave, as its features promise`, async (b) => {
    const { transport, sink } = await b.slave();
    await stream(b, { from: transport, to: sink.peer, got: b.sink.frames });
    check(!sink.brokeContract && !b.sink.brokeContract, 'a sink was called within a call');
  });

  bench(context, 'frames of every size up to maxFrameBytes arrive unchanged', async (b) => {
    const { transport, sink, peer } = await b.slave();
    const most = Math.min(b.master.features.maxFrameBytes, transport.features.maxFrameBytes);
    const sizes = [1, 2, 3, 4, 5, 255, 4096, 4097, 65_535, 65_536, 1_000_003, most];
    for (const size of sizes.filter((bytes) => bytes <= most)) {
      const frame = numbered(size, size);
      const at = (frames: readonly Uint8Array[]) => frames.some((got) => sameBytes(got, frame));
      const reliable = b.master.features.reliable;
      b.master.send(peer, frame);
      transport.send(sink.peer, frame);
      await b.until(
        `a frame of ${size} bytes from the master`,
        () => at(sink.frames),
        () => {
          if (!reliable) sendAgain(b.master, peer, frame);
        },
      );
      await b.until(
        `a frame of ${size} bytes from a slave`,
        () => at(b.sink.frames),
        () => {
          if (!reliable) sendAgain(transport, sink.peer, frame);
        },
      );
      sink.frames.length = 0;
      b.sink.frames.length = 0;
    }
  });
}

function refusalTests(context: SuiteContext): void {
  bench(context, 'a frame above maxFrameBytes is TOO_LARGE and harms nothing', async (b) => {
    const { transport, sink, peer } = await b.slave();
    const frame = new Uint8Array(b.master.features.maxFrameBytes + 1);
    await refusedWith('TOO_LARGE', () => b.master.send(peer, frame));
    await refusedWith('TOO_LARGE', () => b.master.multicast([peer], frame));
    const own = new Uint8Array(transport.features.maxFrameBytes + 1);
    await refusedWith('TOO_LARGE', () => transport.send(sink.peer, own));
    await b.until(
      'a good frame after the bad ones',
      () => sink.frames.length > 0,
      () => sendAgain(b.master, peer, numbered(1)),
    );
    check(
      sink.frames.every((got) => got.length === 16),
      'a refused frame was sent after all',
    );
    check(b.sink.lefts.length === 0, 'the connection ended');
  });

  bench(context, 'a frame without bytes is refused with PROTOCOL', async (b) => {
    const { peer } = await b.slave();
    await refusedWith('PROTOCOL', () => b.master.send(peer, new Uint8Array(0)));
  });
}

function sharingTests(context: SuiteContext): void {
  bench(context, 'a multicast frame reaches all, and the sender keeps it unchanged', async (b) => {
    const slaves = [await b.slave(), await b.slave(), await b.slave()];
    const peers = slaves.map(({ peer }) => peer);
    const frames = [numbered(7), numbered(8, LONG)];
    const all = () => {
      return slaves.every(({ sink }) =>
        frames.every((frame) => sink.frames.some((got) => sameBytes(got, frame))),
      );
    };
    const send = () => b.within(() => frames.forEach((f) => void b.master.multicast(peers, f)));
    const again = () => {
      if (peers.every((peer) => b.master.writable(peer))) send();
    };
    send();
    const { reliable } = b.master.features;
    await b.until('both frames on all slaves', all, reliable ? undefined : again);
    check(sameBytes(frames[0] as Uint8Array, numbered(7)), 'the short frame was changed');
    check(sameBytes(frames[1] as Uint8Array, numbered(8, LONG)), 'the long frame was changed');
    if (!reliable) return;
    const counts = slaves.map(({ sink }) => sink.frames.length);
    check(
      counts.every((count) => count === 2),
      `each slave gets each frame once, not ${counts}`,
    );
  });

  bench(context, 'frames that were received stay as they are', async (b) => {
    const { sink, peer } = await b.slave();
    const rounds = 50;
    for (let number = 0; number < rounds; number += 1) {
      const again = () => sendAgain(b.master, peer, numbered(number, 5_000));
      b.master.send(peer, numbered(number, 5_000));
      await b.until(
        'the next frame',
        () => sink.frames.some((frame) => numberOf(frame) === number),
        b.master.features.reliable ? undefined : again,
      );
    }
    const kept = sink.frames.every((frame) => sameBytes(frame, numbered(numberOf(frame), 5_000)));
    check(kept, 'the memory of a received frame was used again');
  });
}

function pressureTests(context: SuiteContext): void {
  bench(context, 'P15: a full peer is not writable, and drained when it is again', async (b) => {
    const { sink, peer } = await b.slave();
    const length = Math.min(LONG, b.master.features.maxFrameBytes);
    let sent = 0;
    b.within(() => {
      while (b.master.writable(peer)) {
        check(sent * length < 2 ** 28, 'the peer stays writable however much waits');
        b.master.send(peer, numbered(sent, length));
        sent += 1;
      }
    });
    await b.until('drained', () => b.sink.drains.length > 0);
    check(b.sink.drains[0] === peer, 'another peer drained');
    check(b.master.writable(peer), 'a peer that drained is writable');
    check(!b.sink.brokeContract, 'a sink was called within a call');
    if (!b.master.features.reliable) return;
    await b.until('every frame sent', () => sink.frames.length === sent);
    check(b.sink.lefts.length === 0, 'a peer that reads was dropped');
  });

  bench(context, 'what was sent before a disconnect is flushed', async (b) => {
    const { sink, peer } = await b.slave();
    for (let number = 0; number < 20; number += 1) b.master.send(peer, numbered(number, LONG));
    b.master.disconnect(peer);
    await b.until('left', () => sink.lefts.length > 0);
    const whole = sink.frames.length === 20 || !b.master.features.reliable;
    check(whole, `${sink.frames.length} of 20 frames came before the end`);
  });
}

export function deliveryTests(context: SuiteContext): void {
  streamTests(context);
  refusalTests(context);
  sharingTests(context);
  pressureTests(context);
}
