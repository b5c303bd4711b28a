/** A node of a cluster of processes: its life as a child process, to be killed and started anew. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type {
  HostCommand,
  HostConfig,
  HostContent,
  HostReport,
  HostStatus,
  SetOptions,
  SetOutcome,
} from './process-messages.js';

const PROGRAM = fileURLToPath(new URL('./process-host.js', import.meta.url));
const STATUS_POLL_MS = 20;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The process went away with this question unanswered. */
export class Gone extends Error {
  override readonly name = 'Gone';
}

/** The process could not start, said why, and ended. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

interface Question {
  readonly resolve: (body: unknown) => void;
  readonly reject: (error: Error) => void;
}

type Settings = Omit<HostConfig, 'life'>;

export class ProcessNode {
  readonly settings: Settings;
  /** Everything any of its processes wrote to stderr: there should be nothing. */
  stderr = '';
  /** Processes that ended although nobody here had ended them. */
  readonly strayEnds: string[] = [];
  kills = 0;
  #port: number;
  #life = 0;
  #child: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();
  #isExpected = false;
  #asked = 0;
  readonly #questions = new Map<number, Question>();

  constructor(settings: Settings) {
    this.settings = settings;
    this.#port = settings.port;
  }

  get id(): string {
    return this.settings.id;
  }

  get isUp(): boolean {
    return this.#child !== null;
  }

  /** Where the last life listened; a later one listens there again. */
  get port(): number {
    return this.#port;
  }

  /**
   * Starts the next life; resolves once it serves.
   * @throws Gone when it was killed, Refused when it could not start
   */
  start(more: Pick<HostConfig, 'takeover' | 'slowSyncMs'> = {}): Promise<void> {
    if (this.#child !== null) throw new Error(`${this.id} is up already`);
    this.#life += 1;
    const config: HostConfig = { ...this.settings, ...more, port: this.#port, life: this.#life };
    const child = spawn(process.execPath, [PROGRAM, JSON.stringify(config)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    this.#isExpected = false;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.#ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#closed(`life ${config.life} of ${this.id}: ${signal ?? `exit code ${code}`}`);
        resolve();
      });
    });
    return new Promise((resolve, reject) => {
      this.#questions.set(0, { resolve: () => resolve(), reject });
      child.on('message', (message) => this.#receive(message as HostReport));
    });
  }

  /** SIGKILL, and waits until the system has taken everything of it away. */
  async kill(): Promise<void> {
    if (this.#child === null) return;
    this.kills += 1;
    this.#isExpected = true;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }

  /** Asks it to end by itself; it does not matter how long its stop takes. */
  async stop(): Promise<void> {
    this.#isExpected = true;
    await this.#ask({ command: 'stop' });
    await this.#ended;
  }

  /** Gives a slave or master the order of its host. */
  async order(order: HostCommand): Promise<void> {
    await this.#ask(order);
  }

  status(): Promise<HostStatus> {
    return this.#ask({ command: 'status' }) as Promise<HostStatus>;
  }

  /** Its status, once `holds`. @throws when that takes longer than `deadlineMs` */
  async shows(
    what: string,
    holds: (status: HostStatus) => boolean,
    deadlineMs: number,
  ): Promise<HostStatus> {
    const deadline = performance.now() + deadlineMs;
    for (;;) {
      const status = await this.status();
      if (holds(status)) return status;
      if (performance.now() > deadline) {
        throw new Error(`${this.id}: no ${what} in time: ${JSON.stringify(status)}`);
      }
      await pause(STATUS_POLL_MS);
    }
  }

  content(): Promise<HostContent> {
    return this.#ask({ command: 'content' }) as Promise<HostContent>;
  }

  async load(load: Extract<HostCommand, { command: 'load' }>['load']): Promise<void> {
    await this.#ask({ command: 'load', load });
  }

  async cease(): Promise<void> {
    await this.#ask({ command: 'cease' });
  }

  set(key: string, options: SetOptions): Promise<SetOutcome> {
    return this.#ask({ command: 'set', key, options }) as Promise<SetOutcome>;
  }

  #ask(body: HostCommand): Promise<unknown> {
    const child = this.#child;
    if (child === null) return Promise.reject(new Gone(`${this.id} is not up`));
    this.#asked += 1;
    const request = this.#asked;
    return new Promise((resolve, reject) => {
      this.#questions.set(request, { resolve, reject });
      // A failure to send means that it is gone, which `close` tells.
      child.send({ request, body }, () => {});
    });
  }

  #receive(message: HostReport): void {
    if ('ready' in message) {
      if (message.port !== 0) this.#port = message.port;
      this.#answer(0, undefined);
    } else if ('refused' in message) {
      this.#isExpected = true;
      const { code, message: reason } = message.refused;
      this.#questions.get(0)?.reject(new Refused(code, reason));
      this.#questions.delete(0);
    } else this.#answer(message.answer, message.body);
  }

  #answer(request: number, body: unknown): void {
    this.#questions.get(request)?.resolve(body);
    this.#questions.delete(request);
  }

  #closed(how: string): void {
    this.#child = null;
    if (!this.#isExpected) this.strayEnds.push(how);
    for (const { reject } of this.#questions.values()) reject(new Gone(`${this.id} is gone`));
    this.#questions.clear();
  }
}
