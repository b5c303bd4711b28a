/** One-phase groups: reserve, commit, announce. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { MasterEffects, MasterEvent, Settlement } from '../../machines/master-context.js';
import {
  announced,
  found,
  group,
  newMaster,
  point,
  roundOf,
  servingMaster,
} from '../support/scenes.js';

const test = suite('master: one-phase');
type Sent = MasterEffects['multicast'];
const settlementOf = (params: MasterEffects['settle']): Settlement => params.settlement;

const fresh = () =>
  newMaster().send({ type: 'recovered', found: found() }, { type: 'reignPersisted' });

test('P7: a number is durably reserved before it is used, in blocks', () => {
  const master = fresh().send({ type: 'announceGroup', group: group(1, 2) });
  assert.equal(master.effect('reserve'), { upTo: 1026 });
  assert.equal(master.names, ['reserve']);
  master.send({ type: 'reserved', upTo: 1026 });
  assert.equal(master.names, ['commitOriginal']);
  master.send({ type: 'originalCommitted', id: 'g2' });
  master.send({ type: 'announceGroup', group: group(2, 3) });
  assert.equal(master.names, ['commitOriginal']);
});

test('P7: a number shown by a slave while it is being reserved is not used', () => {
  for (const start of [
    { type: 'announceGroup' as const, group: group(1, 2) },
    { type: 'proposeGroup' as const, group: roundOf(1, 2) },
  ]) {
    const master = fresh().send(
      start,
      { type: 'versionShown', version: 2, ahead: true },
      { type: 'reserved', upTo: 1026 },
    );
    assert.equal(master.states[0], 'serving.round.idle');
    assert.is(settlementOf(master.effect('settle')).state, 'failed');
    assert.is(master.context.issued, 2);
    assert.ok(master.context.shownBehind);
  }
});

test('P7: a group built on a past state or with a burnt number fails at once, not silently', () => {
  const stale = [group(2, 9), group(3, 3), { ...group(3, 9), from: point(3, 'other') }];
  for (const each of stale) {
    const events: readonly MasterEvent[] = [
      { type: 'announceGroup', group: each },
      { type: 'proposeGroup', group: { ...each, participants: [], voteMs: 1 } },
    ];
    for (const event of events) {
      const master = servingMaster().send(event);
      assert.is(settlementOf(master.effect('settle')).state, 'failed');
      assert.equal(master.states[0], 'serving.round.idle');
    }
  }
});

test('P1: the position is announced only after the original holds it, with its delta', () => {
  const master = servingMaster().send({ type: 'announceGroup', group: group(3, 4) });
  assert.equal(master.context.position, point(3));
  assert.equal(master.states[0], 'serving.round.announcing');
  master.send({ type: 'originalCommitted', id: 'another' });
  assert.equal(master.states[0], 'serving.round.announcing');
  master.send({ type: 'originalCommitted', id: 'g4' });
  assert.equal(master.names, ['multicast', 'settle']);
  const [send] = master.effect<Sent>('multicast').sends;
  assert.is(send?.message.kind, 'announce');
  assert.equal(send?.message.position, point(4));
  const links = send?.message.kind === 'announce' ? send.message.links : [];
  assert.equal(
    links.map(({ to, payload }) => [to.version, payload?.checksum]),
    [
      [2, undefined],
      [3, undefined],
      [4, 'g4'],
    ],
  );
  assert.equal(settlementOf(master.effect('settle')), { state: 'committed', version: 4 });
});

test('P1: what is repeated is the last few increments, bare', () => {
  const master = servingMaster();
  for (let version = 3; version < 9; version += 1) master.send(...announced(version, version + 1));
  const { sends } = master.elapse('HEARTBEAT').effect<Sent>('multicast');
  assert.is(sends.length, 1);
  const message = sends[0]?.message;
  assert.ok(message?.kind === 'announce' && message.reply && message.links.length === 4);
  assert.ok(message?.kind === 'announce' && message.links.every((each) => !('payload' in each)));
});

test('P19: firm follows only what is promised on disk', () => {
  const master = servingMaster().send(
    { type: 'announceGroup', group: { ...group(3, 4), durability: 'os' } },
    { type: 'originalCommitted', id: 'g4' },
  );
  assert.equal([master.context.position, master.context.firm], [point(4), point(3)]);
  master.send(...announced(4, 5));
  assert.equal(master.context.firm, point(5));
});

test('P21: a user layer that refuses its own change fails the caller and nothing else', () => {
  const problem = { code: 'INVALID', reason: 'no' };
  const master = servingMaster().send(
    { type: 'announceGroup', group: group(3, 4) },
    { type: 'originalFailed', id: 'g4', problem },
  );
  assert.equal(settlementOf(master.effect('settle')), { state: 'failed', problem });
  assert.equal(master.context.position, point(3));
  assert.is(master.context.issued, 4);
  assert.is(master.context.group, null);
});

test.run();
