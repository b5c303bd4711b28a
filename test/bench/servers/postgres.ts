/**
 * PostgreSQL with streaming replicas that all have to apply before a commit is acknowledged
 * (`remote_apply`, FIRST n), fsync on everywhere. It refuses to run as root: then it runs as the
 * system's user of that name.
 */
import { execFile } from 'node:child_process';
import { chown, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Contestant, ServerPlan, Servers } from '../contestants/catalogue-types.js';
import { PostgresClient } from '../contestants/postgres/postgres-client.js';
import { findProgram, freePorts, Program, retried } from './programs.js';

const run = promisify(execFile);
const DEBIAN_FOLDER = '/usr/lib/postgresql';
const USER = 'postgres';
const START_MS_MAX = 30_000;

interface Owner {
  readonly uid?: number;
  readonly gid?: number;
}

/** The folder of its programs: Debian keeps one per version, out of everybody's path. */
async function programFolder(): Promise<string | null> {
  const versions = await readdir(DEBIAN_FOLDER).catch(() => []);
  const [newest] = versions.sort((left, right) => Number(right) - Number(left));
  if (newest !== undefined) return join(DEBIAN_FOLDER, newest, 'bin');
  const found = findProgram('initdb');
  return found === null ? null : join(found, '..');
}

async function ownerOf(): Promise<Owner> {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, USER])).stdout)),
  );
  return uid === undefined || gid === undefined ? {} : { uid, gid };
}

const settings = (port: number): string[] =>
  Object.entries({
    port: String(port),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'on',
    max_connections: '100',
    max_wal_senders: '32',
    synchronous_commit: 'remote_apply',
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

class Postgres {
  readonly programs: Program[] = [];

  constructor(
    private readonly bin: string,
    private readonly folder: string,
    private readonly owner: Owner,
  ) {}

  async start(replicas: number): Promise<number> {
    const [port, ...ports] = await freePorts(replicas + 1);
    if (port === undefined) throw new Error('no port for PostgreSQL');
    const names = ports.map((_, place) => `replica${place}`);
    const data = await this.#ownFolder('primary');
    await this.#run('initdb', ['-D', data, '-U', USER, '-A', 'trust', '--no-sync']);
    await this.#serve(data, port);
    for (const [place, name] of names.entries()) {
      await this.#addReplica(name, port, ports[place] as number);
    }
    await this.#demandAll(port, names);
    return port;
  }

  async stop(): Promise<void> {
    // SIGQUIT ends all processes of a server at once; nothing of it is needed any more.
    await Promise.all(this.programs.map((program) => program.stop('SIGQUIT')));
  }

  async #addReplica(name: string, masterPort: number, port: number): Promise<void> {
    const data = await this.#ownFolder(name);
    const source = `host=127.0.0.1 port=${masterPort} user=${USER} application_name=${name}`;
    const words = ['-D', data, '-d', source, '-R', '-X', 'stream', '-c', 'fast', '--no-sync'];
    await this.#run('pg_basebackup', words);
    await this.#serve(data, port);
  }

  /** From here on a commit needs every replica; before, nobody would have answered it. */
  async #demandAll(port: number, names: readonly string[]): Promise<void> {
    const client = await PostgresClient.connect(port, USER);
    try {
      await client.query('CREATE TABLE bench (key text PRIMARY KEY, value text)');
      const list = `FIRST ${names.length} (${names.join(', ')})`;
      await client.query(`ALTER SYSTEM SET synchronous_standby_names = '${list}'`);
      await client.query('SELECT pg_reload_conf()');
      await retried(async () => {
        const sql = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        const [[count] = []] = await client.query(sql);
        if (Number(count) !== names.length) throw new Error(`${count} replicas are synchronous`);
      }, START_MS_MAX);
    } finally {
      await client.close();
    }
  }

  async #ownFolder(name: string): Promise<string> {
    const data = join(this.folder, name);
    await mkdir(data, { recursive: true, mode: 0o700 });
    const { uid, gid } = this.owner;
    if (uid !== undefined && gid !== undefined) await chown(data, uid, gid);
    return data;
  }

  async #run(command: string, words: readonly string[]): Promise<void> {
    await run(join(this.bin, command), [...words], { cwd: '/', ...this.owner });
  }

  async #serve(data: string, port: number): Promise<void> {
    const words = ['-D', data, ...settings(port)];
    const options = { folder: data, ...this.owner };
    this.programs.push(await Program.start(join(this.bin, 'postgres'), words, options));
    await retried(async () => (await PostgresClient.connect(port, USER)).close(), START_MS_MAX);
  }
}

async function start({ slaves, folder }: ServerPlan): Promise<Servers> {
  const bin = await programFolder();
  if (bin === null) throw new Error('PostgreSQL is not installed');
  const server = new Postgres(bin, folder, await ownerOf());
  try {
    const port = await server.start(slaves);
    return { address: String(port), stop: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

export const postgres: Contestant = {
  hasSlaves: false,
  missing: async () => ((await programFolder()) === null ? 'PostgreSQL is not installed' : null),
  startServers: start,
};
