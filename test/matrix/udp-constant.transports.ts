/**
 * What the master sends for one announce and for one prepare, for 1 and for 64 slaves: counted by
 * the transport, and by somebody who listens to the group (claims 10, 20, 23, 38; decision 0019).
 */
import { createSocket } from 'node:dgram';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createMaster, createSlave, document } from '../../lib/index.js';
import { KINDS } from '../../lib/transports/udp/datagram.js';
import {
  type UdpListenTraffic,
  type UdpSlaveTransport,
  udpConnect,
  udpListen,
} from '../../lib/transports/udp/index.js';

const GROUP = '239.255.82.68';
const secret = 'constant cost';
const WAIT = { timeout: 60_000 };
const TWO_PHASE = { method: 'two-phase', ack: 'applied', ...WAIT } as const;
const QUIET_MS = 60_000;

interface Sent {
  readonly datagrams: number;
  readonly bytes: number;
  readonly streamFrames: number;
}

function between(before: UdpListenTraffic, after: UdpListenTraffic): Sent {
  return {
    datagrams: after.datagrams - before.datagrams,
    bytes: after.datagramBytes - before.datagramBytes,
    streamFrames: after.streamFrames - before.streamFrames,
  };
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + WAIT.timeout;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`missing: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Somebody in the group who knows no secret: counts what passes, but for beacons. */
async function eavesdrop(port: number) {
  const lengths: number[] = [];
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  socket.on('message', (datagram) => {
    if (datagram[5] === KINDS.frame) lengths.push(datagram.length);
  });
  await new Promise<void>((resolve) => socket.bind({ port, address: GROUP }, resolve));
  socket.addMembership(GROUP, '127.0.0.1');
  return { lengths, close: () => socket.close() };
}

class Cluster {
  readonly listen = udpListen({ port: 0, group: GROUP, secret });
  readonly master = createMaster({
    item: 'n',
    data: document({ n: 0 }),
    transport: this.listen,
    heartbeat: QUIET_MS,
  });
  readonly transports: UdpSlaveTransport[] = [];
  readonly slaves: ReturnType<Cluster['slave']>[] = [];
  /** Of the master when the first slave was asked: the prepare left, nothing else could. */
  atPrepare: UdpListenTraffic | null = null;

  slave(id: string) {
    const transport = udpConnect({ port: this.listen.port, secret });
    this.transports.push(transport);
    const prepare = () => {
      this.atPrepare ??= this.listen.traffic;
    };
    return createSlave({ item: 'n', id, data: document({ n: 0 }, { prepare }), transport });
  }

  async start(count: number): Promise<void> {
    await this.master.start();
    for (let at = 0; at < count; at += 1) {
      const slave = this.slave(`slave-${String(at).padStart(2, '0')}`);
      this.slaves.push(slave);
      await slave.start();
      await slave.current(WAIT);
    }
    await until('all hear datagrams', () => this.transports.every((t) => t.traffic.datagrams > 0));
  }

  async allAt(version: number): Promise<void> {
    await Promise.all(this.slaves.map((slave) => slave.waitFor(version, WAIT)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.slaves.map((slave) => slave.stop()));
    await this.master.stop();
  }
}

interface Measured {
  readonly announce: Sent;
  readonly prepare: Sent;
  readonly overheard: readonly number[];
}

async function measure(count: number): Promise<Measured> {
  const cluster = new Cluster();
  await cluster.start(count);
  const { listen, master } = cluster;
  const ear = await eavesdrop(listen.port);
  const beforeEar = listen.traffic;
  try {
    // The words with which slaves say that they hear are on their way until a change needed no
    // stream; by then all messages carry three earlier changes and a sequence of two bytes.
    for (let at = 0; at < 200; at += 1) {
      const before = listen.traffic;
      const { version } = await master.data.set({ n: at });
      await cluster.allAt(version);
      if (at > 150 && between(before, listen.traffic).streamFrames === 0) break;
    }
    const beforeAnnounce = listen.traffic;
    const one = await master.data.set({ n: 1000 });
    await cluster.allAt(one.version);
    const announce = between(beforeAnnounce, listen.traffic);

    const beforePrepare = listen.traffic;
    cluster.atPrepare = null;
    const two = await master.data.set({ n: 1001 }, TWO_PHASE);
    assert.is(two.participants.length, count);
    assert.ok(cluster.atPrepare, 'nobody was asked');
    const prepare = between(beforePrepare, cluster.atPrepare);
    const sent = between(beforeEar, listen.traffic).datagrams;
    await until('all was overheard', () => ear.lengths.length >= sent);
    return { announce, prepare, overheard: ear.lengths.slice(-3) };
  } finally {
    ear.close();
    await cluster.stop();
  }
}

const test = suite('udp: constant cost');

test('one announce and one prepare cost the same for 1 and for 64 slaves', async () => {
  const [one, many] = [await measure(1), await measure(64)];
  const row = (slaves: number, { announce, prepare, overheard }: Measured) =>
    [
      `${String(slaves).padStart(3)} slaves`,
      `announce: ${announce.datagrams} datagram, ${announce.bytes} bytes`,
      `prepare: ${prepare.datagrams} datagram, ${prepare.bytes} bytes`,
      `by stream: ${announce.streamFrames + prepare.streamFrames} frames`,
      `overheard (announce, prepare, commit): ${overheard.join(', ')} bytes`,
    ].join('; ');
  console.log(`\n${row(1, one)}\n${row(64, many)}\n`);
  assert.equal(many, one);
  assert.is(one.announce.datagrams, 1);
  assert.is(one.prepare.datagrams, 1);
  assert.is(one.announce.streamFrames + one.prepare.streamFrames, 0);
  assert.equal(one.overheard.slice(0, 2), [one.announce.bytes, one.prepare.bytes]);
  assert.is(one.overheard.length, 3);
});

test.run();
