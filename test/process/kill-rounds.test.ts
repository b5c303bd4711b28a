/**
 * S1, S3, S6, S7, S9, L2, L3; T01, T02: a master and three slaves in processes of their own, over
 * TCP, with disk stores, killed with -9 during load, between loads, in pairs, all at once and
 * while they recover. `npm run check:chaos` is the long form.
 */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runChaos } from '../support/process-chaos.js';
import { linesOf, totalOf, wrongsOf } from '../support/process-figures.js';
import { type Entry, NodeLog, type Shown } from '../support/process-log.js';
import type { HostContent } from '../support/process-messages.js';
import { planRun, type RoundPlan, type Stretch } from '../support/process-plan.js';
import { judge } from '../support/process-verdict.js';
import { withFolder } from '../support/store-folder.js';

const test = suite('processes: kill -9');
const ROUNDS = 10;
/** Of a round's load: by then it has begun, also where processes are told late. */
const LOADED_MS = 100;
/** Rounds in which the master dies with changes under way. */
const LOADED_KILLS = 3;

const hitsLoad = ({ kill }: RoundPlan): boolean =>
  kill?.victims.includes(0) === true && (kill.afterMs ?? 0) >= LOADED_MS;

/**
 * The plan of this seed in which what is judged below can happen at all: in one of fifty nothing
 * is under way when the master dies, or it never does.
 */
function planOf(seed: string): Stretch[] {
  for (let draw = 1; ; draw += 1) {
    const stretches = planRun(`${seed}/${draw}`, ROUNDS, 'kill');
    if (stretches.flatMap(({ rounds }) => rounds).filter(hitsLoad).length >= LOADED_KILLS) {
      return stretches;
    }
  }
}

test(`S3: ${ROUNDS} rounds of kill -9: nothing acknowledged is lost, nothing differs or gets stuck`, () =>
  withFolder(async (folder) => {
    const seed = process.env.SEED ?? String(Date.now());
    console.log(`    seed ${seed}`);
    const stretches = planOf(seed);
    const figures = await runChaos({
      seed,
      stretches,
      incidents: [],
      lanes: 2,
      calmChanges: 100,
      folder,
    });
    for (const line of linesOf(figures)) console.log(`    ${line}`);
    assert.equal(wrongsOf(figures), [], `seed ${seed}`);
    // A run in which nothing happened would prove nothing.
    const { kills, masterKills, recoveryKills } = totalOf(figures);
    const told = `seed ${seed}: ${JSON.stringify({ kills, masterKills, recoveryKills })}`;
    assert.ok(kills >= ROUNDS && masterKills > 0, told);
    assert.ok(figures.acknowledged >= ROUNDS * 75, `${told}: ${figures.acknowledged} acknowledged`);
    assert.ok(figures.aborted > 0, `${told}: nothing was aborted`);
    assert.ok(figures.unanswered > 0, `${told}: no change lost its master under way`);
  }));

const shown = (version: number, sum: string, ...changes: string[]): Entry => ({
  kind: 'shown',
  lineage: 'one',
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

const right = shown(2, 'x', 'a') as Shown;

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
  const { lost, diverged, violations } = judge(nodes);
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
  ['another lineage', [right, { ...right, version: 3, lineage: 'two' }], CONTENT, found(0, 0, 1)],
  [
    'an old folder that somebody put back',
    [shown(3, 'z'), { kind: 'restored' }, shown(2, 'x', 'a')],
    CONTENT,
    found(0, 0, 0),
  ],
  [
    'another history only above where hosts ordered it',
    [shown(2, 'y'), { kind: 'rewound', to: 2 }, shown(2, 'x', 'a')],
    CONTENT,
    found(0, 1, 0),
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
