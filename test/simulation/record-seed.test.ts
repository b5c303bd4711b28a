/** What breaks in the simulator can be opened in the inspector, and fed to the machines again. */
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readLine } from '../../lib/inspector/json.js';
import { replayRecording } from '../../lib/inspector/recording/replay-recording.js';
import { minimise } from './minimise.js';
import { BROKEN, entriesOfSeed, recordSeed } from './record-seed.js';
import { runSeed, type SeedRun } from './run-seed.js';

const test = suite('recordings of the simulator');
const BUG = 'ack-before-sync';
const SEEDS_MAX = 60;

async function failingRun(): Promise<SeedRun> {
  for (let seed = 1; seed <= SEEDS_MAX; seed += 1) {
    const run = { seed, bug: BUG };
    if ((await runSeed(run)).violations.length > 0) return (await minimise(run)).run;
  }
  throw new Error(`${BUG} was not found in ${SEEDS_MAX} seeds`);
}

test('a counterexample replays step by step and ends with the promise it broke', async () => {
  const run = await failingRun();
  const { violations } = await runSeed(run);
  const path = join(tmpdir(), `replichart-${process.pid}-simulated.jsonl`);
  await recordSeed(run, path);
  const written = readFileSync(path, 'utf8');
  rmSync(path);
  const texts = written.trimEnd().split('\n');
  const lines = texts.map((text, index) => ({
    line: readLine(text, index + 1),
    number: index + 1,
  }));
  const { differences, steps, actors, left, unknown } = await replayRecording(lines);
  assert.equal(differences, []);
  assert.equal([left, unknown], [0, []]);
  assert.ok(steps > 20 && actors >= 2, `${steps} steps of ${actors} actors`);
  const last = lines.at(-1)?.line;
  assert.ok(last?.kind === 'trouble', `the last is ${last?.kind}`);
  assert.is(last.trouble.code, BROKEN);
  assert.is(last.trouble.reason, violations.at(-1), 'being watched changes nothing');
  const kinds = new Set(lines.map(({ line }) => line.kind));
  for (const kind of ['node', 'machine', 'actor', 'step', 'message', 'report']) {
    assert.ok(kinds.has(kind as never), `${kind} is missing`);
  }
});

test('the same seed gives the same recording', async () => {
  const run = { seed: 3, steps: 5 };
  const first = await entriesOfSeed(run);
  assert.equal((await entriesOfSeed(run)).entries, first.entries);
  assert.equal(first.violations, []);
});

test.run();
