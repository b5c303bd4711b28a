/** The runner itself, on test files that are bad on purpose: uvu alone lets most of them pass. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type CommandResult, outputOf, runCommand } from '../support/run-command.js';
import { accountClaims, CLAIM_COUNT } from '../support/runner/claims.js';
import type { TestResult } from '../support/runner/messages.js';

const test = suite('test runner');

type Environment = Readonly<Record<string, string | undefined>>;

function runFixture(name: string, env: Environment = {}): Promise<CommandResult> {
  return runCommand(process.execPath, ['dist/test/run.js', '--fixtures', `/${name}.`], {
    deadlineMs: 90_000,
    env: {
      CI: undefined,
      TEST_FILE_DEADLINE_S: undefined,
      TEST_CASE_DEADLINE_S: undefined,
      ...env,
    },
  });
}

function lastLine(result: CommandResult): string {
  return result.stdout.trimEnd().split('\n').at(-1) ?? '';
}

test('a good file passes', async () => {
  const result = await runFixture('good');
  assert.is(result.code, 0, outputOf(result));
  assert.is(lastLine(result), '1 passed, 0 failed');
});

test('a named skip is listed, and is a failure where CI is set', async () => {
  const plain = await runFixture('good', { FIXTURE_SKIP: '1' });
  assert.is(plain.code, 0, outputOf(plain));
  assert.is(lastLine(plain), '1 passed, 0 failed, 1 skipped');
  assert.match(plain.stdout, /a missing part \[skipped: asked for\]/);
  const ci = await runFixture('good', { FIXTURE_SKIP: '1', CI: 'true' });
  assert.is(ci.code, 1, outputOf(ci));
});

const BAD: ReadonlyArray<readonly [fixture: string, passed: number, says: RegExp]> = [
  ['failing', 1, /is not shown/],
  ['forgotten-run', 0, /\.run\(\) is missing/],
  ['no-suite', 0, /registers no uvu suite/],
  ['empty-suite', 0, /has no tests/],
  ['only', 1, /\.only would hide/],
  ['bare-skip', 1, /a skip without its reason/],
  ['stray-rejection', 1, /nobody listens/],
  ['leaked-handle', 1, /TCPSERVERWRAP|TCPServerWrap/],
  ['leaked-process', 1, /leaves processes running/],
  ['early-exit', 0, /broke off in "ends the process"/],
];

for (const [fixture, passed, says] of BAD) {
  test(`${fixture} is one failure, named`, async () => {
    const result = await runFixture(fixture);
    assert.is(result.code, 1, outputOf(result));
    assert.is(lastLine(result), `${passed} passed, 1 failed`);
    assert.match(result.stdout, says);
    assert.match(result.stdout, `test/tidy/fixtures/${fixture}.fixture.ts`);
  });
}

test('a failing hook fails, and so do the tests it kept from running', async () => {
  const result = await runFixture('failing-hook');
  assert.is(result.code, 1, outputOf(result));
  assert.is(lastLine(result), '0 passed, 2 failed');
  assert.match(result.stdout, /the hook broke/);
  assert.match(result.stdout, /1 test\(s\) did not run/);
});

test('a test that never settles is named, and the next one still runs', async () => {
  const result = await runFixture('hanging-test', { TEST_CASE_DEADLINE_S: '1.6' });
  assert.is(lastLine(result), '1 passed, 1 failed', outputOf(result));
  assert.match(result.stdout, /"never settles" did not settle within 1600 ms/);
});

test('a blocked process is killed, and its test named', async () => {
  const result = await runFixture('endless-loop', { TEST_FILE_DEADLINE_S: '4' });
  assert.is(result.code, 1, outputOf(result));
  assert.is(lastLine(result), '0 passed, 1 failed');
  assert.match(result.stdout, /broke off in "blocks the process"/);
});

test('the deadline of the whole run ends it', async () => {
  const result = await runFixture('endless-loop', { TEST_DEADLINE_S: '1' });
  assert.is(lastLine(result), '0 passed, 1 failed', outputOf(result));
  assert.match(result.stdout, /the deadline of the whole run passed/);
});

test('a filter that matches nothing is a failure', async () => {
  const result = await runFixture('there-is-no-such-file');
  assert.is(result.code, 1, outputOf(result));
  assert.is(lastLine(result), '0 passed, 1 failed');
});

function shown(claim: number, outcome: TestResult['outcome'] = 'passed'): TestResult {
  const file = 'test/claims/x.test.ts';
  return { file, suite: '', title: `claim ${claim}: subject`, outcome, durationMs: 1 };
}

test('claims: all of them, each once, make the account complete', () => {
  const all = Array.from({ length: CLAIM_COUNT }, (_, index) => shown(index + 1));
  assert.equal(accountClaims(all).problems, []);
  assert.is(accountClaims(all).shown.length, 51);
});

test('claims: missing, doubled, failed and unnamed ones are not shown', () => {
  const all = Array.from({ length: CLAIM_COUNT }, (_, index) => shown(index + 1));
  const without = all.filter((result) => result.title !== 'claim 7: subject');
  assert.equal(accountClaims(without).problems, ['claim 7 has no test']);
  assert.equal(accountClaims([...all, shown(9)]).problems, ['claim 9 has 2 tests']);
  assert.equal(accountClaims([...without, shown(7, 'failed')]).problems, ['claim 7 failed']);
  assert.is(accountClaims([...all, { ...shown(1), title: 'one' }]).problems.length, 1);
});

test.run();
