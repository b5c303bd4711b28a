/** The published suite is worth something only if it fails on transports that break the contract. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TransportPair, transportSuite } from '../../lib/testing/index.js';
import type { MasterTransport, TransportSink } from '../../lib/transports/contract.js';
import { memoryNetwork } from '../../lib/transports/memory/index.js';

const test = suite('transport suite: catches broken transports');

/** Changes the master of a good pair into a bad one. */
type Defect = (good: MasterTransport) => Partial<MasterTransport>;

function brokenPair(defect: Defect): TransportPair {
  const network = memoryNetwork({ maxFrameBytes: 70_000, highWaterBytes: 200_000 });
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

/** The names of the suite's tests that fail on it. */
async function failuresOf(defect: Defect): Promise<string[]> {
  const tests: Array<{ name: string; run: () => Promise<void> }> = [];
  transportSuite({
    test: (name, run) => void tests.push({ name, run }),
    factory: () => brokenPair(defect),
    deadlineMs: 100,
  });
  assert.ok(tests.length > 15);
  const failed: string[] = [];
  for (const { name, run } of tests) await run().catch(() => void failed.push(name));
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
  assert.equal(await failuresOf(() => ({})), []);
});

for (const [name, defect] of Object.entries(defects)) {
  test(`a transport that ${name} fails`, async () => {
    assert.is.not((await failuresOf(defect)).length, 0);
  });
}

test.run();
