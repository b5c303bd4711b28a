/** A real master and a real slave who each hear a third voice: theirs, with other words. */
import { document } from '../../lib/layers/document/document.js';
import { createMaster } from '../../lib/master.js';
import { createSlave } from '../../lib/slave.js';
import type {
  MasterTransport,
  PeerId,
  SlaveTransport,
  TransportSink,
} from '../../lib/transports/contract.js';
import { memoryNetwork } from '../../lib/transports/memory/index.js';
import type { Corpus } from './corpus.js';
import { below, pick } from './mutate.js';
import { hostileFrame } from './sealed-frame.js';
import { Finding, type Target } from './target.js';

type Tree = Record<string, unknown>;

/** Frames into a node before it is made anew: a hostile word may end a good master (P16). */
const FRAMES_PER_LIFE = 150;
const SETTLE_EVERY = 10;

interface Ear {
  /** As if the peer had said it. */
  hear(frame: Uint8Array): void;
  /** What the peer really said last; most hostile frames are made of it. */
  readonly heard: Uint8Array[];
}

/** Delivers as the transport does, remembers frames, and can deliver others. */
function tapped<T extends MasterTransport | SlaveTransport>(transport: T): T & Ear {
  let sink: TransportSink | null = null;
  let peer: PeerId | null = null;
  const heard: Uint8Array[] = [];
  const open: T['open'] = (inner, signal) => {
    sink = inner;
    const outer: TransportSink = {
      joined: (id) => {
        peer = id;
        inner.joined(id);
      },
      left: (id, error) => inner.left(id, error),
      received: (id, frames) => {
        heard.push(...frames);
        heard.splice(0, heard.length - 40);
        inner.received(id, frames);
      },
      drained: (id) => inner.drained(id),
      troubled: (error) => inner.troubled(error),
    };
    return transport.open(outer, signal);
  };
  const hear = (frame: Uint8Array): void => {
    if (sink !== null && peer !== null) sink.received(peer, [frame]);
  };
  return Object.assign(Object.create(transport) as T, {
    open,
    hear,
    heard,
    close: () => transport.close(),
    send: (id: PeerId, frame: Uint8Array) => transport.send(id, frame),
    writable: (id: PeerId) => transport.writable(id),
    disconnect: (id: PeerId) => transport.disconnect(id),
    ...('multicast' in transport
      ? {
          multicast: (ids: readonly PeerId[], frame: Uint8Array) =>
            (transport as MasterTransport).multicast(ids, frame),
        }
      : {}),
  });
}

type Pair = Awaited<ReturnType<typeof startPair>>;

async function startPair() {
  const network = memoryNetwork();
  const masterEar = tapped(network.listen());
  const slaveEar = tapped(network.connect());
  const data = document<Tree>({ a: 1 });
  const shared = { item: 'tree', data };
  const master = createMaster({ ...shared, transport: masterEar, heartbeat: 20, voteTimeout: 50 });
  const slave = createSlave({ ...shared, transport: slaveEar, id: 'one', jitter: 1, retry: 5 });
  await Promise.all([master.start(), slave.start()]);
  await slave.current({ timeout: 10_000 });
  return { master, slave, masterEar, slaveEar };
}

async function stopPair({ master, slave }: Pair): Promise<void> {
  await Promise.all([slave.stop(), master.stop()]);
}

export function nodeTarget(corpus: Corpus): Target {
  let pair: Pair | null = null;
  let life = 0;
  const close = async (): Promise<void> => {
    if (pair !== null) await stopPair(pair);
    pair = null;
  };
  return {
    name: 'master and slave',
    family: 'frames',
    share: 0.005,
    make: (random) => {
      const isForSlave = random() < 0.5;
      const live = (isForSlave ? pair?.slaveEar : pair?.masterEar)?.heard ?? [];
      const old = isForSlave ? corpus.masterFrames : corpus.slaveFrames;
      const source = live.length > 0 && random() < 0.9 ? live : old;
      const frame = random() < 0.1 ? pick(source, random) : hostileFrame(source, random);
      return new Uint8Array([isForSlave ? 1 : 0, below(random, 256), ...frame]);
    },
    read: async (input) => {
      life += 1;
      if (life % FRAMES_PER_LIFE === 0) await close();
      pair ??= await startPair();
      const [isForSlave = 0, choice = 0] = input;
      const { master, slave, slaveEar, masterEar } = pair;
      (isForSlave === 1 ? slaveEar : masterEar).hear(input.subarray(2));
      if (life % SETTLE_EVERY !== 0) return;
      const method = choice & 1 ? 'two-phase' : 'one-phase';
      const task = master.data.update((draft) => void Object.assign(draft, { choice }), { method });
      await Promise.resolve(task).then(undefined, () => undefined);
      await new Promise((resolve) => setImmediate(resolve));
      if (typeof slave.status.summary !== 'string') throw new Finding('the slave has no status');
    },
    close,
  };
}
