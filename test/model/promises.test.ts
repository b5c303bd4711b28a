/** The short form of `npm run check:model`: small configurations to the end, and some mutants. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { check, comeToRest, hunt } from './check.js';
import { SHORT } from './configurations.js';
import { MUTANTS } from './mutants.js';
import { tell } from './trace.js';

const test = suite('model');
const RESTS_MAX = 60;

for (const bounds of SHORT) {
  test(`P9: S1-S11 hold in every state, and all come to rest: ${bounds.name}`, () => {
    const exploration = check(bounds);
    assert.is(exploration.violation, null, tell(exploration));
    assert.ok(exploration.states > 100, `only ${exploration.states} states`);
    const { stuck, tried } = comeToRest(exploration, RESTS_MAX);
    assert.ok(tried > 10, `only ${tried} came to rest`);
    assert.is(stuck, null, `never comes to rest:\n${stuck?.slice(0, 60).join('\n')}`);
  });
}

for (const mutant of MUTANTS) {
  test(`P9: the checker finds the mistake: ${mutant.name}`, () => {
    assert.ok(hunt(mutant).violation !== null, 'it lives');
  });
}

test.run();
