/** Many seeds of the simulation, one after the other, and what they add up to. */
import { simulateSuccession } from './simulate.js';

const FAULTS = 8;

/** Prints each violation and the sums; answers the exit code. */
export async function runSeeds(seed: string, count: number): Promise<number> {
  const sums = { acknowledged: 0, reigns: 0, conflicts: 0, inDoubt: 0 };
  let slowest = 0;
  let bad = 0;
  for (let index = 0; index < count; index += 1) {
    const report = await simulateSuccession(`${seed}-${index}`, FAULTS);
    sums.acknowledged += report.acknowledged;
    sums.reigns += report.reigns;
    sums.conflicts += report.conflicts;
    sums.inDoubt += report.inDoubt;
    slowest = Math.max(slowest, report.slowestLeases);
    bad += Number(report.violations.length > 0);
    for (const violation of report.violations) console.error(`${seed}-${index}: ${violation}`);
  }
  console.log(
    `${count} seeds: ${sums.acknowledged} confirmed, ${sums.reigns} reigns, ` +
      `${sums.inDoubt} rounds in doubt, ${sums.conflicts} conflicts set aside, ` +
      `slowest takeover ${slowest.toFixed(2)} leases, ${bad} with violations`,
  );
  return bad === 0 ? 0 : 1;
}
