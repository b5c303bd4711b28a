/** The status report for people. */

import {
  belowText,
  namedBelow,
  reasonBelow,
  versionsBelowText,
  viaText,
} from '../inspector/rows/below-text.js';
import type { NodeRow } from '../inspector/rows/node-row.js';
import { nodeRows } from '../inspector/rows/node-rows.js';
import { countText, durationText } from '../runtime/quantities.js';
import type { Paint } from './output.js';
import { plainText } from './plain-text.js';
import type { StatusReport } from './status-report.js';
import { renderTable } from './table.js';

const DIGEST_SHOWN = 8;
const HEADINGS = [
  'NODE',
  'VERSION',
  'LAG',
  'ROLE',
  'STAGE',
  'LINK',
  'HEARD',
  'PEER',
  'REASON',
] as const;
/** Left out first where the terminal is narrow. */
const OPTIONAL = ['PEER', 'ROLE', 'HEARD', 'LINK'] as const;
const BELOW_HEADINGS = ['BELOW RELAYS', 'VERSION', 'STAGE', 'LINK', 'VIA', 'REASON'] as const;
const BELOW_OPTIONAL = ['LINK'] as const;
const COLOURS = { bad: 'red', warning: 'yellow' } as const;

/** The same rows as in the inspector's page, from what the master told. */
export function statusRows(report: StatusReport, nowMs: number): NodeRow[] {
  const { item, master, slaves } = report;
  const { id, pid, ...status } = master;
  const node = { node: id, item, id, role: 'master', incarnation: '' } as const;
  const process = { pid, host: '' };
  return nodeRows(
    [
      {
        entry: { kind: 'node', at: nowMs, process, ...node },
        report: { kind: 'report', at: nowMs, node: id, report: { role: 'master', status, slaves } },
      },
    ],
    nowMs,
  );
}

function cellsOf(row: NodeRow, peer: string | null): string[] {
  const { id, version, lag, role, stage, link, heardMs, reason } = row;
  const heard = heardMs === null ? '-' : durationText(heardMs);
  const words = [role, stage, link || '-', heard, peer ?? '-', reason || '-'];
  return [id, `${version}`, lag === null ? '-' : `${lag}`, ...words];
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

function belowLines({ below, master }: StatusReport): string[] {
  if (below === undefined) return [];
  const newest = master.position?.version ?? 0;
  return [`below    ${belowText(below, newest)}`, `versions ${versionsBelowText(below)}`];
}

export interface StatusLook {
  /** Characters of a terminal's line. @default no limit */
  readonly width?: number;
  /** @default no colours */
  readonly paint?: Paint;
}

function renderRows(rows: readonly NodeRow[], { slaves }: StatusReport, look: StatusLook): string {
  const peers = new Map(slaves.map(({ id, peer }) => [id, peer]));
  const { width, paint = (_style, text) => text } = look;
  return renderTable(
    HEADINGS,
    rows.map((row) => cellsOf(row, row.role === 'slave' ? (peers.get(row.id) ?? null) : null)),
    {
      ...(width === undefined ? {} : { width }),
      optional: OPTIONAL,
      paint: (at, line) => {
        const severity = rows[at]?.severity ?? 'good';
        return severity === 'good' ? line : paint(COLOURS[severity], line);
      },
    },
  );
}

/** Who of those that only relays know is not where the master is. */
function renderBelow({ below }: StatusReport, { width }: StatusLook): string {
  const named = below === undefined ? [] : namedBelow(below);
  if (named.length === 0) return '';
  const cells = named.map((node) => {
    const { id, version, stage, link } = node;
    return [id, `${version}`, stage, link, viaText(node), reasonBelow(node)];
  });
  const fit = width === undefined ? {} : { width };
  return `\n${renderTable(BELOW_HEADINGS, cells, { ...fit, optional: BELOW_OPTIONAL })}`;
}

/**
 * The whole report: the master's file and rounds, then all nodes, who needs a person first, and
 * who is behind below relays.
 */
export function renderStatus(
  report: StatusReport,
  rows: readonly NodeRow[],
  look: StatusLook = {},
): string {
  const lines = [...masterLines(report), ...abortLines(report), ...belowLines(report)];
  const head = lines.map(plainText).join('\n');
  const nobody = report.slaves.length === 0 ? '\nno slave has joined yet\n' : '';
  return `${head}\n\n${renderRows(rows, report, look)}${nobody}${renderBelow(report, look)}`;
}
