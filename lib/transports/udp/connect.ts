/** A slave's side of UDP: the stream to the master, and the group's datagrams beside it. */
import { randomBytes } from 'node:crypto';
import type * as tls from 'node:tls';
import { asReplicationError, ReplicationError } from '../../errors.js';
import type { PeerId, SlaveTransport, TransportFeatures, TransportSink } from '../contract.js';
import { Lifecycle } from '../lifecycle.js';
import type { SinkGate } from '../sink-gate.js';
import { streamConnect, type TcpSlaveTransport } from '../tcp/connect.js';
import type { TcpCredentials } from '../tcp/credentials.js';
import { CHALLENGE_BYTES, encodeChallenge, readTerms, type Terms } from './greeting.js';
import { GroupSocket } from './group-socket.js';
import { Hearing } from './hearing.js';
import { type OpenSocket, openSocket } from './open-socket.js';
import { Receiver } from './receiver.js';
import {
  type ConnectSettings,
  connectSettings,
  ringFor,
  type UdpConnectOptions,
} from './settings.js';
import type { UdpConnectTraffic } from './traffic.js';
import { encodeWord, newTermsOf } from './word.js';

/** What `udpConnect` returns: a slave's transport that counts. */
export interface UdpSlaveTransport extends SlaveTransport {
  /** What passed so far. */
  readonly traffic: UdpConnectTraffic;
  /**
   * Exchanges the keyring, certificates or both while it runs; what is there stays.
   * @throws {ReplicationError} INVALID_OPTION when they cannot be used; the old ones stay in use
   */
  renew(credentials: TcpCredentials<tls.ConnectionOptions>): void;
}

/** One stream, from its connection on. */
interface Stream {
  readonly peer: PeerId;
  readonly challenge: Uint8Array;
  readonly patience: unknown;
  /** Null until the master's greeting is here. */
  terms: Terms | null;
}

class UdpConnector implements UdpSlaveTransport {
  readonly role = 'slave';
  readonly features: TransportFeatures;
  readonly #settings: ConnectSettings;
  readonly #inner: TcpSlaveTransport;
  readonly #lifecycle: Lifecycle;
  readonly #receiver: Receiver;
  readonly #group: GroupSocket;
  readonly #hearing: Hearing;
  #ring: readonly Uint8Array[];
  #gate: SinkGate | null = null;
  #stream: Stream | null = null;
  /** The code of the greeting's failure that was told last. */
  #told = '';

  constructor(options: UdpConnectOptions, openSocketOf: OpenSocket) {
    const settings = connectSettings(options);
    const { clock } = settings;
    this.#settings = settings;
    this.#ring = settings.ring;
    this.#inner = streamConnect(settings.stream, { where: 'udpConnect', kind: 'udp' });
    const { maxFrameBytes } = this.#inner.features;
    this.features = { ordered: false, reliable: false, multicast: false, maxFrameBytes };
    const troubled = (error: ReplicationError) => this.#gate?.troubled(error);
    this.#hearing = new Hearing(clock, {
      say: (word) => this.#say(word),
      retry: () => this.#group.retry(),
      unheard: () => this.#tellUnheard(),
      isLossy: () => this.#receiver.isLossy(),
      resting: (why) => this.#tellResting(why),
    });
    this.#receiver = new Receiver(clock, {
      heard: (isBeacon) => this.#hearing.heard(isBeacon),
      frame: (frame) => this.#deliver(frame),
      listens: () => this.#hearing.listens,
      flooded: () => this.#hearing.flooded(),
      troubled,
    });
    this.#group = new GroupSocket(openSocketOf, clock, {
      joined: () => {
        if (this.#stream?.terms) this.#hearing.joined();
      },
      datagram: (bytes, source) => this.#receiver.take(bytes, source),
      troubled,
    });
    this.#lifecycle = new Lifecycle('this udpConnect transport', {
      start: (gate) => this.#start(gate),
      stop: () => this.#stop(),
    });
  }

  get address(): string {
    return this.#inner.address;
  }

  get traffic(): UdpConnectTraffic {
    return { ...this.#receiver.traffic };
  }

  open(sink: TransportSink, signal?: AbortSignal): Promise<void> {
    return this.#lifecycle.open(sink, signal);
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  send(peer: PeerId, frame: Uint8Array): void {
    this.#inner.send(peer, frame);
  }

  writable(peer: PeerId): boolean {
    return this.#inner.writable(peer);
  }

  disconnect(peer: PeerId): void {
    this.#inner.disconnect(peer);
  }

  renew(credentials: TcpCredentials<tls.ConnectionOptions>): void {
    this.#inner.renew(credentials);
    if (credentials.secret !== undefined) this.#ring = ringFor('renew of udpConnect', credentials);
  }

  async #start(gate: SinkGate): Promise<void> {
    this.#gate = gate;
    await this.#inner.open({
      joined: (peer) => this.#connected(peer),
      left: (peer, error) => this.#left(peer, error),
      received: (peer, frames) => this.#received(peer, frames),
      drained: (peer) => gate.drained(peer),
      troubled: (error) => gate.troubled(error),
    });
  }

  async #stop(): Promise<void> {
    this.#hearing.end();
    this.#receiver.leave();
    this.#group.close();
    await this.#inner.close();
    this.#gate = null;
  }

  #connected(peer: PeerId): void {
    const { clock, handshakeTimeoutMs } = this.#settings;
    const late = () => {
      const message =
        `${peer} did not greet within ${handshakeTimeoutMs} ms: a udpConnect needs a udpListen ` +
        'on the other side';
      this.#giveUp(peer, new ReplicationError('TIMEOUT', message));
    };
    const challenge = randomBytes(CHALLENGE_BYTES);
    const patience = clock.setTimeout(late, handshakeTimeoutMs);
    this.#stream = { peer, challenge, patience, terms: null };
    this.#inner.send(peer, encodeChallenge(challenge));
  }

  /** It connects again and again, to no avail until somebody changes something: told once. */
  #giveUp(peer: PeerId, error: ReplicationError): void {
    if (this.#told !== error.code) this.#gate?.troubled(error);
    this.#told = error.code;
    this.#inner.disconnect(peer);
  }

  #left(peer: PeerId, error: ReplicationError | null): void {
    const stream = this.#stream;
    if (stream?.peer !== peer) return;
    this.#settings.clock.clearTimeout(stream.patience);
    this.#stream = null;
    this.#hearing.end();
    this.#receiver.leave();
    if (stream.terms !== null) this.#gate?.left(peer, error);
    else if (error !== null) this.#gate?.troubled(error);
  }

  #received(peer: PeerId, frames: readonly Uint8Array[]): void {
    const stream = this.#stream;
    if (stream?.peer !== peer) return;
    const rest: Uint8Array[] = [];
    for (const frame of frames) {
      const terms = stream.terms === null ? frame : newTermsOf(frame, stream.terms.mark);
      if (terms === null) rest.push(frame);
      else if (!this.#agree(stream, terms)) return;
    }
    if (rest.length > 0) this.#gate?.received(peer, rest);
  }

  /** Takes the terms of the greeting, or new ones: from here on datagrams are good under these. */
  #agree(stream: Stream, frame: Uint8Array): boolean {
    const { clock, interface: local } = this.#settings;
    const isFirst = stream.terms === null;
    clock.clearTimeout(stream.patience);
    try {
      const { terms, secret } = readTerms(frame, stream.challenge, this.#ring, stream.peer);
      stream.terms = terms;
      this.#receiver.follow(terms, secret);
    } catch (thrown) {
      this.#giveUp(stream.peer, asReplicationError(thrown, 'PROTOCOL', 'the greeting'));
      return false;
    }
    this.#told = '';
    if (isFirst) this.#gate?.joined(stream.peer);
    const { group, port } = stream.terms;
    this.#hearing.begin();
    this.#group.join({ group, port, interface: local });
    return true;
  }

  #say(word: Parameters<typeof encodeWord>[1]): void {
    const stream = this.#stream;
    if (stream?.terms) this.#inner.send(stream.peer, encodeWord(stream.terms.mark, word));
  }

  #deliver(frame: Uint8Array): void {
    const peer = this.#stream?.peer;
    if (peer !== undefined) this.#gate?.received(peer, [frame]);
  }

  #tellResting(why: string): void {
    const message =
      `the datagrams of ${this.address} are left unread for a while, since ${why}: all comes by ` +
      'the stream; find who floods this group or host';
    this.#gate?.troubled(new ReplicationError('OVERLOADED', message));
  }

  #tellUnheard(): void {
    const { group = '', port = 0 } = this.#stream?.terms ?? {};
    const message =
      `no datagrams of ${this.address} arrive here, group ${group} port ${port} on ` +
      `${this.#settings.interface}: all comes by the stream; check "interface" on both sides, ` +
      '"ttl", and that the network carries multicast';
    this.#gate?.troubled(new ReplicationError('NOT_RUNNING', message, { retryable: true }));
  }
}

/** As `udpConnect`, with the sockets that tests put in. */
export function udpConnectOver(
  options: UdpConnectOptions,
  openSocketOf: OpenSocket,
): UdpSlaveTransport {
  return new UdpConnector(options, openSocketOf);
}

/**
 * Connects to a `udpListen` as `tcpConnect` does to a `tcpListen`, and joins the group that the
 * master tells. Datagrams are taken from the one start of the master that proved itself on the
 * stream, once each, and never answered. Where none arrive everything comes by the stream, which
 * is told as `NOT_RUNNING` by `troubled`; a wrong seal is told as `UNAUTHORIZED`, at most every ten
 * seconds. The other codes are those of `tcpConnect`.
 * @throws {ReplicationError} INVALID_OPTION for an unknown or ill-typed option, and without a
 * `secret`, unless `insecure: true` is said
 */
export function udpConnect(options: UdpConnectOptions): UdpSlaveTransport {
  return new UdpConnector(options, openSocket);
}
