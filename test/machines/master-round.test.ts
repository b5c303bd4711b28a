/** Two-phase groups up to the decision, and what is told when. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { MasterEffects } from '../../machines/master-context.js';
import {
  type MasterProbe,
  no,
  point,
  preparingMaster,
  roundOf,
  servingMaster,
  yes,
} from '../support/scenes.js';

const test = suite('master: two-phase');
type Sent = MasterEffects['multicast'];
type Settled = MasterEffects['settle'];

const region = (master: MasterProbe): string =>
  master.states[0]?.replace('serving.round.', '') ?? '';
const kinds = (master: MasterProbe) =>
  master
    .effects<Sent>('multicast')
    .flatMap(({ sends }) => sends.map(({ message }) => message.kind));
const decide = (master: MasterProbe) =>
  master.send(
    { type: 'votes', votes: [yes('a'), yes('b')] },
    { type: 'decisionPersisted', round: 'r4' },
  );

test('P9: the decision is durable before commit leaves; then the original; then the caller', () => {
  const master = preparingMaster();
  assert.equal(kinds(master), ['prepare']);
  assert.equal(master.send({ type: 'votes', votes: [yes('a')] }).names, []);
  assert.equal(master.send({ type: 'votes', votes: [yes('b')] }).names, ['persistDecision']);
  master.send({ type: 'decisionPersisted', round: 'r4' });
  assert.equal(master.names, ['multicast', 'commitOriginal']);
  assert.equal(kinds(master), ['commit']);
  assert.equal(master.context.position, point(3));
  master.send({ type: 'originalCommitted', id: 'r4' });
  assert.equal(master.names, ['multicast', 'settle']);
  assert.equal(master.context.position, point(4));
  assert.equal(master.effect<Settled>('settle').settlement, { state: 'committed', version: 4 });
  assert.is(master.context.closed[0]?.outcome, 'committed');
});

test('P11: votes for another round never count', () => {
  const master = preparingMaster().send({ type: 'votes', votes: [yes('a', 'r3'), yes('b', 'r3')] });
  assert.equal(region(master), 'preparing.voting');
  assert.equal(master.context.votes, {});
  assert.equal(master.send({ type: 'votes', votes: [no('a', 'late', 'r3')] }).names, []);
});

test('P9: one no aborts, told to everyone ever asked; the number stays burnt', () => {
  const master = preparingMaster().send({ type: 'votes', votes: [yes('a'), no('b')] });
  assert.equal(region(master), 'aborting');
  assert.equal(master.names, ['multicast', 'rollbackOriginal']);
  assert.equal(master.effect<Sent>('multicast').sends[0]?.only, ['a', 'b']);
  assert.equal(kinds(master), ['abort']);
  master.send({ type: 'originalRolledBack', round: 'another' });
  assert.equal(region(master), 'aborting');
  master.send({ type: 'originalRolledBack', round: 'r4' });
  const { settlement } = master.effect<Settled>('settle');
  assert.is(settlement.state, 'aborted');
  assert.equal(settlement.state === 'aborted' && settlement.reason, {
    code: 'VETOED',
    reason: 'b: too big',
  });
  assert.equal(region(master), 'idle');
  master.send({ type: 'proposeGroup', group: roundOf(3, 4) });
  assert.is(master.effect<Settled>('settle').settlement.state, 'failed');
});

test('P12: a deadline is acted on only after the network was read once more', () => {
  const master = preparingMaster()
    .send({ type: 'votes', votes: [yes('a')] })
    .elapse('VOTE_DEADLINE');
  assert.equal(master.names, ['pollNetwork']);
  assert.equal(master.send({ type: 'votes', votes: [yes('b')] }).names, ['persistDecision']);
  assert.equal(master.send({ type: 'polled' }).names, []);
  const late = preparingMaster()
    .send({ type: 'votes', votes: [yes('a')] })
    .elapse('VOTE_DEADLINE');
  late.send({ type: 'polled' });
  assert.equal(region(late), 'aborting');
  assert.equal(late.context.abortReason, { code: 'TIMEOUT', reason: 'no vote in time from b' });
});

test('P9: the host may take it back before the decision, and not after', () => {
  const rollback = { type: 'rollback' as const, round: 'r4', reason: 'oops' };
  assert.equal(region(preparingMaster().send({ ...rollback, round: 'r3' })), 'preparing.voting');
  assert.equal(region(preparingMaster().send(rollback)), 'aborting');
  const decided = preparingMaster().send({ type: 'votes', votes: [yes('a'), yes('b')] }, rollback);
  assert.equal(region(decided), 'deciding');
  const reserving = servingMaster().send({
    type: 'proposeGroup',
    group: { ...roundOf(3, 2000), id: 'r4' },
  });
  assert.equal(region(reserving), 'reserving');
  assert.equal(kinds(reserving.send(rollback)), ['abort']);
  reserving.send({ type: 'originalRolledBack', round: 'r4' });
  assert.is(reserving.effect<Settled>('settle').settlement.state, 'aborted');
  assert.equal(reserving.context.closed, []);
});

test('P14: who leaves before it voted ends the round; a promise outlives its giver', () => {
  const left = { type: 'slaveLost' as const, slave: 'a', reason: 'goodbye' };
  assert.equal(region(preparingMaster().send(left)), 'aborting');
  const voted = preparingMaster().send({ type: 'votes', votes: [yes('a')] }, left);
  assert.equal(region(voted), 'preparing.voting');
  assert.equal(region(preparingMaster().send({ ...left, slave: 'c' })), 'preparing.voting');
});

test('P13: who came again is asked again; without its promise its yes is void', () => {
  const master = preparingMaster().send({ type: 'votes', votes: [yes('a')] });
  master.send({ type: 'slaveReturned', slave: 'a', holds: 'r4' });
  assert.is(master.context.votes.a?.answer, 'yes');
  assert.equal(master.effect<Sent>('multicast').sends[0]?.only, ['a']);
  master.send({ type: 'slaveReturned', slave: 'a', holds: null });
  assert.is(master.context.votes.a, undefined);
  assert.equal(kinds(master), ['prepare']);
  assert.equal(master.send({ type: 'slaveReturned', slave: 'c', holds: null }).names, []);
});

test('P14: an empty set of participants needs no vote', () => {
  assert.equal(preparingMaster([]).names, ['multicast', 'persistDecision']);
});

test('P9: an original that fails on what is decided is tried again until it holds', () => {
  const master = decide(preparingMaster());
  master.send({ type: 'originalFailed', id: 'r4', problem: { code: 'X', reason: 'busy' } });
  assert.equal(region(master), 'committing.waiting');
  assert.equal(master.elapse('COMMIT_RETRY').names, ['commitOriginal']);
  master.send({ type: 'originalCommitted', id: 'r4' });
  assert.is(master.effect<Settled>('settle').settlement.state, 'committed');
});

test('P10: heartbeats repeat the open question, and outcomes until confirmed', () => {
  const master = preparingMaster()
    .send({ type: 'votes', votes: [yes('a')] })
    .elapse('HEARTBEAT');
  assert.equal(
    master.effect<Sent>('multicast').sends.map(({ message, only }) => [message.kind, only]),
    [
      ['announce', undefined],
      ['prepare', ['b']],
    ],
  );
  master.send({ type: 'votes', votes: [no('b')] }, { type: 'originalRolledBack', round: 'r4' });
  master.elapse('HEARTBEAT');
  assert.equal(kinds(master), ['announce', 'abort']);
});

test.run();
