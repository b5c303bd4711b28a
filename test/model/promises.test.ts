/** The short form of `npm run check:model`: small configurations to the end, and some mutants. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { check, hunt } from './check.js';
import { SHORT } from './configurations.js';
import { MUTANTS } from './mutants.js';

const test = suite('model');
const SAMPLE_MAX = 400;

for (const bounds of SHORT) {
  test(`P9: S1-S11 hold in every state, and L1-L3 from it: ${bounds.name}`, () => {
    const { finding, states, liveness } = check(bounds, { sampleMax: SAMPLE_MAX });
    assert.is(finding, null, `${finding?.promise}: ${finding?.how}\n${finding?.chart}`);
    assert.ok(states > 100, `only ${states} states`);
    assert.ok((liveness?.starts ?? 0) > 100, `only ${liveness?.starts} came to rest`);
  });
}

for (const mutant of MUTANTS) {
  test(`P9: the checker finds the mistake: ${mutant.name}`, () => {
    const { finding } = hunt(mutant);
    assert.ok(finding !== null, 'it lives');
    assert.match(finding.chart, /^sequenceDiagram\n(.*\n)*.*Note over m,\w: .* broken: /);
  });
}

test.run();
