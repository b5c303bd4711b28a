/**
 * 0022, S1, L3: a lease service that answers late, twice, never, or with nonsense, for any nodes at
 * any time: no two nodes confirm in one term, nothing confirmed is lost, every node can be stopped,
 * and once the service is well again somebody leads. More: LEASE_SEEDS=n from LEASE_SEED=n on.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { simulateUnwellLease } from '../succession/unwell.js';

const test = suite('nodes with a lease service that is unwell');
const SEEDS = Number(process.env.LEASE_SEEDS ?? 3);
const FIRST = Number(process.env.LEASE_SEED ?? 2);

for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
  test(`seed ${seed} (LEASE_SEED=${seed} LEASE_SEEDS=1)`, async () => {
    const { violations, confirmed, reigns } = await simulateUnwellLease(seed);
    assert.equal(violations, []);
    assert.ok(confirmed > 5, `${confirmed} confirmed`);
    assert.ok(reigns > 0);
  });
}

test.run();
