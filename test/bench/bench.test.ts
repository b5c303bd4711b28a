/** Issue 4: the bench runs and says what it has to say; never how fast anything is. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageRoot } from '../support/package-root.js';
import { outputOf, runCommand } from '../support/run-command.js';

const test = suite('bench');

const RUN_MS_MAX = 50_000;
const NAMES = [
  'yardstick',
  'variant',
  'slaves',
  'valueBytes',
  'store',
  'contestant',
  'median',
  'unit',
  'p50',
  'p99',
  'min',
  'max',
  'rounds',
  'ratio',
];

const bench = (...words: string[]) => {
  const args = ['dist/test/bench/main.js', ...words];
  return runCommand(process.execPath, args, { deadlineMs: RUN_MS_MAX, cwd: packageRoot });
};

test('--json gives one object per line, of the form of issue 4, with the ratios of its run', async () => {
  const cell = ['--only', 'W1', '--cell', 'W1 keyValue, 4 slaves, 100 B'];
  const result = await bench('--tiny', '--json', ...cell, '--contestants', 'replichart');
  assert.is(result.code, 0, outputOf(result));
  const lines = result.stdout.trimEnd().split('\n');
  const results = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(
    results.map(({ contestant }) => contestant),
    ['limit-json', 'replichart'],
  );
  for (const found of results) {
    assert.equal(Object.keys(found), NAMES);
    const { median, p50, p99, min, max, ratio } = found as Record<string, number>;
    for (const value of [median, p50, p99, min, max, ratio]) {
      assert.ok(Number.isFinite(value) && Number(value) > 0, JSON.stringify(found));
    }
    assert.ok(Number(min) <= Number(median) && Number(median) <= Number(max));
  }
  const [reference, ours] = results as Array<Record<string, number>>;
  assert.is(reference?.ratio, 1);
  const ratio = Number(ours?.median) / Number(reference?.median);
  assert.is(ours?.ratio, Number(ratio.toPrecision(4)));
});

test('--profile tells where each process spent its time', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'replichart-profile-'));
  try {
    const cell = ['--only', 'W1b', '--contestants', 'replichart', '--rounds', '1'];
    const result = await bench('--tiny', ...cell, '--profile', folder);
    assert.is(result.code, 0, outputOf(result));
    for (const name of ['replichart-memory-master', 'replichart-memory-slave-3']) {
      assert.match(result.stdout, new RegExp(`${name}: [0-9.]+ s busy\\n +[0-9.]+ %  `));
    }
    assert.match(result.stdout, '%  lib/service');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('bad arguments give exit code 2 and say what is wrong', async () => {
  const cases: ReadonlyArray<readonly [string[], RegExp]> = [
    [['--only', 'W9'], /--only knows W1, .* but not "W9"/],
    [['--contestants', 'limit,nobody'], /not "nobody"/],
    [['--rounds', '0'], /--rounds takes a number from 1/],
    [['--fast'], /--fast/],
  ];
  for (const [words, expected] of cases) {
    const result = await bench(...words);
    assert.is(result.code, 2, outputOf(result));
    assert.match(result.stderr, expected);
    assert.is(result.stdout, '');
  }
});

test.run();
