/** One node of the check as a child process: started, killed, stopped and asked from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { HostCommand, HostConfig, HostLine, HostState } from './messages.js';

const PROGRAM = fileURLToPath(new URL('./host.js', import.meta.url));
const ANSWER_MS = 30_000;
const ERROR_CHARACTERS = 4_000;

export class HostProcess {
  readonly id: string;
  readonly #config: Omit<HostConfig, 'life'>;
  readonly #heard: (id: string, line: HostLine) => void;
  #child: ChildProcess | null = null;
  #life = 0;
  #state: ((state: HostState) => void) | null = null;
  /** What its processes wrote to stderr: there should be nothing. */
  stderr = '';
  /** It ended without being told to. */
  strayEnds = 0;
  role = 'down';

  constructor(config: Omit<HostConfig, 'life'>, heard: (id: string, line: HostLine) => void) {
    this.id = config.id;
    this.#config = config;
    this.#heard = heard;
  }

  get isUp(): boolean {
    return this.#child !== null;
  }

  start(): void {
    this.#life += 1;
    const config: HostConfig = { ...this.#config, life: this.#life };
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify(config)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.role = 'starting';
    process.once('exit', this.#killNow);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr = (this.stderr + text).slice(-ERROR_CHARACTERS);
    });
    // A command to one that was just killed has nobody to go to.
    child.stdin?.on('error', () => {});
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on('line', (line) => this.#hear(line));
    }
    child.once('exit', () => {
      if (this.#child !== child) return;
      this.#child = null;
      this.role = 'down';
      this.strayEnds += 1;
    });
  }

  send(command: HostCommand): void {
    this.#child?.stdin?.write(`${command}\n`);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }

  async kill(): Promise<void> {
    await this.#end(() => this.#child?.kill('SIGKILL'));
  }

  /** An orderly end; killed when that takes too long. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), ANSWER_MS);
    await this.#end(() => this.send('stop'));
    clearTimeout(timer);
  }

  async state(): Promise<HostState> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.id} does not answer`)), ANSWER_MS);
      this.#state = (state) => {
        clearTimeout(timer);
        resolve(state);
      };
      this.send('state');
    });
  }

  async #end(act: () => void): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const closed = once(child, 'close');
    act();
    this.#child = null;
    this.role = 'down';
    await closed;
    process.removeListener('exit', this.#killNow);
  }

  #hear(text: string): void {
    const line = JSON.parse(text) as HostLine;
    if (line.kind === 'role') this.role = line.role;
    if (line.kind === 'state') this.#state?.(line.state);
    this.#heard(this.id, line);
  }

  readonly #killNow = (): void => {
    this.#child?.kill('SIGKILL');
  };
}
