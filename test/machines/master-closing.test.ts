/** After the decision: who still has to hear of it, what an inquiry is told, how a master ends. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { MasterEffects, MasterEvent } from '../../machines/master-context.js';
import {
  group,
  type MasterProbe,
  NEXT_REIGN,
  no,
  point,
  preparingMaster,
  promise,
  REIGN,
  roundOf,
  servingMaster,
  yes,
} from '../support/scenes.js';

const test = suite('master: outcomes and endings');

const committed = () =>
  preparingMaster().send(
    { type: 'votes', votes: [yes('a'), yes('b')] },
    { type: 'decisionPersisted', round: 'r4' },
    { type: 'originalCommitted', id: 'r4' },
  );
const aborted = () =>
  preparingMaster().send(
    { type: 'votes', votes: [no('b')] },
    { type: 'originalRolledBack', round: 'r4' },
  );

const confirmation = (slave: string, changes: object = {}) => ({
  slave,
  position: point(4),
  settled: true,
  round: null as string | null,
  ...changes,
});
const confirm = (master: MasterProbe, ...confirmations: ReturnType<typeof confirmation>[]) =>
  master.send({ type: 'confirmations', confirmations });
const waiting = (master: MasterProbe) => master.context.closed[0]?.waiting;

test('P20: a commit record is kept until every participant holds it on disk', () => {
  const master = committed();
  assert.equal(confirm(master, confirmation('a', { settled: false })).names, ['confirmed']);
  confirm(master, confirmation('a', { position: point(3) }));
  assert.equal(waiting(master), ['a', 'b']);
  confirm(master, confirmation('a'));
  assert.equal(waiting(master), ['b']);
  confirm(master, confirmation('b', { position: point(9) }));
  assert.equal(master.effect('forgetDecisions'), { rounds: ['r4'] });
  assert.equal(master.context.closed, []);
});

test('P20: nobody waits for a slave that the host forgot', () => {
  const master = confirm(committed(), confirmation('a'));
  master.send({ type: 'slaveForgotten', slave: 'b' });
  assert.equal(master.names, ['forgetDecisions']);
});

test('P10: an abort is confirmed by its round, or by a hello that does not hold it', () => {
  const master = confirm(aborted(), confirmation('a'));
  assert.equal(waiting(master), ['a', 'b']);
  confirm(master, confirmation('a', { round: 'r4' }));
  assert.equal(waiting(master), ['b']);
  master.send({ type: 'slaveReturned', slave: 'b', holds: 'r4' });
  assert.equal(waiting(master), ['b']);
  master.send({ type: 'slaveReturned', slave: 'b', holds: null });
  assert.equal(master.effect('forgetDecisions'), { rounds: ['r4'] });
});

test('P10: a hello without a round does not confirm its commit', () => {
  const master = committed().send({ type: 'slaveReturned', slave: 'b', holds: null });
  assert.equal(waiting(master), ['a', 'b']);
});

const answer = (master: MasterProbe, digestAtTo?: string) => {
  master.send({ type: 'inquired', slave: 'a', prepared: promise, digestAtTo });
  const { message } = master.effect<MasterEffects['reply']>('reply');
  return message.kind === 'outcome' ? message.outcome : message.kind;
};

test('P11: an inquiry is answered by the open round, the records, then the position', () => {
  assert.is(answer(preparingMaster()), 'pending');
  const deciding = preparingMaster().send({ type: 'votes', votes: [yes('a'), yes('b')] });
  assert.is(answer(deciding), 'pending');
  assert.is(answer(deciding.send({ type: 'decisionPersisted', round: 'r4' })), 'pending');
  assert.is(answer(committed()), 'committed');
  assert.is(answer(aborted()), 'aborted');
  assert.is(answer(servingMaster()), 'aborted');
  assert.is(
    answer(servingMaster().send({ type: 'versionShown', version: 9, ahead: true })),
    'unknown',
  );
});

test('P7: a number that anybody showed is never issued', () => {
  const master = servingMaster().send({ type: 'versionShown', version: 7, ahead: false });
  assert.is(master.context.issued, 7);
  master.send({ type: 'proposeGroup', group: roundOf(3, 7) });
  assert.equal(master.names, ['settle']);
});

test('P16: a later reign fences at once, an equal or lower one does not', () => {
  const seen = (epoch: typeof REIGN): MasterEvent => ({ type: 'epochSeen', epoch, sender: 'a' });
  const master = servingMaster().send(seen(REIGN));
  assert.equal(master.states[0], 'serving.round.idle');
  master.send(seen(NEXT_REIGN));
  assert.equal(master.states, ['fenced']);
  assert.equal(master.names, ['report']);
  assert.match(master.effect<MasterEffects['report']>('report').problem.reason, /0\.2/);
  assert.equal(master.send({ type: 'polled' }).names, []);
});

test('P16: a rival of the same reign is reported, not obeyed', () => {
  const master = servingMaster().send({ type: 'rivalSeen', sender: 'a', incarnation: 'x' });
  assert.is(master.effect<MasterEffects['report']>('report').problem.code, 'FENCED');
  assert.equal(master.states[0], 'serving.round.idle');
});

/** Each busy state, and what may be said of its group when the master ends in it. */
const BUSY: readonly (readonly [string, () => MasterProbe, string])[] = [
  [
    'reserving',
    () => servingMaster().send({ type: 'proposeGroup', group: roundOf(3, 2000) }),
    'failed',
  ],
  [
    'announcing',
    () => servingMaster().send({ type: 'announceGroup', group: group(3, 4) }),
    'unknown',
  ],
  ['preparing.voting', () => preparingMaster(), 'failed'],
  ['preparing.confirming', () => preparingMaster().elapse('VOTE_DEADLINE'), 'failed'],
  [
    'deciding',
    () => preparingMaster().send({ type: 'votes', votes: [yes('a'), yes('b')] }),
    'unknown',
  ],
  [
    'committing.applying',
    () =>
      preparingMaster().send(
        { type: 'votes', votes: [yes('a'), yes('b')] },
        { type: 'decisionPersisted', round: 'r4' },
      ),
    'committed',
  ],
  ['aborting', () => preparingMaster().send({ type: 'votes', votes: [no('b')] }), 'failed'],
];

const problem = { code: 'STORE_FAILED', reason: 'EIO' };
const ENDS: readonly (readonly [MasterEvent, string])[] = [
  [{ type: 'storeFailed', problem }, 'halted'],
  [{ type: 'epochSeen', epoch: NEXT_REIGN, sender: 'a' }, 'fenced'],
  [{ type: 'stop' }, 'stopped'],
];

for (const [state, make, known] of BUSY) {
  test(`P21: a master that ends in ${state} tells its caller once, and the truth: ${known}`, () => {
    for (const [event, end] of ENDS) {
      const master = make();
      assert.equal(master.states[0], `serving.round.${state}`);
      master.send(event);
      assert.equal(master.states, [end]);
      assert.is(master.effect<MasterEffects['settle']>('settle').settlement.state, known);
      assert.not.ok(master.names.includes('multicast'), 'neither outcome is sent');
    }
  });
}

test('P21: a master that ends with nothing under way settles nothing', () => {
  for (const [event] of ENDS) assert.not.ok(servingMaster().send(event).names.includes('settle'));
});

test.run();
