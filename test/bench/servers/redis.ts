/** A Redis server with replicas; with `disk`, `appendfsync always` on each of them. */
import { join } from 'node:path';
import type { Contestant, ServerPlan, Servers } from '../contestants/catalogue-types.js';
import { RespClient } from '../contestants/redis/resp-client.js';
import { findProgram, freePorts, Program, retried } from './programs.js';

const COMMAND = 'redis-server';
const START_MS_MAX = 20_000;

const missing = async (): Promise<string | null> =>
  findProgram(COMMAND) === null ? `${COMMAND} is not installed` : null;

function wordsOf(port: number, store: ServerPlan['store'], masterPort: number | null): string[] {
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', ''];
  words.push('--repl-diskless-sync-delay', '0', '--appendonly', store === 'disk' ? 'yes' : 'no');
  if (store === 'disk') words.push('--appendfsync', 'always');
  // Subscribers that lag for a moment are not to be cut off in a load.
  words.push('--client-output-buffer-limit', 'pubsub 0 0 0');
  if (masterPort !== null) words.push('--replicaof', `127.0.0.1 ${masterPort}`);
  return words;
}

async function replicated(port: number, replicas: number): Promise<void> {
  const client = await RespClient.connect(port);
  try {
    await client.ask('SET', 'ready', '1');
    const confirmed = await client.ask('WAIT', String(replicas), '200');
    if (confirmed !== replicas) throw new Error(`${String(confirmed)} of ${replicas} replicas`);
  } finally {
    await client.close();
  }
}

async function start(plan: ServerPlan, replicas: number): Promise<Servers> {
  const ports = await freePorts(replicas + 1);
  const [masterPort] = ports;
  if (masterPort === undefined) throw new Error('no port for Redis');
  const programs = await Promise.all(
    ports.map((port, place) => {
      const words = wordsOf(port, plan.store, place === 0 ? null : masterPort);
      return Program.start(COMMAND, words, { folder: join(plan.folder, `redis-${place}`) });
    }),
  );
  const stop = async (): Promise<void> => {
    await Promise.all(programs.map((program) => program.stop()));
  };
  try {
    await retried(() => replicated(masterPort, replicas), START_MS_MAX);
  } catch (error) {
    await stop();
    throw error;
  }
  return { address: String(masterPort), stop };
}

export const redis: Contestant = {
  hasSlaves: false,
  missing,
  startServers: (plan) => start(plan, plan.slaves),
};

export const redisPubsub: Contestant = {
  hasSlaves: true,
  missing,
  startServers: (plan) => start(plan, 0),
};
