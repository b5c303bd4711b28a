/**
 * `createInspector`: watches what masters, slaves and other XState actors of this process do, and
 * shows it on a page. It is told copies, and what goes wrong in it is said in a line, never thrown
 * at the host. Its sockets and timers keep no process alive: when the host is done, it ends.
 */
import { ReplicationError } from '../errors.js';
import {
  booleanOption,
  checkOptions,
  functionOption,
  integerOption,
  type OptionCheck,
  stringOption,
} from '../options.js';
import { prometheusText } from '../telemetry/prometheus.js';
import { isLoopback } from '../transports/addresses.js';
import { createCollector } from './collect/collector.js';
import type { Collector } from './collect/contract.js';
import { createFeed } from './collect/feed.js';
import { RECORDING_FORMAT } from './entries.js';
import type { EntryFeed } from './feed.js';
import { writeLine } from './json.js';
import { type Recording, writeRecording } from './recording/write-recording.js';
import { linkText } from './remote/link.js';
import { packageText } from './server/package-files.js';
import { InspectorServer } from './server/server.js';
import { newToken, TOKEN_PATTERN } from './server/token.js';

export interface InspectorOptions {
  /** Of the page; 0 takes any that is free. @default 7500 */
  readonly port?: number;
  /** Where the page listens. @default '127.0.0.1' */
  readonly host?: string;
  /**
   * Allows a host beyond loopback: the token and all that is shown then cross a network that is not
   * encrypted. @default false
   */
  readonly insecure?: boolean;
  /** 22 to 200 of `A-Za-z0-9_-`. @default 256 random bits, anew for each inspector */
  readonly token?: string;
  /** Writes a recording to this file, from the first moment on. @default none */
  readonly record?: string;
  /** Keeps the bytes of payloads: the page and recordings then hold the data. @default false */
  readonly payloads?: boolean;
  /** Entries that are kept for who comes later. @default 50_000 */
  readonly bufferEntries?: number;
  /** Characters of their lines that are kept, a measure of memory. @default 32 MiB */
  readonly bufferBytes?: number;
  /** Gets what it has to say, the link first; a line each. @default to stderr */
  readonly print?: (line: string) => void;
}

export interface Inspector extends AsyncDisposable {
  /**
   * For the `inspect` option of `createMaster`, `createSlave`, `createRelay` and `createNode`, and
   * of XState's `createActor`; before
   * `start` and after it. Never throws.
   */
  readonly inspect: (event: unknown) => void;
  /** All that is known and kept. */
  readonly feed: EntryFeed;
  /** What people open, with its token; null while nothing is served. */
  readonly link: string | null;
  /**
   * Serves the page and prints its link.
   * @throws {ReplicationError} INVALID_OPTION when it cannot listen there
   */
  start(): Promise<{ readonly link: string }>;
  /** Writes all that is kept, and then what happens, to a file; its `close` or `stop` ends it. */
  record(path: string): Recording;
  /** Ends the page, the recordings and the watching; never rejects. */
  stop(): Promise<void>;
}

const DEFAULT_PORT = 7500;

const tokenOption: OptionCheck = (value) => {
  const isFit = typeof value === 'string' && TOKEN_PATTERN.test(value);
  return value === undefined || isFit ? null : '22 to 200 of the characters A-Z a-z 0-9 _ -';
};

const CHECKS = {
  port: integerOption(0, 65_535),
  host: stringOption,
  insecure: booleanOption,
  token: tokenOption,
  record: stringOption,
  payloads: booleanOption,
  bufferEntries: integerOption(1),
  bufferBytes: integerOption(1),
  print: functionOption,
};

function refuseOpenNetwork({ host = '127.0.0.1', insecure = false }: InspectorOptions): void {
  if (insecure || isLoopback(host)) return;
  const message =
    `an inspector on ${host} would send its token and all it shows over the network as they are: ` +
    'listen on 127.0.0.1, or say insecure: true if the network is trusted';
  throw new ReplicationError('INVALID_OPTION', message);
}

class RunningInspector implements Inspector {
  readonly inspect: (event: unknown) => void;
  readonly feed: EntryFeed;
  readonly #options: InspectorOptions;
  readonly #collector: Collector;
  readonly #token: string;
  readonly #recordings = new Map<Recording, () => void>();
  #server: InspectorServer | null = null;
  #isStopped = false;

  constructor(options: InspectorOptions) {
    this.#options = options;
    this.#token = options.token ?? newToken();
    const { bufferEntries, bufferBytes, payloads = false, record } = options;
    this.feed = createFeed({
      ...(bufferEntries === undefined ? {} : { entriesMax: bufferEntries }),
      ...(bufferBytes === undefined ? {} : { bytesMax: bufferBytes }),
    });
    this.#collector = createCollector({ sink: this.feed, payloads });
    this.inspect = this.#collector.inspect;
    if (record !== undefined) this.record(record);
  }

  get link(): string | null {
    return this.#server === null ? null : linkText(this.#server.address, this.#token);
  }

  async start(): Promise<{ readonly link: string }> {
    if (this.#isStopped) {
      throw new ReplicationError('INVALID_OPTION', 'this inspector was stopped; create another');
    }
    if (this.#server !== null) {
      throw new ReplicationError('INVALID_OPTION', 'this inspector was started already');
    }
    const { port = DEFAULT_PORT, host = '127.0.0.1' } = this.#options;
    const server = new InspectorServer({
      host,
      port,
      token: this.#token,
      source: {
        kind: 'live',
        feed: this.feed,
        header: () => this.#header(),
        metrics: (nodes) => prometheusText(nodes, Date.now()),
      },
      report: (text) => this.#print(text),
    });
    await server.start();
    this.#server = server;
    const link = linkText(server.address, this.#token);
    this.#print(`replichart inspector: ${link}`);
    return { link };
  }

  record(path: string): Recording {
    const recording = writeRecording({
      path,
      feed: this.feed,
      package: packageText(),
      payloads: this.#options.payloads ?? false,
      troubled: ({ message }) => {
        this.#recordings.get(recording)?.();
        this.#recordings.delete(recording);
        this.#print(`replichart inspector: ${message}`);
      },
    });
    // What is left out cannot be fed to the machines again.
    this.#recordings.set(recording, this.#collector.wholly());
    return recording;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#collector.close();
    for (const [recording, release] of this.#recordings) {
      await recording.close();
      release();
    }
    this.#recordings.clear();
    const server = this.#server;
    this.#server = null;
    await server?.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #header(): string {
    return writeLine({
      kind: 'replichart-recording',
      at: Date.now(),
      format: RECORDING_FORMAT,
      package: packageText(),
      payloads: this.#options.payloads ?? false,
    });
  }

  /** A host's print that throws is the host's affair, and must not come back from a socket. */
  #print(line: string): void {
    const { print = (text: string) => void process.stderr.write(`${text}\n`) } = this.#options;
    try {
      print(line);
    } catch {
      // There is nobody else to tell.
    }
  }
}

/**
 * Makes an inspector; it watches at once, and serves its page from `start` on.
 * @example
 * const inspector = createInspector({ port: 7500 })
 * await inspector.start() // prints the link
 * const master = createMaster({ item: 'settings', data, transport, inspect: inspector.inspect })
 * @throws {ReplicationError} INVALID_OPTION naming the option
 */
export function createInspector(options: InspectorOptions = {}): Inspector {
  checkOptions('createInspector', options, CHECKS, ['token']);
  refuseOpenNetwork(options);
  return new RunningInspector(options);
}
