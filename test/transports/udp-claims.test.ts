/** Claims 10, 20, 23, 38 where multicast is real: one datagram, whatever the number of slaves. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMaster, createSlave, document, Veto } from '../../lib/index.js';
import { type UdpSlaveTransport, udpConnect, udpListen } from '../../lib/transports/udp/index.js';
import { decodeFrame } from '../../lib/wire/frame.js';
import type { MessageKind } from '../../machines/protocol.js';
import { until } from '../support/recording-sink.js';

const IDS = ['a', 'b', 'c', 'd'];
const REFUSED = -1;
const WAIT = { timeout: 45_000 };
const TWO_PHASE = { method: 'two-phase', ack: 'applied', ...WAIT } as const;
const secret = 'claims';

/** One multicast of the master: what it was, to how many, and what it took. */
interface Cast {
  readonly kind: MessageKind;
  readonly peers: number;
  readonly datagrams: number;
  readonly streamFrames: number;
}

class Cluster {
  readonly listen = udpListen({ port: 0, group: '239.255.82.70', secret });
  readonly casts: Cast[] = [];
  readonly master: ReturnType<typeof this.makeMaster>;
  readonly transports: UdpSlaveTransport[] = [];
  readonly slaves: ReturnType<typeof this.makeSlave>[] = [];

  constructor(heartbeat: number) {
    const { listen } = this;
    const multicast = listen.multicast.bind(listen);
    listen.multicast = (peers, frame) => {
      const before = listen.traffic;
      multicast(peers, frame);
      const { datagrams, streamFrames } = listen.traffic;
      this.casts.push({
        kind: decodeFrame(frame).kind,
        peers: peers.length,
        datagrams: datagrams - before.datagrams,
        streamFrames: streamFrames - before.streamFrames,
      });
    };
    this.master = this.makeMaster(heartbeat);
  }

  makeMaster(heartbeat: number) {
    const parts = { item: 'n', data: document({ n: 0 }), transport: this.listen };
    return createMaster({ ...parts, heartbeat });
  }

  makeSlave(id: string, transport: UdpSlaveTransport) {
    const prepare = ({ n }: { readonly n: number }) => {
      if (n === REFUSED && id === 'd') throw new Veto('not here');
    };
    return createSlave({ item: 'n', id, data: document({ n: 0 }, { prepare }), transport });
  }

  async start(): Promise<void> {
    await this.master.start();
    for (const id of IDS) {
      const transport = udpConnect({ port: this.listen.port, secret });
      const slave = this.makeSlave(id, transport);
      this.transports.push(transport);
      this.slaves.push(slave);
      await slave.start();
      await slave.current(WAIT);
    }
    // Changes until one of them needed no stream: then all slaves hear.
    for (let n = 1; !this.isHeardByAll(); n += 1) {
      if (n > 1000) throw new Error('the slaves do not hear datagrams');
      await this.allAt((await this.master.data.set({ n })).version);
    }
  }

  isHeardByAll(): boolean {
    const last = this.casts.at(-1);
    return last?.peers === IDS.length && last.datagrams === 1 && last.streamFrames === 0;
  }

  async allAt(version: number): Promise<void> {
    await Promise.all(this.slaves.map((slave) => slave.waitFor(version, WAIT)));
  }

  /** The one multicast of this kind since `casts` was cleared. */
  only(kind: MessageKind): Cast {
    const [cast, ...more] = this.casts.filter((each) => each.kind === kind);
    assert.ok(cast, `no ${kind}`);
    assert.is(more.length, 0, `more than one ${kind}`);
    return cast;
  }

  async stop(): Promise<void> {
    await Promise.all(this.slaves.map((slave) => slave.stop()));
    await this.master.stop();
  }
}

const ONE_DATAGRAM = { peers: IDS.length, datagrams: 1, streamFrames: 0 };

async function withCluster(heartbeat: number, run: (cluster: Cluster) => Promise<void>) {
  const cluster = new Cluster(heartbeat);
  try {
    await cluster.start();
    cluster.casts.length = 0;
    await run(cluster);
  } finally {
    await cluster.stop();
  }
}

const QUIET_MS = 60_000;
const test = suite('udp: claims');

test('claims 10 and 20 by real multicast: packet, prepare and commit are one datagram each', () =>
  withCluster(QUIET_MS, async (cluster) => {
    const frames = cluster.transports.map(({ traffic }) => traffic.frames);
    const { version } = await cluster.master.data.set({ n: 5000 });
    await cluster.allAt(version);
    assert.equal(cluster.only('announce'), { kind: 'announce', ...ONE_DATAGRAM });
    const { unconfirmed } = await cluster.master.data.set({ n: 5001 }, TWO_PHASE);
    assert.equal(unconfirmed, []);
    assert.equal(cluster.only('prepare'), { kind: 'prepare', ...ONE_DATAGRAM });
    assert.equal(cluster.only('commit'), { kind: 'commit', ...ONE_DATAGRAM });
    const got = cluster.transports.map(({ traffic }, at) => traffic.frames - (frames[at] ?? 0));
    assert.equal(got, [3, 3, 3, 3], 'each took these three datagrams');
  }));

test('claim 23 by real multicast: the abort is one datagram', () =>
  withCluster(QUIET_MS, async (cluster) => {
    const refused = await cluster.master.data.set({ n: REFUSED }, TWO_PHASE).then(
      () => 'made',
      (thrown: Error) => thrown.message,
    );
    assert.match(refused, /d: not here/);
    assert.equal(cluster.only('abort'), { kind: 'abort', ...ONE_DATAGRAM });
    assert.not(cluster.slaves.some(({ data }) => data.get().n === REFUSED));
  }));

test('claim 38 by real multicast: the heartbeat is one datagram', () =>
  withCluster(50, async (cluster) => {
    await until('a heartbeat', () => cluster.casts.length > 0);
    assert.equal(cluster.casts[0], { kind: 'announce', ...ONE_DATAGRAM });
  }));

test.run();
