/** How a table decides what to call a node, and the words that all reasons share. */
import { countText, durationText } from '../../runtime/quantities.js';
import type { NodeRow } from './node-row.js';

export interface Rule<Case> {
  readonly stage: string;
  readonly severity: NodeRow['severity'];
  readonly holds: (of: Case) => boolean;
  readonly reason: (of: Case) => string;
}

export interface Verdict {
  readonly stage: string;
  readonly severity: NodeRow['severity'];
  readonly reason: string;
}

/** Of the first rule that holds; the last rule of a list holds always. */
export function judge<Case>(rules: readonly Rule<Case>[], of: Case): Verdict {
  const rule = rules.find(({ holds }) => holds(of));
  if (rule === undefined) return { stage: 'unknown', severity: 'warning', reason: '' };
  return { stage: rule.stage, severity: rule.severity, reason: rule.reason(of) };
}

export type Problem = { readonly code: string; readonly reason: string } | null;

export const problemText = (problem: Problem): string =>
  problem === null ? 'no reason was given' : `${problem.code}: ${problem.reason}`;

/** `silent for 12 s`, or `never heard` where the other side never spoke. */
export const forText = (what: string, ms: number | null): string =>
  ms === null || !Number.isFinite(ms) ? 'never heard' : `${what} for ${durationText(ms)}`;

export const versionsText = (versions: number): string => countText(versions, 'version');
