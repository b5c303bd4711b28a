/** A relay: one vote for those below, their outcome, their doubts. It never decides (P11). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type RelayEffects, type RelayEvent, relayMachine } from '../../machines/index.js';
import { isAwaitedBelow, isSubtreeSettled } from '../../machines/relay-logic.js';
import { Probe } from '../support/probe.js';
import { no, point, promise, yes } from '../support/scenes.js';

const test = suite('relay machine');

const newRelay = () => new Probe(relayMachine, { delays: { voteMs: 1500 } });

const asked = (changes: object = {}): RelayEvent => ({
  type: 'asked',
  round: 'r4',
  to: point(4),
  participants: ['a', 'b'],
  obstacle: null,
  ...changes,
});
const below = { holders: [], present: ['a', 'b', 'c'] };
const committed: RelayEvent = { type: 'committed', round: null, to: point(4), ...below };
const aborted: RelayEvent = { type: 'aborted', round: 'r4', ...below };
const gathering = () => newRelay().send(asked());
const promised = () => gathering().send({ type: 'votes', votes: [yes('a'), yes('b')] });
const confirmation = (slave: string, round: string | null = 'r4', settled = true) =>
  ({
    type: 'confirmations',
    confirmations: [{ slave, position: point(4), settled, round }],
  }) as const;
const inquired = (slave: string, changes: object = {}): RelayEvent => ({
  type: 'inquired',
  slave,
  prepared: promise,
  position: point(3),
  digestAtTo: undefined,
  ...changes,
});

test('P8: the prepare goes to those below, and their votes become one', () => {
  const relay = gathering();
  assert.equal(relay.effect('pass'), {
    passings: [{ kind: 'prepare', round: 'r4', only: ['a', 'b'] }],
  });
  assert.equal(relay.send({ type: 'votes', votes: [yes('a')] }).names, []);
  assert.equal(relay.send({ type: 'votes', votes: [yes('b')] }).effect('answerYes'), {
    round: 'r4',
  });
});

test('P9: one no below is the no of all, with the name of who said it', () => {
  const relay = gathering().send({ type: 'votes', votes: [yes('a'), no('b')] });
  assert.equal(relay.effect('answerNo'), {
    round: 'r4',
    refusal: { code: 'VETOED', reason: 'b: too big' },
  });
  // Votes of other rounds and of slaves that were not asked say nothing (P13).
  const others = gathering().send({ type: 'votes', votes: [no('a', 'late', 'r3'), no('c')] });
  assert.equal(others.names, []);
});

test('P12, P14: at the deadline the missing are named, after one more poll', () => {
  const relay = gathering().send({ type: 'votes', votes: [yes('a')] });
  assert.equal(relay.elapse('VOTE_DEADLINE').names, ['pollNetwork']);
  assert.equal(relay.send({ type: 'polled' }).effect('answerNo'), {
    round: 'r4',
    refusal: { code: 'TIMEOUT', reason: 'no vote in time from b' },
  });
  const late = gathering().elapse('VOTE_DEADLINE');
  assert.equal(late.send({ type: 'votes', votes: [yes('a'), yes('b')] }).names, ['answerYes']);
});

test('P14: who leaves for good before its vote is a no; a cut connection is not', () => {
  const left = gathering().send({ type: 'slaveLost', slave: 'a', reason: 'stopped' });
  assert.equal(left.effect<RelayEffects['answerNo']>('answerNo').refusal.reason, 'a left: stopped');
  assert.equal(gathering().send({ type: 'slaveGone', slave: 'a' }).names, []);
});

test('P13: who comes again without its promise is asked again, and its yes is void', () => {
  const relay = gathering().send({ type: 'votes', votes: [yes('a')] });
  const again = relay.send({ type: 'slaveReturned', slave: 'a', holds: null });
  assert.equal(again.effect('pass'), { passings: [{ kind: 'prepare', round: 'r4', only: ['a'] }] });
  assert.equal(again.send({ type: 'votes', votes: [yes('b')] }).names, []);
});

test('P14: nobody to ask is a yes, too few are a no, and a round of an earlier life is a no', () => {
  assert.equal(newRelay().send(asked({ participants: [] })).names, ['answerYes']);
  const few = newRelay().send(asked({ participants: [], obstacle: '1 has to take part' }));
  assert.equal(few.names, ['answerNo']);
  const reborn = newRelay().send({ type: 'born', openRound: 'r4' }).send(asked());
  const { refusal } = reborn.effect<RelayEffects['answerNo']>('answerNo');
  assert.is(refusal.code, 'ABORTED');
  assert.equal(newRelay().send({ type: 'born', openRound: 'r3' }).send(asked()).names, ['pass']);
});

test('P10: an outcome goes to all who were asked and are here, until they confirmed it', () => {
  const relay = promised().send({ ...committed, present: ['a'] } as RelayEvent);
  const passing = { kind: 'commit', round: 'r4', to: point(4), only: ['a'] };
  assert.equal(relay.effect('pass'), { passings: [passing] });
  assert.equal(relay.send({ type: 'heartbeat' }).effect('pass'), { passings: [passing] });
  assert.equal(relay.send(confirmation('a', null, false)).names, []);
  assert.equal(relay.send(confirmation('a')).names, ['subtreeSettled']);
  assert.equal(relay.send({ type: 'heartbeat' }).effect('pass'), { passings: [] });
});

test('P20: the subtree is settled once all confirmed a commit, or left', () => {
  const relay = promised().send(committed);
  assert.not.ok(isSubtreeSettled(relay.context));
  assert.ok(isAwaitedBelow(relay.context, 'r4'));
  relay.send(confirmation('a'));
  assert.not.ok(isSubtreeSettled(relay.context));
  assert.equal(relay.send({ type: 'slaveGone', slave: 'b' }).names, ['subtreeSettled']);
  assert.ok(isSubtreeSettled(relay.context));
});

test('P9, P10: an abort reaches everybody who was asked, also after a no of this relay', () => {
  const refused = gathering()
    .send({ type: 'votes', votes: [no('b')] })
    .send(aborted);
  assert.equal(refused.effect('pass'), {
    passings: [{ kind: 'abort', round: 'r4', reason: 'b: too big', only: ['a', 'b'] }],
  });
  // It is no commit: acks say what they say without it.
  assert.ok(isSubtreeSettled(refused.context));
  refused.send(confirmation('a'));
  const back = refused.send({ type: 'slaveReturned', slave: 'b', holds: null });
  assert.equal(back.send({ type: 'heartbeat' }).effect('pass'), { passings: [] });
});

test('P8, P9: a round that another one overtook before it was promised is off below', () => {
  const overtaken = gathering().send({ ...aborted, round: 'r5' } as RelayEvent);
  assert.equal(overtaken.effect('pass'), {
    passings: [{ kind: 'abort', round: 'r4', reason: 'aborted by the master', only: ['a', 'b'] }],
  });
  assert.ok(overtaken.states.includes('round.idle'));
  assert.equal(overtaken.send(asked({ round: 'r6', to: point(6) })).names, ['pass']);
});

test('P10: who holds a round of an earlier life hears its outcome; of history past it no abort', () => {
  const outcome = { ...committed, round: 'r4', holders: ['c'] } as RelayEvent;
  assert.equal(newRelay().send(outcome).effect('pass'), {
    passings: [{ kind: 'commit', round: 'r4', to: point(4), only: ['c'] }],
  });
  const superseded: RelayEvent = { type: 'superseded', round: 'r4', position: point(6), ...below };
  const told = promised().send(superseded);
  assert.equal(told.names, ['reply']);
  const { slaves, message } = told.effect<RelayEffects['reply']>('reply');
  assert.equal([slaves, message.outcome], [['a', 'b'], 'superseded']);
});

test('P11: a doubt is answered by record or by history, and else passed up, once for all', () => {
  const relay = promised().send(committed);
  const answer = relay.send(inquired('a')).effect<RelayEffects['reply']>('reply');
  assert.is(answer.message.outcome, 'committed');
  const knows = newRelay();
  for (const [changes, outcome] of [
    [{ position: point(4) }, 'committed'],
    [{ position: point(6), digestAtTo: 'd4' }, 'committed'],
    [{ position: point(6), digestAtTo: 'other' }, 'superseded'],
  ] as const) {
    const { message } = knows.send(inquired('a', changes)).effect<RelayEffects['reply']>('reply');
    assert.is(message.outcome, outcome);
  }
  const unsure = newRelay();
  for (const changes of [{}, { position: null }, { position: point(6) }]) {
    assert.equal(newRelay().send(inquired('a', changes)).names, ['inquireUp']);
  }
  assert.equal(unsure.send(inquired('a')).names, ['inquireUp']);
  assert.equal(unsure.send(inquired('b')).names, [], 'asked already, for both');
  assert.equal(unsure.send(inquired('a')).names, ['inquireUp'], 'asked again: the first was lost');
  const message = {
    kind: 'outcome',
    round: 'r4',
    outcome: 'aborted',
    position: point(3),
  } as const;
  const told = unsure.send({ type: 'answered', message });
  assert.equal(told.effect('reply'), { slaves: ['a', 'b'], message });
  assert.equal(unsure.send({ type: 'answered', message }).names, []);
});

test('A16: the id of a round is any text, names of what all objects have too', () => {
  const relay = newRelay();
  for (const round of ['constructor', '__proto__', 'toString']) {
    const message = { kind: 'outcome', round, outcome: 'unknown', position: point(3) } as const;
    assert.equal(relay.send({ type: 'answered', message }).names, [], 'nobody asked');
    const changes = { prepared: { ...promise, round } };
    assert.equal(relay.send(inquired('a', changes)).names, ['inquireUp']);
    assert.equal(relay.send({ type: 'answered', message }).effect('reply'), {
      slaves: ['a'],
      message,
    });
  }
});

test('P11: of a round that is open here only the master may say so', () => {
  const relay = promised();
  assert.equal(relay.send(inquired('a')).names, []);
  const message = {
    kind: 'outcome',
    round: 'r4',
    outcome: 'pending',
    position: point(3),
  } as const;
  assert.equal(relay.send({ type: 'answered', message }).effect('reply'), {
    slaves: ['a'],
    message,
  });
  relay.send(inquired('a')).send({ type: 'cut' });
  assert.equal(relay.send({ type: 'answered', message }).names, [], 'asked anew by then');
});

test('P11, S5: nothing but the outcome moves a promise', () => {
  const events: RelayEvent[] = [
    { type: 'votes', votes: [no('a')] },
    { type: 'slaveLost', slave: 'a', reason: 'stopped' },
    { type: 'slaveReturned', slave: 'a', holds: null },
    { type: 'cut' },
    { type: 'heartbeat' },
  ];
  for (const event of events) {
    const relay = promised();
    const said = relay.send(event).names.filter((name) => name.startsWith('answer'));
    assert.equal(said, [], event.type);
    assert.ok(relay.states.includes('round.promised'), event.type);
  }
});

test.run();
