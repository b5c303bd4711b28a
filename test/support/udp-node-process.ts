/** The parent's side of `udp-node.ts`: a node in a process of its own, on some host. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { UdpNodeAnswer, UdpNodeCommand, UdpNodeOptions, UdpNodeState } from './udp-node.js';

const PROGRAM = fileURLToPath(new URL('./udp-node.js', import.meta.url));

export class UdpNodeProcess {
  readonly id: string;
  readonly #child: ChildProcess;
  #words = '';
  #tail: Promise<unknown> = Promise.resolve();

  /** @param prefix the words before the program, such as those that enter a namespace */
  constructor(
    prefix: readonly string[],
    role: 'master' | 'slave',
    id: string,
    options: UdpNodeOptions,
  ) {
    this.id = id;
    const words = [...prefix, process.execPath, PROGRAM, role, id, JSON.stringify(options)];
    const [program, ...rest] = words as [string, ...string[]];
    this.#child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      output?.on('data', (chunk: Buffer) => {
        this.#words += chunk.toString();
      });
    }
  }

  /** Resolves when the node started. */
  started(): Promise<UdpNodeState> {
    return this.#answer();
  }

  /** One command after the other, each with its own answer. */
  do(command: UdpNodeCommand): Promise<UdpNodeState> {
    const answer = this.#tail.then(() => {
      const next = this.#answer();
      this.#child.send(command);
      return next;
    });
    // A failure is its caller's; the next command is not concerned.
    this.#tail = answer.catch(() => undefined);
    return answer;
  }

  /** SIGSTOP: it takes nothing any more and says nothing. SIGCONT ends that. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** As it dies: at once, and nothing is said. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  async #answer(): Promise<UdpNodeState> {
    const over = new AbortController();
    try {
      const { signal } = over;
      const exited = once(this.#child, 'exit', { signal }).then(([code]) => {
        throw new Error(`${this.id} ended (${code}): ${this.#words}`);
      });
      const [reply] = (await Promise.race([once(this.#child, 'message', { signal }), exited])) as [
        UdpNodeAnswer,
      ];
      if ('failure' in reply) throw new Error(`${this.id}: ${reply.failure}`);
      return reply.state;
    } finally {
      over.abort();
    }
  }
}
