/** The slave's side of WebSocket, over whatever channel the runtime has. */
import { ReplicationError } from '../../errors.js';
import type { PeerId, SlaveTransport, TransportFeatures, TransportSink } from '../contract.js';
import { NONCE_BYTES } from '../hello.js';
import { Lifecycle } from '../lifecycle.js';
import { Redial } from '../redial.js';
import type { SinkGate } from '../sink-gate.js';
import { ToldOnce } from '../told-once.js';
import type { Channel } from './channel.js';
import { connectFailure } from './channel-failure.js';
import { refusalOf } from './close-codes.js';
import { Credentials, type WebSocketCredentials } from './credentials.js';
import { Greeting } from './greeting.js';
import { SlaveHandshake } from './handshake.js';
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
  readonly #redial: Redial;
  #gate: SinkGate | null = null;
  #greeting: Greeting | null = null;
  #release: (() => void) | undefined;
  readonly #troubles = new ToldOnce((error) => this.#gate?.troubled(error));

  /** @throws {ReplicationError} INVALID_OPTION */
  constructor(options: WebSocketConnectOptions, dial: Dial) {
    this.#settings = connectSettings(options);
    this.#options = options;
    this.#credentials = new Credentials('webSocketConnect', options);
    this.#dialChannel = dial;
    this.address = options.url;
    const maxFrameBytes = this.#settings.frameBytesMax;
    this.features = { ordered: true, reliable: true, multicast: false, maxFrameBytes };
    this.#redial = new Redial(options, this.#settings.clock, () => void this.#dial());
    this.#peers = new Peers(this.#settings, () => this.#redial.lost());
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
    this.#troubles.forget();
    // An open socket holds the process; between two attempts an open transport does so too.
    this.#release = this.#settings.clock.hold?.();
    this.#redial.start();
  }

  async #stop(): Promise<void> {
    this.#gate = null;
    this.#release?.();
    this.#redial.stop();
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
    this.#troubles.forget();
    this.#redial.joined();
    this.#peers.add(channel, this.address);
  }

  #failed(error: ReplicationError): void {
    this.#greeting = null;
    this.#troubles.tell(error);
    this.#redial.later();
  }
}
