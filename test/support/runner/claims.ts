/** Accounts for the claims: which of them a passing test shows, from what really ran. */
import type { TestResult } from './messages.js';

/** The customer's text has claims 1 to 51. */
export const CLAIM_COUNT = 51;

const TITLE = /^claim (\d{1,2}): \S/;

export function claimOf(title: string): number | undefined {
  const found = TITLE.exec(title);
  return found === null ? undefined : Number(found[1]);
}

export interface ClaimAccount {
  readonly shown: readonly number[];
  /** Anything that keeps the account from being complete, one line each. */
  readonly problems: readonly string[];
}

export function accountClaims(results: readonly TestResult[]): ClaimAccount {
  const byClaim = new Map<number, TestResult[]>();
  const problems: string[] = [];
  for (const result of results) {
    const claim = claimOf(result.title);
    if (claim === undefined || claim < 1 || claim > CLAIM_COUNT) {
      problems.push(`not titled "claim NN: subject": ${result.title} (${result.file})`);
    } else byClaim.set(claim, [...(byClaim.get(claim) ?? []), result]);
  }
  const shown: number[] = [];
  for (let claim = 1; claim <= CLAIM_COUNT; claim += 1) {
    const tests = byClaim.get(claim) ?? [];
    const outcome = tests[0]?.outcome;
    if (tests.length === 0) problems.push(`claim ${claim} has no test`);
    else if (tests.length > 1) problems.push(`claim ${claim} has ${tests.length} tests`);
    else if (outcome === 'passed') shown.push(claim);
    else problems.push(`claim ${claim} ${outcome}`);
  }
  return { shown, problems };
}
