/** The short form of `npm run check:simulation`: S1-S14, L1-L3 on seeds, and what it must find. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FAULT_NAMES } from '../../lib/testing/simulation/faults/catalogue.js';
import { simulate, simulateSeeds } from '../../lib/testing/simulation/simulate.js';
import { keyValueWorkload } from '../../lib/testing/simulation/workload.js';
import { commandOf, minimise } from './minimise.js';
import { runSeed } from './run-seed.js';

const test = suite('simulation');
const STEPS = 12;
/** A case may take a minute; a busy machine needs seconds for one seed. */
const SEEDS_PER_CASE = 8;
const FIRST = Number(process.env.SIMULATION_SEED ?? 1);

for (let first = FIRST; first < FIRST + 40; first += SEEDS_PER_CASE) {
  const last = first + SEEDS_PER_CASE - 1;
  test(`S1-S14, L1-L3: seeds ${first} to ${last}, ${STEPS} steps each`, async () => {
    const struck = new Set<string>();
    for (let seed = first; seed <= last; seed += 1) {
      const result = await runSeed({ seed, steps: STEPS });
      for (const [name] of result.struck) struck.add(name);
      const command = commandOf({ seed, steps: STEPS });
      assert.equal(result.violations, [], `${result.violations.join('; ')}\n${command}`);
      assert.ok(result.acknowledged > 0, `seed ${seed} acknowledged nothing`);
    }
    assert.ok(struck.size >= 15, `only ${struck.size} kinds of faults struck`);
  });
}

test('there are at least 26 kinds of faults, each with a name of its own', () => {
  assert.ok(FAULT_NAMES.length >= 26);
  assert.is(new Set(FAULT_NAMES).size, FAULT_NAMES.length);
});

test('the same seed gives the same run, another seed another one', async () => {
  const run = { seed: 7, steps: STEPS, trace: true } as const;
  const [first, second] = [await runSeed(run), await runSeed(run)];
  assert.equal(second.trace, first.trace);
  assert.is(second.hash, first.hash);
  const other = await runSeed({ ...run, seed: 8 });
  assert.is.not(other.hash, first.hash);
});

test('P8: a vote before its promise is found, made small, and told as one command', async () => {
  const bug = 'vote-before-promise';
  let failing: number | null = null;
  for (let seed = 1; seed <= 40 && failing === null; seed += 1) {
    const result = await runSeed({ seed, steps: STEPS, bug });
    if (result.violations.length > 0) failing = seed;
  }
  if (failing === null) throw new Error(`${bug} was not found in 40 seeds`);
  const small = await minimise({ seed: failing, steps: STEPS, bug });
  assert.match(small.violations[0] ?? '', /^P8: /);
  assert.ok((small.run.steps ?? STEPS) <= STEPS);
  assert.match(commandOf(small.run), /--seed \d+ --faults \S+ --steps \d+ --bug vote-before/);
  const again = await runSeed(small.run);
  assert.equal(again.violations, small.violations);
});

test('a check of the host is asked, and what it throws is a violation', async () => {
  let asked = 0;
  const report = await simulate({
    seed: 1,
    steps: 12,
    faults: [],
    workload: keyValueWorkload(),
    check: (nodes) => {
      asked += 1;
      for (const { data, role } of nodes) {
        if (role === 'master' && data.size > 3) throw new Error('too many keys');
      }
    },
  });
  assert.ok(asked > 0);
  assert.equal(report.violations, ['check: too many keys']);
});

test('simulateSeeds tells the seed that broke something, and refuses unknown faults', async () => {
  const check = () => {
    throw new Error('never content');
  };
  await simulateSeeds({ seeds: 1, first: 5, steps: 3, faults: [], check }).then(
    () => assert.unreachable('it should have failed'),
    (error: Error) => assert.match(error.message, /^seed 5 with no faults: check: never content/),
  );
  await simulate({ seed: 1, faults: ['gremlins'] }).then(
    () => assert.unreachable('it should have failed'),
    (error: Error) => assert.match(error.message, /knows no fault "gremlins"/),
  );
});

test.run();
