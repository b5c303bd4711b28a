/** What is demanded of a run, and how it is printed. */
import type { SuccessionReport } from './run.js';

export const TAKEOVER_LEASES_MAX = 3;

/** One line for each demand that is not met. */
export function violationsOf(report: SuccessionReport, kills: number): readonly string[] {
  const { takeovers, stuck, wrongs, lost, doubleLeaders, lateAcks } = report;
  const slow = takeovers.filter((leases) => leases > TAKEOVER_LEASES_MAX);
  return [
    ...lost.map((key) => `lost: ${key}`),
    ...doubleLeaders.map((what) => `two leaders: ${what}`),
    ...lateAcks.map((what) => `confirmed after a later leader began: ${what}`),
    ...slow.map((leases) => `a takeover of ${leases.toFixed(2)} leases`),
    ...stuck.map((what) => `stuck: ${what}`),
    ...wrongs,
    ...(takeovers.length < kills ? [`only ${takeovers.length} of ${kills} takeovers`] : []),
  ];
}

export function figuresOf(report: SuccessionReport): readonly string[] {
  const sorted = [...report.takeovers].sort((left, right) => left - right);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const longest = Math.max(0, ...report.wholeTakeovers);
  const slowest = sorted.at(-1) ?? 0;
  return [
    `kills of the leader        ${report.kills} (and ${report.stops} stops)`,
    `acknowledged changes       ${report.acknowledged} (${report.twoPhase} two-phase)`,
    `unconfirmed changes        ${report.unconfirmed}`,
    `acknowledged and lost      ${report.lost.length}`,
    `terms with two leaders     ${report.doubleLeaders.length}`,
    `acknowledged too late      ${report.lateAcks.length}`,
    `takeover, in lease times   ${median.toFixed(2)} median, ${slowest.toFixed(2)} slowest`,
    `rounds that were in doubt  ${report.inDoubt} (with that wait: ${longest.toFixed(2)} leases)`,
    `stuck rounds and takeovers ${report.stuck.length}`,
    `conflicts set aside        ${report.conflicts}`,
  ];
}
