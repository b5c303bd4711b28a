/** A start of a master: what it does before any message leaves. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { found, newMaster, point, roundOf, servingMaster } from '../support/scenes.js';

const test = suite('master: recovery');
const redo = roundOf(1, 2);
const closed = {
  round: 'r2',
  outcome: 'committed' as const,
  to: point(2),
  reason: '',
  waiting: ['a', 'b'],
};

test('P16: the reign is durable before anything else happens', () => {
  const master = newMaster();
  assert.equal(master.names, ['recover']);
  master.send({ type: 'recovered', found: found() });
  assert.equal(master.names, ['persistReign']);
  assert.equal(master.states, ['recovering.reigning']);
  master.send({ type: 'reignPersisted' });
  assert.equal(master.states, ['serving.round.idle', 'serving.heartbeat.quiet']);
  assert.equal(master.names, []);
});

test('P9: a decision found on disk is redone before any message leaves, until it holds', () => {
  const master = newMaster().send({ type: 'recovered', found: found({ redo, closed: [closed] }) });
  master.send({ type: 'reignPersisted' });
  assert.equal(master.names, ['commitOriginal']);
  assert.is(master.effect<{ decided: boolean }>('commitOriginal').decided, true);
  master.send({ type: 'originalFailed', id: 'r2', problem: { code: 'X', reason: 'disk' } });
  assert.equal(master.states, ['recovering.redoing.waiting']);
  assert.equal(master.names, ['report']);
  assert.equal(master.elapse('COMMIT_RETRY').names, ['commitOriginal']);
  master.send({ type: 'originalCommitted', id: 'another' });
  assert.equal(master.states, ['recovering.redoing.applying']);
  master.send({ type: 'originalCommitted', id: 'r2' });
  assert.equal(master.context.position, point(2));
  assert.is(master.context.redo, null);
  assert.equal(master.names, []);
});

test('P10: what was decided before the crash is repeated after it', () => {
  const master = newMaster().send(
    { type: 'recovered', found: found({ redo, closed: [closed] }) },
    { type: 'reignPersisted' },
    { type: 'originalCommitted', id: 'r2' },
  );
  const { sends } = master.elapse('HEARTBEAT').effect<{ sends: readonly object[] }>('multicast');
  assert.is(sends.length, 2);
  assert.equal(
    sends.map((send) => (send as { message: { kind: string } }).message.kind),
    ['announce', 'commit'],
  );
});

test('P7: all numbers reserved before the crash are burnt', () => {
  const master = newMaster().send(
    { type: 'recovered', found: found({ reserved: 50 }) },
    { type: 'reignPersisted' },
  );
  assert.is(master.context.issued, 50);
});

test('P16: a failing store or a stop end every state, reported once', () => {
  const problem = { code: 'STORE_FAILED', reason: 'EIO' };
  const master = newMaster().send({ type: 'storeFailed', problem });
  assert.equal(master.states, ['halted']);
  assert.equal(master.effect<{ problem: object }>('report').problem, problem);
  assert.equal(servingMaster().send({ type: 'stop' }).states, ['stopped']);
});

test.run();
