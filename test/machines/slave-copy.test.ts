/** How a copy follows: increments, requests, whole states, failures, a master that is behind. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Relation, SnapshotReason } from '../../machines/index.js';
import type { SlaveEffects, SlaveEvent } from '../../machines/slave-context.js';
import { firmWithin } from '../../machines/slave-logic.js';
import {
  announce,
  at,
  copyOf,
  from,
  LINEAGE,
  link,
  liveSlave,
  MASTER,
  NEXT_REIGN,
  payload,
  point,
  REIGN,
  type SlaveProbe,
  welcome,
} from '../support/scenes.js';

const test = suite('slave: copy');
const steps = (slave: SlaveProbe) =>
  slave.effect<SlaveEffects['commitCopy']>('commitCopy').steps.map(({ next }) => next.version);
const envelope = {
  protocol: 1,
  item: 'item',
  lineage: LINEAGE,
  epoch: REIGN,
  incarnation: MASTER,
  sender: 'm',
};
const arrived = (start: number, end: number): SlaveEvent => ({
  type: 'deltaArrived',
  envelope,
  from: point(start),
  to: at(end),
  durability: 'disk',
  round: null,
  payload: payload('x'),
});
const began = (end: number, reason: SnapshotReason, firmRelation: Relation): SlaveEvent => ({
  type: 'snapshotBegan',
  envelope,
  build: 'b1',
  to: at(end),
  reason,
  firmRelation,
});
const committed = (version: number): SlaveEvent => ({
  type: 'committed',
  position: at(version),
  firm: point(version),
  round: null,
});
const failure = { code: 'VETOED', reason: 'no' };

test('P3: a delta from my position is committed at once, with those that follow it', () => {
  const slave = liveSlave().send(from(announce(2, 5, { links: [link(4, 5), link(3, 4)] })));
  assert.equal(slave.names, ['commitCopy']);
  assert.equal(steps(slave), [4, 5]);
  slave.send(committed(5));
  assert.equal(slave.names, ['acknowledge']);
  assert.equal(slave.context.facts.position, at(5));
  assert.equal(slave.context.facts.held, []);
  assert.is(copyOf(slave), 'idle');
});

test('P4: the position moves only after the user layer committed', () => {
  const slave = liveSlave().send(from(announce(2, 4, { links: [link(3, 4)] })));
  assert.is(slave.context.facts.position?.version, 3);
  slave.send(from(announce(3, 5, { links: [link(4, 5)] })));
  assert.equal(slave.names, []);
  slave.send(committed(4));
  assert.is(slave.context.facts.position?.version, 4);
  assert.equal(steps(slave), [5]);
});

test('P3: behind with nothing at hand, it asks, again and again, and takes what arrives', () => {
  const slave = liveSlave().send(from(announce(2, 5)));
  assert.equal(slave.effect('request'), { round: null, rebase: false, jitterMs: 5 });
  assert.equal(slave.elapse('REQUEST_RETRY').names, ['request']);
  assert.equal(slave.send({ type: 'transferProgressed' }).names, []);
  assert.equal(slave.send({ type: 'transferLost', reason: 'x' }).names, ['request']);
  assert.equal(slave.send(arrived(2, 5)).names, []);
  slave.send(arrived(3, 5));
  assert.equal(steps(slave), [5]);
});

test('P5: an announcement that closes the gap ends the request', () => {
  const slave = liveSlave().send(from(announce(2, 4)));
  slave.send(from(announce(3, 5, { links: [link(3, 4), link(4, 5)] })));
  assert.equal(slave.names, ['cancelTransfer', 'commitCopy']);
});

test('P5: past the high-water mark only the newest position is kept', () => {
  const big = { ...link(4, 5), payload: { ...payload('big'), bytes: 1000 } };
  const slave = liveSlave().send(from(announce(2, 5, { links: [big] })));
  assert.equal(slave.context.facts.held, []);
  assert.equal(slave.names, ['request']);
});

test('P3: increments that lead in a circle or back are not followed', () => {
  const circle = [link(3, 4), { ...link(4, 5), from: point(4), to: point(3) }];
  const slave = liveSlave().send(from(announce(2, 4, { links: circle })));
  assert.equal(steps(slave), [4]);
});

test('P3: a whole state is installed, readers untouched until it is in place', () => {
  const slave = liveSlave().send(from(announce(2, 9)), began(9, 'trimmed', 'same'));
  assert.is(copyOf(slave), 'syncing.installing');
  assert.is(slave.effect<SlaveEffects['installCopy']>('installCopy').reset, false);
  assert.equal(slave.elapse('REQUEST_RETRY').names, ['request']);
  slave.send({ type: 'transferProgressed' });
  slave.send({ type: 'installed', position: at(9), firm: point(9), volatile: false });
  assert.equal(slave.names, ['acknowledge']);
  assert.equal(slave.context.facts.position, at(9));
});

test('P6: a cut transfer goes on, a lost one starts again, a failed one quarantines', () => {
  const installing = () => liveSlave().send(from(announce(2, 9)), began(9, 'trimmed', 'same'));
  assert.equal(copyOf(installing().send({ type: 'transferLost', reason: 'x' })), 'syncing.asking');
  const failed = installing().send({ type: 'installFailed', problem: failure });
  assert.is(copyOf(failed), 'quarantined');
  const again = installing().send({ type: 'disconnected' }, { type: 'connected' });
  again.send(from(welcome('a1.2', { position: point(9) })));
  assert.equal(again.names, ['request']);
});

test('P22: a copy that cannot take a change says so, alone, and tries again', () => {
  const slave = liveSlave().send(from(announce(2, 4, { links: [link(3, 4)] })), {
    type: 'commitFailed',
    problem: failure,
    moved: null,
  });
  assert.is(copyOf(slave), 'quarantined');
  assert.equal(slave.effect<SlaveEffects['report']>('report').problem, failure);
  // What failed is not tried again as it was: one delta to the newest version may pass.
  assert.equal(slave.elapse('QUARANTINE_RETRY').names, ['request']);
  assert.is(slave.effect<SlaveEffects['request']>('request').rebase, false);
  slave.send(arrived(3, 6));
  assert.equal(steps(slave), [6]);
});

test('P4: a commit that fails half way keeps the part that holds', () => {
  const slave = liveSlave().send(from(announce(2, 5, { links: [link(3, 4), link(4, 5)] })), {
    type: 'commitFailed',
    problem: failure,
    moved: { position: at(4), firm: point(4) },
  });
  assert.equal([copyOf(slave), slave.context.facts.position], ['quarantined', at(4)]);
  assert.equal(slave.elapse('QUARANTINE_RETRY').names, ['request']);
  slave.send(arrived(4, 5));
  assert.equal(steps(slave), [5]);
});

test('P19: of a promise that reaches further, a copy keeps what it came to', () => {
  assert.equal(firmWithin(point(5), at(4)), point(4));
  assert.equal(firmWithin(point(3), at(4)), point(3));
});

test('P22: a corrupt copy starts again from a whole state', () => {
  const slave = liveSlave().send(from(announce(2, 4, { links: [link(3, 4)] })), {
    type: 'commitFailed',
    problem: { code: 'CORRUPT', reason: 'x' },
    moved: null,
  });
  slave.elapse('QUARANTINE_RETRY');
  assert.is(slave.effect<SlaveEffects['request']>('request').rebase, true);
});

test('P2: the same version with another digest is quarantined and replaced', () => {
  const slave = liveSlave().send(from(announce(2, 3, { position: point(3, 'other') })));
  assert.equal(slave.names, ['report', 'request']);
  assert.is(slave.effect<SlaveEffects['request']>('request').rebase, true);
  const whole = at(3, REIGN, 'other');
  slave.send(began(3, 'empty', 'same'), {
    type: 'installed',
    position: whole,
    firm: point(3, 'other'),
    volatile: false,
  });
  assert.equal([slave.context.facts.rebase, slave.context.facts.position], [false, whole]);
});

test('P16: a master that is behind what was promised on disk is not followed', () => {
  const behind = { position: point(2), relation: 'ahead', firmRelation: 'ahead' };
  const slave = liveSlave({}, behind);
  assert.is(copyOf(slave), 'regressed');
  assert.is(slave.effect<SlaveEffects['report']>('report').problem.code, 'REGRESSED');
  assert.equal(slave.send(from(announce(5, 9))).names, []);
  slave.send({ type: 'disconnected' }, { type: 'connected' });
  slave.send(from(welcome('a1.2', { position: point(4), relation: 'behind' })));
  assert.is(copyOf(slave), 'syncing.asking');
});

test('P19: what was not promised on disk may be reset, by a whole state only', () => {
  const lost = { position: point(2), firm: point(2), relation: 'ahead', firmRelation: 'behind' };
  const slave = liveSlave({ firm: point(2) }, lost);
  assert.is(copyOf(slave), 'syncing.asking');
  slave.send(began(2, 'fork', 'behind'));
  assert.is(slave.effect<SlaveEffects['installCopy']>('installCopy').reset, true);
  slave.send({ type: 'installed', position: at(2), firm: point(2), volatile: false });
  assert.equal([copyOf(slave), slave.context.facts.standing], ['idle', 'following']);
});

test('P16: a whole state that would rewind past firm is refused', () => {
  const slave = liveSlave().send(from(announce(2, 9)), began(9, 'fork', 'fork'));
  assert.is(copyOf(slave), 'regressed');
  assert.ok(slave.names.includes('cancelTransfer'));
});

test('P22: the host may order a fresh copy, also of a regressed slave', () => {
  const slave = liveSlave({}, { position: point(2), relation: 'ahead', firmRelation: 'ahead' });
  slave.send({ type: 'resync' });
  assert.is(slave.effect<SlaveEffects['request']>('request').rebase, true);
});

test('P16: a copy that moved under the old reign greets the new one again', () => {
  const slave = liveSlave()
    .send(from(announce(2, 4, { links: [link(3, 4)] })))
    .send({ type: 'disconnected' }, { type: 'connected' })
    .send(from(welcome('a1.2'), { epoch: NEXT_REIGN, incarnation: 'life-2' }));
  slave.send(committed(4), { type: 'reignPersisted', incarnation: 'life-2' });
  assert.is(slave.states[0], 'serving.link.announcing');
  assert.ok(slave.names.includes('transmit'));
});

test('P10: a heartbeat is answered with the position', () => {
  assert.equal(liveSlave().send(from(announce(2, 3, { reply: true }))).names, ['acknowledge']);
  assert.equal(liveSlave().send(from(announce(2, 3))).names, []);
});

test.run();
