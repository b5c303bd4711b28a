/** A slave's status as one sentence for people. */
import type { SlaveStatus } from '../service/status.js';

const LINK: Readonly<Record<SlaveStatus['link'], (where: string) => string>> = {
  joining: (where) => `joining the master at ${where}`,
  live: (where) => `connected to ${where}`,
  stale: (where) => `no word from the master at ${where}`,
  refused: (where) => `refused by the master at ${where}`,
};

const DATA: Readonly<Record<SlaveStatus['data'], string>> = {
  empty: 'nothing copied yet',
  syncing: 'receiving what it lacks',
  current: 'the copy is current',
  behind: 'the copy is behind',
  quarantined: 'the newest version could not be taken, the one before is served',
  regressed: 'the master is behind this copy; it is kept until the master decides',
};

/** Link, data, the round it takes part in, and what is wrong. */
export function describeSlave(status: SlaveStatus, where: string): string {
  const { link, data, round, problem } = status;
  const parts = [LINK[link](where), DATA[data]];
  if (round === 'prepared') parts.push('voted yes, waiting for the outcome');
  if (round === 'in-doubt') parts.push('in doubt about a two-phase change, asking the master');
  if (problem !== null) parts.push(`${problem.code}: ${problem.reason}`);
  return parts.join('; ');
}
