/** A program in a process of its own, which prints a line of JSON for each thing that happens. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

type Line = Readonly<Record<string, unknown>>;

export interface LineProcessOptions {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

export class LineProcess {
  readonly lines: Line[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #file: string;
  #errors = '';

  constructor(file: string, { folder, env }: LineProcessOptions) {
    this.#file = file;
    this.#child = spawn(process.execPath, [file], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
    this.#child.stderr?.on('data', (chunk) => {
      this.#errors += chunk;
    });
    const output = this.#child.stdout;
    if (output === null) throw new Error(`${file} has no output`);
    createInterface({ input: output }).on('line', (line) => this.lines.push(JSON.parse(line)));
  }

  /** Writes one line to it and returns the next one it prints that `fits`. */
  async ask(question: object, fits: (line: Line) => boolean, deadlineMs: number): Promise<Line> {
    const from = this.lines.length;
    this.#child.stdin?.write(`${JSON.stringify(question)}\n`);
    return this.line(fits, deadlineMs, from);
  }

  /** @throws {Error} with all it said when none comes in time, or it ends before */
  async line(fits: (line: Line) => boolean, deadlineMs: number, from = 0): Promise<Line> {
    const deadline = performance.now() + deadlineMs;
    for (;;) {
      const found = this.lines.slice(from).find(fits);
      if (found !== undefined) return found;
      if (performance.now() > deadline || this.#child.exitCode !== null) {
        const said = JSON.stringify(this.lines);
        throw new Error(`${this.#file} said ${said} and no other\n${this.#errors}`);
      }
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    }
  }

  /** As the power goes: it is asked nothing. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
