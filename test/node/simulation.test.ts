/**
 * Nodes in virtual time under kills, power cuts, pauses, partitions and clocks of another rate:
 * nothing confirmed is lost, no two lead in one term, nobody confirms past a later leader, every
 * takeover is in time, nothing is stuck (S1, S3, S10, L3). More: `check:succession --seeds`.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { simulateSuccession } from '../succession/simulate.js';

const test = suite('nodes in virtual time');

for (const seed of ['n0', 'n6', 'n18']) {
  test(`seed ${seed}`, async () => {
    const report = await simulateSuccession(seed, 3);
    assert.equal(report.violations, []);
    assert.ok(report.acknowledged > 20, `${report.acknowledged} confirmed`);
    assert.ok(report.reigns > 1, `${report.reigns} reigns`);
  });
}

test.run();
