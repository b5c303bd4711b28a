/** A real inspector server on a free port, and requests to it with any headers a test wants. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Entry } from '../../lib/inspector/entries.js';
import type { EntryFeed, KnownNode, LineListener } from '../../lib/inspector/feed.js';
import { type ServerLimits, serverLimits } from '../../lib/inspector/server/limits.js';
import { InspectorServer, type InspectorServerOptions } from '../../lib/inspector/server/server.js';

export const TOKEN = 'a-token-that-only-tests-know-of';
export const HEADER = '{"kind":"replichart-recording","at":1,"format":1}';
export const KEYFRAME = '{"kind":"keyframe","at":2,"entries":[]}';

/** A feed of lines that a test pushes, so that it decides when how much comes. */
export class PushedFeed implements EntryFeed {
  readonly taken: Entry[] = [];
  readonly history: string[] = [KEYFRAME];
  readonly listeners = new Set<LineListener>();
  skips = 0;

  take(entries: readonly Entry[]): void {
    this.taken.push(...entries);
    this.push(entries.map((entry) => JSON.stringify(entry)));
  }

  push(lines: readonly string[]): void {
    for (const listener of this.listeners) listener(lines);
  }

  subscribe(listener: LineListener): () => void {
    listener(this.history);
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  flush(): void {
    // Nothing is gathered.
  }

  skip(): string {
    this.skips += 1;
    return KEYFRAME;
  }

  nodes(): ReadonlyMap<string, KnownNode> {
    return new Map();
  }
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Asking {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

export interface Served {
  readonly server: InspectorServer;
  readonly feed: PushedFeed;
  readonly port: number;
  readonly reports: readonly string[];
  readonly folder: string;
  /** With a good Host, and nothing else. */
  readonly ask: (path: string, asking?: Asking) => Promise<Reply>;
  /** A bare connection. */
  readonly dial: () => Promise<Socket>;
}

export const BEARER = { authorization: `Bearer ${TOKEN}` } as const;
export const LINES = { ...BEARER, 'content-type': 'application/x-ndjson' } as const;

const DEADLINE_MS = 20_000;

export function ask(port: number, path: string, asking: Asking = {}): Promise<Reply> {
  const { method = 'GET', headers = {}, body } = asking;
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method, headers, agent: false };
    const sent = request({ ...options, timeout: DEADLINE_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      const done = (): void =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      response.on('end', done);
      response.on('error', done);
    });
    sent.on('error', reject);
    sent.on('timeout', () => sent.destroy(new Error('no answer before the deadline')));
    sent.end(body);
  });
}

function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', reject);
  });
}

/** Everything that comes until the other side ends. */
export function readToEnd(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}

export async function withServer(
  run: (served: Served) => Promise<void>,
  changes: Partial<InspectorServerOptions> & { readonly small?: Partial<ServerLimits> } = {},
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'replichart-inspector-'));
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>page</title>');
  await writeFile(join(folder, 'page.js'), 'export {};');
  await writeFile(join(folder, 'secret.txt'), 'not of the page');
  const feed = new PushedFeed();
  const reports: string[] = [];
  const { small, ...options } = changes;
  const server = new InspectorServer({
    host: '127.0.0.1',
    port: 0,
    source: { kind: 'live', feed, header: () => HEADER, metrics: () => 'replichart_nodes 0\n' },
    token: TOKEN,
    report: (text) => reports.push(text),
    assetsFolder: folder,
    limits: { ...serverLimits, ...small },
    ...options,
  });
  try {
    await server.start();
    const { port } = server;
    await run({
      server,
      feed,
      port,
      reports,
      folder,
      ask: (path, asking) => ask(port, path, asking),
      dial: () => dial(port),
    });
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
