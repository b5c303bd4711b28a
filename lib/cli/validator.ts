/** Runs the command that says whether a candidate may become the copy. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Veto } from '../errors.js';
import { plainText } from './plain-text.js';

/** Enough for the last line of any error; what a command prints beyond it is dropped. */
const STDERR_KEPT = 16 * 1024;
/** Milliseconds that the rest of stderr may take after the command ended. */
const STDERR_GRACE_MS = 250;
const REASON_MAX = 500;

/** A command that names the file itself does not get it appended. */
const NAMES_CANDIDATE = /REPLICHART_CANDIDATE|\$\{?[1@*]/;

function launch(command: string, candidate: string): ChildProcess {
  const env = { ...process.env, REPLICHART_CANDIDATE: candidate };
  const append = !NAMES_CANDIDATE.test(command);
  if (process.platform === 'win32') {
    const line = append ? `${command} "${candidate}"` : command;
    return spawn(line, { shell: true, env, stdio: ['ignore', 'ignore', 'pipe'] });
  }
  const script = append ? `${command} "$1"` : command;
  // A process group of its own, so that the time-out ends the command's children, too.
  return spawn('/bin/sh', ['-c', script, 'replichart', candidate], {
    env,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

function kill(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}

function lastLine(text: string): string {
  const lines = text.split('\n').map((line) => plainText(line).trim());
  return (lines.findLast((line) => line !== '') ?? '').slice(0, REASON_MAX);
}

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

function waitFor(child: ChildProcess): Promise<End> {
  return new Promise((resolve, reject) => {
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_KEPT);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stderr }));
    // A background job that keeps stderr open must not hold up the vote for ever.
    child.on('exit', (code, signal) => {
      setTimeout(() => resolve({ code, signal, stderr }), STDERR_GRACE_MS);
    });
  });
}

export interface ValidatorOptions {
  /** Run by the shell; the file's path is appended, is `$1`, and is REPLICHART_CANDIDATE. */
  readonly command: string;
  readonly timeoutMs: number;
}

/** Candidates live in a folder that only this user can read. */
export class Validator {
  readonly #options: ValidatorOptions;
  #folder: string | null = null;
  /** Several only when the service layer gave up on one and asks for the next. */
  readonly #running = new Set<ChildProcess>();
  #candidates = 0;

  constructor(options: ValidatorOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the command accepts `text`.
   * @throws {Veto} with the last line of its stderr, else how it ended
   */
  async check(text: string): Promise<void> {
    this.#folder ??= await mkdtemp(join(tmpdir(), 'replichart-candidate-'));
    this.#candidates += 1;
    const candidate = join(this.#folder, `candidate-${this.#candidates}.json`);
    await writeFile(candidate, text, { mode: 0o600 });
    const { command, timeoutMs } = this.#options;
    const child = launch(command, candidate);
    this.#running.add(child);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      kill(child);
    }, timeoutMs);
    try {
      const { code, signal, stderr } = await waitFor(child);
      if (late) throw new Veto(`the validator took longer than ${timeoutMs} ms and was stopped`);
      if (code === 0) return;
      const how = code === null ? `was ended by ${signal}` : `ended with exit code ${code}`;
      throw new Veto(lastLine(stderr) || `the validator ${how}`);
    } finally {
      clearTimeout(timer);
      this.#running.delete(child);
      await rm(candidate, { force: true });
    }
  }

  /** Stops a command that runs and deletes the folder of candidates. */
  async close(): Promise<void> {
    for (const child of this.#running) kill(child);
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true });
    this.#folder = null;
  }
}
