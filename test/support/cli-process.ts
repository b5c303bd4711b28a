/** `replichart` as a person starts it: a process, its lines, its exit code. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const CLI = fileURLToPath(new URL('../../lib/cli/main.js', import.meta.url));

/** Milliseconds for anything a test waits for; generous, since the machine may be busy. */
export const DEADLINE_MS = 60_000;

/** One line of `--json` output. */
export interface CliEvent {
  readonly event: string;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: fields are asserted by the tests
  readonly [field: string]: any;
}

export interface CliEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class CliProcess {
  readonly events: CliEvent[] = [];
  readonly ended: Promise<CliEnd>;
  stdout = '';
  stderr = '';
  readonly #args: readonly string[];
  readonly #child: ChildProcess;
  #wake = new Set<() => void>();
  #end: CliEnd | null = null;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#args = args;
    this.#child = spawn(process.execPath, [CLI, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error('no pipes');
    createInterface({ input: stdout }).on('line', (line) => {
      this.stdout += `${line}\n`;
      if (line.startsWith('{"event"')) this.events.push(JSON.parse(line) as CliEvent);
      this.#changed();
    });
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#changed();
    });
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => {
        this.#end = { code, signal };
        resolve(this.#end);
        this.#changed();
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** The first event, old or new, of that name that fits. */
  async event(name: string, fits: (event: CliEvent) => boolean = () => true): Promise<CliEvent> {
    let found: CliEvent | undefined;
    await this.until(`event "${name}"`, () => {
      found = this.events.find((event) => event.event === name && fits(event));
      return found !== undefined;
    });
    if (found === undefined) throw new Error('unreachable');
    return found;
  }

  /** The next event of that name that fits; none that came before. */
  async next(name: string, fits: (event: CliEvent) => boolean = () => true): Promise<CliEvent> {
    const old = new Set(this.events);
    return this.event(name, (event) => !old.has(event) && fits(event));
  }

  /** Waits for `holds`, which is asked whenever the process printed something. */
  async until(what: string, holds: () => boolean): Promise<void> {
    const until = performance.now() + DEADLINE_MS;
    while (!holds()) {
      const left = until - performance.now();
      if (this.#end !== null) throw new Error(`${what}: it ended first\n${this.told()}`);
      if (left <= 0) throw new Error(`${what}: not within ${DEADLINE_MS} ms\n${this.told()}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Sends the signal and waits for the end; kills it when it takes too long. */
  async stop(name: NodeJS.Signals = 'SIGTERM'): Promise<CliEnd> {
    if (this.#end === null) this.#child.kill(name);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), DEADLINE_MS);
    const end = await this.ended;
    clearTimeout(timer);
    return end;
  }

  /** For messages of failed assertions. */
  told(): string {
    const out = this.stdout.slice(-3000);
    return `replichart ${this.#args.join(' ')}\n${out}\n${this.stderr.slice(-3000)}`;
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = new Set();
    for (const resolve of wake) resolve();
  }
}

/** Starts processes for one test and ends all of them after it, in reverse order. */
export async function withCli(
  run: (start: (...args: string[]) => CliProcess) => Promise<void>,
): Promise<void> {
  const started: CliProcess[] = [];
  const start = (...args: string[]): CliProcess => {
    const child = new CliProcess(args);
    started.push(child);
    return child;
  };
  try {
    await run(start);
  } catch (error) {
    const told = started.map((child) => child.told()).join('\n----\n');
    throw Object.assign(error as Error, { message: `${(error as Error).message}\n${told}` });
  } finally {
    for (const child of started.reverse()) await child.stop();
  }
}

/** Whether a process runs. One that only waits to be reaped by its parent does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    // The state follows the name, which is in parentheses and may hold spaces.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}
