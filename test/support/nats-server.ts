/**
 * Real nats-servers for tests: one, or a cluster on loopback, each with what it stores in a folder
 * of its own, so that one that was killed starts again at the same port with what it had.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';

export interface NatsServerOptions {
  /** Keeps streams and buckets in the server's folder. @default false */
  readonly jetstream?: boolean;
  /** Bytes of the longest message. @default the server's own, 1 MiB */
  readonly maxPayload?: number;
  /** More lines of its configuration file, such as an `authorization` block. */
  readonly config?: string;
}

/** Three servers of a cluster start at once, and elect who leads the streams. */
const READY_MS = 60_000;
const ANSWER_MS = 5_000;
const POLL_MS = 20;
const LOG_CHARACTERS = 8_000;

/** Why these tests cannot run here; null when they can. In CI a missing server is a failure. */
export function natsServerMissing(): string | null {
  if (spawnSync('nats-server', ['--version']).status === 0) return null;
  const missing = 'the nats-server command is missing (apt-get install nats-server)';
  if (process.env.CI) throw new Error(missing);
  return missing;
}

const pause = () => new Promise<void>((resolve) => setTimeout(resolve, POLL_MS));

/** Whether a client that connects now is greeted. */
function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    // A server that ends before it greets closes what it accepted, with an error or without one.
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
    socket.on('data', (bytes: Buffer) => end(bytes.toString().startsWith('INFO')));
    socket.setTimeout(ANSWER_MS, () => end(false));
  });
}

/** With JetStream only once its streams, and a cluster's leader of them, are there. */
async function isHealthy(monitorPort: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${monitorPort}/healthz`, {
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    return answer.ok;
  } catch {
    return false;
  }
}

/** One server process, which may be killed and started again. */
export class NatsServer {
  readonly name: string;
  readonly port: number;
  readonly #monitorPort: number;
  readonly #folder: string;
  readonly #configPath: string;
  #child: ChildProcess | null = null;
  #log = '';

  private constructor(name: string, port: number, monitorPort: number, config: string) {
    this.name = name;
    this.port = port;
    this.#monitorPort = monitorPort;
    this.#folder = mkdtempSync(join(tmpdir(), 'replichart-nats-'));
    this.#configPath = join(this.#folder, 'server.conf');
    const lines = [
      `server_name: ${name}`,
      `listen: 127.0.0.1:${port}`,
      `http: 127.0.0.1:${monitorPort}`,
      config.replaceAll('STORE_FOLDER', join(this.#folder, 'store')),
    ];
    writeFileSync(this.#configPath, `${lines.join('\n')}\n`);
  }

  /** Not started yet; its ports were free a moment ago. */
  static async make(name: string, options: NatsServerOptions, more = ''): Promise<NatsServer> {
    const lines = [options.config ?? '', more];
    if (options.maxPayload !== undefined) lines.push(`max_payload: ${options.maxPayload}`);
    if (options.jetstream === true) lines.push('jetstream { store_dir: "STORE_FOLDER" }');
    return new NatsServer(name, await freePort(), await freePort(), lines.join('\n'));
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** What it wrote to its log, the end of it. */
  get log(): string {
    return this.#log;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.name} is not running`);
    return this.#child.pid;
  }

  /** One more line of its configuration, from its next start on. */
  append(line: string): void {
    appendFileSync(this.#configPath, `${line}\n`);
  }

  /** Resolves when clients can connect; also after `kill`. */
  async start(): Promise<void> {
    if (this.#child !== null) throw new Error(`${this.name} is running already`);
    this.launch();
    await this.ready();
  }

  /** Starts the process without waiting: the servers of a cluster are ready together. */
  launch(): void {
    const child = spawn('nats-server', ['-c', this.#configPath], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-LOG_CHARACTERS);
    });
    process.once('exit', this.#killNow);
  }

  async ready(): Promise<void> {
    const deadline = performance.now() + READY_MS;
    while (!((await greets(this.port)) && (await isHealthy(this.#monitorPort)))) {
      if (this.#isRunning && performance.now() < deadline) {
        await pause();
        continue;
      }
      await this.kill();
      throw new Error(`${this.name} does not start:\n${this.#log}`);
    }
  }

  get #isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** Ends it at once, as a crash does. What it stored stays. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Stops it without ending it; connections stay and nothing moves. */
  freeze(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  /** Ends it for good and removes what it stored. */
  async close(): Promise<void> {
    await this.#end('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    process.removeListener('exit', this.#killNow);
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  }

  readonly #killNow = (): void => {
    this.#child?.kill('SIGKILL');
  };
}

/** One server on a free port of loopback, started. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const server = await NatsServer.make('nats-1', options);
  await server.start();
  return server;
}

export interface NatsCluster {
  readonly servers: readonly NatsServer[];
  /** Of all servers, for a client's `servers` option. */
  readonly urls: readonly string[];
  close(): Promise<void>;
}

/** A full mesh of `size` servers, started and ready. */
export async function startNatsCluster(
  size: number,
  options: NatsServerOptions = {},
): Promise<NatsCluster> {
  const routePorts: number[] = [];
  for (let index = 0; index < size; index += 1) routePorts.push(await freePort());
  const routes = routePorts.map((port) => `nats-route://127.0.0.1:${port}`).join(', ');
  const servers: NatsServer[] = [];
  for (const [index, port] of routePorts.entries()) {
    const cluster = `cluster { name: tests, listen: "127.0.0.1:${port}", routes: [${routes}] }`;
    servers.push(await NatsServer.make(`nats-${index + 1}`, options, cluster));
  }
  const close = async () => {
    await Promise.all(servers.map((server) => server.close()));
  };
  try {
    for (const server of servers) server.launch();
    await Promise.all(servers.map((server) => server.ready()));
    return { servers, urls: servers.map(({ url }) => url), close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}
