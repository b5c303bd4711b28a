/** A short siege of a real port; `npm run check:hostile` is the long one, which judges times. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runSiege } from '../hostile/siege.js';
import { describe, violationsOf } from '../hostile/verdict.js';

const test = suite('TCP under attack: half-open, one byte a second, never reading, wrong keys');

test('all of it is refused with a code, and two-phase rounds go on', async () => {
  const plan = {
    windows: 3,
    windowMs: 7000,
    halfOpen: 3000,
    dripping: 50,
    deaf: 1,
    wrongKeys: 10,
  };
  const result = await runSiege(plan);
  for (const line of describe(result)) console.log(line);
  assert.equal(violationsOf(plan, result, false), []);
});

test.run();
