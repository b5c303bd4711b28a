/** One slave as the master sees it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Relation,
  type SessionEffects,
  type SessionEvent,
  type Standing,
  sessionMachine,
} from '../../machines/index.js';
import { Probe } from '../support/probe.js';
import { point } from '../support/scenes.js';

const test = suite('session');

const standing = (relation: Relation, firmRelation: Relation = relation): Standing => ({
  position: point(3),
  relation,
  firmRelation,
});
const EMPTY: Standing = { position: null, relation: 'unknown', firmRelation: 'unknown' };

const session = (hasRival = false) =>
  new Probe(sessionMachine, {
    slave: 'a',
    incarnation: 'a1',
    delays: { probeMs: 10 },
    hello: 'h1',
    standing: standing('behind'),
    hasRival,
  });
const requested = (of: Standing, resumes = false): SessionEvent => ({
  type: 'requested',
  standing: of,
  resumes,
});
const hello: SessionEvent = { type: 'hello', hello: 'h2', standing: standing('same') };

test('P5: a slave whose id is free is welcomed and told how it stands', () => {
  const accepted = session();
  assert.equal(accepted.states, ['following']);
  assert.equal(accepted.effect('welcome'), { hello: 'h1', standing: standing('behind') });
  assert.equal(accepted.send(hello).effect('welcome'), { hello: 'h2', standing: standing('same') });
});

test('P13: a second holder of an id is refused while the first answers', () => {
  assert.equal(session(true).names, ['probeRival']);
  const refused = session(true).send({ type: 'rivalAnswered' });
  const { message } = refused.effect<SessionEffects['refuse']>('refuse');
  assert.is(message.kind === 'refused' && message.code, 'DUPLICATE_ID');
  assert.equal(refused.states, ['refused']);
  assert.equal(session(true).send({ type: 'rivalGone' }).names, ['welcome']);
  assert.equal(session(true).elapse('PROBE').names, ['replaceRival', 'welcome']);
});

test('P3: a request gets a delta, a marked whole state, or an invitation', () => {
  for (const during of ['following', 'syncing']) {
    const make = () => {
      const probe = session();
      return during === 'syncing' ? probe.send(requested(standing('behind'))) : probe;
    };
    const delta = make().send(requested(standing('behind')));
    assert.equal([delta.states, delta.effect('serveDelta')], [['syncing'], { from: point(3) }]);
    assert.equal(make().send(requested(standing('same'))).names, ['invite']);
    for (const [of, reason] of [
      [EMPTY, 'empty'],
      [standing('unknown', 'behind'), 'trimmed'],
      [standing('fork', 'behind'), 'fork'],
      [standing('ahead'), 'fork'],
    ] as const) {
      const served = make().send(requested(of)).effect('serveSnapshot');
      assert.equal(served, { reason, firmRelation: of.firmRelation });
    }
  }
});

test('P6: a transfer resumes where it stopped; a new hello or its end closes it', () => {
  const syncing = session().send(requested(standing('behind'), true));
  assert.equal([syncing.states, syncing.names], [['syncing'], ['resumeTransfer']]);
  assert.equal(syncing.send(requested(standing('behind'), true)).names, ['resumeTransfer']);
  assert.equal(syncing.send({ type: 'transferEnded' }).states, ['following']);
  const greeted = session().send(requested(standing('behind')));
  greeted.send(hello);
  assert.equal([greeted.states, greeted.names], [['following'], ['welcome']]);
});

test('P3: history that the user layer no longer has is replaced by a whole state', () => {
  const probe = session().send(requested(standing('behind')), { type: 'deltaUnavailable' });
  assert.equal(probe.effect('serveSnapshot'), { reason: 'trimmed', firmRelation: 'behind' });
});

test('P8: the payload of a round is served while that round is open', () => {
  assert.equal(session().send({ type: 'roundRequested', isOpen: false }).names, []);
  const probe = session().send({ type: 'roundRequested', isOpen: true });
  assert.equal([probe.states, probe.names], [['syncing'], ['serveRound']]);
  assert.equal(probe.send({ type: 'roundRequested', isOpen: true }).names, ['serveRound']);
});

test('P15: past its high-water mark nothing is pushed until it drains, then one invitation', () => {
  const probe = session().send({ type: 'blocked' });
  assert.equal(probe.states, ['lagging']);
  assert.equal(probe.send(requested(standing('behind'))).names, []);
  assert.equal(probe.send({ type: 'drained' }).names, ['invite']);
  assert.equal(session().send({ type: 'blocked' }, hello).states, ['following']);
});

test('P14: who left is gone, from every state', () => {
  assert.equal(session().send({ type: 'left' }).states, ['gone']);
  assert.equal(session(true).send({ type: 'left' }).states, ['gone']);
  assert.equal(session().send({ type: 'blocked' }, { type: 'left' }).states, ['gone']);
});

test.run();
