/** A process of the bench as the harness holds it: asked, answered, ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { NodeConfig, QuestionName, Questions, Reply, Request } from './node/messages.js';

const PROGRAM = fileURLToPath(new URL('./node/main.js', import.meta.url));
const STOP_MS_MAX = 5000;

interface Asked {
  readonly resolve: (give: unknown) => void;
  readonly reject: (error: Error) => void;
}

function profileOptions({ profileFolder, contestant, store, role, id }: NodeConfig): string[] {
  if (profileFolder === null) return [];
  const name = role === 'master' ? role : id;
  return [
    '--cpu-prof',
    `--cpu-prof-dir=${profileFolder}`,
    `--cpu-prof-name=${contestant}-${store}-${name}.cpuprofile`,
  ];
}

export class NodeProcess {
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, Asked>();
  readonly #name: string;
  #requests = 0;
  #failure: Error | null = null;
  #address = '';

  private constructor(config: NodeConfig) {
    this.#name = `${config.role} ${config.id} of ${config.contestant}`;
    // The harness's stdout holds results and nothing else: what a process says goes to stderr.
    const words = [...profileOptions(config), PROGRAM, JSON.stringify(config)];
    this.#child = spawn(process.execPath, words, {
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    this.#child.on('message', (message) => this.#receive(message as Reply));
    this.#child.on('exit', (code, signal) => {
      this.#fail(new Error(`${this.#name} ended: ${signal ?? `exit code ${code}`}`));
    });
  }

  /** Resolves once the process can be asked. */
  static async start(config: NodeConfig): Promise<NodeProcess> {
    const node = new NodeProcess(config);
    await node.#wait(0);
    return node;
  }

  /** Where its slaves connect to; empty for slaves. */
  get address(): string {
    return this.#address;
  }

  ask<Name extends QuestionName>(
    name: Name,
    take: Questions[Name]['take'],
  ): Promise<Questions[Name]['give']> {
    this.#requests += 1;
    const request: Request = { request: this.#requests, name, take };
    const reply = this.#wait(request.request);
    // A failure to send means that it is gone, which `exit` tells.
    this.#child.send(request, () => {});
    return reply as Promise<Questions[Name]['give']>;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** Asks it to end; one that does not is killed. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    const timer = setTimeout(() => this.kill(), STOP_MS_MAX);
    // Its end may come before its answer: either is a stop.
    this.ask('stop', null).catch(() => {});
    await ended;
    clearTimeout(timer);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #wait(request: number): Promise<unknown> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#asked.set(request, { resolve, reject }));
  }

  #receive(reply: Reply): void {
    const request = 'ready' in reply ? 0 : reply.request;
    if ('ready' in reply) this.#address = reply.address;
    const asked = this.#asked.get(request);
    this.#asked.delete(request);
    if ('error' in reply) asked?.reject(new Error(`${this.#name}: ${reply.error}`));
    else asked?.resolve('give' in reply ? reply.give : undefined);
  }

  #fail(error: Error): void {
    this.#failure = error;
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
  }
}
