/**
 * The test runner over uvu: `npm test [-- FILTER...]` runs the test files whose path contains a
 * filter, `npm run test:claims` those of test/claims and accounts for the 51 claims,
 * `npm run test:browser` those of test/browser, which need Chromium, and
 * `npm run test:transports` the matrix of transports with real networks around it (test/matrix).
 * The last line of output is the result, and the exit code says the same.
 *
 * Environment: `SEED` is passed to every randomized test. `CI` turns skips into failures.
 * `TEST_DEADLINE_S` (default 1200), `TEST_FILE_DEADLINE_S` and `TEST_CASE_DEADLINE_S` limit the
 * run, one file and one test.
 */
import { findChromium } from './browser/support/find-chromium.js';
import { accountClaims, CLAIM_COUNT } from './support/runner/claims.js';
import { discover, needsOwnProcess, notBuilt } from './support/runner/discover.js';
import type { TestResult } from './support/runner/messages.js';
import { type Limits, Supervisor } from './support/runner/supervise.js';

const SECOND_MS = 1000;
const SLOWEST_SHOWN = 5;
const OPTIONS = new Set(['--claims', '--fixtures', '--browser', '--transports', '--update-images']);

function secondsFrom(variable: string, fallback: number): number {
  const text = process.env[variable];
  if (text === undefined || text === '') return fallback;
  const seconds = Number(text);
  if (!(seconds > 0)) throw new Error(`${variable} must be a number of seconds, not "${text}"`);
  return seconds;
}

function limits(ownProcess: boolean, overallDeadline: number): Limits {
  const fileSeconds = secondsFrom('TEST_FILE_DEADLINE_S', ownProcess ? 420 : 300);
  // A little less than the file's, so that the test is named before its process is killed.
  const most = Math.min(fileSeconds * 0.8, ownProcess ? 300 : 120);
  const caseSeconds = secondsFrom('TEST_CASE_DEADLINE_S', most);
  return {
    caseDeadlineMs: caseSeconds * SECOND_MS,
    fileDeadlineMs: fileSeconds * SECOND_MS,
    overallDeadline,
  };
}

function printList(heading: string, lines: readonly string[]): void {
  if (lines.length === 0) return;
  console.log(`\n${heading}`);
  for (const line of lines) console.log(`  ${line}`);
}

function describe({ file, title, reason }: TestResult): string {
  return `${file}: ${title}${reason === undefined ? '' : ` (${reason})`}`;
}

function countOf(results: readonly TestResult[], outcome: TestResult['outcome']): number {
  return results.filter((result) => result.outcome === outcome).length;
}

/** Prints the lists and the closing line; true when everything is as it should be. */
function conclude(supervisor: Supervisor, claims: boolean): boolean {
  const { results, times } = supervisor;
  const slowest = [...times].sort((a, b) => b.durationMs - a.durationMs).slice(0, SLOWEST_SHOWN);
  printList(
    'slowest files',
    slowest.map(({ file, durationMs }) => `${(durationMs / SECOND_MS).toFixed(2)} s  ${file}`),
  );
  printList('skipped', results.filter((result) => result.outcome === 'skipped').map(describe));
  printList('failed', results.filter((result) => result.outcome === 'failed').map(describe));
  const failed = countOf(results, 'failed');
  const passed = countOf(results, 'passed');
  const skipped = countOf(results, 'skipped');
  console.log('');
  if (claims) {
    const { shown, problems } = accountClaims(results);
    printList('claims not shown', problems);
    console.log(`${CLAIM_COUNT} claims, ${shown.length} shown`);
    return failed === 0 && problems.length === 0;
  }
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  return failed === 0 && passed > 0;
}

function suffixOf(words: readonly string[]): string {
  // Deliberately bad test files, on which test/tidy/runner.test.ts tries this runner.
  if (words.includes('--fixtures')) return '.fixture.ts';
  if (words.includes('--browser')) return '.browser.ts';
  return words.includes('--transports') ? '.transports.ts' : '.test.ts';
}

async function main(words: readonly string[]): Promise<boolean> {
  const claims = words.includes('--claims');
  const browser = words.includes('--browser');
  // The picture of the README is then written by the test that makes it.
  if (words.includes('--update-images')) process.env.UPDATE_IMAGES = '1';
  const options = words.filter((word) => word.startsWith('--'));
  const unknown = options.filter((word) => !OPTIONS.has(word));
  if (unknown.length > 0) throw new Error(`unknown option ${unknown.join(' ')}`);
  const filters = claims ? ['test/claims/'] : words.filter((word) => !options.includes(word));
  const suffix = suffixOf(words);
  const files = discover(filters, suffix);
  if (browser) findChromium();
  if (files.length === 0) throw new Error(`no test file matches ${filters.join(' ') || 'test/'}`);
  const missing = notBuilt(files);
  if (missing.length > 0) throw new Error(`not compiled, run the build: ${missing.join(' ')}`);

  const supervisor = new Supervisor();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      supervisor.stop();
      process.exit(1);
    });
  }
  console.log(`seed: ${process.env.SEED ?? 'each test has its own; SEED=n sets all of them'}`);
  const deadline = performance.now() + secondsFrom('TEST_DEADLINE_S', 1200) * SECOND_MS;
  const shared = files.filter((file) => !needsOwnProcess(file));
  await supervisor.run(shared, limits(false, deadline));
  for (const file of files.filter(needsOwnProcess)) {
    await supervisor.run([file], limits(true, deadline));
  }
  return conclude(supervisor, claims);
}

try {
  process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
} catch (error) {
  console.log(error instanceof Error ? error.message : String(error));
  console.log('0 passed, 1 failed');
  process.exitCode = 1;
}
