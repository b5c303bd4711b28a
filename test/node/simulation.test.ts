/**
 * Nodes in virtual time under kills, power cuts, pauses, partitions and clocks of another rate:
 * nothing confirmed is lost, no two lead in one term, nobody confirms past a later leader, every
 * takeover is in time, nothing is stuck (S1, S3, S10, L3). More: `check:succession --seeds`.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { simulateSuccession } from '../succession/simulate.js';

const test = suite('nodes in virtual time');

/**
 * `n18`: who leads was told while a node stepped down, and once only. `f-24`: the leader died
 * between its welcome and the moment its reign was on the slaves' disks. `eyes-19`: the first one
 * died before anybody else had data, so that nobody could lead until it was back.
 */
const SEEDS = { n6: 3, n18: 6, 'f-24': 8, 'eyes-19': 8 };

for (const [seed, faults] of Object.entries(SEEDS)) {
  test(`seed ${seed}`, async () => {
    const report = await simulateSuccession(seed, faults);
    assert.equal(report.violations, []);
    assert.ok(report.acknowledged > 20, `${report.acknowledged} confirmed`);
    assert.ok(report.reigns > 1, `${report.reigns} reigns`);
  });
}

test.run();
