/**
 * The program of a node in its own process: a master or a slave of one keyValue over TCP and a
 * disk store. It is started and commanded by `process-node.ts`, and is there to be killed.
 */
import { existsSync, readdirSync } from 'node:fs';
import { ReplicationError, Veto } from '../../lib/errors.js';
import { keyValue } from '../../lib/layers/key-value/key-value.js';
import { createMaster } from '../../lib/master.js';
import { createSlave } from '../../lib/slave.js';
import { tcpConnect, tcpListen } from '../../lib/transports/tcp/index.js';
import { goWrong, showUnmade } from './process-bugs.js';
import { LoadMaker } from './process-load.js';
import { NodeLog } from './process-log.js';
import {
  type HostCommand,
  type HostConfig,
  type HostContent,
  type HostReport,
  type HostRequest,
  type HostStatus,
  ITEM,
  type Mark,
  type SetOptions,
  type SetOutcome,
  type Usage,
} from './process-messages.js';
import { changesOf, Shadow } from './process-shadow.js';
import { hostStore } from './process-stores.js';

/** Short, so that slaves that were away for a round need a whole state, not an increment. */
const HISTORY = 60;
const TOMBSTONES_MAX = 10;

type Order = Extract<HostCommand, { command: 'resync' | 'adopt' | 'new-lineage' }>;

interface Host {
  readonly port: number;
  status(): HostStatus;
  content(): HostContent;
  load(command: Extract<HostCommand, { command: 'load' }>): Promise<void>;
  cease(): void;
  order(body: Order): Promise<void> | void;
  set(key: string, options: SetOptions): Promise<SetOutcome>;
  stop(): Promise<void>;
}

function usage(): Usage {
  const folder = '/proc/self/fd';
  const openFiles = existsSync(folder) ? readdirSync(folder).length : null;
  return { rssBytes: process.memoryUsage.rss(), openFiles };
}

function outcomeOf(error: unknown): SetOutcome {
  if (!(error instanceof ReplicationError)) throw error;
  const causeCode = error.cause instanceof ReplicationError ? error.cause.code : null;
  const { code, message, slaves } = error;
  return { version: null, unconfirmed: [], code, causeCode, message, slaves };
}

async function startMaster(config: HostConfig, log: NodeLog): Promise<Host> {
  const transport = tcpListen({ port: config.port });
  const master = createMaster({
    item: ITEM,
    id: config.id,
    data: keyValue<Mark>({ tombstonesMax: TOMBSTONES_MAX }),
    transport,
    store: hostStore(config),
    heartbeat: config.heartbeatMs,
    voteTimeout: config.voteMs,
    // With nobody to ask, a change that must be vetoed would be committed.
    atLeast: 1,
    history: HISTORY,
    takeover: config.takeover ?? false,
  });
  const shadow = new Shadow(master.data, log);
  const load = new LoadMaker(master.data, log, config);
  master.on('trouble', ({ code, reason }) => log.write({ kind: 'trouble', code, reason }));
  await master.start();
  return {
    port: transport.port,
    status: () => ({
      version: master.position?.version ?? 0,
      digest: master.position?.digest ?? '',
      sum: shadow.sum,
      master: master.status,
      slaves: master.slaves(),
      slave: null,
      open: load.open,
      usage: usage(),
    }),
    content: () => ({
      version: master.data.position()?.version ?? 0,
      hash: master.data.contentHash(),
      changes: changesOf(master.data),
    }),
    load: (command) => load.run(command.load),
    cease: () => load.cease(),
    order: () => master.resolveRegressed('new-lineage'),
    set: async (key, options) => {
      const task = master.data.set(key, { change: key }, options);
      try {
        const { version, unconfirmed } = await task;
        const { slaves } = task.status;
        return { version, unconfirmed, code: null, causeCode: null, message: '', slaves };
      } catch (error) {
        return outcomeOf(error);
      }
    },
    stop: () => master.stop(),
  };
}

async function startSlave(config: HostConfig, log: NodeLog): Promise<Host> {
  const silence = config.heartbeatMs * 3;
  const reconnect =
    config.bug === 'slow-return'
      ? { reconnectMsMin: 60_000, reconnectMsMax: 60_000, random: () => 0.99 }
      : { reconnectMsMax: config.heartbeatMs };
  const slave = createSlave({
    item: ITEM,
    id: config.id,
    data: keyValue<Mark>({
      prepare: (changes) => {
        if (config.bug === 'dirty-read') showUnmade(log, changes);
        const refused = changes.find((each) => each.op === 'set' && each.value.veto === true);
        if (refused !== undefined) throw new Veto(`${refused.key} asks for a veto`);
      },
    }),
    transport: tcpConnect({ port: config.port, ...reconnect }),
    store: hostStore(config),
    silence,
  });
  const shadow = new Shadow(slave.data, log, config.bug === 'wrong-content');
  slave.on('trouble', ({ code, reason }) => log.write({ kind: 'trouble', code, reason }));
  slave.on('progress', ({ kind, chunks }) => {
    if (kind === 'snapshot' && chunks === 1) log.write({ kind: 'snapshot' });
  });
  slave.on('reset', ({ from, to }) => {
    log.write({ kind: 'reset', from: from.version, to: to.version });
  });
  await slave.start();
  const noMaster = () => Promise.reject(new Error('a slave makes no changes'));
  return {
    port: 0,
    status: () => ({
      version: slave.position?.version ?? 0,
      digest: slave.position?.digest ?? '',
      sum: shadow.sum,
      master: null,
      slaves: [],
      slave: slave.status,
      open: 0,
      usage: usage(),
    }),
    content: () => ({
      version: slave.data.position()?.version ?? 0,
      hash: slave.data.contentHash(),
      changes: changesOf(slave.data),
    }),
    load: noMaster,
    cease: () => undefined,
    order: (body) => {
      if (body.command === 'adopt') slave.adoptLineage(body.lineage);
      else slave.resync();
    },
    set: noMaster,
    stop: () => slave.stop(),
  };
}

function report(message: HostReport): void {
  // The parent may be gone at any moment; then this process ends by itself.
  process.send?.(message, () => {});
}

async function obey(host: Host, log: NodeLog, body: HostCommand): Promise<unknown> {
  switch (body.command) {
    case 'status':
      return host.status();
    case 'content':
      return host.content();
    case 'load':
      return host.load(body);
    case 'resync':
    case 'adopt':
    case 'new-lineage':
      return host.order(body);
    case 'cease':
      return host.cease();
    case 'set':
      return host.set(body.key, body.options);
    case 'stop':
      await host.stop();
      log.close();
      // Nothing else may hold the process: it must end by itself now.
      setImmediate(() => process.disconnect());
      return null;
  }
}

/** A start that is refused ends this process by itself, with the code told. */
async function startOrSayWhy(): Promise<Host> {
  try {
    await goWrong(config);
    return await (config.role === 'master' ? startMaster : startSlave)(config, log);
  } catch (error) {
    if (!(error instanceof ReplicationError)) throw error;
    const { code, message } = error;
    process.send?.({ refused: { code, message } } satisfies HostReport, () => process.exit(0));
    return new Promise(() => {});
  }
}

process.on('disconnect', () => {
  // Whoever commands is gone without having said `stop`.
  if (!isStopped) process.exit(1);
});
let isStopped = false;

const config = JSON.parse(process.argv[2] ?? '') as HostConfig;
const log = new NodeLog(config.log, config.life);
const host = await startOrSayWhy();
process.on('message', async ({ request, body }: HostRequest) => {
  isStopped ||= body.command === 'stop';
  report({ answer: request, body: await obey(host, log, body) });
});
report({ ready: true, port: host.port });
