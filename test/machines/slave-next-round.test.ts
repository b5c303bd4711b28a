/** P8: a slave is asked for the next round before the last one is part of its copy. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { SlaveEvent } from '../../machines/slave-context.js';
import {
  announce,
  at,
  commit,
  copyOf,
  from,
  point,
  prepare,
  preparedSlave,
  said,
  vote,
  welcome,
} from '../support/scenes.js';

const test = suite('slave: the next round');
const done = { type: 'committed', position: at(4), firm: point(4), round: 'r4' } as const;

test('P8: asked again while the last round is committed, it votes once that holds', () => {
  const next = {
    round: 'r5',
    openRound: 'r5',
    from: point(4),
    to: point(5),
    position: point(4),
  };
  const slave = preparedSlave().send(from(prepare(3, next)), from(prepare(4, next)));
  assert.equal([copyOf(slave), vote(slave)], ['committing', undefined]);
  slave.send(done, { type: 'canPrepare', round: 'r5' }, { type: 'promised', round: 'r5' });
  assert.equal([vote(slave)?.round, vote(slave)?.answer], ['r5', 'yes']);
});

test('P8: while the last round cannot be committed, the next one is refused at once', () => {
  const problem = { code: 'STORE_BUSY', reason: 'x' };
  const failed: SlaveEvent = { type: 'commitFailed', problem, moved: null };
  const next = { round: 'r5', openRound: 'r5', from: point(4), to: point(5), position: point(4) };
  const slave = preparedSlave().send(from(commit(3)), failed);
  slave.send(from(prepare(4, next)), from(prepare(5, next)));
  assert.equal([vote(slave)?.round, vote(slave)?.answer], ['r5', 'no']);
});

test('P8: a stray master meanwhile is no reason for a no to the next round', () => {
  const next = { round: 'r5', openRound: 'r5', from: point(4), to: point(5), position: point(4) };
  const stray = from(announce(7, 4), { incarnation: 'another' });
  const slave = preparedSlave().send(stray, from(prepare(3, next)));
  slave.send(from(prepare(4, next)));
  assert.equal([copyOf(slave), said(slave)], ['committing', []]);
});

test('P8: connected anew while the last round cannot be committed, it refuses the next one still', () => {
  const problem = { code: 'STORE_BUSY', reason: 'x' };
  const failed: SlaveEvent = { type: 'commitFailed', problem, moved: null };
  const next = { round: 'r5', openRound: 'r5', from: point(4), to: point(5), position: point(4) };
  const slave = preparedSlave().send(from(commit(3)), failed);
  slave.send({ type: 'disconnected' }, { type: 'connected' });
  const { hello } = slave.context.facts;
  slave.send(from(welcome(hello ?? '', { position: point(4), sequence: 4 })));
  slave.send(from(prepare(5, next)), from(prepare(6, next)));
  assert.equal([vote(slave)?.round, vote(slave)?.answer], ['r5', 'no']);
});

test.run();
