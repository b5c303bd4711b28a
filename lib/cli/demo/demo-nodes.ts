/** The processes and the folder of one demo. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReplicationError } from '../../errors.js';
import type { Answered, Asked, MasterReply, MasterRequest } from './messages.js';
import { type NodeEvent, NodeProcess } from './node-process.js';

/** A value that the last slave's validator refuses. */
export const REFUSED_VALUE = 'replichart demo: a value that one slave refuses';

/** A validator as a user would write one: reads the candidate, says no with a reason. */
const VALIDATOR = `import { readFileSync } from 'node:fs';
if (readFileSync(process.argv[2], 'utf8').includes(${JSON.stringify(REFUSED_VALUE)})) {
  console.error('this node has no use for the new value');
  process.exit(1);
}
`;

/** On a busy machine the data alone take long to parse. */
const START_MS = 60_000;
const REQUEST_MS = 30_000;

/** A slave of the demo: its process may be another one after a restart. */
export interface DemoSlave {
  readonly id: string;
  readonly out: string;
  readonly args: readonly string[];
  process: NodeProcess | null;
  /** Version and digest that it last reported. */
  version: number;
  digest: string;
}

export class DemoNodes {
  readonly folder: string;
  readonly slaves: DemoSlave[] = [];
  readonly #environment: Readonly<Record<string, string>>;
  readonly #running = new Set<NodeProcess>();
  #master: NodeProcess | null = null;
  #port = 0;
  #requests = 0;
  #closed = false;

  private constructor(folder: string, environment: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.#environment = environment;
    // The last resort: whatever ends this process, no child outlives it.
    process.once('exit', this.#killAll);
  }

  /** @param environment of the processes, beside the demo's own */
  static async create(environment: Readonly<Record<string, string>>): Promise<DemoNodes> {
    const folder = await mkdtemp(join(tmpdir(), 'replichart-demo-'));
    const nodes = new DemoNodes(folder, environment);
    await mkdir(join(nodes.folder, 'tmp'));
    await writeFile(join(nodes.folder, 'validate.mjs'), VALIDATOR);
    return nodes;
  }

  async startMaster(file: string): Promise<void> {
    const store = join(this.folder, 'master', 'store');
    await mkdir(store, { recursive: true });
    const master = this.#start('master', ['demo-master', file, '--store', store]);
    this.#master = master;
    const { port } = await master.next('listening', START_MS);
    this.#port = Number(port);
  }

  /** From here on everything fails, and nobody wants to read why. */
  get closed(): boolean {
    return this.#closed;
  }

  get masterPid(): number {
    return this.#master?.pid ?? 0;
  }

  /** Makes the slaves known; the last one has a validator. */
  async addSlaves(count: number): Promise<void> {
    for (let index = 1; index <= count; index += 1) {
      const id = `slave-${index}`;
      const folder = join(this.folder, id);
      await mkdir(folder);
      const out = join(folder, 'copy.json');
      const args = ['slave', '--json', '--connect', `127.0.0.1:${this.#port}`, '--id', id];
      args.push('--out', out, '--store', join(folder, 'store'));
      if (index === count) {
        args.push('--validate', `"${process.execPath}" "${join(this.folder, 'validate.mjs')}"`);
      }
      this.slaves.push({ id, out, args, process: null, version: 0, digest: '' });
    }
  }

  /** Starts a slave, again after it was killed. */
  startSlave(slave: DemoSlave): NodeProcess {
    const started = this.#start(slave.id, slave.args);
    slave.process = started;
    started.on((event) => {
      if (event.event === 'version' || event.event === 'cached') noteVersion(slave, event);
    });
    return started;
  }

  async killSlave(slave: DemoSlave): Promise<void> {
    const { process: running } = slave;
    if (running === null) return;
    slave.process = null;
    await running.kill();
    this.#running.delete(running);
  }

  /** @throws {ReplicationError} when the master cannot do it, or is gone */
  async ask(request: MasterRequest): Promise<MasterReply> {
    const master = this.#master;
    if (master === null) throw new ReplicationError('NOT_RUNNING', 'the master was not started');
    this.#requests += 1;
    const id = this.#requests;
    const answer = await askMaster(master, { id, request });
    if ('reply' in answer) return answer.reply;
    throw new ReplicationError(
      'NOT_RUNNING',
      `the master could not ${request.do}: ${answer.error}`,
    );
  }

  /**
   * Ends every process, with -9 where nobody wants to wait; deletes the folder unless it is to be
   * kept. Whatever still goes on with the nodes fails from now on.
   */
  async close(keep: boolean, quickly: boolean): Promise<void> {
    this.#closed = true;
    const running = [...this.#running];
    await Promise.all(running.map((child) => (quickly ? child.kill() : child.stop())));
    this.#running.clear();
    process.off('exit', this.#killAll);
    if (!keep) await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  readonly #killAll = (): void => {
    for (const running of this.#running) running.killNow();
  };

  #start(name: string, args: readonly string[]): NodeProcess {
    if (this.#closed) throw new ReplicationError('NOT_RUNNING', 'the demo has ended');
    const started = new NodeProcess(name, args, join(this.folder, 'tmp'), this.#environment);
    this.#running.add(started);
    return started;
  }
}

function noteVersion(slave: DemoSlave, { version, digest }: NodeEvent): void {
  slave.version = Number(version);
  slave.digest = String(digest);
}

/** Sends one request and waits for its answer, the end of the process, or the deadline. */
function askMaster(master: NodeProcess, asked: Asked): Promise<Answered> {
  const { channel } = master;
  return new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer);
      channel.off('message', onMessage);
      channel.off('close', onClose);
    };
    const fail = (error: ReplicationError): void => {
      done();
      reject(error);
    };
    const onMessage = (message: unknown): void => {
      if ((message as Answered).id !== asked.id) return;
      done();
      resolve(message as Answered);
    };
    const onClose = (): void => fail(ended(null));
    const timer = setTimeout(() => {
      fail(new ReplicationError('TIMEOUT', `the master did not answer in ${REQUEST_MS} ms`));
    }, REQUEST_MS);
    channel.on('message', onMessage);
    channel.on('close', onClose);
    channel.send(asked, (error) => {
      if (error !== null) fail(ended(error));
    });
  });
}

function ended(cause: Error | null): ReplicationError {
  return new ReplicationError('NOT_RUNNING', 'the master ended unexpectedly', { cause });
}
