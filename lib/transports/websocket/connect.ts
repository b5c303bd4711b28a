/** The slave's side of WebSocket, over whatever channel the runtime has. */
import { ReplicationError } from '../../errors.js';
import { limits } from '../../limits.js';
import { Backoff } from '../backoff.js';
import type { PeerId, SlaveTransport, TransportFeatures, TransportSink } from '../contract.js';
import { Lifecycle } from '../lifecycle.js';
import type { SinkGate } from '../sink-gate.js';
import type { Channel } from './channel.js';
import { connectFailure } from './channel-failure.js';
import { refusalOf } from './close-codes.js';
import { Credentials, type WebSocketCredentials } from './credentials.js';
import { Greeting } from './greeting.js';
import { SlaveHandshake } from './handshake.js';
import { NONCE_BYTES } from './hello.js';
import { Peers } from './peers.js';
import {
  connectSettings,
  type WebSocketConnectOptions,
  type WebSocketSettings,
  type WebSocketTls,
} from './settings.js';

/** Begins to connect; the channel tells when it is open. Throws what keeps it from beginning. */
export type Dial = (options: WebSocketConnectOptions) => Channel | Promise<Channel>;

/** What `webSocketConnect` returns: a slave transport whose credentials can be exchanged. */
export interface WebSocketSlaveTransport extends SlaveTransport {
  /**
   * Proves itself by these from the next connection on; the one that is open goes on.
   * @throws {ReplicationError} INVALID_OPTION
   */
  renew(credentials: WebSocketCredentials<WebSocketTls>): void;
}

export class WebSocketDialer implements WebSocketSlaveTransport {
  readonly role = 'slave';
  readonly features: TransportFeatures;
  readonly address: string;
  readonly #options: WebSocketConnectOptions;
  readonly #dialChannel: Dial;
  readonly #settings: WebSocketSettings;
  readonly #credentials: Credentials<WebSocketTls>;
  readonly #lifecycle: Lifecycle;
  readonly #peers: Peers;
  readonly #backoff: Backoff;
  readonly #reconnectMsMax: number;
  #gate: SinkGate | null = null;
  #greeting: Greeting | null = null;
  #retryTimer: unknown = null;
  #release: (() => void) | undefined;
  #joinedAtMs = 0;
  /** The code and words last told, so that a master that stays away is told once. */
  #told = '';

  /** @throws {ReplicationError} INVALID_OPTION */
  constructor(options: WebSocketConnectOptions, dial: Dial) {
    this.#settings = connectSettings(options);
    this.#options = options;
    this.#credentials = new Credentials('webSocketConnect', options);
    this.#dialChannel = dial;
    this.address = options.url;
    const maxFrameBytes = this.#settings.frameBytesMax;
    this.features = { ordered: true, reliable: true, multicast: false, maxFrameBytes };
    this.#reconnectMsMax = options.reconnectMsMax ?? limits.reconnectMsMax;
    const minMs = options.reconnectMsMin ?? limits.reconnectMsMin;
    this.#backoff = new Backoff(minMs, this.#reconnectMsMax, options.random ?? Math.random);
    this.#peers = new Peers(this.#settings, () => this.#lost());
    this.#lifecycle = new Lifecycle('this webSocketConnect transport', {
      start: (gate) => this.#start(gate),
      stop: () => this.#stop(),
    });
  }

  /** Resolves at once, master or no master; `joined` tells when one is there. */
  open(sink: TransportSink, signal?: AbortSignal): Promise<void> {
    return this.#lifecycle.open(sink, signal);
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  send(peer: PeerId, frame: Uint8Array): void {
    this.#peers.send(peer, frame);
  }

  writable(peer: PeerId): boolean {
    return this.#peers.writable(peer);
  }

  disconnect(peer: PeerId): void {
    this.#peers.disconnect(peer);
  }

  renew(credentials: WebSocketCredentials<WebSocketTls>): void {
    this.#credentials.renew(credentials);
  }

  #start(gate: SinkGate): void {
    this.#gate = gate;
    this.#peers.start(gate);
    this.#told = '';
    this.#backoff.reset();
    // An open socket holds the process; between two attempts an open transport does so too.
    this.#release = this.#settings.clock.hold?.();
    this.#settings.clock.setImmediate(() => {
      if (this.#gate === gate) void this.#dial();
    });
  }

  async #stop(): Promise<void> {
    this.#gate = null;
    this.#release?.();
    this.#settings.clock.clearTimeout(this.#retryTimer);
    this.#greeting?.abandon();
    this.#greeting = null;
    await this.#peers.endAll();
  }

  /** Ends in a greeting or a failed attempt; never throws. */
  async #dial(): Promise<void> {
    const gate = this.#gate;
    const startedMs = this.#settings.clock.now();
    try {
      const { tls } = this.#credentials;
      const options = { ...this.#options, ...(tls === undefined ? {} : { tls }) };
      const channel = await this.#dialChannel(options);
      if (this.#gate === gate) this.#greet(channel, startedMs);
      else channel.destroy();
    } catch (thrown) {
      if (this.#gate === gate) this.#failed(this.#whyNot(thrown));
    }
  }

  /** What is told already, as of the package ws that is missing, is no failure to connect. */
  #whyNot(thrown: unknown): ReplicationError {
    if (thrown instanceof ReplicationError) return thrown;
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    return connectFailure(error, this.address);
  }

  #greet(channel: Channel, startedMs: number): void {
    const { frameBytesMax, handshakeTimeoutMs, clock } = this.#settings;
    const { keys } = this.#credentials;
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const other = `the master at ${this.address}`;
    this.#greeting = new Greeting(
      channel,
      new SlaveHandshake({ keys, frameBytesMax, nonce, other }),
      this.#settings,
      {
        joined: (joined) => this.#joined(joined),
        failed: (error) => this.#failed(error),
        describe: (error, end) => refusalOf(end, other) ?? connectFailure(error, this.address),
      },
      startedMs + handshakeTimeoutMs - clock.now(),
    );
  }

  #joined(channel: Channel): void {
    this.#greeting = null;
    this.#told = '';
    this.#joinedAtMs = this.#settings.clock.now();
    this.#peers.add(channel, this.address);
  }

  #failed(error: ReplicationError): void {
    this.#greeting = null;
    const told = `${error.code} ${error.message}`;
    if (told !== this.#told) this.#gate?.troubled(error);
    this.#told = told;
    this.#retry();
  }

  #lost(): void {
    // A master that accepts and drops at once is no reason to hurry back to it.
    const heldMs = this.#settings.clock.now() - this.#joinedAtMs;
    if (heldMs >= this.#reconnectMsMax) this.#backoff.reset();
    this.#retry();
  }

  #retry(): void {
    if (this.#gate === null) return;
    const { clock } = this.#settings;
    this.#retryTimer = clock.setTimeout(() => void this.#dial(), this.#backoff.nextMs());
  }
}
