/** Copies that cannot follow: vetoes on one-phase, a diverged version; and their ways out. */

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ReplicationError } from '../../lib/errors.js';
import { decodeFrame, encodeFrame } from '../../lib/wire/frame.js';
import { refusing, setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';

const test = suite('service: quarantine');

test('T49, P22: a veto on one-phase quarantines this copy alone; the next version frees it', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  const picky = cluster.slave('picky', { data: refusing('bad') });
  const other = cluster.slave('other');
  await cluster.start(master, picky, other);
  await cluster.converge(master, [picky, other]);
  await cluster.finish(master.node.data.update(setter('bad')));
  await cluster.converge(master, [other], 500);
  await cluster.until('quarantined', () => picky.node.status.data === 'quarantined');
  assert.is(picky.node.status.problem?.code, 'VETOED');
  assert.equal(picky.node.data.get(), {}, 'it serves the old version');
  await cluster.until('the master shows it', () =>
    master.node.slaves().some(({ id, stage }) => id === 'picky' && stage === 'quarantined'),
  );
  const row = master.node.slaves().find(({ id }) => id === 'picky');
  assert.match(row?.problem?.reason ?? '', 'bad is not wanted');
  await cluster.finish(
    master.node.data.update((draft) => void Reflect.deleteProperty(draft, 'bad')),
  );
  await cluster.finish(master.node.data.update(setter('good')));
  await cluster.converge(master, [picky, other], 60_000);
  await cluster.clock.pass(2_000);
  assert.is(picky.node.status.summary, 'current');
  assert.is(master.node.slaves().find(({ id }) => id === 'picky')?.problem, null);
});

test('claim 29: a veto names its slave and reason to the caller, and is forgotten with the next yes', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  const picky = cluster.slave('picky', { data: refusing('bad') });
  const other = cluster.slave('other');
  await cluster.start(master, picky, other);
  await cluster.converge(master, [picky, other]);
  const error = (await cluster.failure(
    master.node.data.update(setter('bad'), TWO_PHASE),
  )) as ReplicationError;
  assert.is(error.code, 'ABORTED');
  assert.is((error.cause as ReplicationError).code, 'VETOED');
  assert.match(error.message, 'picky: bad is not wanted');
  assert.equal(error.slaves.picky, { stage: 'vetoed', reason: 'bad is not wanted here' });
  cluster.rules.aborted('bad');
  await cluster.finish(master.node.data.update(setter('good'), TWO_PHASE));
  await cluster.converge(master, [picky, other]);
  assert.is(master.node.slaves().find(({ id }) => id === 'picky')?.problem, null);
});

test('P2, S12: other content at the same version is told, and replaced by a whole state', async () => {
  const cluster = new ServiceCluster();
  const master = cluster.master();
  const slave = cluster.slave('s1');
  await cluster.start(master, slave);
  await cluster.converge(master, [slave]);
  await cluster.finish(master.node.data.update(setter('a')));
  await cluster.converge(master, [slave]);
  // An announcement as of a master that holds something else at this version.
  const frames: Uint8Array[] = [];
  const raw = slave.wire;
  const before = raw.onReceive;
  let peer = '';
  raw.onReceive = (from, arrived) => {
    peer = from;
    frames.push(...arrived);
  };
  await cluster.until('a heartbeat', () => frames.some((f) => decodeFrame(f).kind === 'announce'));
  raw.onReceive = before;
  const heard = decodeFrame(frames.at(-1) as Uint8Array);
  if (heard.kind !== 'announce') throw new Error('not an announcement');
  const { envelope, ...message } = heard;
  const other = { ...message.position, digest: 'of-something-else' };
  const lie = { ...message, sequence: message.sequence + 1, position: other };
  raw.inject(peer, [encodeFrame(envelope, lie)]);
  await cluster.clock.pass(5_000);
  assert.ok(
    slave.troubles.some(({ code, reason }) => code === 'CORRUPT' && /differs/.test(reason)),
  );
  await cluster.converge(master, [slave]);
  assert.is(slave.node.status.summary, 'current');
});

test.run();
