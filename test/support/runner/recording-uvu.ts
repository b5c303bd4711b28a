/**
 * The face of uvu that test files see under the runner. uvu runs and prints; this only records.
 * It also closes what uvu leaves open: tests that never settle, hooks whose errors are swallowed,
 * `.only`, and skips without a reason.
 */
import { type Callback, type Context, type Test, suite as uvuSuite } from 'uvu';
import { reasonOf } from '../../../lib/errors.js';
import { withDeadline } from './deadline.js';
import { currentRecorder, type SuiteRecord } from './recorder.js';

const SKIP_REASON = /\bskipped: \S/i;

function recordTest<T>(record: SuiteRecord, title: string, handler: Callback<T>): Callback<T> {
  record.registered += 1;
  record.waiting += 1;
  return async (context) => {
    const recorder = currentRecorder();
    const started = performance.now();
    recorder.begin(title);
    const finish = (outcome: 'passed' | 'failed', reason?: string): void => {
      record.finished += 1;
      const durationMs = performance.now() - started;
      const why = reason === undefined ? {} : { reason: reason.split('\n', 1)[0] ?? '' };
      recorder.result({ suite: record.name, title, outcome, durationMs, ...why });
    };
    try {
      await withDeadline(async () => handler(context), recorder.caseDeadlineMs, `"${title}"`);
    } catch (error) {
      finish('failed', reasonOf(error));
      throw error;
    }
    finish('passed');
  };
}

function recordHook<T>(record: SuiteRecord, kind: string, handler: Callback<T>): Callback<T> {
  return async (context) => {
    const recorder = currentRecorder();
    try {
      await withDeadline(async () => handler(context), recorder.caseDeadlineMs, kind);
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      recorder.problem(`${kind} hook of suite "${record.name}"`, detail, record.name);
      throw error;
    }
  };
}

function skip(record: SuiteRecord, title: string): void {
  const recorder = currentRecorder();
  record.registered += 1;
  record.finished += 1;
  if (!SKIP_REASON.test(title)) {
    recorder.problem(title, 'a skip without its reason: write [skipped: why] into the title');
  } else if (process.env.CI) {
    recorder.problem(title, 'skipped, but where CI is set a missing component is a failure');
  } else {
    process.stdout.write(`  - ${title}\n`);
    recorder.result({ suite: record.name, title, outcome: 'skipped', durationMs: 0 });
  }
}

export function suite<T = Context>(name = '', state?: T): Test<T> {
  const record = currentRecorder().addSuite(name);
  const inner = state === undefined ? uvuSuite<T>(name) : uvuSuite<T>(name, state);
  const face = (title: string, handler: Callback<T>): void =>
    inner(title, recordTest(record, title, handler));
  const hooks = (kind: 'before' | 'after') =>
    Object.assign((handler: Callback<T>): void => inner[kind](recordHook(record, kind, handler)), {
      each: (handler: Callback<T>): void =>
        inner[kind].each(recordHook(record, `${kind}.each`, handler)),
    });
  return Object.assign(face, {
    before: hooks('before'),
    after: hooks('after'),
    skip: (title = '') => skip(record, String(title)),
    only: (title: string) => {
      record.registered += 1;
      record.finished += 1;
      currentRecorder().problem(title, '.only would hide every other test; remove it');
    },
    run: () => {
      record.runs += 1;
      record.waiting = 0;
      inner.run();
    },
  }) as unknown as Test<T>;
}

/** uvu's nameless suite is one object for all files; here every use in a file is recorded. */
export function test(): never {
  throw new Error("use a named suite: import { suite } from 'uvu'");
}
