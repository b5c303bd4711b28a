/**
 * The inspector's server, over node:http alone. What a page and other hosts say to it:
 *
 * `GET /` and the files of the page need no token. The link that people open is
 * `http://HOST:PORT/#token=TOKEN`: the part behind `#` stays in the browser, so the token is in no
 * log. The page sends it with each request for data, `authorization: Bearer TOKEN`.
 *
 * `GET /entries` answers JSON lines (`entries.ts`) for as long as both sides live; read it with
 * `fetch` and the body's reader, as UTF-8, and cut at line ends:
 * - the first line is a `replichart-recording` header, the second a keyframe of the oldest moment
 *   that is kept; all that was kept since follows, and then what happens;
 * - an empty line comes every 5 s, and means only that the server lives;
 * - a reader that cannot keep up gets a `gap` whose `node` is empty (it stands for all nodes), and
 *   right behind it a `keyframe` of now, from which it goes on;
 * - the header `replichart-source` is `live`, or `recording`: then the answer ends with the last
 *   line of the file. An end of a live one means: ask again, and begin anew with the new answer.
 * `GET /recording` answers the same lines as a file, and ends with the newest one.
 * `GET /metrics` answers Prometheus text (version 0.0.4).
 *
 * `POST /ingest` takes JSON lines from hosts elsewhere, as `application/x-ndjson`; all of a body or
 * nothing. It answers with a word that tells this run of the server from another: when it changes,
 * the sender begins anew with a keyframe.
 *
 * Refused: 401 without the token, 403 for a foreign Host or Origin, 405 for another method, 408 too
 * slow, 413 and 431 too large, 503 too many at a time (with `retry-after`). Text says why.
 */
import { open } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { networkInterfaces } from 'node:os';
import { pipeline } from 'node:stream/promises';
import { nanoid } from 'nanoid';
import { reasonOf } from '../../errors.js';
import { addressOf } from '../../transports/addresses.js';
import type { EntryFeed, KnownNode } from '../feed.js';
import { type Door, type Guard, refusalOf } from './admission.js';
import { Assets } from './assets.js';
import { EntryReader } from './entry-reader.js';
import { listen, makeHttpServer } from './http.js';
import { Ingest, LINES_TYPE } from './ingest.js';
import { type ServerLimits, serverLimits } from './limits.js';
import { refuse, SAFE_HEADERS } from './replies.js';

/** Where what the server shows comes from. */
export type ServerSource = LiveSource | RecordedSource;

export interface LiveSource {
  readonly kind: 'live';
  readonly feed: EntryFeed;
  /** The header line of a recording that begins now. */
  readonly header: () => string;
  /** Prometheus text. */
  readonly metrics: (nodes: ReadonlyMap<string, KnownNode>) => string;
}

export interface RecordedSource {
  readonly kind: 'recording';
  /** Of the file. It is sent as it is: a page mistrusts what it reads, as with any file. */
  readonly path: string;
}

export interface InspectorServerOptions {
  readonly host: string;
  readonly port: number;
  /** Null: a page that shows nothing but itself. */
  readonly source: ServerSource | null;
  readonly token: string | null;
  /** Told what went wrong after the start; must not throw. */
  readonly report: (text: string) => void;
  /** What `/` stands for. @default 'index.html' */
  readonly index?: string;
  readonly assetsFolder?: string;
  readonly limits?: ServerLimits;
}

const PAGE_DOOR: Door = { method: 'GET', needsToken: false };
const DATA_DOOR: Door = { method: 'GET', needsToken: true };
const INGEST_DOOR: Door = { method: 'POST', needsToken: true };

/** Of a recording at a time: fewer turns than the 64 KiB that files have by default. */
const READ_BYTES = 1024 * 1024;
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export class InspectorServer {
  readonly #options: InspectorServerOptions;
  readonly #limits: ServerLimits;
  readonly #server: Server;
  readonly #handlers = new Map<string, { readonly door: Door; readonly handle: Handler }>();
  readonly #streams = new Set<ServerResponse>();
  #guard: Guard;
  #assets: Assets | null = null;

  constructor(options: InspectorServerOptions) {
    this.#options = options;
    this.#limits = options.limits ?? serverLimits;
    const { host, port, token, source } = options;
    this.#guard = { host, port, token };
    if (source !== null) this.#offer(source);
    this.#server = makeHttpServer(this.#limits, (request, response) =>
      this.#take(request, response),
    );
  }

  /** Known once it listens. */
  get port(): number {
    return this.#guard.port;
  }

  /** The address of `/`, without a token. */
  get address(): string {
    const { host, port } = this.#guard;
    return `http://${addressOf(reachable(host), port)}/`;
  }

  /** @throws {ReplicationError} INVALID_OPTION when it cannot listen there */
  async start(): Promise<void> {
    const { host, port, assetsFolder, index = 'index.html' } = this.#options;
    this.#assets = await Assets.list(index, assetsFolder);
    await listen(this.#server, host, port);
    this.#server.on('error', (error) => this.#options.report(`inspector: ${error.message}`));
    const address = this.#server.address();
    if (typeof address === 'object' && address !== null) {
      this.#guard = { ...this.#guard, port: address.port };
    }
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeAllConnections();
    await closed;
  }

  #offer(source: ServerSource): void {
    const data = (path: string, handle: Handler): void => {
      this.#handlers.set(path, { door: DATA_DOOR, handle });
    };
    if (source.kind === 'recording') {
      for (const path of ['/entries', '/recording']) {
        data(path, (_, response) => this.#sendFile(source.path, response));
      }
      return;
    }
    const { feed, metrics } = source;
    data('/entries', (_, response) => this.#stream(source, response, false));
    data('/recording', (_, response) => this.#stream(source, response, true));
    data('/metrics', (_, response) => {
      response.writeHead(200, { ...SAFE_HEADERS, 'content-type': METRICS_TYPE });
      response.end(metrics(feed.nodes()));
    });
    const ingest = new Ingest({ sink: feed, limits: this.#limits, run: nanoid() });
    this.#handlers.set('/ingest', {
      door: INGEST_DOOR,
      handle: (request, response) => ingest.take(request, response),
    });
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => response.destroy());
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const found = this.#handlers.get(path);
    const refusal = refusalOf(request, found?.door ?? PAGE_DOOR, this.#guard);
    if (refusal !== null) {
      refuse(response, refusal);
      return;
    }
    const handle = found?.handle ?? (() => this.#assets?.send(path, response));
    void this.#answer(handle, request, response);
  }

  async #answer(
    handle: Handler,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    try {
      await handle(request, response);
    } catch (error) {
      this.#options.report(`inspector: a request could not be answered: ${reasonOf(error)}`);
      if (response.headersSent) response.destroy();
      else refuse(response, { status: 500, reason: 'this request could not be answered' });
    }
  }

  /** Answers that it is one too many, or begins a stream of lines. */
  #beginLines(response: ServerResponse, source: ServerSource['kind']): boolean {
    if (this.#streams.size >= this.#limits.readersMax) {
      const reason = `${this.#streams.size} pages are open already; close one`;
      refuse(response, { status: 503, reason });
      return false;
    }
    const type = { 'content-type': LINES_TYPE, 'replichart-source': source };
    response.writeHead(200, { ...SAFE_HEADERS, ...type });
    this.#streams.add(response);
    response.on('close', () => this.#streams.delete(response));
    return true;
  }

  #stream({ feed, kind, header }: LiveSource, response: ServerResponse, isWhole: boolean): void {
    if (!this.#beginLines(response, kind)) return;
    const limits = this.#limits;
    new EntryReader({ feed, response, header: header(), limits, isWhole }).start();
  }

  async #sendFile(path: string, response: ServerResponse): Promise<void> {
    const file = await open(path);
    if (!this.#beginLines(response, 'recording')) return file.close();
    // One that takes nothing must not keep its place.
    response.setTimeout(this.#limits.readerStallMs, () => response.destroy());
    // A page that is closed while it reads is no failure.
    const bytes = file.createReadStream({ highWaterMark: READ_BYTES });
    await pipeline(bytes, response).catch(() => response.destroy());
  }
}

/** Of a host that listens everywhere: an address by which others reach it, where it has one. */
function reachable(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host;
  const family = host === '::' ? 'IPv6' : 'IPv4';
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const outer = all.find((each) => !each.internal && each.family === family && !each.scopeid);
  return outer?.address ?? (host === '::' ? '::1' : '127.0.0.1');
}
