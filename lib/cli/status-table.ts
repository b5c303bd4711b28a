/** The status report for people. */

import { countText, durationText } from '../runtime/quantities.js';
import type { SlaveInfo } from '../service/status.js';
import { plainText } from './plain-text.js';
import type { StatusReport } from './status-report.js';
import { renderTable } from './table.js';

const DIGEST_SHOWN = 8;
const HEADINGS = ['SLAVE', 'VERSION', 'LAG', 'STAGE', 'LINK', 'HEARD', 'PEER', 'PROBLEM'] as const;

function slaveRow(slave: SlaveInfo): string[] {
  const { id, version, lag, stage, link, age, peer, problem } = slave;
  const trouble = problem === null ? '-' : `${problem.code}: ${problem.reason}`;
  return [id, `${version}`, `${lag}`, stage, link, durationText(age), peer ?? '-', trouble];
}

function masterLines({ master, item, method, file }: StatusReport): string[] {
  const { position, round, queued, problem } = master;
  const digest = position === null ? '-' : position.digest.slice(0, DIGEST_SHOWN);
  const version = position === null ? 0 : position.version;
  const lines = [
    `item     ${item} (${method})`,
    `master   ${master.id}, ${master.state}, version ${version}, digest ${digest}`,
    `file     ${file.path}${file.replicated ? '' : ' (ahead of what is replicated)'}`,
    `round    ${round === null ? 'none open' : `${round.id}, ${round.stage}`}`,
  ];
  if (queued > 0) lines.push(`queued   ${countText(queued, 'change')}`);
  if (problem !== null) lines.push(`problem  ${problem.code}: ${problem.reason}`);
  if (file.problem !== null) lines.push(`problem  ${file.problem}`);
  return lines;
}

function abortLines({ lastAbort }: StatusReport): string[] {
  if (lastAbort === null) return ['aborted  none'];
  const lines = [`aborted  ${lastAbort.at}, ${lastAbort.code}: ${lastAbort.reason}`];
  for (const [id, { stage, reason }] of Object.entries(lastAbort.slaves)) {
    lines.push(`         ${id} ${stage}: ${reason}`);
  }
  return lines;
}

/** The whole report: the master first, then its slaves, furthest behind first. */
export function renderStatus(report: StatusReport): string {
  const head = [...masterLines(report), ...abortLines(report)].map(plainText).join('\n');
  if (report.slaves.length === 0) return `${head}\n\nno slave has joined yet\n`;
  return `${head}\n\n${renderTable(HEADINGS, report.slaves.map(slaveRow))}`;
}
