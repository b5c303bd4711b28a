/** A master in this process, and below it slaves, or relays with slaves, in a few others. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createMaster, document } from '../../../lib/index.js';
import { tcpListen } from '../../../lib/transports/tcp/index.js';
import { CountedTransport, type Traffic } from './counted.js';
import { type FromNode, ITEM, type ToNode, type TreeValue } from './messages.js';

export interface TreeSizes {
  /** 0 for slaves of the master itself. */
  readonly relays: number;
  readonly leaves: number;
  /** Leaves of one process. */
  readonly leavesPerProcess: number;
}

/** What the master did for one update, on average. */
export interface Work extends Traffic {
  readonly cpuMs: number;
}

const NODE = fileURLToPath(new URL('node.js', import.meta.url));
const LONG_MS = 120_000;
/** What time causes, heartbeats and questions after silence, is no work of an update. */
const HEARTBEAT_MS = 3_600_000;
const MS_PER_MICROSECOND = 1e-3;

class Child {
  readonly #process: ChildProcess = fork(NODE, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });

  ask(message: ToNode): Promise<Exclude<FromNode, { type: 'failed' }>> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${message.type}: no answer`)), LONG_MS);
      const end = (work: () => void): void => {
        clearTimeout(late);
        this.#process.off('message', hear);
        this.#process.off('exit', gone);
        work();
      };
      const hear = (answer: FromNode): void =>
        end(() => (answer.type === 'failed' ? reject(new Error(answer.reason)) : resolve(answer)));
      const gone = (): void => end(() => reject(new Error('a process of the tree ended')));
      this.#process.on('message', hear);
      this.#process.on('exit', gone);
      this.#process.send(message);
    });
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }
}

const names = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);

export class Tree {
  readonly transport = new CountedTransport(tcpListen({ port: 0 }));
  readonly master = createMaster({
    item: ITEM,
    data: document<TreeValue>({ text: '' }),
    transport: this.transport,
    heartbeat: HEARTBEAT_MS,
    voteTimeout: LONG_MS,
  });
  readonly #children: Child[] = [];
  readonly #leafProcesses: Child[] = [];

  /** Resolves once every leaf is current. */
  async start({ relays, leaves, leavesPerProcess }: TreeSizes, vetoer: string | null) {
    await this.master.start();
    const port = Number(this.transport.address.split(':').at(-1));
    const ports = relays === 0 ? [port] : await this.#startRelays(relays, port);
    const ids = names('leaf-', leaves);
    const perHome = Math.ceil(leaves / ports.length);
    // Few start at once: they would wait for each other's processor time.
    for (const [home, of] of ports.entries()) {
      const below = ids.slice(home * perHome, (home + 1) * perHome);
      for (let at = 0; at < below.length; at += leavesPerProcess) {
        const some = below.slice(at, at + leavesPerProcess);
        const child = this.#processFor(home, leavesPerProcess, some.length);
        await child.ask({ type: 'leaves', ids: some, port: of, vetoer });
      }
    }
  }

  /** All leaves that show this value, and every version that any of them stands at. */
  async count(value: string): Promise<{ count: number; versions: readonly number[] }> {
    let count = 0;
    const versions = new Set<number>();
    for (const child of this.#leafProcesses) {
      const answer = await child.ask({ type: 'count', value });
      if (answer.type !== 'counted') throw new Error(`a leaf process said ${answer.type}`);
      count += answer.count;
      for (const version of answer.versions) versions.add(version);
    }
    return { count, versions: [...versions] };
  }

  /** Waits until so many show it. */
  async reached(value: string, count: number): Promise<void> {
    const deadline = performance.now() + LONG_MS;
    for (;;) {
      const shown = await this.count(value);
      if (shown.count === count) return;
      if (performance.now() > deadline) {
        throw new Error(`${shown.count} of ${count} leaves show "${value}"`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** What `updates` updates cost this process, each awaited before the next. */
  async measure(updates: number, update: (index: number) => Promise<unknown>): Promise<Work> {
    this.transport.take();
    const before = process.cpuUsage();
    for (let index = 0; index < updates; index += 1) await update(index);
    const { user, system } = process.cpuUsage(before);
    const { framesOut, bytesOut, framesIn, bytesIn } = this.transport.take();
    return {
      framesOut: framesOut / updates,
      bytesOut: bytesOut / updates,
      framesIn: framesIn / updates,
      bytesIn: bytesIn / updates,
      cpuMs: ((user + system) * MS_PER_MICROSECOND) / updates,
    };
  }

  async stop(): Promise<void> {
    for (const child of this.#children) child.kill();
    await this.master.stop();
  }

  async #startRelays(count: number, port: number): Promise<readonly number[]> {
    const ids = names('relay-', count);
    const half = Math.ceil(count / 2);
    const parts = [ids.slice(0, half), ids.slice(half)].filter((part) => part.length > 0);
    const ready = await Promise.all(
      parts.map((part) => this.#newChild().ask({ type: 'relays', ids: part, port })),
    );
    return ready.flatMap((answer) => (answer.type === 'ready' ? answer.ports : []));
  }

  /** Leaves of several relays share a process, as many as fit. */
  #processFor(home: number, leavesPerProcess: number, leaves: number): Child {
    const last = this.#leafProcesses.at(-1);
    const isFull = home % Math.max(1, Math.floor(leavesPerProcess / leaves)) === 0;
    if (last !== undefined && !isFull) return last;
    const child = this.#newChild();
    this.#leafProcesses.push(child);
    return child;
  }

  #newChild(): Child {
    const child = new Child();
    this.#children.push(child);
    return child;
  }
}
