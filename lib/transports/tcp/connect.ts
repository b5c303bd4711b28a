/** The slave's side of TCP. */
import { randomBytes } from 'node:crypto';
import * as net from 'node:net';
import type * as tls from 'node:tls';
import { ReplicationError } from '../../errors.js';
import { limits } from '../../limits.js';
import { addressOf } from '../addresses.js';
import { reasonAgainstNames, refusalOfNames } from '../certificate-names.js';
import type { PeerId, SlaveTransport, TransportFeatures, TransportSink } from '../contract.js';
import { NONCE_BYTES } from '../hello.js';
import { Lifecycle } from '../lifecycle.js';
import { Redial } from '../redial.js';
import type { SinkGate } from '../sink-gate.js';
import { ToldOnce } from '../told-once.js';
import { Credentials, type TcpCredentials } from './credentials.js';
import { Greeting } from './greet.js';
import { SlaveHandshake } from './handshake.js';
import { lazyTls } from './lazy-tls.js';
import { Peers } from './peers.js';
import { readBuffer } from './read-buffer.js';
import { type SealKey, sealedClient } from './sealing.js';
import { connectSettings, type TcpConnectOptions, type TcpSettings } from './settings.js';
import { connectFailure } from './socket-errors.js';
import type { StreamKind, StreamOf } from './stream-of.js';

/** The longest interval timers take, about 25 days; its callback does nothing anyway. */
const HOLD_MS = 2 ** 31 - 1;

/** A socket whose 'data' is a view of the shared read buffer. */
function connectPlain(target: net.TcpNetConnectOpts): net.Socket {
  const buffer = readBuffer();
  const callback = (length: number): boolean => {
    socket.emit('data', buffer.subarray(0, length));
    return true;
  };
  const socket: net.Socket = net.connect({ ...target, onread: { buffer, callback } });
  return socket;
}

/** TLS can come about without a certificate, where options of `node:tls` say how. */
function uncheckedMaster(other: string): ReplicationError {
  const message = `${other} showed no certificate: give it one, or say peers: 'authority'`;
  return new ReplicationError('UNAUTHORIZED', message);
}

/** What `tcpConnect` returns: a slave transport whose credentials can be exchanged. */
export interface TcpSlaveTransport extends SlaveTransport {
  /**
   * Exchanges keys or certificates while it runs. The connection that is there stays; the next one
   * is made with the new ones.
   * @throws {ReplicationError} INVALID_OPTION when they cannot be used; the old ones stay in use
   */
  renew(credentials: TcpCredentials<tls.ConnectionOptions>): void;
}

class TcpDialer implements TcpSlaveTransport {
  readonly role = 'slave';
  readonly features: TransportFeatures;
  readonly address: string;
  readonly #options: TcpConnectOptions;
  readonly #kind: StreamKind;
  readonly #settings: TcpSettings;
  readonly #credentials: Credentials<tls.ConnectionOptions>;
  readonly #lifecycle: Lifecycle;
  readonly #peers: Peers;
  readonly #redial: Redial;
  #gate: SinkGate | null = null;
  #greeting: Greeting | null = null;
  #hold: ReturnType<typeof setInterval> | null = null;
  /** The certificate of the attempt under way was looked at, where there should be one. */
  #isChecked = true;
  readonly #troubles = new ToldOnce((error) => this.#gate?.troubled(error));

  constructor(options: TcpConnectOptions, streamOf: StreamOf) {
    const { where } = streamOf;
    this.#settings = connectSettings(where, options);
    this.#options = options;
    this.#kind = streamOf.kind;
    this.#credentials = new Credentials(where, options);
    this.address = addressOf(this.#settings.host, options.port);
    const maxFrameBytes = this.#settings.frameBytesMax;
    this.features = { ordered: true, reliable: true, multicast: false, maxFrameBytes };
    this.#redial = new Redial(options, this.#settings.clock, () => this.#dial());
    // TLS brings its own buffers.
    this.#peers = new Peers(this.#settings, () => this.#redial.lost(), this.#isPlain);
    this.#lifecycle = new Lifecycle(`this ${where} transport`, {
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

  renew(credentials: TcpCredentials<tls.ConnectionOptions>): void {
    this.#credentials.renew(credentials);
  }

  get #isPlain(): boolean {
    return this.#credentials.wire === 'plain';
  }

  #start(gate: SinkGate): void {
    this.#gate = gate;
    this.#peers.start(gate);
    this.#troubles.forget();
    // An open socket holds the process; between two attempts an open transport does so too.
    this.#hold = setInterval(() => undefined, HOLD_MS);
    this.#redial.start();
  }

  async #stop(): Promise<void> {
    this.#gate = null;
    if (this.#hold !== null) clearInterval(this.#hold);
    this.#redial.stop();
    this.#greeting?.abandon();
    this.#greeting = null;
    await this.#peers.endAll();
  }

  #dial(): void {
    const { frameBytesMax } = this.#settings;
    const { keys, wire } = this.#credentials;
    const nonce = randomBytes(NONCE_BYTES);
    const other = `the master at ${this.address}`;
    try {
      const socket = this.#connect();
      const greeting = new Greeting(
        socket,
        new SlaveHandshake({ kind: this.#kind, keys, frameBytesMax, nonce, other }),
        this.#settings,
        {
          joined: (joined, rest) => this.#joined(joined, rest),
          failed: (error) => this.#failed(error),
        },
        (thrown) => connectFailure(thrown, this.address, wire),
      );
      this.#greeting = greeting;
      socket.once(this.#isPlain ? 'connect' : 'secureConnect', () => {
        if (this.#isChecked) greeting.begin();
        else socket.destroy(uncheckedMaster(other));
      });
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.#failed(connectFailure(error, this.address, wire));
    }
  }

  #connect(): net.Socket {
    const { host, port } = this.#settings;
    const target = { host, port, noDelay: true };
    const keepAlive = { keepAlive: true, keepAliveInitialDelay: limits.keepAliveMs };
    if (this.#isPlain) return connectPlain({ ...target, ...keepAlive });
    const socket = lazyTls().connect({ ...this.#tlsOptions(), ...target, minVersion: 'TLSv1.3' });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, limits.keepAliveMs);
    return socket;
  }

  #tlsOptions(): tls.ConnectionOptions {
    const other = `the master at ${this.address}`;
    const { wire, seals, tls: given } = this.#credentials;
    if (wire === 'sealed') return sealedClient(seals[0] as SealKey, other);
    const { peers } = this.#options;
    this.#isChecked = peers === 'authority';
    const checkHost = given?.checkServerIdentity ?? lazyTls().checkServerIdentity;
    return {
      ...given,
      // Within the handshake of TLS, so that nothing is said to a master of another role.
      checkServerIdentity: (host, certificate) => {
        const wrongHost = checkHost(host, certificate);
        if (wrongHost !== undefined) return wrongHost;
        const reason = reasonAgainstNames(certificate.subjectaltname, 'master', peers);
        this.#isChecked ||= reason === null;
        return reason === null ? undefined : refusalOfNames(other, reason);
      },
    };
  }

  #joined(socket: net.Socket, rest: Uint8Array): void {
    this.#greeting = null;
    this.#troubles.forget();
    this.#redial.joined();
    this.#peers.add(socket, this.address, rest);
  }

  #failed(error: ReplicationError): void {
    this.#greeting = null;
    this.#troubles.tell(error);
    this.#redial.later();
  }
}

/** As `tcpConnect`, for a transport whose stream this is: errors name what its host called. */
export function streamConnect(options: TcpConnectOptions, streamOf: StreamOf): TcpSlaveTransport {
  return new TcpDialer(options, streamOf);
}

/**
 * Connects to the master's TCP port, and again with growing, fully jittered delays for as long as
 * it is open (P18). `open` never waits for the master: a slave serves its copy without one. Why no
 * connection comes about is told by the sink's `troubled`, once per change of the reason:
 * `NOT_RUNNING` (nobody listens there), `UNAUTHORIZED` (secret or certificate), `PROTOCOL` (no
 * master of this version), `OVERLOADED` (it has its number of slaves), `TIMEOUT`. The same codes,
 * and `TOO_LARGE`, come with `left`. While open it keeps the process alive, as a socket does.
 * @throws {ReplicationError} INVALID_OPTION for an unknown or ill-typed option
 */
export function tcpConnect(options: TcpConnectOptions): TcpSlaveTransport {
  return new TcpDialer(options, { where: 'tcpConnect', kind: 'tcp' });
}
