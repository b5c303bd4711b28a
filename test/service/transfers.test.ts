/** P3, P6, P15, P18: large deltas, whole states, cuts, slow readers, and numbers at their end. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReplicationError } from '../../lib/errors.js';
import { document } from '../../lib/layers/document/document.js';
import { serviceLimits } from '../../lib/limits.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import { setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';
import { ServiceDisk } from '../support/service-disk.js';
import type { Tree } from '../support/service-rules.js';

const test = suite('service: transfers');
const KIB = 1024;

/** Text that no compression makes small, and no two of which are equal. */
const big = (kib: number, mark = 'x') => mark + '0123456789abcdef'.repeat(64 * kib);

test('P6: over a link that loses and reorders parts a large state still arrives', async () => {
  const faults = { lossRatio: 0.1, reorderRatio: 0.1, delayMsMean: 5 };
  const cluster = new ServiceCluster({ maxFrameBytes: 16 * KIB, faults, seed: 5 });
  const master = cluster.master();
  await cluster.start(master);
  await cluster.finish(master.node.data.update(setter('a', big(600))));
  const slave = cluster.slave('s1');
  await cluster.start(slave);
  await cluster.converge(master, [slave], 120_000);
});

test('P6: parts are sent once over a link that keeps them', async () => {
  const cluster = new ServiceCluster({ maxFrameBytes: 16 * KIB });
  const master = cluster.master();
  await cluster.start(master);
  await cluster.finish(master.node.data.update(setter('a', big(1_000))));
  const sent: number[] = [];
  master.wire.onSend = (frame) => {
    const message = decodeFrame(frame);
    if (message.kind === 'snapshot') sent.push(message.index);
  };
  const slave = cluster.slave('s1');
  await cluster.start(slave);
  await cluster.converge(master, [slave]);
  assert.is(sent.length, new Set(sent).size);
  await cluster.clock.pass(3_000);
  assert.is(master.node.slaves()[0]?.stage, 'current');
});

test('P3: slaves that join together share one build, and each part of it is framed once', async () => {
  const cluster = new ServiceCluster({ maxFrameBytes: 16 * KIB });
  const master = cluster.master();
  await cluster.start(master);
  await cluster.finish(master.node.data.update(setter('a', big(200))));
  const frames: Uint8Array[] = [];
  master.wire.onSend = (frame) => {
    if (decodeFrame(frame).kind === 'snapshot') frames.push(frame);
  };
  const slaves = ['s1', 's2', 's3'].map((id) => cluster.slave(id));
  await cluster.start(...slaves);
  await cluster.converge(master, slaves);
  assert.ok(frames.length > 3, `${frames.length} parts were sent`);
  assert.is(new Set(frames).size * slaves.length, frames.length);
});

for (const method of ['one-phase', 'two-phase'] as const) {
  test(`P6: a ${method} delta above the inline limit is pulled in parts`, async () => {
    const cluster = new ServiceCluster({ maxFrameBytes: 64 * KIB });
    const master = cluster.master();
    const slaves = [cluster.slave('s1', { disk: new ServiceDisk() }), cluster.slave('s2')];
    await cluster.start(master, ...slaves);
    await cluster.converge(master, slaves);
    let chunks = 0;
    master.wire.onSend = (frame) => {
      if (decodeFrame(frame).kind === 'delta') chunks += 1;
    };
    const task = master.node.data.update(setter('a', big(700)), { method, ack: 'applied' });
    const { unconfirmed } = await cluster.finish(task);
    assert.equal(unconfirmed, []);
    await cluster.converge(master, slaves, 3_000);
    assert.ok(chunks >= 2 * 11, `${chunks} parts`);
  });
}

test('P6: a whole state that is cut goes on where it stopped', async () => {
  const cluster = new ServiceCluster({ maxFrameBytes: 16 * KIB });
  const master = cluster.master();
  await cluster.start(master);
  await cluster.finish(master.node.data.update(setter('a', big(2_000))));
  cluster.network.setFaults('master', 's1', { bytesPerSecond: 400 * KIB });
  const slave = cluster.slave('s1');
  const parts: number[] = [];
  slave.node.on('progress', ({ chunks }) => parts.push(chunks));
  const indices: number[] = [];
  master.wire.onSend = (frame) => {
    const message = decodeFrame(frame);
    if (message.kind === 'snapshot') indices.push(message.index);
  };
  await cluster.start(slave);
  for (let cut = 0; cut < 4; cut += 1) {
    const before = parts.length;
    await cluster.until('some parts came', () => parts.length >= before + 15, 30_000);
    cluster.network.cut('master', 's1');
  }
  await cluster.converge(master, [slave], 30_000);
  assert.equal(
    parts,
    [...parts].sort((left, right) => left - right),
    'never started again',
  );
  const twice = indices.length - new Set(indices).size;
  assert.ok(
    twice <= 4 * serviceLimits.windowChunks,
    `only what was under way is sent again: ${twice}`,
  );
});

test('P6: a state that takes long to install is sent once', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  let snapshots = 0;
  master.wire.onSend = (frame) => {
    const message = decodeFrame(frame);
    if (message.kind === 'snapshot' && message.index === 0) snapshots += 1;
  };
  const data = document<Tree>(
    {},
    { prepare: () => new Promise((resolve) => cluster.clock.setTimeout(resolve, 12_000)) },
  );
  const slave = cluster.slave('s1', { data });
  await cluster.start(master, slave);
  await cluster.converge(master, [slave], 20_000);
  assert.is(snapshots, 1);
});

test('P18: a bounded number of whole states goes out at once, the others wait their turn', async () => {
  const cluster = new ServiceCluster({ maxFrameBytes: 16 * KIB });
  const master = cluster.master();
  await cluster.start(master);
  await cluster.finish(master.node.data.update(setter('a', big(1_000))));
  const under = new Set<string>();
  let most = 0;
  master.wire.onSend = (frame, peers) => {
    const message = decodeFrame(frame);
    if (message.kind !== 'snapshot') return;
    for (const peer of peers) {
      if (message.last) under.delete(peer);
      else under.add(peer);
    }
    most = Math.max(most, under.size);
  };
  const slaves = Array.from({ length: 24 }, (_, index) => cluster.slave(`s${index}`));
  for (const { node } of slaves) {
    cluster.network.setFaults('master', node.id, { bytesPerSecond: 2_000 * KIB });
  }
  await cluster.start(...slaves);
  await cluster.converge(master, slaves, 60_000);
  assert.is(most, serviceLimits.snapshotTransfersMax);
});

test('P18: one that asked again while it waited for its turn gets each part once', async () => {
  const cluster = new ServiceCluster({ maxFrameBytes: 16 * KIB });
  const master = cluster.master();
  await cluster.start(master);
  await cluster.finish(master.node.data.update(setter('a', big(4_000))));
  const sent = new Map<string, number>();
  master.wire.onSend = (frame, peers) => {
    const message = decodeFrame(frame);
    if (message.kind !== 'snapshot') return;
    for (const peer of peers) {
      const part = `${peer} ${message.build} ${message.index}`;
      sent.set(part, (sent.get(part) ?? 0) + 1);
    }
  };
  const slaves = Array.from({ length: 24 }, (_, index) => cluster.slave(`s${index}`));
  for (const { node } of slaves) {
    cluster.network.setFaults('master', node.id, { bytesPerSecond: 2_000 * KIB, delayMsMean: 100 });
  }
  await cluster.start(...slaves);
  await cluster.converge(master, slaves, 60_000);
  const repeated = [...sent].filter(([, times]) => times > 1);
  assert.equal(repeated, []);
});

test('P18: those who leave while they wait, or while they are served, give their turn back', async () => {
  const cluster = new ServiceCluster({ maxFrameBytes: 16 * KIB });
  const master = cluster.master();
  await cluster.start(master);
  await cluster.finish(master.node.data.update(setter('a', big(1_000))));
  const slaves = Array.from({ length: 24 }, (_, index) => cluster.slave(`s${index}`));
  for (const { node } of slaves) {
    cluster.network.setFaults('master', node.id, { bytesPerSecond: 300 * KIB });
  }
  await cluster.start(...slaves);
  await cluster.clock.pass(500);
  for (const life of slaves.slice(0, 20)) life.kill();
  await cluster.converge(master, slaves.slice(20), 30_000);
});

test('P15: a slow reader costs bounded memory, harms nobody, and catches up by one delta', async () => {
  const cluster = new ServiceCluster({ highWaterBytes: 64 * KIB });
  const master = cluster.master();
  const quick = cluster.slave('quick');
  const slow = cluster.slave('slow');
  await cluster.start(master, quick, slow);
  await cluster.converge(master, [quick, slow]);
  cluster.network.partition('master', 'slow', { oneWay: true });
  let isLagging = false;
  for (let step = 0; step < 100; step += 1) {
    await cluster.finish(master.node.data.update(setter(`k${step}`, big(8, `${step}`))));
    isLagging ||= master.node.slaves().some(({ id, link }) => id === 'slow' && link === 'lagging');
    await cluster.clock.pass(20);
  }
  assert.ok(isLagging, 'it is shown as lagging');
  await cluster.converge(master, [quick], 1_000);
  const sent = cluster.network.statistics('master', 'slow').bytesSent;
  assert.ok(sent < 200 * KIB, `${sent} bytes wait for it`);
  let deltas = 0;
  master.wire.onSend = (frame) => {
    const message = decodeFrame(frame);
    if (message.kind === 'delta' && message.index === 0) deltas += 1;
  };
  cluster.network.heal();
  await cluster.converge(master, [quick, slow], 10_000);
  assert.ok(deltas <= 2, `${deltas} deltas for a hundred changes`);
});

test('T54: numbers end before 2^53, with an error that says so, and nothing breaks', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master({ disk: new ServiceDisk(), participants: ['s1'] });
  const slave = cluster.slave('s1');
  await cluster.start(master, slave);
  await cluster.converge(master, [slave]);
  // A copy of this lineage shows a number near the end: it is never issued again (P7).
  const far = Number.MAX_SAFE_INTEGER - 2;
  slave.wire.onSend = () => {};
  const { lineage, epoch } = master.node.position ?? { lineage: '', epoch: { term: 0, start: 0 } };
  const raw = cluster.network.connect({ to: 'master', name: 'raw' });
  let isIn = false;
  const sink = { left: () => {}, received: () => {}, drained: () => {}, troubled: () => {} };
  await cluster.finish(
    raw.open({
      ...sink,
      joined: (peer) => {
        isIn = true;
        const envelope = {
          protocol: 1,
          item: 'item',
          lineage,
          epoch,
          incarnation: 'i',
          sender: 'raw',
        };
        const position = { lineage, epoch, version: far, digest: 'd' };
        const hello = {
          kind: 'hello',
          hello: 'h',
          position,
          firm: null,
          prepared: null,
          durable: false,
        } as const;
        raw.send(peer, encodeFrame(envelope, hello));
      },
    }),
  );
  await cluster.until('the hello is out', () => isIn);
  await cluster.clock.pass(100);
  const first = await cluster.finish(master.node.data.update(setter('a')));
  const second = await cluster.finish(master.node.data.update(setter('b'), TWO_PHASE));
  assert.equal([first.version, second.version], [far + 1, far + 2]);
  const error = (await cluster.failure(master.node.data.update(setter('c')))) as ReplicationError;
  assert.is(error.code, 'TOO_LARGE');
  assert.match(error.message, 'version');
  await cluster.converge(master, [slave]);
  assert.is(master.node.status.state, 'serving');
});

test('P7: a copy of another lineage burns no numbers', async () => {
  const cluster = new ServiceCluster();
  const other = cluster.master({ id: 'other', disk: new ServiceDisk() });
  const disk = new ServiceDisk();
  const stranger = cluster.slave('s1', { to: 'other', disk });
  await cluster.start(other, stranger);
  for (let step = 0; step < 20; step += 1) {
    await cluster.finish(other.node.data.update(setter('n', step)));
  }
  await cluster.converge(other, [stranger]);
  await cluster.stop(stranger);
  const master = cluster.master({ disk: new ServiceDisk() });
  const lost = cluster.slave('s1', { disk });
  await cluster.start(master, lost);
  await cluster.until('refused', () => lost.node.status.link === 'refused');
  const { version } = await cluster.finish(master.node.data.update(setter('a')));
  assert.is(version, 2);
});

test.run();
