/** Servers of peers: found on this machine, started, and ended with the bench. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { delimiter, join } from 'node:path';

/** Where Debian keeps servers that users have no path to. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

/** The file of a command, or null where it is not installed. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...MORE_FOLDERS];
  return folders.map((folder) => join(folder, name)).find(existsSync) ?? null;
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(
    servers.map((server) => {
      server.close();
      return once(server, 'close');
    }),
  );
  return ports;
}

const running = new Set<ChildProcess>();

// A server knows nothing of the harness: one that is cut off must not leave it behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface ProgramOptions {
  readonly folder: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** A server under way; what it says goes to `output` in its folder. */
export class Program {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(command: string, words: readonly string[], options: ProgramOptions) {
    const { folder, ...owner } = options;
    const child = spawn(command, words, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...owner,
    });
    const output = createWriteStream(join(folder, 'output'));
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    this.#child = child;
    this.#ended = once(child, 'close').finally(() => {
      running.delete(child);
      output.end();
    });
    running.add(child);
  }

  static async start(
    command: string,
    words: readonly string[],
    options: ProgramOptions,
  ): Promise<Program> {
    await mkdir(options.folder, { recursive: true });
    const program = new Program(command, words, options);
    await once(program.#child, 'spawn');
    return program;
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#child.kill(signal);
    await this.#ended;
  }
}

/** Tries until `attempt` succeeds; the last error when it did not in time. */
export async function retried<T>(attempt: () => Promise<T>, msMax: number): Promise<T> {
  const deadline = performance.now() + msMax;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
