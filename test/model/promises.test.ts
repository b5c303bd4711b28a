/** The short form of `npm run check:model`: small configurations to the end, and some mutants. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { check, hunt } from './check.js';
import { SHORT } from './configurations.js';
import { MUTANTS } from './mutants.js';

const test = suite('model');
const SAMPLE_MAX = 400;

/** One of each kind of promise; all of them are let loose by `npm run check:model`. */
const MISTAKES: readonly string[] = [
  'a yes leaves before its promise is durable',
  'commit leaves before its decision is durable',
  'one yes is enough',
  'a slave that hears nothing aborts by itself',
  'what was committed is committed again',
  'a restart issues numbers anew',
  'a resume mixes two snapshots',
  'two masters of one reign are both obeyed',
  'messages of an older reign are obeyed',
  'a slave never asks again for a lost answer',
  'a round whose original failed once never ends',
];

for (const bounds of SHORT) {
  test(`P9: S1-S11 hold in every state, and L1-L3 from it: ${bounds.name}`, () => {
    const { finding, states, liveness } = check(bounds, { sampleMax: SAMPLE_MAX });
    assert.is(finding, null, `${finding?.promise}: ${finding?.how}\n${finding?.chart}`);
    assert.ok(states > 100, `only ${states} states`);
    assert.ok((liveness?.starts ?? 0) > 100, `only ${liveness?.starts} came to rest`);
  });
}

for (const name of MISTAKES) {
  test(`P9: the checker finds the mistake: ${name}`, () => {
    const mutant = MUTANTS.find((each) => each.name === name);
    assert.ok(mutant !== undefined, 'no such mutant');
    const { finding } = hunt(mutant);
    assert.ok(finding !== null, 'it lives');
    assert.match(finding.chart, /^sequenceDiagram\n(.*\n)*.*Note over m,\w: .* broken: /);
  });
}

test.run();
