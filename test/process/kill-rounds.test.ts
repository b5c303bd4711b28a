/**
 * S1, S3, S6, S7, S9, L2, L3; T01, T02: a master and three slaves in processes of their own, over
 * TCP, with disk stores, killed with -9 during load, between loads, in pairs, all at once and
 * while they recover. `npm run check:chaos` is the long form.
 */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { figuresOf, runChaos } from '../support/process-chaos.js';
import { type Entry, NodeLog } from '../support/process-log.js';
import type { HostContent } from '../support/process-messages.js';
import { judge } from '../support/process-verdict.js';
import { withFolder } from '../support/store-folder.js';

const test = suite('processes: kill -9');
const ROUNDS = 40;

test(`S3: ${ROUNDS} rounds of kill -9: nothing acknowledged is lost, nothing differs or gets stuck`, () =>
  withFolder(async (folder) => {
    const seed = process.env.SEED ?? String(Date.now());
    console.log(`    seed ${seed}`);
    const figures = await runChaos({ seed, rounds: ROUNDS, calmChanges: 20, folder });
    for (const line of figuresOf(figures)) console.log(`    ${line}`);
    const told = `seed ${seed}`;
    assert.equal(figures.lost, [], told);
    assert.equal(figures.diverged, [], told);
    assert.equal(figures.violations, [], told);
    assert.equal(figures.faults, [], told);
    // A run in which nothing happened would prove nothing.
    assert.ok(figures.kills >= ROUNDS, `${told}: ${figures.kills} kills`);
    assert.ok(figures.masterKills > 0, `${told}: no kill of the master`);
    assert.ok(figures.pauses > 0, `${told}: no pause`);
    assert.ok(figures.recoveryKills > 0, `${told}: no kill during recovery`);
    assert.ok(figures.acknowledged >= ROUNDS * 25, `${told}: ${figures.acknowledged} acknowledged`);
    // Three first copies, and more by slaves that had been away for too long.
    assert.ok(figures.snapshots > 3, `${told}: ${figures.snapshots} snapshots`);
    assert.ok(figures.aborted > 0, `${told}: nothing was aborted`);
    assert.ok(figures.unanswered > 0, `${told}: no change lost its master under way`);
  }));

const shown = (version: number, sum: string, ...changes: string[]): Entry => ({
  kind: 'shown',
  version,
  digest: `digest ${version}`,
  sum,
  changes,
});

const RIGHT: readonly Entry[] = [
  { kind: 'tried', change: 'a', method: 'one-phase' },
  shown(2, 'x', 'a'),
  { kind: 'acknowledged', change: 'a', version: 2 },
  { kind: 'tried', change: 'b', method: 'two-phase' },
  { kind: 'aborted', change: 'b', cause: 'VETOED' },
];

const CONTENT: HostContent = { version: 2, hash: 'h', changes: ['a'] };

/** What the judge says of a master that did right and a slave with this log and content. */
function verdictOf(folder: string, entries: readonly Entry[], content: HostContent = CONTENT) {
  const write = (id: string, lines: readonly Entry[]) => {
    const path = join(folder, `${id}.log`);
    const log = new NodeLog(path, 1);
    for (const line of lines) log.write(line);
    log.close();
    return path;
  };
  const nodes = [
    { id: 'master', log: write('master', RIGHT), content: CONTENT },
    { id: 'slave', log: write('slave', entries), content },
  ];
  const { lost, diverged, violations } = judge(nodes, 'master');
  return { lost: lost.length, diverged: diverged.length, violations: violations.length };
}

const CASES: ReadonlyArray<
  readonly [
    what: string,
    entries: readonly Entry[],
    content: HostContent,
    found: { lost: number; diverged: number; violations: number },
  ]
> = [
  ['nothing where all is right', [shown(2, 'x', 'a')], CONTENT, found(0, 0, 0)],
  [
    'an acknowledged change that is not there',
    [shown(2, 'x')],
    { ...CONTENT, changes: [] },
    found(1, 0, 0),
  ],
  ['another content of one version', [shown(2, 'y', 'a')], CONTENT, found(0, 1, 0)],
  [
    'another content at the end',
    [shown(2, 'x', 'a')],
    { ...CONTENT, hash: 'other' },
    found(0, 1, 0),
  ],
  ['a version that falls', [shown(3, 'z'), shown(2, 'x', 'a')], CONTENT, found(0, 0, 1)],
  [
    'a version that falls across a restart',
    [shown(3, 'z'), { kind: 'life', life: 2 }, shown(2, 'x', 'a')],
    CONTENT,
    found(0, 0, 1),
  ],
  [
    'an aborted change that was seen for a moment',
    [shown(1, 'w', 'b'), shown(2, 'x', 'a')],
    CONTENT,
    found(0, 0, 1),
  ],
  ['a reset', [shown(2, 'x', 'a'), { kind: 'reset', from: 2, to: 1 }], CONTENT, found(0, 0, 1)],
];

function found(lost: number, diverged: number, violations: number) {
  return { lost, diverged, violations };
}

for (const [what, entries, content, expected] of CASES) {
  test(`the judge finds ${what}`, () =>
    withFolder(async (folder) => {
      assert.equal(verdictOf(folder, entries, content), expected);
    }));
}

test.run();
