/** Runs test files in a child process and outlives whatever they do to it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../package-root.js';
import { CASE_DEADLINE_VARIABLE, type RunnerMessage, type TestResult } from './messages.js';
import { groupIsAlive, killGroup } from './process-group.js';

export interface Limits {
  readonly caseDeadlineMs: number;
  readonly fileDeadlineMs: number;
  /** Point in time (`performance.now()`) after which nothing may run. */
  readonly overallDeadline: number;
}

export interface FileTime {
  readonly file: string;
  readonly durationMs: number;
}

const EXIT_GRACE_MS = 20_000;
/** For a system that loads the program and its modules while it does other work. */
const START_MS = 60_000;

/** One child process and what became of the files it was given. */
class TestProcess {
  readonly results: TestResult[] = [];
  readonly times: FileTime[] = [];
  #child: ChildProcess;
  #pending: string[];
  #running = '';
  #timer: NodeJS.Timeout | undefined;
  #cause = '';

  constructor(
    files: readonly string[],
    private readonly limits: Limits,
  ) {
    this.#pending = [...files];
    const entry = join(packageRoot, 'dist/test/support/runner/test-process.js');
    this.#child = spawn(process.execPath, [entry, ...files], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: true,
      env: { ...process.env, [CASE_DEADLINE_VARIABLE]: String(limits.caseDeadlineMs) },
    });
    this.#child.on('message', (message) => this.#receive(message as RunnerMessage));
  }

  stop(): void {
    killGroup(this.#child);
  }

  /** Resolves with the files that were never begun because the process ended before. */
  async ended(): Promise<string[]> {
    this.#arm(START_MS, 'the test process did not start');
    const code = await new Promise<number | string>((resolve) => {
      this.#child.on('exit', (status, signal) => resolve(status ?? signal ?? 'unknown'));
    });
    clearTimeout(this.#timer);
    const [current, ...rest] = this.#pending;
    if (current !== undefined) {
      const during = this.#running === '' ? 'outside a test' : `in "${this.#running}"`;
      this.#fail(current, `broke off ${during}`, this.#cause || `the process ended with ${code}`);
    } else if (this.#cause !== '') this.#fail(this.#last(), 'process did not end', this.#cause);
    if (this.#cause === '' && (await groupIsAlive(this.#child))) {
      this.#fail(current ?? this.#last(), 'leaves processes running', 'they were killed');
    }
    killGroup(this.#child);
    return rest;
  }

  #last(): string {
    return this.times.at(-1)?.file ?? '(no file)';
  }

  #arm(deadlineMs: number, cause: string): void {
    clearTimeout(this.#timer);
    const left = Math.max(0, this.limits.overallDeadline - performance.now());
    const overall = left < deadlineMs;
    this.#timer = setTimeout(
      () => {
        this.#cause = overall ? 'the deadline of the whole run passed' : cause;
        killGroup(this.#child);
      },
      Math.min(deadlineMs, left),
    );
  }

  #fail(file: string, title: string, reason: string): void {
    process.stdout.write(`\n   FAIL  ${file}: ${title}\n    ${reason}\n`);
    this.results.push({ file, suite: '', title, outcome: 'failed', durationMs: 0, reason });
  }

  #receive(message: RunnerMessage): void {
    const { fileDeadlineMs } = this.limits;
    if (message.kind === 'file') {
      this.#arm(fileDeadlineMs, `the file took longer than ${fileDeadlineMs} ms`);
    } else if (message.kind === 'begin') this.#running = message.title;
    else if (message.kind === 'result') {
      const { kind: _, ...result } = message;
      this.#running = '';
      this.results.push(result);
    } else {
      this.#pending.shift();
      this.times.push({ file: message.file, durationMs: message.durationMs });
      this.#arm(EXIT_GRACE_MS + fileDeadlineMs, 'the next file did not begin');
      if (this.#pending.length === 0) this.#arm(EXIT_GRACE_MS, 'something keeps it alive');
    }
  }
}

export class Supervisor {
  readonly results: TestResult[] = [];
  readonly times: FileTime[] = [];
  #current: TestProcess | undefined;

  stop(): void {
    this.#current?.stop();
  }

  /** Runs the files in one process; after a crash or a hang, the rest in a new one. */
  async run(files: readonly string[], limits: Limits): Promise<void> {
    let left = [...files];
    while (left.length > 0) {
      if (performance.now() > limits.overallDeadline) {
        this.#notRun(left);
        return;
      }
      const testProcess = new TestProcess(left, limits);
      this.#current = testProcess;
      left = await testProcess.ended();
      this.results.push(...testProcess.results);
      this.times.push(...testProcess.times);
    }
  }

  #notRun(files: readonly string[]): void {
    const reason = 'the deadline of the whole run passed';
    for (const file of files) {
      const title = 'was not run';
      this.results.push({ file, suite: '', title, outcome: 'failed', durationMs: 0, reason });
    }
  }
}
