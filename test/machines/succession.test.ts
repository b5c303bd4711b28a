/**
 * Who may lead, and what became of a round (reliability 2.4; P9, P11, P16). The rules are held
 * against every world that can be: whatever the nodes hold, and whoever of them answers.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { reignsThatBound } from '../../machines/outcome.js';
import type { Position } from '../../machines/protocol.js';
import {
  comparePlaces,
  fateOf,
  type HeldRound,
  isForkedFrom,
  judge,
  majorityOf,
  type NodeStanding,
  openRoundOf,
  reignsOnRecord,
} from '../../machines/succession.js';

const test = suite('succession');

const EPOCH = { term: 3, start: 1 };
const FROM = { version: 8, digest: 'eight' };
const TO = { version: 9, digest: 'nine' };

function at(point: { version: number; digest: string }, term = 3): Position {
  return { lineage: 'L', epoch: { term, start: 1 }, ...point };
}

function roundOf(participants: readonly string[], isDecided = false): HeldRound {
  const round = { round: 'r', from: FROM, to: TO, epoch: EPOCH, incarnation: 'M', sequence: 4 };
  return { ...round, participants, ...(isDecided ? { isDecided } : {}) };
}

function standing(node: string, more: Partial<NodeStanding> = {}): NodeStanding {
  return {
    node,
    term: 7,
    candidate: 'b',
    lineage: 'L',
    position: at(FROM),
    held: null,
    reigned: [],
    ...more,
  };
}

/** What one participant can be in: it said yes or not, and heard of the end or not. */
type Part = 'unasked' | 'prepared' | 'committed' | 'dropped';
/** What the master can be in: its decision on disk, its change made, or neither. */
type Head = 'undecided' | 'decided' | 'made';

interface World {
  readonly head: Head;
  readonly parts: Readonly<Record<string, Part>>;
}

const PARTS: readonly Part[] = ['unasked', 'prepared', 'committed', 'dropped'];

/** S2 and S4: a decision needs everybody's yes; only what was decided is committed anywhere. */
function isPossible({ head, parts }: World): boolean {
  const all = Object.values(parts);
  if (head === 'undecided') return !all.includes('committed');
  return all.every((part) => part === 'prepared' || part === 'committed');
}

function worldsOf(participants: readonly string[]): World[] {
  let parts: Array<Record<string, Part>> = [{}];
  for (const id of participants) {
    parts = parts.flatMap((known) => PARTS.map((part) => ({ ...known, [id]: part })));
  }
  const heads: readonly Head[] = ['undecided', 'decided', 'made'];
  return heads.flatMap((head) => parts.map((each) => ({ head, parts: each }))).filter(isPossible);
}

function answerOf(node: string, world: World, participants: readonly string[]): NodeStanding {
  if (node === 'M') {
    const reigned = [{ epoch: EPOCH, incarnation: 'M' }];
    if (world.head === 'made') return standing(node, { position: at(TO), reigned });
    const held = world.head === 'decided' ? roundOf(participants, true) : null;
    return standing(node, { held, reigned });
  }
  const part = world.parts[node];
  if (part === 'committed') return standing(node, { position: at(TO) });
  return standing(node, { held: part === 'prepared' ? roundOf(participants) : null });
}

function subsets<T>(all: readonly T[]): T[][] {
  return Array.from({ length: 2 ** all.length }, (_, bits) =>
    all.filter((_each, index) => (bits >> index) % 2 === 1),
  );
}

/** Both ways: nothing is decided that some world contradicts, and nothing waits without need. */
function checkAllWorlds(others: readonly string[]): number {
  const nodes = ['M', ...others];
  const majority = majorityOf(nodes.length);
  let conferences = 0;
  for (const participants of subsets(others).filter((set) => set.length >= majority - 1)) {
    for (const reachable of subsets(nodes).filter((set) => set.length >= majority)) {
      const outcomes = new Map<string, { answers: NodeStanding[]; decided: Set<boolean> }>();
      for (const world of worldsOf(participants)) {
        const answers = reachable.map((node) => answerOf(node, world, participants));
        if (openRoundOf(answers) === null) continue;
        const key = JSON.stringify(answers);
        const known = outcomes.get(key) ?? { answers, decided: new Set() };
        known.decided.add(world.head !== 'undecided');
        outcomes.set(key, known);
      }
      for (const [key, { answers, decided }] of outcomes) {
        conferences += 1;
        const fate = fateOf(openRoundOf(answers) as HeldRound, answers);
        const proven = decided.size > 1 ? 'wait' : decided.has(true) ? 'committed' : 'aborted';
        assert.is(fate, proven, key);
      }
    }
  }
  return conferences;
}

test('P11: in every world of three nodes the fate of a round is what the answers prove', () => {
  assert.ok(checkAllWorlds(['b', 'c']) > 10);
});

test('P11: in every world of five nodes the fate of a round is what the answers prove', () => {
  assert.ok(checkAllWorlds(['b', 'c', 'd', 'e']) > 500);
});

test('a round that history went past is superseded, whatever is held of it', () => {
  const held = roundOf(['b', 'c']);
  const past = standing('c', { position: at({ version: 10, digest: 'ten' }) });
  assert.is(fateOf(held, [standing('b', { held }), past]), 'superseded');
  const later = standing('c', { position: at(FROM, 4) });
  assert.is(fateOf(held, [standing('b', { held }), later]), 'superseded');
});

test('P11: a fork of an earlier term with a higher number neither ends a round nor leads', () => {
  const held = roundOf(['b']);
  const prepared = standing('b', { held, position: at(FROM, 2) });
  // Made by the master of term 1, confirmed by nobody; the master of term 3 began below it.
  const fork = standing('a', { position: at({ version: 12, digest: 'fork' }, 2) });
  assert.is(fateOf(held, [prepared, fork]), 'wait');
  assert.is(judged([prepared, fork]).verdict, 'doubt');
  const candidate = judged(
    [fork, prepared].map((each) => ({ ...each, candidate: 'a' })),
    {
      self: 'a',
    },
  );
  assert.equal(candidate, { verdict: 'yield', to: 'b' });
});

test('a participant that lost its disk proves nothing: it may have said yes', () => {
  const held = roundOf(['b', 'c']);
  const empty = standing('c', { position: null, lineage: null });
  assert.is(fateOf(held, [standing('b', { held }), empty]), 'wait');
});

test('of two held rounds the later one counts: it closed the other', () => {
  const early = roundOf(['b', 'c']);
  const late = { ...early, round: 's', to: { version: 11, digest: 'eleven' } };
  const answers = [standing('b', { held: early }), standing('c', { held: late })];
  assert.is(openRoundOf(answers)?.round, 's');
});

function judged(answers: readonly NodeStanding[], more: object = {}) {
  return judge({ self: 'b', term: 7, members: 3, answers, forced: null, ...more });
}

test('P16: a later term, or the same one promised to another, outranks a candidate', () => {
  assert.equal(judged([standing('b'), standing('c', { term: 9 })]), {
    verdict: 'outranked',
    term: 9,
  });
  const other = standing('c', { candidate: 'a' });
  assert.is(judged([standing('b'), other]).verdict, 'outranked');
  const followed = standing('c', { candidate: null });
  assert.is(judged([standing('b'), followed]).verdict, 'outranked');
});

test('P16: what was answered to an earlier term is no promise of this one', () => {
  const early = standing('c', { term: 6, position: at({ version: 99, digest: 'late' }) });
  assert.is(judged([standing('b'), early]).verdict, 'short');
});

test('a minority, or a majority of strangers, makes no leader', () => {
  assert.is(judged([standing('b')]).verdict, 'short');
  const stranger = standing('c', { lineage: 'X', position: null });
  assert.is(judged([standing('b'), stranger]).verdict, 'short');
  assert.is(judged([standing('c'), standing('a')]).verdict, 'short');
});

test('without any data the first leader needs everybody: who is missing may hold it all', () => {
  const empty = (node: string) => standing(node, { position: null, lineage: null });
  assert.is(judged([empty('b'), empty('c')]).verdict, 'short');
  assert.is(judged([empty('a'), empty('b'), empty('c')]).verdict, 'lead');
});

test('who holds more leads: by term first, by number then', () => {
  const newer = standing('c', { position: at({ version: 9, digest: 'x' }) });
  assert.equal(judged([standing('b'), newer]), { verdict: 'yield', to: 'c' });
  assert.ok(comparePlaces(at({ version: 3, digest: 'x' }, 4), at(FROM)) > 0);
  assert.ok(comparePlaces(null, at(FROM)) < 0);
  assert.is(comparePlaces(null, null), 0);
  assert.is(judged([standing('b'), standing('c', { position: null })]).verdict, 'lead');
});

test('a round in doubt waits; the operator’s word holds only there (P22)', () => {
  const held = roundOf(['b', 'c']);
  const both = [standing('b', { held }), standing('c', { held })];
  assert.is(judged(both).verdict, 'doubt');
  const forced = { round: 'r', outcome: 'committed' } as const;
  const word = judged(both, { forced });
  assert.ok(word.verdict === 'lead' && word.isForced && word.fate === 'committed');
  const denied = [...both, standing('a', { reigned: [{ epoch: EPOCH, incarnation: 'M' }] })];
  const proven = judged(denied, { forced });
  assert.ok(proven.verdict === 'lead' && !proven.isForced && proven.fate === 'aborted');
  const wrong = judged(both, { forced: { round: 'other', outcome: 'aborted' } });
  assert.is(wrong.verdict, 'doubt');
});

test('who does not hold the decided change leaves the lead to one that does', () => {
  const held = roundOf(['c'], true);
  assert.equal(judged([standing('b'), standing('c', { held })]), { verdict: 'yield', to: 'c' });
});

test('P16: a place beyond the start of a later term is a fork, however long ago', () => {
  const successions = [{ term: 4, version: 7 }];
  assert.ok(isForkedFrom(at(FROM), successions));
  assert.not.ok(isForkedFrom(at({ version: 7, digest: 'x' }), successions));
  assert.not.ok(isForkedFrom(at(FROM, 4), successions));
  assert.not.ok(isForkedFrom(null, successions));
});

/** Terms 2 and 5 were this node's, with histories that went on from versions 4 and 7. */
const OWN = [
  { epoch: { term: 2, start: 1 }, incarnation: 'x', base: { version: 4, digest: 'd4' } },
  { epoch: { term: 5, start: 1 }, incarnation: 'y', base: { version: 7, digest: 'd7' } },
];
const bases = (reigns: readonly { readonly base?: { readonly version: number } }[]) =>
  reigns.map(({ base }) => base?.version);

test('P16: a history that went past an own term with older changes is not bounded by it', () => {
  assert.equal(bases(reignsThatBound(OWN, at({ version: 8, digest: 'd8' }, 4))), [4, undefined]);
  assert.equal(bases(reignsThatBound(OWN, at({ version: 8, digest: 'd8' }, 5))), [4, 7]);
  assert.equal(bases(reignsThatBound(OWN, at({ version: 7, digest: 'd7' }, 3))), [4, 7]);
  assert.equal(bases(reignsThatBound(OWN, null)), [4, 7]);
});

test('P16: nor by one that the record of the lease left out; a shorter record proves nothing', () => {
  const record = (...terms: readonly number[]) => terms.map((term) => ({ term, version: 9 }));
  assert.equal(bases(reignsOnRecord(OWN, record(1, 2, 6))), [4, undefined]);
  assert.equal(bases(reignsOnRecord(OWN, record(1, 5, 6))), [undefined, 7]);
  assert.equal(bases(reignsOnRecord(OWN, record(6))), [4, 7]);
  assert.equal(bases(reignsOnRecord(OWN, record(1, 2))), [4, 7]);
  assert.equal(bases(reignsOnRecord(OWN, [])), [4, 7]);
  assert.equal(
    reignsOnRecord(OWN, record(1, 2, 6)).map(({ incarnation }) => incarnation),
    ['x', 'y'],
  );
});

test.run();
