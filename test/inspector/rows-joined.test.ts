/** Rows of several masters, several items, several runs of one node: what belongs to what. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { NodeRow } from '../../lib/inspector/rows/node-row.js';
import { nodeRows } from '../../lib/inspector/rows/node-rows.js';
import type { NodeSight } from '../../lib/inspector/rows/sights.js';
import { at, infoOf, type MasterPart, masterSight, NOW_MS, slaveSight } from '../support/sights.js';

const test = suite('inspector: nodes that belong together');

const rowsOf = (...sights: NodeSight[]): NodeRow[] => nodeRows(sights, NOW_MS);

function rowOf(id: string, rows: readonly NodeRow[]): NodeRow {
  const found = rows.filter((row) => row.id === id);
  assert.is(found.length, 1, `${id} has ${found.length} rows`);
  return found[0] as NodeRow;
}

const told = ({ stage, severity, reason }: NodeRow) => [stage, severity, reason];
const target = (version: number) => ({ version, digest: `digest-of-${version}` });
const problem = (code: string, reason: string) => ({ code, reason });
const DUPLICATE = problem('DUPLICATE_ID', 'another process is "s1"');
const ROUND = { status: { round: { id: 'r1', stage: 'preparing.voting' } } };
const behind = { position: at(4704) };
const late = (part = {}) => infoOf('s1', { version: 4704, lag: 7, stage: 'behind', ...part });
const gone = late({ link: 'stale', stage: 'gone', age: 12_000, peer: null });

/** The master of each table has the id `m`. */
const MASTERS: readonly [name: string, part: MasterPart, expected: readonly string[]][] = [
  ['serving', {}, ['serving', 'good', '']],
  ['busy', { status: { queued: 3 } }, ['serving', 'good', '3 changes queued']],
  [
    'not started yet',
    { status: { state: 'stopped', position: null } },
    ['stopped', 'warning', 'stopped by its host at version 0'],
  ],
  ['stopped', { ended: true }, ['stopped', 'warning', 'stopped by its host at version 4711']],
  [
    'killed',
    { silentMs: 60_000 },
    [
      'silent',
      'bad',
      'silent for 1 min, last seen at version 4711: it ended, hangs, or is cut off',
    ],
  ],
  [
    'recovering',
    { status: { state: 'recovering', position: null } },
    ['recovering', 'warning', 'reads its store and redoes what was decided; serves after that'],
  ],
  [
    'halted',
    { status: { state: 'halted', problem: problem('STORE_FAILED', 'no space left') } },
    ['halted', 'bad', 'halted: STORE_FAILED: no space left; restart it'],
  ],
  [
    'fenced',
    { status: { state: 'fenced', problem: problem('FENCED', 's1 follows a later reign') } },
    ['fenced', 'bad', 'fenced: FENCED: s1 follows a later reign'],
  ],
  [
    'deciding',
    { status: { round: { id: 'r1', stage: 'preparing.deciding' } } },
    ['round', 'good', 'round r1 is preparing.deciding'],
  ],
  [
    'waiting for votes',
    {
      status: { round: { id: 'r1', stage: 'preparing.voting' }, queued: 2 },
      slaves: ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((id) => infoOf(id, { stage: 'voting' })),
    },
    [
      'round',
      'good',
      'round r1 is preparing.voting, waits for the vote of a, b, c, d, e and 2 more; ' +
        '2 changes queued',
    ],
  ],
  [
    'waiting for a slave that nobody hears',
    { ...ROUND, slaves: [infoOf('a', { stage: 'voting', link: 'stale' })] },
    [
      'waiting',
      'warning',
      'round r1 is preparing.voting, waits for the vote of a, of which some are silent',
    ],
  ],
];

for (const [name, part, expected] of MASTERS) {
  test(`the row of a master that is ${name}`, () => {
    const row = rowOf('m', rowsOf(masterSight('m', part)));
    assert.equal(told(row), expected);
    assert.is(row.lag, null);
    assert.is(row.heardMs, null);
  });
}

const reign = (start: number, part: MasterPart = {}): MasterPart => ({
  ...part,
  status: { position: at(4711, { epoch: { term: 0, start } }), ...part.status },
});

test('a fenced master names the one that leads since, and its slaves are not told twice', () => {
  const rows = rowsOf(
    masterSight('old', {
      status: { state: 'fenced', problem: problem('FENCED', 'later reign') },
      slaves: [{ ...gone, lag: 0 }, infoOf('s2', { link: 'stale', stage: 'gone' })],
    }),
    masterSight('new', reign(2, { slaves: [infoOf('s1'), infoOf('s2')] })),
    slaveSight('s1'),
  );
  assert.is(rows.length, 4);
  assert.is(rowOf('old', rows).reason, 'fenced: FENCED: later reign; new leads since');
  assert.is(rowOf('s1', rows).stage, 'current');
  assert.is(rowOf('s2', rows).stage, 'current');
  assert.is(rowOf('s2', rows).node, 'master new settings new-1/s2');
});

test('two masters that serve one lineage: the earlier reign is bad, one reign twice is', () => {
  const apart = rowsOf(masterSight('old', reign(1)), masterSight('new', reign(2)));
  assert.is(rowOf('old', apart).stage, 'overtaken');
  assert.match(rowOf('old', apart).reason, /^new has a later reign/);
  assert.is(rowOf('new', apart).stage, 'serving');
  const rivals = rowsOf(masterSight('a', reign(1)), masterSight('b', reign(1)));
  for (const [id, other] of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    assert.is(rowOf(id, rivals).stage, 'contested');
    assert.match(rowOf(id, rivals).reason, new RegExp(`^${other} claims the same reign`));
  }
});

test('a master of another lineage under the same item is named, and keeps its own slaves', () => {
  const mine = at(4711, { lineage: 'mine' });
  const other = at(9, { lineage: 'other' });
  const rows = rowsOf(
    masterSight('a', { status: { position: mine }, slaves: [infoOf('s1')] }),
    masterSight('b', { status: { position: other }, slaves: [infoOf('s2', { version: 9 })] }),
    slaveSight('s1', { position: mine }),
    slaveSight('s2', { position: other, status: { target: target(9) } }),
  );
  assert.is(rowOf('a', rows).reason, 'b serves this item too, with a lineage of its own');
  assert.equal(
    ['s1', 's2'].map((id) => [rowOf(id, rows).lag, rowOf(id, rows).stage]),
    [
      [0, 'current'],
      [0, 'current'],
    ],
  );
});

test('items are apart: the same ids under another item are other nodes', () => {
  const rows = rowsOf(
    masterSight('m', { slaves: [late()] }),
    masterSight('m', { item: 'flags', slaves: [infoOf('s1')] }),
    slaveSight('s1', { ...behind, status: { data: 'behind', summary: 'behind' } }),
    slaveSight('s1', { item: 'flags' }),
  );
  const shown = rows.map(({ item, role, lag }) => `${item} ${role} ${lag}`);
  assert.equal(shown, [
    'settings slave 7',
    'flags master null',
    'settings master null',
    'flags slave 0',
  ]);
});

test('a slave without any master that is seen has no lag', () => {
  const row = rowOf('s1', rowsOf(slaveSight('s1')));
  assert.equal([row.lag, row.stage, row.reason], [null, 'current', '']);
});

test('two processes of one id have two rows: the one that was refused says why', () => {
  const refused = { link: 'refused', summary: 'refused', problem: DUPLICATE } as const;
  const rows = rowsOf(
    masterSight('m', { slaves: [infoOf('s1')] }),
    slaveSight('s1'),
    slaveSight('s1', { incarnation: 's1-2', status: refused }),
  );
  assert.equal(
    rows.filter(({ id }) => id === 's1').map(({ stage }) => stage),
    ['refused', 'current'],
  );
});

test('the run before a restart is gone from the table, whether it ended or was killed', () => {
  for (const end of [{ ended: true }, { silentMs: 30_000 }]) {
    const rows = rowsOf(
      masterSight('m', { slaves: [infoOf('s1', { incarnation: 's1-2' })] }),
      slaveSight('s1', { ...end, begunMs: 90_000 }),
      slaveSight('s1', { incarnation: 's1-2', begunMs: 10_000 }),
      masterSight('m', { ...end, incarnation: 'm-0', begunMs: 90_000 }),
    );
    assert.is(rows.length, 2);
    assert.is(rowOf('s1', rows).stage, 'current');
    assert.is(rowOf('m', rows).stage, 'serving');
  }
});

test('a run that was killed and goes on where no inspector sees it is told by its master', () => {
  const rows = rowsOf(
    masterSight('m', { slaves: [infoOf('s1', { incarnation: 's1-2' })] }),
    slaveSight('s1', { ...behind, silentMs: 30_000 }),
  );
  const row = rowOf('s1', rows);
  assert.equal([row.stage, row.version, row.node], ['current', 4711, 'master m settings m-1/s1']);
});

test('a dead master: its slaves tell of themselves, and those that do not are unknown', () => {
  const rows = rowsOf(
    masterSight('m', { silentMs: 20_000, slaves: [infoOf('s1'), infoOf('s2')] }),
    slaveSight('s1', { age: 20_300, status: { link: 'stale', summary: 'stale' } }),
  );
  assert.is(rowOf('s1', rows).reason, 'no word from its master for 20 s');
  assert.equal(told(rowOf('s2', rows)), [
    'unknown',
    'warning',
    'only master m told of it, at version 4711, and is silent for 20 s itself',
  ]);
  assert.is(rowOf('s2', rows).heardMs, 20_300);
});

test('what a silent slave confirmed to its master later is its version', () => {
  const rows = rowsOf(
    masterSight('m', { slaves: [late({ version: 4709, lag: 2, age: 6000, link: 'stale' })] }),
    slaveSight('s1', { ...behind, silentMs: 9000 }),
  );
  const row = rowOf('s1', rows);
  assert.equal([row.version, row.lag, row.digest], [4709, 2, '']);
});

test('a slave that moved on since its master reported is behind by at most the difference', () => {
  const rows = rowsOf(
    masterSight('m', { slaves: [infoOf('s1', { version: 4700, lag: 5 })] }),
    slaveSight('s1', { position: at(4710), status: { target: target(4710) } }),
  );
  assert.is(rowOf('s1', rows).lag, 1);
  const ahead = rowsOf(
    masterSight('m', { slaves: [late()] }),
    slaveSight('s1', { position: at(4712) }),
  );
  assert.is(rowOf('s1', ahead).lag, 0);
});

test('the arrival counts where it is known: a host with a wrong clock is not silent', () => {
  const off = masterSight('m', { silentMs: 3_600_000 });
  assert.is(rowOf('m', rowsOf(off)).stage, 'silent');
  assert.is(rowOf('m', rowsOf({ ...off, seenAtMs: NOW_MS - 200 })).stage, 'serving');
  const future = masterSight('m', { silentMs: -3_600_000 });
  assert.is(rowOf('m', rowsOf(future)).stage, 'serving');
});

test('how long a node may be silent is an option', () => {
  const quiet = masterSight('m', { silentMs: 8000 });
  assert.is(nodeRows([quiet], NOW_MS)[0]?.stage, 'silent');
  assert.is(nodeRows([quiet], NOW_MS, { silentMsMin: 30_000 })[0]?.stage, 'serving');
});

test('a node that has not reported, and an actor that never does', () => {
  const fresh = { ...slaveSight('s1', { begunMs: 100 }), report: null };
  const hung = { ...slaveSight('s2', { begunMs: 10_000 }), report: null };
  const other = masterSight('door', { begunMs: 999_999 });
  const actor = { ...other, entry: { ...other.entry, role: 'actor' as const }, report: null };
  const closed = { ...actor, entry: { ...actor.entry, id: 'gate' } };
  const rows = rowsOf(fresh, hung, actor, { ...closed, ended: true });
  assert.equal(
    rows.map(({ id, stage, severity }) => `${id} ${stage} ${severity}`),
    ['s2 silent bad', 's1 starting good', 'door running good', 'gate stopped good'],
  );
});

test('columns: digest, link, round and heard, of both sides', () => {
  const rows = rowsOf(
    masterSight('m', { ...ROUND, slaves: [infoOf('s1', { stage: 'voting', link: 'lagging' })] }),
    slaveSight('s1', { status: { round: 'prepared', roundId: 'r1' } }),
  );
  const master = rowOf('m', rows);
  assert.equal([master.version, master.digest, master.link], [4711, 'digest-o', '']);
  assert.is(master.round, 'r1 preparing.voting');
  const slave = rowOf('s1', rows);
  assert.equal([slave.link, slave.heardMs, slave.round], ['lagging', 400, 'r1 prepared']);
  const asked = rowsOf(masterSight('m', { ...ROUND, slaves: [infoOf('s1', { stage: 'voting' })] }));
  assert.is(rowOf('s1', asked).round, 'r1 voting');
});

test('who needs a person comes first, then who is furthest behind, masters before slaves', () => {
  const slaves = [
    infoOf('a'),
    infoOf('b', { lag: 2, version: 4709, stage: 'behind' }),
    infoOf('c', { lag: 9, version: 4702, stage: 'behind' }),
    infoOf('d', { lag: 1, version: 4710, stage: 'gone', link: 'stale' }),
  ];
  const ids = rowsOf(masterSight('m', { slaves })).map(({ id }) => id);
  assert.equal(ids, ['d', 'c', 'b', 'm', 'a']);
});

test.run();
