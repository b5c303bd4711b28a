/** A two-phase round on a slave: asked, promised, in doubt, decided. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SlaveEffects, SlaveEvent } from '../../machines/slave-context.js';
import {
  abort,
  announce,
  at,
  commit,
  copyOf,
  from,
  LINEAGE,
  link,
  liveSlave,
  MASTER,
  NEXT_REIGN,
  newSlave,
  outcome,
  payload,
  point,
  prepare,
  preparedSlave,
  preparingSlave,
  promise,
  REIGN,
  records,
  type SlaveProbe,
  said,
  vote,
  welcome,
} from '../support/scenes.js';

const test = suite('slave: two-phase');
const done = { type: 'committed', position: at(4), firm: point(4), round: 'r4' } as const;
const dropped: SlaveEvent = { type: 'roundDropped', round: 'r4' };
const doubtful = () =>
  newSlave()
    .send({ type: 'recovered', found: records({ prepared: promise }) }, { type: 'connected' })
    .send(from(welcome('a1.1', { openRound: 'r4', sequence: 5 })));

test('P8: asked at its start, the user layer answers; the yes leaves once it is durable', () => {
  const slave = preparingSlave();
  assert.equal(slave.names, ['askUser']);
  assert.equal(slave.send({ type: 'canPrepare', round: 'other' }).names, []);
  assert.equal(slave.send({ type: 'canPrepare', round: 'r4' }).names, ['persistPromise']);
  assert.equal(slave.send({ type: 'promised', round: 'other' }).names, []);
  slave.send({ type: 'promised', round: 'r4' });
  assert.is(vote(slave)?.answer, 'yes');
  assert.is(copyOf(slave), 'prepared.waiting');
});

test('P8: a veto or a user layer that never answers is a no with its reason', () => {
  const problem = { code: 'VETOED', reason: 'too big' };
  const vetoed = preparingSlave().send({ type: 'cannotPrepare', round: 'r4', problem });
  assert.equal([vote(vetoed)?.answer, vote(vetoed)?.reason], ['no', 'too big']);
  const silent = preparingSlave().elapse('PREPARE_WAIT');
  assert.equal([vote(silent)?.answer, vote(silent)?.code], ['no', 'TIMEOUT']);
  assert.equal(silent.names.includes('dropRound'), true);
  assert.equal(silent.send(dropped).names, ['acknowledge']);
});

test('P8: asked again it repeats its answer and does not ask the user layer', () => {
  const slave = preparedSlave().send(from(prepare(3)));
  assert.equal(slave.names, ['transmit']);
  assert.is(vote(slave)?.answer, 'yes');
  const refused = preparingSlave().elapse('PREPARE_WAIT').send(dropped);
  refused.send(from(prepare(3)));
  assert.equal([refused.names, vote(refused)?.answer], [['transmit'], 'no']);
});

test('P8: after a restart the recorded promise is repeated, too', () => {
  const slave = doubtful().send(from(prepare(6)));
  assert.is(vote(slave)?.answer, 'yes');
});

test('P8: once the round is dropped its yes is not repeated', () => {
  const slave = preparedSlave().send(from(abort(3)), dropped, from(prepare(3)));
  assert.is.not(vote(slave)?.answer, 'yes');
});

test('P8: below the start it syncs first; above it never prepares and says where it stands', () => {
  const ahead = prepare(2, { from: point(4), to: point(5), round: 'r5', openRound: 'r5' });
  const slave = liveSlave().send(from({ ...ahead, position: point(4) }));
  assert.equal([copyOf(slave), slave.names], ['syncing.asking', ['request']]);
  slave.send({
    type: 'deltaArrived',
    envelope: {
      protocol: 1,
      item: 'i',
      lineage: LINEAGE,
      epoch: REIGN,
      incarnation: MASTER,
      sender: 'm',
    },
    from: point(3),
    to: at(4),
    durability: 'disk',
    round: null,
    payload: payload('x'),
  });
  slave.send({ type: 'committed', position: at(4), firm: point(4), round: null });
  assert.equal(copyOf(slave), 'preparing');
  slave.send({ type: 'canPrepare', round: 'r5' }, { type: 'promised', round: 'r5' });
  assert.is(vote(slave)?.needsSync, true);
  const past = liveSlave({ position: at(5) }).send(from(prepare(2)));
  assert.equal(past.effect('acknowledge'), { round: 'r4' });
  assert.is(past.context.facts.offer, null);
});

test('P13: a slave that is not named neither prepares nor votes', () => {
  const slave = liveSlave().send(from(prepare(2, { participants: ['b'] })));
  assert.equal([copyOf(slave), slave.names], ['idle', []]);
});

test('P8: another round is refused while the first is in doubt, unless it ends it', () => {
  const other = { round: 'r5', openRound: 'r4', to: point(5) };
  const refused = preparedSlave().send(from(prepare(3, other)));
  assert.equal([vote(refused)?.answer, vote(refused)?.code], ['no', 'ABORTED']);
  const resolving = preparedSlave().send(from(prepare(3, { ...other, openRound: 'r5' })));
  assert.is(copyOf(resolving), 'aborting');
  resolving.send(dropped);
  assert.equal([copyOf(resolving), resolving.context.facts.offer?.round], ['preparing', 'r5']);
});

test('P10: the next round’s prepare carries the last one’s commit', () => {
  const next = prepare(3, {
    round: 'r5',
    openRound: 'r5',
    from: point(4),
    to: point(5),
    position: point(4),
  });
  const slave = preparedSlave().send(from(next));
  assert.is(copyOf(slave), 'committing');
  slave.send(done);
  assert.equal([copyOf(slave), slave.context.facts.prepared], ['preparing', null]);
});

test('P9: commit ends it: data, version and record in one step, then the confirmation', () => {
  const slave = preparedSlave().send(from(commit(3)));
  const job = slave.effect<SlaveEffects['commitCopy']>('commitCopy');
  assert.equal([job.round, job.steps.map(({ next }) => next.version)], ['r4', [4]]);
  slave.send(done);
  assert.equal(slave.effect('acknowledge'), { round: 'r4' });
  assert.equal([slave.context.facts.position, slave.context.facts.prepared], [at(4), null]);
});

test('P19: a committed round is firm at once, whatever the stamp of its commit still says', () => {
  const slave = preparedSlave().send(from(commit(3)));
  assert.is(slave.context.facts.masterFirm.version, 3);
  assert.is(slave.effect<SlaveEffects['commitCopy']>('commitCopy').firm.version, 4);
  slave.send(done);
  assert.is(slave.context.facts.firm?.version, 4);
});

test('P19, P22: a forced commit is no promise: a master that decided otherwise replaces it', () => {
  const slave = preparedSlave().send({ type: 'resolve', round: 'r4', verdict: 'committed' });
  const { firm } = slave.effect<SlaveEffects['commitCopy']>('commitCopy');
  assert.is(firm.version, 3);
  slave.send({ ...done, firm }, { type: 'disconnected' }, { type: 'connected' });
  const hello = slave.context.facts.hello ?? '';
  slave.send(from(welcome(hello, { relation: 'ahead', firmRelation: 'same' })));
  assert.equal([slave.context.facts.firm, slave.context.facts.standing], [point(3), 'reset']);
});

test('P11: commit and abort match by round', () => {
  const slave = preparedSlave().send(from({ ...commit(3), round: 'r3' }));
  assert.is(copyOf(slave), 'prepared.waiting');
  slave.send(from({ ...abort(4, 'r3'), openRound: 'r4' }));
  assert.is(copyOf(slave), 'prepared.waiting');
  assert.is(copyOf(slave.send(from(abort(5)))), 'aborting');
});

test('P4: an abort is confirmed only once nothing of the round is left', () => {
  const slave = preparedSlave().send(from(abort(3)));
  assert.equal(slave.names, ['dropRound']);
  assert.equal(slave.send(from(abort(4))).names, []);
  assert.equal(slave.send(dropped).effect('acknowledge'), { round: 'r4' });
  assert.equal(slave.send(from(abort(5))).effect('acknowledge'), { round: 'r4' });
});

test('P11: silence is no outcome: it inquires, and obeys the answer', () => {
  for (const [says, state] of [
    ['committed', 'committing'],
    ['aborted', 'aborting'],
    ['superseded', 'aborting'],
    ['pending', 'prepared.doubtful'],
    ['unknown', 'prepared.doubtful'],
  ] as const) {
    const slave = preparedSlave().elapse('INQUIRE');
    assert.equal(
      said(slave).map(({ kind }) => kind),
      ['inquire'],
    );
    assert.is(copyOf(slave.send(from(outcome(says, 'r3')))), 'prepared.doubtful');
    assert.is(copyOf(slave.send(from(outcome(says)))), state);
  }
  assert.is(copyOf(preparedSlave().elapse('INQUIRE').elapse('INQUIRE')), 'prepared.doubtful');
});

test('P11: a restart with a promise begins in doubt, and other deltas wait', () => {
  const slave = doubtful();
  assert.is(copyOf(slave), 'prepared.doubtful');
  slave.send(from(announce(6, 3, { openRound: 'r4', links: [link(3, 5)] })));
  assert.is(copyOf(slave), 'prepared.doubtful');
});

test('P16: an outcome told by a new reign is obeyed once that reign is durable', () => {
  const slave = preparedSlave().send({ type: 'disconnected' }, { type: 'connected' });
  slave.send(
    from(welcome('a1.2', { position: point(4) }), { epoch: NEXT_REIGN, incarnation: 'n' }),
  );
  assert.equal(
    slave.names.filter((name) => name !== 'transmit'),
    ['persistReign'],
  );
  assert.equal(slave.send({ type: 'reignPersisted', incarnation: 'n' }).names, ['commitCopy']);
});

test('P10: an offer of an earlier incarnation is void under the next', () => {
  const slave = preparingSlave().send({ type: 'disconnected' }, { type: 'connected' });
  slave.send(from(welcome('a1.2'), { epoch: NEXT_REIGN, incarnation: 'n' }));
  assert.is(copyOf(slave), 'preparing');
  slave.send({ type: 'reignPersisted', incarnation: 'n' });
  assert.is(copyOf(slave), 'aborting');
});

/** A successor welcomed this slave and asks it before its reign is on this slave's disk. */
const NEXT = { epoch: NEXT_REIGN, incarnation: 'n' };
const SECOND = { round: 'r5', openRound: 'r5', to: point(5), payload: payload('p5') };
const askedAnew = (slave: SlaveProbe, sequence = 3, changes: object = {}) =>
  slave
    .send({ type: 'disconnected' }, { type: 'connected' }, from(welcome('a1.2'), NEXT))
    .send(from(prepare(sequence, { ...SECOND, ...changes }), NEXT));
const dropsOf = (slave: SlaveProbe) =>
  slave.effects<SlaveEffects['dropRound']>('dropRound').map(({ round }) => round);

test('claims 27, 35: where the abort was lost the next prepare ends the earlier round', () => {
  const slave = preparingSlave().send(from(prepare(4, SECOND)));
  assert.equal([copyOf(slave), dropsOf(slave)], ['aborting', ['r4']]);
  slave.send(dropped);
  assert.equal([copyOf(slave), slave.context.facts.offer?.round], ['preparing', 'r5']);
});

test('claims 27, 35: so does one of a new reign that is not on disk yet', () => {
  for (const early of [
    preparingSlave(),
    preparingSlave().send({ type: 'canPrepare', round: 'r4' }),
  ]) {
    const slave = askedAnew(early);
    assert.equal([copyOf(slave), dropsOf(slave)], ['aborting', ['r4']]);
    slave.send(dropped);
    assert.equal([copyOf(slave), slave.context.facts.offer?.round], ['idle', 'r5']);
    slave.send({ type: 'reignPersisted', incarnation: 'n' });
    assert.is(slave.effect<SlaveEffects['askUser']>('askUser').offer.round, 'r5');
    slave.send({ type: 'canPrepare', round: 'r5' }, { type: 'promised', round: 'r5' });
    assert.equal([vote(slave)?.round, vote(slave)?.answer], ['r5', 'yes']);
  }
});

test('claims 27, 35: the same where the new reign is on disk before the layer forgot', () => {
  const slave = askedAnew(preparingSlave());
  slave.send({ type: 'reignPersisted', incarnation: 'n' });
  assert.is(copyOf(slave), 'aborting');
  assert.is(slave.send(dropped).effect<SlaveEffects['askUser']>('askUser').offer.round, 'r5');
});

test('P8: a delta that is fetched for a round is not waited for once another one asks', () => {
  const bare = { bytes: 10, checksum: 'x' };
  const fetching = liveSlave().send(from(prepare(2, { payload: bare })));
  const slave = askedAnew(fetching);
  assert.equal([copyOf(slave), slave.names], ['idle', ['cancelTransfer']]);
  slave.send({ type: 'reignPersisted', incarnation: 'n' });
  assert.is(slave.effect<SlaveEffects['askUser']>('askUser').offer.round, 'r5');
});

test('P8: a prepare of a new reign from below this copy ends nothing that is thought about', () => {
  const slave = askedAnew(preparingSlave(), 3, { from: point(2), to: point(5) });
  assert.equal([copyOf(slave), slave.effect('acknowledge')], ['preparing', { round: 'r5' }]);
});

test('P10: an offer whose round is no longer open is dropped at every stage', () => {
  const over = from(announce(3, 3));
  assert.is(copyOf(preparingSlave().send(over)), 'aborting');
  assert.is(copyOf(preparingSlave().send({ type: 'canPrepare', round: 'r4' }, over)), 'aborting');
  assert.is(copyOf(preparingSlave().send(from(abort(3)))), 'aborting');
  const voting = preparingSlave().send({ type: 'canPrepare', round: 'r4' });
  assert.is(copyOf(voting.send(from(abort(3)))), 'aborting');
});

test('P8: a delta too large for its prepare is fetched', () => {
  const bare = { bytes: 10, checksum: 'x' };
  const fetching = () => liveSlave().send(from(prepare(2, { payload: bare })));
  const slave = fetching();
  assert.equal(slave.effect('request'), { round: 'r4', rebase: false, jitterMs: 0 });
  assert.equal(slave.elapse('REQUEST_RETRY').names, ['request']);
  assert.equal(slave.send({ type: 'transferLost', reason: 'x' }).names, ['request']);
  slave.send({ type: 'transferProgressed' });
  slave.send({
    type: 'deltaArrived',
    envelope: {
      protocol: 1,
      item: 'i',
      lineage: LINEAGE,
      epoch: REIGN,
      incarnation: MASTER,
      sender: 'm',
    },
    from: point(3),
    to: at(4),
    durability: 'disk',
    round: 'r4',
    payload: payload('whole'),
  });
  assert.is(slave.effect<SlaveEffects['askUser']>('askUser').offer.payload.body, 'whole');
  assert.is(copyOf(fetching().send(from(abort(3)))), 'idle');
  assert.is(copyOf(fetching().send(from(announce(3, 3)))), 'idle');
});

test('P22: the host may force an outcome; it is reported as heuristic', () => {
  const slave = preparedSlave().send({ type: 'resolve', round: 'r3', verdict: 'aborted' });
  assert.is(copyOf(slave), 'prepared.waiting');
  slave.send({ type: 'resolve', round: 'r4', verdict: 'aborted' });
  assert.is(slave.effect<SlaveEffects['report']>('report').heuristic, true);
  assert.is(copyOf(slave), 'aborting');
});

test('P22: a decided round that cannot be applied is tried until it holds', () => {
  const problem = { code: 'STORE_BUSY', reason: 'x' };
  const slave = preparedSlave().send(from(commit(3)), {
    type: 'commitFailed',
    problem,
    moved: null,
  });
  assert.is(copyOf(slave), 'quarantined');
  assert.equal(slave.elapse('QUARANTINE_RETRY').names, ['commitCopy']);
  assert.equal(slave.send(done).effect('acknowledge'), { round: 'r4' });
});

test('P22: a corrupt copy does not hold a decided round for good', () => {
  const problem = { code: 'CORRUPT', reason: 'x' };
  const slave = preparedSlave().send(from(commit(3)), {
    type: 'commitFailed',
    problem,
    moved: null,
  });
  assert.is(copyOf(slave.elapse('QUARANTINE_RETRY')), 'aborting');
  slave.send(dropped, from(announce(5, 4)));
  assert.equal([copyOf(slave), slave.context.facts.rebase], ['syncing.asking', true]);
});

test('P22: a promise under a lineage that was left does not stay for good', () => {
  const problem = { code: 'STORE_BUSY', reason: 'x' };
  const slave = preparedSlave().send(
    from(commit(3)),
    { type: 'commitFailed', problem, moved: null },
    { type: 'adopt', lineage: 'other' },
    { type: 'disconnected' },
    { type: 'connected' },
    from(welcome('a1.2'), { lineage: 'other', incarnation: 'o' }),
    { type: 'reignPersisted', incarnation: 'o' },
  );
  assert.is(copyOf(slave.elapse('QUARANTINE_RETRY')), 'aborting');
  assert.is(slave.send(dropped).context.facts.prepared, null);
});

test.run();
