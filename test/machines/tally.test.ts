/** Vote arithmetic and the choice of participants: plain functions, tried on all small inputs. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Candidate,
  chooseParticipants,
  countVotes,
  firstNo,
  isUnanimous,
  missingVotes,
  type ParticipantPolicy,
  voidVote,
  voteBy,
} from '../../machines/index.js';
import { no, yes } from '../support/scenes.js';

const test = suite('votes and participants');
const SLAVES = ['a', 'b', 'c'];

test('P9: only a yes of every participant is unanimous', () => {
  const some = fc.subarray(SLAVES);
  const seed = Number(process.env.SEED ?? 1);
  fc.assert(
    fc.property(some, some, some, (participants, agreeing, refusing) => {
      const votes = countVotes({}, participants, [
        ...agreeing.map((slave) => yes(slave)),
        ...refusing.map((slave) => ({ ...no(slave), incarnation: 'other' })),
      ]);
      const agreed = participants.filter(
        (slave) => agreeing.includes(slave) && !refusing.includes(slave),
      );
      assert.is(isUnanimous(votes, participants), agreed.length === participants.length);
      assert.equal(
        missingVotes(votes, participants),
        participants.filter((slave) => !agreed.includes(slave)),
      );
      assert.is(
        firstNo(votes, participants)?.slave,
        participants.find((slave) => refusing.includes(slave)),
      );
    }),
    { seed, numRuns: 500 },
  );
});

test('P13: a slave that is not named does not count, nor does a second thought of one life', () => {
  assert.equal(countVotes({}, ['a'], [yes('b')]), {});
  const first = countVotes({}, ['a'], [yes('a')]);
  assert.equal(countVotes(first, ['a'], [no('a')]), first);
});

test('P13: another life may answer anew, but a no stays a no', () => {
  const refused = countVotes({}, ['a'], [no('a')]);
  assert.equal(countVotes(refused, ['a'], [yes('a', 'r4', 'a2')]), refused);
  const agreed = countVotes({}, ['a'], [yes('a')]);
  const again = { ...no('a'), incarnation: 'a2' };
  assert.is(countVotes(agreed, ['a'], [again]).a?.answer, 'no');
});

/** Names that every object has, or that an assignment takes for something else. */
const NAMES_OF_OBJECTS = ['__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty'];

test('P9, P13: slaves may be called as what every object has: nothing is lost or misread', () => {
  const slaves = fc.shuffledSubarray([...NAMES_OF_OBJECTS, 'a', '1']);
  const seed = Number(process.env.SEED ?? 1);
  fc.assert(
    fc.property(slaves, fc.nat(7), (participants, cut) => {
      const [early, late] = [participants.slice(0, cut), participants.slice(cut)];
      assert.equal(missingVotes({}, participants), participants);
      assert.is(isUnanimous({}, participants), participants.length === 0);
      const first = countVotes(
        {},
        participants,
        early.map((slave) => yes(slave)),
      );
      assert.equal(missingVotes(first, participants), late);
      const all = countVotes(
        first,
        participants,
        late.map((slave) => no(slave)),
      );
      assert.equal(Object.keys(all).sort(), [...participants].sort());
      for (const slave of participants) {
        assert.is(voteBy(all, slave)?.slave, slave);
        assert.is(voteBy(all, slave)?.answer, early.includes(slave) ? 'yes' : 'no');
        assert.is(voteBy(voidVote(all, slave), slave), undefined);
      }
      assert.is(firstNo(all, participants)?.slave, late[0]);
      assert.equal(missingVotes(JSON.parse(JSON.stringify(all)), participants), late);
    }),
    { seed, numRuns: 500 },
  );
});

test('P13: a voided yes is missing again and may be given again', () => {
  const voided = voidVote(countVotes({}, ['a', 'b'], [yes('a'), yes('b')]), 'a');
  assert.equal(missingVotes(voided, ['a', 'b']), ['a']);
  assert.ok(isUnanimous(countVotes(voided, ['a', 'b'], [yes('a')]), ['a', 'b']));
});

const candidate = (slave: string, changes: Partial<Candidate> = {}): Candidate => ({
  slave,
  connected: true,
  lag: 0,
  failures: 0,
  matches: true,
  ...changes,
});

const POLICY: ParticipantPolicy = {
  among: 'connected',
  maxLag: 2,
  unreachable: 'abort',
  failuresMax: 3,
  quorum: null,
  atLeast: 0,
};

const chosen = (policy: Partial<ParticipantPolicy>, candidates: readonly Candidate[]) =>
  chooseParticipants({ ...POLICY, ...policy }, candidates);

test('P14: `connected` takes those that are live and near enough', () => {
  const candidates = [
    candidate('c', { lag: 2 }),
    candidate('b', { lag: 3 }),
    candidate('a'),
    candidate('d', { connected: false }),
  ];
  assert.equal(chosen({}, candidates), { participants: ['a', 'c'], obstacle: null });
});

test('P14: `known` waits for the unreachable, leaves it out now, or after k failures', () => {
  const away = [candidate('a'), candidate('b', { connected: false, failures: 3 })];
  const known = { among: 'known' as const };
  assert.equal(chosen(known, away).participants, ['a', 'b']);
  assert.equal(chosen({ ...known, unreachable: 'defer' }, away).participants, ['a']);
  assert.equal(chosen({ ...known, unreachable: 'exclude' }, away).participants, ['a']);
  const fewer = { ...known, unreachable: 'exclude' as const, failuresMax: 4 };
  assert.equal(chosen(fewer, away).participants, ['a', 'b']);
});

test('P14: `matching` takes whom the host chose', () => {
  const candidates = [candidate('a', { matches: false }), candidate('b')];
  assert.equal(chosen({ among: 'matching' }, candidates).participants, ['b']);
});

test('P14: a quorum fixes the number, the nearest first; too few is an obstacle', () => {
  const candidates = [candidate('a', { lag: 2 }), candidate('b', { lag: 1 }), candidate('c')];
  assert.equal(chosen({ quorum: 2 }, candidates).participants, ['b', 'c']);
  assert.match(String(chosen({ quorum: 4 }, candidates).obstacle), /4 slaves .* 3 can/);
  assert.match(String(chosen({ atLeast: 1 }, []).obstacle), /1 slaves .* 0 can/);
  assert.is(chosen({ atLeast: 3 }, candidates).obstacle, null);
});

test.run();
