/** Collects what one test file does; the one place where results of a test process are born. */
import { CASE_DEADLINE_VARIABLE, type RunnerMessage, type TestResult } from './messages.js';

/** What is known of one suite of the current file. */
export interface SuiteRecord {
  readonly name: string;
  registered: number;
  /** Registered since the last `.run()`: left over at the end, somebody forgot to run them. */
  waiting: number;
  finished: number;
  runs: number;
}

export class Recorder {
  readonly caseDeadlineMs = Number(process.env[CASE_DEADLINE_VARIABLE] ?? 60_000);
  #file = '';
  #suites: SuiteRecord[] = [];
  #running = '';

  constructor(private readonly send: (message: RunnerMessage) => void) {}

  /** The title under way, for errors that arrive from outside any test. */
  get running(): string {
    return this.#running;
  }

  openFile(file: string): void {
    this.#file = file;
    this.#suites = [];
    this.send({ kind: 'file', file });
  }

  addSuite(name: string): SuiteRecord {
    const record = { name, registered: 0, waiting: 0, finished: 0, runs: 0 };
    this.#suites.push(record);
    return record;
  }

  begin(title: string): void {
    this.#running = title;
    this.send({ kind: 'begin', title });
  }

  result(result: Omit<TestResult, 'file'>): void {
    this.#running = '';
    this.send({ kind: 'result', file: this.#file, ...result });
  }

  /** A failure that no test stands for. Counted, and printed where it happens. */
  problem(title: string, detail: string, suite = ''): void {
    process.stdout.write(`\n   FAIL  ${this.#file}: ${title}\n    ${detail}\n`);
    const reason = detail.split('\n', 1)[0] ?? '';
    this.send({
      kind: 'result',
      file: this.#file,
      suite,
      title,
      outcome: 'failed',
      durationMs: 0,
      reason,
    });
  }

  /** Everything uvu itself lets pass: a file or a suite that proved nothing. */
  closeFile(durationMs: number): void {
    if (this.#suites.length === 0) this.problem('no suite', 'the file registers no uvu suite');
    for (const suite of this.#suites) {
      const name = `suite "${suite.name}"`;
      if (suite.registered === 0) this.problem(`${name} is empty`, 'it has no tests');
      else if (suite.waiting > 0) {
        this.problem(`${name} was not run`, `.run() is missing after ${suite.waiting} test(s)`);
      } else if (suite.finished < suite.registered) {
        const lost = suite.registered - suite.finished;
        this.problem(`${name} broke off`, `${lost} test(s) did not run: a hook failed`);
      }
    }
    this.send({ kind: 'done', file: this.#file, durationMs });
  }
}

let recorder: Recorder | undefined;

export function installRecorder(send: (message: RunnerMessage) => void): Recorder {
  recorder = new Recorder(send);
  return recorder;
}

export function currentRecorder(): Recorder {
  if (recorder === undefined) throw new Error('the test runner has not installed a recorder');
  return recorder;
}
