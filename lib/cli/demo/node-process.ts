/** One process of the demo: started, listened to line by line, and surely ended. */
import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ReplicationError } from '../../errors.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
/** Milliseconds that a process may take to stop cleanly. */
const STOP_MS = 3000;
const STDERR_KEPT = 4000;

/** One line of a command's `--json` output. */
export interface NodeEvent {
  readonly event: string;
  readonly text: string;
  readonly [field: string]: unknown;
}

interface Waiter {
  readonly matches: (event: NodeEvent) => boolean;
  readonly resolve: (event: NodeEvent) => void;
  readonly reject: (error: Error) => void;
}

export class NodeProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #listeners = new Set<(event: NodeEvent) => void>();
  readonly #waiters = new Set<Waiter>();
  #stderr = '';
  #running = true;

  /**
   * Starts `replichart ARGS` as a child with a channel, so that it ends when the demo does. What it
   * makes for a while is in `folder`, also after a kill -9.
   */
  constructor(
    name: string,
    args: readonly string[],
    folder: string,
    extra: Readonly<Record<string, string>> = {},
  ) {
    this.name = name;
    const env = { ...process.env, TMPDIR: folder, TMP: folder, TEMP: folder, ...extra };
    // The demo's own loader options (a debugger's port, say) are not for its children.
    this.#child = fork(MAIN, args, { silent: true, execArgv: [], env });
    const { stdout, stderr } = this.#child;
    if (stdout !== null) {
      createInterface({ input: stdout }).on('line', (line) => this.#take(line));
    }
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => this.#ended(error.message, resolve));
      this.#child.once('close', (code, signal) => {
        this.#ended(`it ended with ${signal ?? `exit code ${code}`}`, resolve);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The channel of the demo's master. */
  get channel(): ChildProcess {
    return this.#child;
  }

  on(listener: (event: NodeEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * The next event of that name for which `fits` holds.
   * @throws {ReplicationError} TIMEOUT, or NOT_RUNNING when the process ends before it
   */
  async next(
    name: string,
    timeoutMs: number,
    fits: (event: NodeEvent) => boolean = () => true,
  ): Promise<NodeEvent> {
    if (!this.#running) throw this.#endedError('it is not running');
    let timer: NodeJS.Timeout | undefined;
    let waiter: Waiter | undefined;
    try {
      return await new Promise<NodeEvent>((resolve, reject) => {
        const matches = (event: NodeEvent): boolean => event.event === name && fits(event);
        waiter = { matches, resolve, reject };
        this.#waiters.add(waiter);
        timer = setTimeout(() => {
          const message = `${this.name} did not report "${name}" within ${timeoutMs} ms`;
          reject(new ReplicationError('TIMEOUT', message));
        }, timeoutMs);
      });
    } finally {
      clearTimeout(timer);
      if (waiter !== undefined) this.#waiters.delete(waiter);
    }
  }

  /** kill -9: nothing in the process gets to run any more. */
  async kill(): Promise<void> {
    this.killNow();
    await this.#exited;
  }

  /** For the very end, where nothing can be waited for. */
  killNow(): void {
    if (this.#running) this.#child.kill('SIGKILL');
  }

  /** Asks it to stop, and kills it when it does not. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.killNow(), STOP_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #take(line: string): void {
    let event: NodeEvent;
    try {
      event = JSON.parse(line) as NodeEvent;
    } catch {
      // A line that is no event is something unforeseen: it is shown with the failure.
      this.#stderr = `${this.#stderr}${line}\n`.slice(-STDERR_KEPT);
      return;
    }
    for (const listener of this.#listeners) listener(event);
    for (const waiter of this.#waiters) if (waiter.matches(event)) waiter.resolve(event);
  }

  #endedError(how: string): ReplicationError {
    const said = this.#stderr.trim();
    const message = `${this.name}: ${how}${said === '' ? '' : `; it said: ${said}`}`;
    return new ReplicationError('NOT_RUNNING', message);
  }

  #ended(how: string, resolve: () => void): void {
    if (!this.#running) return;
    this.#running = false;
    for (const waiter of this.#waiters) waiter.reject(this.#endedError(how));
    resolve();
  }
}
