/** A real cluster of processes over TCP, and an inspector in another one, as people start it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliProcess } from '../../support/cli-process.js';

/** What the validator of every slave says no to. */
export const FORBIDDEN = 'forbidden';
export const VETO_REASON = 'this value is forbidden here';
/** Long enough for a page to be seen preparing. */
const LOOK_MS = 700;
/** Three validators are started for each change, and the machine may be busy. */
const CHANGE_MS = 90_000;

/** Refuses what the page shall show as a veto; on one slave only. */
const VALIDATOR = `
import { readFileSync } from 'node:fs';
const [, , refuses, path] = process.argv;
const text = readFileSync(path, 'utf8');
await new Promise((resolve) => setTimeout(resolve, ${LOOK_MS}));
if (refuses === 'yes' && text.includes('${FORBIDDEN}')) {
  console.error('${VETO_REASON}');
  process.exit(1);
}
`;

export interface WatchedCluster {
  /** The link of the inspector, with its token. */
  readonly link: string;
  readonly recording: string;
  readonly folder: string;
  /** Saves another state of the master's file: a two-phase change. */
  readonly change: (value: string) => Promise<void>;
  /** The same, and waits until all slaves have it: what is saved at once is one change. */
  readonly changed: (value: string) => Promise<void>;
  readonly slave: (id: string) => CliProcess;
  readonly startSlave: (id: string) => Promise<void>;
  readonly copyOf: (id: string) => Promise<string>;
  /** Ends the inspector, so that its recording is whole. */
  readonly stopInspector: () => Promise<void>;
}

const SLAVES = ['slave-1', 'slave-2', 'slave-3'];
const REFUSER = 'slave-2';
const LOCAL = '127.0.0.1:0';

class Running implements WatchedCluster {
  readonly folder: string;
  readonly recording: string;
  link = '';
  readonly #processes: CliProcess[] = [];
  readonly #slaves = new Map<string, CliProcess>();
  #inspector: CliProcess | null = null;
  #master = '';

  constructor(folder: string) {
    this.folder = folder;
    this.recording = join(folder, 'run.jsonl');
  }

  async start(): Promise<void> {
    await writeFile(join(this.folder, 'validator.mjs'), VALIDATOR);
    await this.change('first');
    const inspect = ['inspect', '--listen', LOCAL, '--record', this.recording, '--json'];
    this.#inspector = this.#run(inspect);
    this.link = (await this.#inspector.event('inspector')).link;
    const file = join(this.folder, 'settings.json');
    const options = ['--listen', LOCAL, '--two-phase', '--heartbeat', '500', '--json'];
    const master = this.#run(['master', file, ...options], this.link);
    this.#master = (await master.event('listening')).address;
    await Promise.all(SLAVES.map((id) => this.startSlave(id)));
  }

  async change(value: string): Promise<void> {
    await writeFile(join(this.folder, 'settings.json'), JSON.stringify({ value }));
  }

  async changed(value: string): Promise<void> {
    const wanted = JSON.stringify(value);
    const deadline = performance.now() + CHANGE_MS;
    await this.change(value);
    const hasIt = async (id: string) => (await this.copyOf(id)).includes(wanted);
    while (!(await Promise.all(SLAVES.map(hasIt))).every(Boolean)) {
      if (performance.now() > deadline) throw new Error(`${value} is not on all slaves`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  slave(id: string): CliProcess {
    const found = this.#slaves.get(id);
    if (found === undefined) throw new Error(`there is no ${id}`);
    return found;
  }

  async startSlave(id: string): Promise<void> {
    const validator = join(this.folder, 'validator.mjs');
    const refuses = id === REFUSER ? 'yes' : 'no';
    const validate = `"${process.execPath}" "${validator}" ${refuses}`;
    const args = ['slave', '--connect', this.#master, '--id', id, '--out', this.#out(id), '--json'];
    const store = ['--store', join(this.folder, `${id}-store`), '--validate', validate];
    const child = this.#run([...args, ...store], this.link);
    this.#slaves.set(id, child);
    await child.event('started');
  }

  copyOf(id: string): Promise<string> {
    return readFile(this.#out(id), 'utf8');
  }

  async stopInspector(): Promise<void> {
    await this.#inspector?.stop();
  }

  async end(): Promise<void> {
    for (const child of this.#processes.reverse()) await child.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  told(): string {
    return this.#processes.map((child) => child.told()).join('\n----\n');
  }

  #out(id: string): string {
    return join(this.folder, `${id}.json`);
  }

  #run(args: readonly string[], link?: string): CliProcess {
    const child = new CliProcess(args, link === undefined ? {} : { REPLICHART_INSPECTOR: link });
    this.#processes.push(child);
    return child;
  }
}

/** One master and three slaves, of which `slave-2` refuses what holds `FORBIDDEN`. */
export async function withCluster(work: (cluster: WatchedCluster) => Promise<void>): Promise<void> {
  const cluster = new Running(await mkdtemp(join(tmpdir(), 'replichart-browser-')));
  try {
    await cluster.start();
    await work(cluster);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${cluster.told()}`, { cause: error });
  } finally {
    await cluster.end();
  }
}
