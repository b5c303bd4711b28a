/**
 * The published suite is worth something only if it fails on transports that break the contract.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TransportPair, transportSuite } from '../../lib/testing/index.js';
import type { MasterTransport, TransportSink } from '../../lib/transports/contract.js';
import { memoryNetwork } from '../../lib/transports/memory/index.js';

const test = suite('transport suite: catches broken transports');

/** Changes the master of a good pair into a bad one. */
type Defect = (good: MasterTransport) => Partial<MasterTransport>;

const LIMITS = { maxFrameBytes: 70_000, highWaterBytes: 200_000 };

function brokenPair(defect: Defect, limits: Partial<typeof LIMITS>): TransportPair {
  const network = memoryNetwork({ ...LIMITS, ...limits });
  const good = network.listen();
  const broken = defect(good);
  const master = new Proxy(good, {
    get(target, key) {
      const own: unknown = Reflect.get(broken, key) ?? Reflect.get(target, key);
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
  return {
    master,
    connect: () => network.connect({ reconnectMsMax: 5 }),
    close: () => undefined,
  };
}

/** What a defect keeps from coming is not waited for long; what a good transport does is. */
const [SHORT_MS, LONG_MS] = [100, 30_000];

/** The names of the suite's tests that fail on it; of all tests, or of the one named. */
async function failuresOf(
  defect: Defect,
  deadlineMs: number,
  only?: string,
  limits = {},
): Promise<string[]> {
  const tests: Array<{ name: string; run: () => Promise<void> }> = [];
  transportSuite({
    test: (name, run) => void tests.push({ name, run }),
    factory: () => brokenPair(defect, limits),
    deadlineMs,
  });
  assert.ok(tests.length > 15);
  const failed: string[] = [];
  for (const { name, run } of tests) {
    if (only !== undefined && name !== only) continue;
    await run().catch(() => void failed.push(name));
  }
  return failed;
}

function withSink(good: MasterTransport, change: (sink: TransportSink) => Partial<TransportSink>) {
  const open: MasterTransport['open'] = (sink, signal) => {
    const kept: TransportSink = {
      joined: (peer) => sink.joined(peer),
      left: (peer, error) => sink.left(peer, error),
      received: (peer, frames) => sink.received(peer, frames),
      drained: (peer) => sink.drained(peer),
      troubled: (error) => sink.troubled(error),
    };
    return good.open({ ...kept, ...change(sink) }, signal);
  };
  return { open };
}

/** Which test of the suite must notice which defect. */
const NOTICED_BY: Record<string, string> = {
  'loses a frame now and then': '2000 frames from the master, as its features promise',
  'delivers a frame twice': '2000 frames from the master, as its features promise',
  'swaps the frames of a batch': '2000 frames from a slave, as its features promise',
  'writes into the frame of the sender':
    'a multicast frame reaches all, and the sender keeps it unchanged',
  'takes frames of any length': 'a frame above maxFrameBytes is TOO_LARGE and harms nothing',
  'calls the sink within a call': '2000 frames from the master, as its features promise',
  'is always writable': 'P15: a full peer is not writable, and drained when it is again',
  'never tells that a peer drained':
    'P15: a full peer is not writable, and drained when it is again',
  'never tells that a peer left': 'a connection that breaks is left and made again',
  'uses one peer id again': '40 slaves: each is a peer of its own',
  'delivers after close': 'close tells of every peer, and nothing is delivered after it',
  'opens twice': 'a second open is refused and the first goes on',
  'ignores an aborted signal': 'an aborted signal refuses open with ABORTED; open works later',
  'hides what the sink threw': 'a sink that throws is told so by troubled and harms nothing',
  'does not disconnect': 'the master disconnects a slave, which comes back as a new peer',
};

const defects: Record<string, Defect> = {
  'loses a frame now and then': (good) => {
    let count = 0;
    const send: MasterTransport['send'] = (peer, frame) => {
      count += 1;
      if (count % 50 !== 0) good.send(peer, frame);
    };
    return { send };
  },
  'delivers a frame twice': (good) => ({
    send: (peer, frame) => {
      good.send(peer, frame);
      good.send(peer, frame);
    },
  }),
  'swaps the frames of a batch': (good) =>
    withSink(good, (sink) => ({
      received: (peer, frames) => sink.received(peer, [...frames].reverse()),
    })),
  'writes into the frame of the sender': (good) => ({
    multicast: (peers, frame) => {
      good.multicast(peers, frame.slice());
      frame[0] = 255;
    },
  }),
  'takes frames of any length': (good) => ({
    send: (peer, frame) => good.send(peer, frame.subarray(0, 70_000)),
    multicast: (peers, frame) => good.multicast(peers, frame.subarray(0, 70_000)),
  }),
  'calls the sink within a call': (good) => {
    let sink: TransportSink | null = null;
    return {
      open: (given, signal) => {
        sink = given;
        return good.open(given, signal);
      },
      send: (peer, frame) => {
        sink?.drained(peer);
        good.send(peer, frame);
      },
    };
  },
  'is always writable': () => ({ writable: () => true }),
  'never tells that a peer drained': (good) => withSink(good, () => ({ drained: () => undefined })),
  'never tells that a peer left': (good) => withSink(good, () => ({ left: () => undefined })),
  'uses one peer id again': (good) =>
    withSink(good, (sink) => ({ joined: () => sink.joined('the peer') })),
  'delivers after close': (good) =>
    withSink(good, (sink) => ({
      left: (peer, error) => {
        sink.left(peer, error);
        setTimeout(() => sink.drained(peer), 2);
      },
    })),
  'opens twice': (good) => ({
    open: (sink, signal) => good.open(sink, signal).catch(() => undefined),
  }),
  'ignores an aborted signal': (good) => ({ open: (sink) => good.open(sink) }),
  'hides what the sink threw': (good) =>
    withSink(good, (sink) => ({
      received: (peer, frames) => {
        try {
          sink.received(peer, frames);
        } catch {
          // The defect under test.
        }
      },
    })),
  'does not disconnect': () => ({ disconnect: () => undefined }),
};

test('a good transport passes', async () => {
  assert.equal(await failuresOf(() => ({}), LONG_MS), []);
});

test('P15: what may have been lost is not sent again to a peer that is full', async () => {
  let offered = 0;
  let full = 0;
  const lossy: Defect = (good) => ({
    features: { ...good.features, reliable: false },
    send: (peer, frame) => {
      offered += 1;
      if (!good.writable(peer)) full += 1;
      good.send(peer, frame);
    },
  });
  const sizes = 'frames of every size up to maxFrameBytes arrive unchanged';
  assert.equal(await failuresOf(lossy, LONG_MS, sizes, { highWaterBytes: 1 }), []);
  assert.ok(offered >= 10, `${offered} frames were sent`);
  assert.is(full, 0, 'frames were sent to a full peer');
});

for (const [name, defect] of Object.entries(defects)) {
  test(`a transport that ${name} fails`, async () => {
    const noticing = NOTICED_BY[name] ?? '';
    assert.equal(await failuresOf(defect, SHORT_MS, noticing), [noticing]);
  });
}

test.run();
