/** The demo's master process: a host application in small, told by the demo what to change. */

import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { ReplicationError, reasonOf } from '../../errors.js';
import { document } from '../../layers/document/document.js';
import type { DocumentMasterData } from '../../layers/document/master.js';
import { createMaster, type Master } from '../../master.js';
import type { ReplicationTask, UpdateOptions } from '../../service/task.js';
import { diskStore } from '../../stores/disk.js';
import { tcpListen } from '../../transports/tcp/listen.js';
import { CopyFile, canonicalText } from '../copy-file.js';
import { everyConnected } from '../every-connected.js';
import { startLifetime } from '../lifetime.js';
import { makeOutput, type Streams } from '../output.js';
import { parseJson } from '../parse-json.js';
import { linkOption } from '../watching.js';
import { changedWhole, changeLeaf, editedLeaf, type LeafPath, pickLeaves } from './edits.js';
import type { Answered, Asked, MasterReply, MasterRequest } from './messages.js';

type DemoMaster = Master<DocumentMasterData<unknown>>;
/** How a change ended, beside where the master stands. */
type Outcome = Pick<MasterReply, 'refused' | 'participants'>;
type EditRequest = Extract<MasterRequest, { do: 'edit' }>;

/** Slaves, validators included, share few cores with three others. */
const VOTE_TIMEOUT_MS = 15_000;
const REACH_MS = 25_000;
const HEARTBEAT_MS = 1000;

interface DemoMasterOptions {
  readonly store: string;
  readonly inspector?: string;
}

/** Adds the hidden command. */
export function addDemoMasterCommand(program: Command, streams: Streams): void {
  program
    .command('demo-master', { hidden: true })
    .argument('<file>')
    .requiredOption('--store <folder>')
    .addOption(linkOption())
    .action((file: string, options: DemoMasterOptions) => runDemoMaster(file, options, streams));
}

async function runDemoMaster(
  file: string,
  { store, inspector }: DemoMasterOptions,
  streams: Streams,
): Promise<void> {
  const output = makeOutput(streams, true);
  const lifetime = startLifetime();
  try {
    const parsed = parseJson(await readFile(file));
    if ('problem' in parsed) throw new ReplicationError('INVALID_OPTION', parsed.problem);
    const transport = tcpListen({ port: 0 });
    const master = createMaster({
      item: 'data',
      data: document<unknown>(parsed.value),
      transport,
      store: diskStore(store),
      heartbeat: HEARTBEAT_MS,
      voteTimeout: VOTE_TIMEOUT_MS,
      participants: everyConnected,
      ...(inspector === undefined ? {} : { inspector }),
    });
    try {
      await master.start({ signal: lifetime.signal });
      const worker = new Worker(master);
      process.on('message', (message) => worker.take(message as Asked));
      output.event('listening', transport.address, { port: transport.port });
      await lifetime.over;
    } finally {
      await master.stop();
    }
  } finally {
    lifetime.release();
  }
}

/** `count` of them from `start` on; small documents have few, and those serve again. */
function takeAround(leaves: readonly LeafPath[], start: number, count: number): LeafPath[] {
  const wanted = Math.min(count, leaves.length);
  const twice = [...leaves, ...leaves];
  const from = leaves.length === 0 ? 0 : start % leaves.length;
  return twice.slice(from, from + wanted);
}

/** Does what it is asked, one after the other. */
class Worker {
  readonly #master: DemoMaster;
  #edits = 0;
  #queue: Promise<void> = Promise.resolve();

  constructor(master: DemoMaster) {
    this.#master = master;
  }

  take({ id, request }: Asked): void {
    this.#queue = this.#queue.then(async () => {
      const answer = await this.#do(request).then(
        (reply): Answered => ({ id, reply }),
        (error: unknown): Answered => ({ id, error: reasonOf(error) }),
      );
      if (process.connected) process.send?.(answer);
    });
  }

  async #do(request: MasterRequest): Promise<MasterReply> {
    const startedMs = performance.now();
    let outcome: Outcome = {};
    if (request.do === 'edit') outcome = await this.#edit(request);
    else if (request.do === 'write') await this.#write(request.path);
    else await this.#reach(request.version, request.slaves);
    const { version = 0, digest = '' } = this.#master.position ?? {};
    const ms = performance.now() - startedMs;
    return { version, digest, ms, ...outcome };
  }

  async #edit({ count, method, width, value }: EditRequest): Promise<Outcome> {
    const leaves = pickLeaves(this.#master.data.get(), count * width);
    const tasks: ReplicationTask[] = [];
    for (let index = 0; index < count; index += 1) {
      this.#edits += 1;
      const edit = this.#edits;
      const next = (old: unknown): unknown => value ?? editedLeaf(old, edit);
      tasks.push(this.#change(takeAround(leaves, index * width, width), next, { method }));
    }
    try {
      const [result] = await Promise.all(tasks);
      return { participants: result?.participants ?? [] };
    } catch (error) {
      if (!(error instanceof ReplicationError) || error.code !== 'ABORTED') throw error;
      const vetoes = Object.entries(error.slaves).filter(([, { stage }]) => stage === 'vetoed');
      const slaves = vetoes.map(([id, { reason }]) => [id, reason ?? ''] as const);
      const code = error.cause instanceof ReplicationError ? error.cause.code : error.code;
      return { refused: { code, slaves: Object.fromEntries(slaves) } };
    }
  }

  #change(
    leaves: readonly LeafPath[],
    next: (old: unknown) => unknown,
    options: UpdateOptions,
  ): ReplicationTask {
    const { data } = this.#master;
    if (leaves.length === 0) return data.set(changedWhole(data.get(), next), options);
    return data.update((draft) => {
      for (const path of leaves) changeLeaf(draft as object, path, next);
    }, options);
  }

  /** By name, and not by `slavesAt`: a busy slave that counts as stale is waited for, too. */
  #reach(version: number, slaves: readonly string[]): Promise<void> {
    const missing = (): string[] => {
      const at = new Map(this.#master.slaves().map((slave) => [slave.id, slave.version]));
      return slaves.filter((id) => (at.get(id) ?? 0) < version);
    };
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (missing().length > 0) return;
        done();
        resolve();
      };
      const off = this.#master.on('slave', look);
      const timer = setTimeout(() => {
        done();
        reject(new Error(`${missing().join(', ')} did not confirm version ${version}`));
      }, REACH_MS);
      const done = (): void => {
        clearTimeout(timer);
        off();
      };
      look();
    });
  }

  async #write(path: string): Promise<void> {
    await new CopyFile(path).write(canonicalText(this.#master.data.get()));
  }
}
