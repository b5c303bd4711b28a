/** Whom a slave listens to: the gate of P2, joining, new reigns, silence, refusals. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { slaveMachine } from '../../machines/index.js';
import type { SlaveEffects } from '../../machines/slave-context.js';
import {
  announce,
  at,
  from,
  link,
  liveSlave,
  NEXT_REIGN,
  newSlave,
  point,
  prepare,
  REIGN,
  records,
  type SlaveProbe,
  said,
  welcome,
} from '../support/scenes.js';

const test = suite('slave: link');
const linkOf = (slave: SlaveProbe) => slave.states[0]?.replace('serving.link.', '');
const kinds = (slave: SlaveProbe) => said(slave).map(({ kind }) => kind);
const next = { epoch: NEXT_REIGN, incarnation: 'life-2' };

test('P5: connected, it says who it is, where it stands and what it holds, until answered', () => {
  const slave = newSlave().send({ type: 'recovered', found: records() });
  assert.equal(slave.states, ['serving.link.down', 'serving.copy.idle']);
  slave.send({ type: 'connected' });
  const [hello] = said(slave);
  assert.ok(hello?.kind === 'hello' && hello.position?.version === 3 && hello.prepared === null);
  assert.is(hello?.kind === 'hello' && hello.hello, 'a1.1');
  slave.elapse('HELLO_RETRY');
  assert.is(slave.context.facts.hello, 'a1.2');
  assert.is(linkOf(slave.send(from(welcome('a1.1')))), 'announcing');
  assert.is(linkOf(slave.send(from(welcome('a1.2')))), 'live');
});

test('P2: a hello is answered once; a late copy of its welcome is ignored', () => {
  const slave = liveSlave().send(from(announce(5, 4, { openRound: 'r5' })));
  slave.send(from(welcome('a1.1')));
  assert.equal(slave.context.facts.target, point(4));
  assert.is(slave.context.facts.openRound, 'r5');
  assert.is(slave.context.facts.ignored, 1);
});

test('P2: a welcome that newer words overtook does not set openRound and target back', () => {
  const slave = newSlave().send({ type: 'recovered', found: records() }, { type: 'connected' });
  slave.send(from(announce(5, 4, { openRound: 'r5' })), from(welcome('a1.1')));
  assert.is(linkOf(slave), 'live');
  assert.equal([slave.context.facts.target, slave.context.facts.openRound], [point(4), 'r5']);
});

test('P16: a new reign is durable before anything of it is acted on', () => {
  const slave = newSlave().send(
    { type: 'recovered', found: records({ lineage: null, position: null, incarnation: null }) },
    { type: 'connected' },
  );
  slave.send(from(welcome('a1.1')));
  assert.is(linkOf(slave), 'adopting');
  assert.equal(slave.names, ['persistReign']);
  slave.send({ type: 'reignPersisted', incarnation: 'an earlier one' });
  assert.is(linkOf(slave), 'adopting');
  slave.send({ type: 'reignPersisted', incarnation: 'master-life-1' });
  assert.is(linkOf(slave), 'live');
  assert.equal(slave.names, ['request']);
});

test('P2: a higher epoch leads to a new hello; a lower one is told of the later reign', () => {
  const slave = liveSlave().send(from(announce(1, 9), next));
  assert.is(linkOf(slave), 'announcing');
  assert.equal(kinds(slave), ['hello']);
  assert.equal(slave.context.facts.target, point(3));
  const later = slave.send(from(welcome('a1.2'), next), {
    type: 'reignPersisted',
    incarnation: 'life-2',
  });
  assert.is(linkOf(later), 'live');
  const [refused] = said(later.send(from(announce(99, 9))));
  assert.is(refused?.kind === 'refused' && refused.code, 'FENCED');
  assert.equal(later.context.facts.target, point(3));
});

test('P16: two incarnations of one reign: the first stays, both hosts are told', () => {
  const slave = liveSlave().send(from(announce(9, 9), { incarnation: 'twin' }));
  assert.equal(slave.names, ['transmit', 'report']);
  assert.equal(slave.context.facts.target, point(3));
});

test('P2: another lineage is refused, visibly; an order to adopt it is obeyed', () => {
  const slave = newSlave().send({ type: 'recovered', found: records() }, { type: 'connected' });
  slave.send(from(welcome('a1.1'), { lineage: 'other' }));
  assert.is(linkOf(slave), 'refused');
  assert.is(slave.effect<SlaveEffects['report']>('report').problem.code, 'PROTOCOL');
  slave.send({ type: 'adopt', lineage: 'other' });
  assert.is(linkOf(slave), 'announcing');
  slave.send(from(welcome('a1.2'), { lineage: 'other' }));
  assert.is(slave.context.facts.lineage, 'other');
  assert.equal(slave.context.facts.left, ['lineage']);
  slave.send({ type: 'reignPersisted', incarnation: 'master-life-1' });
  assert.equal(slave.effect<SlaveEffects['request']>('request').rebase, true);
  const stray = liveSlave().send(from(announce(9, 9), { lineage: 'other' }));
  assert.equal([linkOf(stray), stray.context.facts.ignored], ['live', 1]);
});

test('P22: adoption may be ordered before the other master answers', () => {
  const slave = liveSlave().send({ type: 'adopt', lineage: 'other' });
  assert.is(slave.context.facts.adopt, 'other');
  slave.send({ type: 'disconnected' }, { type: 'connected' });
  slave.send(from(welcome('a1.2'), { lineage: 'other' }));
  assert.is(slave.context.facts.lineage, 'other');
});

test('P2: the heir of a volatile lineage is adopted, the one that was left is not', () => {
  const slave = liveSlave({ volatile: true, left: ['old'] }, { volatile: true });
  slave.send({ type: 'disconnected' }, { type: 'connected' });
  slave.send(from(welcome('a1.2'), { lineage: 'old' }));
  assert.is(linkOf(slave), 'refused');
  slave
    .elapse('REFUSED_RETRY')
    .send(from(welcome('a1.3', { volatile: true }), { lineage: 'heir' }));
  assert.is(linkOf(slave), 'adopting');
  assert.equal(slave.context.facts.left, ['old', 'lineage']);
});

test('P2, L2: a later reign that answers where the copy no longer stands is asked again', () => {
  const slave = liveSlave().elapse('SILENCE');
  const asked = slave.context.facts.hello ?? '';
  slave.send(from(announce(2, 4, { links: [link(3, 4)] })));
  slave.send({ type: 'committed', position: at(4), firm: point(4), round: null });
  slave.send(from(welcome(asked, { relation: 'same' }), next));
  slave.send({ type: 'reignPersisted', incarnation: next.incarnation });
  assert.is(linkOf(slave), 'announcing');
  const again = said(slave).at(-1);
  assert.ok(again?.kind === 'hello' && again.position?.version === 4);
});

test('L3: hellos that nobody answers come ever later, and then the connection is given up', () => {
  const delay = slaveMachine.implementations.delays.HELLO_RETRY as unknown as (
    scope: Pick<SlaveProbe, 'context'>,
  ) => number;
  const slave = newSlave().send({ type: 'recovered', found: records() }, { type: 'connected' });
  const first = delay(slave);
  const waits: number[] = [];
  for (let hello = 1; hello <= 4; hello += 1) {
    assert.is(linkOf(slave), 'announcing', `hello ${hello}`);
    waits.push(delay(slave) / first);
    slave.elapse('HELLO_RETRY');
  }
  assert.equal(waits, [1, 2, 4, 8]);
  assert.equal([linkOf(slave), slave.names], ['down', ['hangUp']]);
  slave.send({ type: 'disconnected' }, { type: 'connected' });
  assert.equal([linkOf(slave), kinds(slave)], ['announcing', ['hello']]);
});

test('L3: hellos that a lost connection took along do not count against the next one', () => {
  const slave = newSlave().send({ type: 'recovered', found: records() }, { type: 'connected' });
  for (let flap = 0; flap < 5; flap += 1) {
    slave.send({ type: 'disconnected' }, { type: 'connected' });
  }
  assert.is(slave.context.facts.unanswered, 1);
  slave.elapse('HELLO_RETRY');
  assert.is(linkOf(slave), 'announcing');
});

test('P2, L2: increments that hold before one fails are a move as well', () => {
  const slave = liveSlave().elapse('SILENCE');
  const asked = slave.context.facts.hello ?? '';
  slave.send(from(announce(2, 5, { links: [link(3, 4), link(4, 5)] })));
  slave.send(from(welcome(asked, { relation: 'same' }), next));
  slave.send({ type: 'reignPersisted', incarnation: next.incarnation });
  const problem = { code: 'VETOED', reason: 'x' };
  slave.send({ type: 'commitFailed', problem, moved: { position: at(4), firm: point(4) } });
  assert.is(linkOf(slave), 'announcing');
  const again = said(slave).at(-1);
  assert.ok(again?.kind === 'hello' && again.position?.version === 4);
});

test('P2, L2: told to reset where it no longer stands, it asks where it stands instead', () => {
  const slave = liveSlave().elapse('SILENCE');
  const asked = slave.context.facts.hello ?? '';
  slave.send(from(announce(2, 4, { links: [link(3, 4)] })));
  slave.send({ type: 'committed', position: at(4), firm: point(4), round: null });
  slave.send(from(welcome(asked, { sequence: 3, position: point(4), relation: 'ahead' })));
  assert.equal([linkOf(slave), slave.context.facts.standing], ['announcing', 'following']);
});

test('P2: an older prepare is taken only if its round is open', () => {
  const slave = liveSlave().send(from(announce(5, 3, { openRound: 'r4' })));
  slave.send(from(announce(4, 9)));
  assert.equal(slave.context.facts.target, point(3));
  assert.is(slave.context.facts.ignored, 1);
  slave.send(from(prepare(3, { round: 'other' })));
  assert.is(slave.context.facts.offer, null);
  slave.send(from(prepare(3)));
  assert.is(slave.context.facts.offer?.round, 'r4');
});

test('P6: silence makes it stale and asking; the first word makes it live', () => {
  const slave = liveSlave();
  assert.is(linkOf(slave.elapse('SILENCE')), 'stale');
  assert.equal(kinds(slave), ['hello']);
  assert.equal(kinds(slave.elapse('HELLO_RETRY')), ['hello']);
  assert.is(linkOf(slave.send(from(announce(5, 3)))), 'live');
  slave.send(from(announce(6, 3)));
  assert.is(linkOf(slave.elapse('SILENCE')), 'live');
});

test('P16: a welcome heard in silence still makes its reign durable first', () => {
  const slave = liveSlave().elapse('SILENCE');
  slave.send(from(welcome('a1.2'), next));
  assert.is(linkOf(slave), 'adopting');
  assert.equal(slave.names, ['persistReign']);
});

test('P22: refused by its master, it says why and tries again later', () => {
  const slave = newSlave().send({ type: 'recovered', found: records() }, { type: 'connected' });
  const refused = (hello: string | null) =>
    from({ kind: 'refused', code: 'DUPLICATE_ID', message: 'taken', hello });
  assert.is(linkOf(slave.send(refused('a1.0'))), 'announcing');
  assert.is(linkOf(slave.send(refused('a1.1'))), 'refused');
  assert.equal(slave.effect<SlaveEffects['report']>('report').problem, {
    code: 'DUPLICATE_ID',
    reason: 'taken',
  });
  assert.is(linkOf(slave.elapse('REFUSED_RETRY')), 'announcing');
  assert.is(linkOf(liveSlave().send(refused(null))), 'refused');
});

test('P16: a failing store or a stop end it; the copy is not touched', () => {
  const slave = liveSlave().send({ type: 'storeFailed', problem: { code: 'X', reason: 'EIO' } });
  assert.equal(slave.states, ['failed']);
  assert.equal(slave.send(from(announce(9, 9))).names, []);
  assert.equal(slave.context.facts.epoch, REIGN);
  assert.equal(slave.send({ type: 'stop' }).states, ['stopped']);
});

test.run();
