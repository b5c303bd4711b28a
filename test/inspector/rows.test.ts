/** "Which node is not on version 4711, and why": every combination that the table knows. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { NodeRow } from '../../lib/inspector/rows/node-row.js';
import { nodeRows } from '../../lib/inspector/rows/node-rows.js';
import type { NodeSight } from '../../lib/inspector/rows/sights.js';
import {
  at,
  infoOf,
  type MasterPart,
  masterSight,
  NOW_MS,
  type SlavePart,
  slaveSight,
} from '../support/sights.js';

const test = suite('inspector: the table of nodes');

const rowsOf = (...sights: NodeSight[]): NodeRow[] => nodeRows(sights, NOW_MS);

function rowOf(id: string, rows: readonly NodeRow[]): NodeRow {
  const found = rows.filter((row) => row.id === id);
  assert.is(found.length, 1, `${id} has ${found.length} rows`);
  return found[0] as NodeRow;
}

type Expected = readonly [stage: string, severity: NodeRow['severity'], reason: string];

const told = ({ stage, severity, reason }: NodeRow): Expected => [stage, severity, reason];

const target = (version: number) => ({ version, digest: `digest-of-${version}` });
const problem = (code: string, reason: string) => ({ code, reason });
const MISMATCH = problem('DIGEST_MISMATCH', 'state 4705 differs');
const DUPLICATE = problem('DUPLICATE_ID', 'another process is "s1"');
const ROUND = { status: { round: { id: 'r1', stage: 'preparing.voting' } } };
const behind = { position: at(4704) };
/** What the master says of a slave seven versions behind. */
const late = (part = {}) => infoOf('s1', { version: 4704, lag: 7, stage: 'behind', ...part });
const gone = late({ link: 'stale', stage: 'gone', age: 12_000, peer: null });

/** A slave with both sides known: its own report, and its master's words about it. */
const BOTH: readonly [
  name: string,
  own: SlavePart,
  info: ReturnType<typeof infoOf> | null,
  expected: Expected,
  master?: MasterPart,
][] = [
  ['current', {}, infoOf('s1'), ['current', 'good', '']],
  [
    'current after a veto of its own',
    {},
    infoOf('s1', { problem: problem('VETOED', 'port 80 is taken') }),
    ['current', 'warning', 'refused the last change it was asked for: VETOED: port 80 is taken'],
  ],
  [
    'syncing with a transfer under way',
    {
      ...behind,
      status: { data: 'syncing', summary: 'syncing' },
      transfer: { kind: 'delta', bytes: 3_200_000, chunks: 13 },
    },
    late({ stage: 'syncing' }),
    ['syncing', 'warning', '7 versions behind: syncing, 3.2 MB of a delta received'],
  ],
  [
    'syncing before the first part',
    { ...behind, status: { data: 'syncing', summary: 'syncing' } },
    late({ stage: 'syncing' }),
    ['syncing', 'warning', '7 versions behind: syncing, nothing received yet'],
  ],
  [
    'empty',
    { position: null, status: { data: 'empty', summary: 'empty' } },
    late({ version: 0, lag: 4700 }),
    ['empty', 'warning', '4700 versions behind: has no copy yet'],
  ],
  [
    'behind, and knows it',
    { ...behind, status: { data: 'behind', summary: 'behind' } },
    late(),
    ['behind', 'warning', '7 versions behind: knows of version 4711 and has not received it yet'],
  ],
  [
    'behind by the moments of the reports only',
    { position: at(4710), status: { target: target(4710) } },
    infoOf('s1', { version: 4710, lag: 1, stage: 'behind' }),
    ['behind', 'good', '1 version behind: has all it heard of, up to version 4710'],
  ],
  [
    'its connection is full',
    { ...behind, status: { target: target(4704) } },
    late({ link: 'lagging' }),
    [
      'lagging',
      'warning',
      '7 versions behind: takes less than is sent to it: pushes wait until its connection drains',
    ],
  ],
  [
    'stale',
    { ...behind, age: 4000, status: { link: 'stale', summary: 'stale' } },
    late({ link: 'stale', age: 4100 }),
    ['stale', 'bad', '7 versions behind: no word from its master for 4.0 s'],
  ],
  [
    'heard by nobody, hears its master',
    {},
    infoOf('s1', { link: 'stale', age: 9000 }),
    ['unheard', 'warning', 'hears its master, which has not heard it for 9.0 s'],
  ],
  [
    'joining',
    { position: null, age: null, status: { link: 'joining', data: 'empty', summary: 'joining' } },
    null,
    ['joining', 'warning', '4711 versions behind: joining: no master has answered yet'],
  ],
  [
    'adopting a reign',
    { status: { link: 'joining', summary: 'joining' } },
    infoOf('s1', { link: 'joining' }),
    ['joining', 'warning', 'joining: it and its master exchange where they stand'],
  ],
  [
    'not among the slaves of its master',
    {},
    null,
    ['unlisted', 'warning', 'master m does not know it: it follows another one, or is new there'],
  ],
  [
    'quarantined',
    { ...behind, status: { data: 'quarantined', summary: 'quarantined', problem: MISMATCH } },
    late({ stage: 'quarantined', problem: problem('QUARANTINED', 'state 4705 differs') }),
    [
      'quarantined',
      'bad',
      '7 versions behind: quarantined: DIGEST_MISMATCH: state 4705 differs, tries again',
    ],
  ],
  [
    'quarantined and stale: what needs a person comes first',
    {
      ...behind,
      status: { link: 'stale', data: 'quarantined', summary: 'quarantined', problem: MISMATCH },
    },
    gone,
    [
      'quarantined',
      'bad',
      '7 versions behind: quarantined: DIGEST_MISMATCH: state 4705 differs, tries again',
    ],
  ],
  [
    'regressed',
    {
      position: at(4800),
      status: {
        data: 'regressed',
        summary: 'regressed',
        problem: problem('REGRESSED', 'the master stands at version 4711'),
      },
    },
    infoOf('s1', { version: 4800, stage: 'regressed' }),
    [
      'regressed',
      'bad',
      "regressed: it holds what its master lost, and waits for the master's resolveRegressed " +
        '(REGRESSED: the master stands at version 4711)',
    ],
  ],
  [
    'refused',
    { ...behind, status: { link: 'refused', summary: 'refused', problem: DUPLICATE } },
    null,
    [
      'refused',
      'bad',
      '7 versions behind: refused: DUPLICATE_ID: another process is "s1", tries again',
    ],
  ],
  [
    'failed',
    {
      ...behind,
      status: { summary: 'failed', problem: problem('STORE_FAILED', 'no space left') },
    },
    gone,
    ['failed', 'bad', '7 versions behind: failed: STORE_FAILED: no space left; restart it'],
  ],
  [
    'voting',
    {},
    infoOf('s1', { stage: 'voting' }),
    ['voting', 'good', 'has not voted in round r1 yet'],
    ROUND,
  ],
  [
    'syncing first, to vote then',
    {
      ...behind,
      status: { data: 'syncing', summary: 'syncing' },
      transfer: { kind: 'snapshot', bytes: 512, chunks: 1 },
    },
    late({ stage: 'voting' }),
    [
      'voting',
      'good',
      '7 versions behind: has not voted in round r1 yet: ' +
        'syncing, 512 B of a snapshot received',
    ],
    ROUND,
  ],
  [
    'prepared',
    { status: { round: 'prepared', roundId: 'r1', summary: 'prepared' } },
    infoOf('s1', { stage: 'prepared' }),
    ['prepared', 'good', 'voted yes in round r1, waits for its outcome'],
    ROUND,
  ],
  [
    'vetoed',
    {},
    infoOf('s1', { stage: 'vetoed', problem: problem('VETOED', 'port 80 is taken') }),
    ['vetoed', 'warning', 'refused round r1: VETOED: port 80 is taken'],
    ROUND,
  ],
  [
    'in doubt, master lost',
    {
      age: 4000,
      status: {
        link: 'stale',
        round: 'in-doubt',
        roundId: 'r1',
        inDoubtFor: 3500,
        summary: 'in-doubt',
      },
    },
    infoOf('s1', { link: 'stale', age: 5000 }),
    [
      'in-doubt',
      'bad',
      'prepared round r1 waits for its outcome, master not reachable for 4.0 s (in doubt)',
    ],
  ],
  [
    'in doubt, master there',
    { status: { round: 'in-doubt', roundId: 'r1', inDoubtFor: 90_000, summary: 'in-doubt' } },
    infoOf('s1'),
    [
      'in-doubt',
      'bad',
      'prepared round r1 waits for its outcome, in doubt for 2 min, asks its master',
    ],
  ],
  [
    'killed',
    { ...behind, silentMs: 12_500 },
    gone,
    [
      'stale',
      'bad',
      '7 versions behind: killed or unreachable: nothing heard for 12 s, ' +
        'last heard from at version 4704',
    ],
  ],
  [
    'its reports stopped, its work did not',
    { ...behind, silentMs: 12_500 },
    infoOf('s1'),
    ['current', 'good', 'no report of its own for 13 s'],
  ],
  [
    'stopped by its host',
    { ...behind, ended: true },
    gone,
    ['stopped', 'warning', '7 versions behind: stopped by its host at version 4704'],
  ],
];

for (const [name, own, info, expected, master = {}] of BOTH) {
  test(`both sides of a slave that is ${name} make one row`, () => {
    const slaves = info === null ? [] : [info];
    const rows = rowsOf(masterSight('m', { slaves, ...master }), slaveSight('s1', own));
    assert.is(rows.length, 2);
    assert.equal(told(rowOf('s1', rows)), expected);
  });
}

/** A slave that only its master tells of. */
const LISTED: readonly [name: string, info: ReturnType<typeof infoOf>, expected: Expected][] = [
  ['current', infoOf('s1'), ['current', 'good', '']],
  ['behind', late(), ['behind', 'warning', '7 versions behind: has not confirmed version 4711']],
  ['syncing', late({ stage: 'syncing' }), ['syncing', 'warning', '7 versions behind: syncing']],
  [
    'gone',
    gone,
    [
      'stale',
      'bad',
      '7 versions behind: killed or unreachable: nothing heard for 12 s, ' +
        'last heard from at version 4704',
    ],
  ],
  [
    'silent',
    late({ link: 'stale', age: 4000 }),
    [
      'stale',
      'bad',
      '7 versions behind: connected, but nothing heard for 4.0 s, ' +
        'last heard from at version 4704',
    ],
  ],
  [
    'joining',
    infoOf('s1', { link: 'joining' }),
    ['joining', 'warning', 'joining: it and its master exchange where they stand'],
  ],
  [
    'refused',
    infoOf('s1', { link: 'refused', problem: DUPLICATE }),
    ['refused', 'bad', 'refused: DUPLICATE_ID: another process is "s1", tries again'],
  ],
  [
    'foreign',
    infoOf('s1', { link: 'refused', stage: 'foreign' }),
    ['refused', 'bad', 'refuses this master: its copy is of another lineage; see adoptLineage'],
  ],
  [
    'quarantined',
    late({ stage: 'quarantined', problem: problem('QUARANTINED', 'differs') }),
    ['quarantined', 'bad', '7 versions behind: quarantined: QUARANTINED: differs, tries again'],
  ],
  [
    'regressed',
    infoOf('s1', { version: 4800, stage: 'regressed' }),
    [
      'regressed',
      'bad',
      "regressed: it holds what its master lost, and waits for the master's resolveRegressed",
    ],
  ],
  [
    'voting',
    infoOf('s1', { stage: 'voting' }),
    ['voting', 'good', 'has not voted in round r1 yet'],
  ],
  [
    'prepared',
    infoOf('s1', { stage: 'prepared' }),
    ['prepared', 'good', 'voted yes in round r1, waits for its outcome'],
  ],
];

for (const [name, info, expected] of LISTED) {
  test(`a slave that reports nothing and is ${name} has a row by its master`, () => {
    const rows = rowsOf(masterSight('m', { slaves: [info], ...ROUND }));
    const row = rowOf('s1', rows);
    assert.equal(told(row), expected);
    assert.is(row.node, 'master m settings m-1/s1');
    assert.is(row.digest, '');
    assert.is(row.heardMs, info.age);
  });
}

test.run();
