/** What became of a round: the table of P10, P11 and P20, row by row; and points and epochs. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  compareEpochs,
  impliedVerdict,
  ORIGIN,
  type OutcomeGrounds,
  outcomeOf,
  pointOf,
  relate,
} from '../../machines/index.js';
import { at, MASTER, NEXT_REIGN, point, promise, REIGN } from '../support/scenes.js';

const test = suite('points and outcomes');

const GROUNDS: OutcomeGrounds = {
  position: point(3),
  digestAtTo: undefined,
  closed: undefined,
  openRound: null,
  openTo: null,
  reigns: [{ epoch: REIGN, incarnation: MASTER }],
  reserved: 10,
  term: REIGN.term,
  shownBehind: false,
};
const asked = (changes: Partial<OutcomeGrounds>) => outcomeOf({ ...GROUNDS, ...changes }, promise);

test('P11: the open round is pending, whatever else is known', () => {
  assert.is(asked({ openRound: 'r4' }), 'pending');
  assert.is(asked({ openRound: 'r4', position: point(4) }), 'pending');
});

test('P20: a kept record answers for its round', () => {
  assert.is(asked({ closed: 'committed' }), 'committed');
  assert.is(asked({ closed: 'aborted', position: point(9) }), 'aborted');
});

test('P20: a master at or past `to` answers committed or superseded, never aborted', () => {
  assert.is(asked({ position: point(4) }), 'committed');
  assert.is(asked({ position: point(4, 'other') }), 'superseded');
  assert.is(asked({ position: point(6), digestAtTo: 'd4' }), 'committed');
  assert.is(asked({ position: point(6), digestAtTo: 'other' }), 'superseded');
  assert.is(asked({ position: point(6) }), 'superseded');
});

test('P11: abort is presumed only by a log that covers the round', () => {
  assert.is(asked({}), 'aborted');
  assert.is(asked({ reigns: [] }), 'unknown');
  assert.is(asked({ reigns: [{ epoch: NEXT_REIGN, incarnation: MASTER }] }), 'unknown');
  assert.is(asked({ reigns: [{ epoch: REIGN, incarnation: 'another' }] }), 'unknown');
  assert.is(asked({ reserved: 3 }), 'unknown');
  assert.is(asked({ shownBehind: true }), 'unknown');
  assert.is(asked({ term: REIGN.term + 1 }), 'unknown', 'not across a takeover');
});

const LIFE = { epoch: REIGN, incarnation: MASTER };
const stamp = (version: number, sequence: number, openRound: string | null = null) => ({
  position: point(version),
  sequence,
  openRound,
});

test('P10: position at `to` with the promised digest means committed', () => {
  assert.is(impliedVerdict(promise, stamp(4, 1), LIFE), 'committed');
  assert.is(
    impliedVerdict(promise, stamp(4, 1), { epoch: NEXT_REIGN, incarnation: 'x' }),
    'committed',
  );
});

test('P10: same life, later, below `to`, round not open means aborted, nothing less does', () => {
  assert.is(impliedVerdict(promise, stamp(3, 3), LIFE), 'aborted');
  assert.is(impliedVerdict(promise, stamp(3, 3, 'r9'), LIFE), 'aborted');
  assert.is(impliedVerdict(promise, stamp(3, 3, 'r4'), LIFE), null);
  assert.is(impliedVerdict(promise, stamp(3, 2), LIFE), null);
  assert.is(impliedVerdict(promise, stamp(3, 1), LIFE), null);
  assert.is(impliedVerdict(promise, stamp(3, 9), { ...LIFE, incarnation: 'x' }), null);
});

test('P10: past `to`, or another digest at it under a later reign, means superseded', () => {
  const later = { epoch: NEXT_REIGN, incarnation: 'x' };
  const forked = { position: point(4, 'other'), sequence: 9, openRound: null };
  assert.is(impliedVerdict(promise, stamp(5, 1), LIFE), 'superseded');
  assert.is(impliedVerdict(promise, forked, later), 'superseded');
  assert.is(impliedVerdict(promise, forked, LIFE), null);
});

test('P2: a term outweighs starts; epochs of one term compare by start', () => {
  assert.ok(compareEpochs({ term: 1, start: 0 }, { term: 0, start: 9 }) > 0);
  assert.ok(compareEpochs(REIGN, NEXT_REIGN) < 0);
  assert.is(compareEpochs(REIGN, { ...REIGN }), 0);
});

test('P3: a point is related to a history by version and digest', () => {
  const digestAt = (version: number) => (version >= 3 ? `d${version}` : undefined);
  const related = (version: number, digest?: string) =>
    relate(point(version, digest), point(5), digestAt);
  assert.is(related(5), 'same');
  assert.is(related(5, 'other'), 'fork');
  assert.is(related(4), 'behind');
  assert.is(related(4, 'other'), 'fork');
  assert.is(related(2), 'unknown');
  assert.is(related(6), 'ahead');
  const passedOver = (version: number) => (version === 4 ? '' : digestAt(version));
  assert.is(relate(point(4), point(5), passedOver), 'fork');
  assert.is(related(0), 'behind');
  assert.is(relate(ORIGIN, ORIGIN, digestAt), 'same');
  assert.equal(pointOf(null), ORIGIN);
  assert.equal(pointOf(at(3)), point(3));
});

test.run();
