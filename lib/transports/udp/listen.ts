/** The master's side of UDP: datagrams for all, and a stream to each slave beside them. */
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import type * as tls from 'node:tls';
import { asReplicationError, ReplicationError } from '../../errors.js';
import type { MasterTransport, PeerId, TransportFeatures, TransportSink } from '../contract.js';
import { Lifecycle } from '../lifecycle.js';
import type { SinkGate } from '../sink-gate.js';
import type { TcpCredentials } from '../tcp/credentials.js';
import { streamListen, type TcpMasterTransport } from '../tcp/listen.js';
import { encodeLabel, LEFT_OUT_MAX } from './address-label.js';
import { Caster } from './caster.js';
import { KINDS, SALT_BYTES } from './datagram.js';
import { encodeTerms, MARK_BYTES, readChallenge } from './greeting.js';
import { datagramKey } from './keys.js';
import { type OpenSocket, openSocket } from './open-socket.js';
import { Sealer } from './sealer.js';
import { type Plan, type Seat, Seats } from './seats.js';
import {
  frameRoom,
  type ListenSettings,
  listenSettings,
  ringFor,
  type UdpListenOptions,
} from './settings.js';
import type { Counts, UdpListenTraffic } from './traffic.js';
import { encodeNewTerms, WORDS, wordOf } from './word.js';

/** What `udpListen` returns: a master transport that knows its port and counts. */
export interface UdpMasterTransport extends MasterTransport {
  /** The stream's and the group's port, from the first `open` on; before, the one asked for. */
  readonly port: number;
  /** What passed so far. */
  readonly traffic: UdpListenTraffic;
  /**
   * Exchanges the keyring, certificates or both while it runs. Streams that are there stay; their
   * slaves are told the new terms of the datagrams, and get everything by stream until they hear.
   * @throws {ReplicationError} INVALID_OPTION when they cannot be used; the old ones stay in use
   */
  renew(credentials: TcpCredentials<tls.TlsOptions>): void;
}

/** The least time between two beacons: slaves that ask within it share one. */
const BEACON_MS = 20;

class UdpListener implements UdpMasterTransport {
  readonly role = 'master';
  readonly features: TransportFeatures;
  readonly #settings: ListenSettings;
  readonly #stream: TcpMasterTransport;
  readonly #lifecycle: Lifecycle;
  readonly #caster: Caster;
  readonly #seats: Seats;
  /** Peers that are connected and did not greet yet, with the timers of their patience. */
  readonly #strangers = new Map<PeerId, unknown>();
  readonly #traffic: Counts<UdpListenTraffic> = {
    datagrams: 0,
    datagramBytes: 0,
    beacons: 0,
    datagramsFailed: 0,
    streamFrames: 0,
    streamBytes: 0,
  };
  #gate: SinkGate | null = null;
  #secret: Uint8Array;
  #salt: Buffer = randomBytes(SALT_BYTES);
  #sealer: Sealer;
  #beaconTimer: unknown = null;
  #beaconAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: UdpListenOptions, openSocketOf: OpenSocket) {
    const settings = listenSettings(options);
    this.#settings = settings;
    this.#stream = streamListen(settings.stream, { where: 'udpListen', kind: 'udp' });
    const { maxFrameBytes } = this.#stream.features;
    this.features = {
      ordered: false,
      reliable: false,
      multicast: true,
      addressed: true,
      maxFrameBytes,
    };
    this.#seats = new Seats(settings.clock);
    this.#secret = settings.secret;
    this.#sealer = this.#newSealer();
    this.#caster = new Caster(settings, openSocketOf, {
      troubled: (error) => this.#gate?.troubled(error),
      failed: () => {
        this.#traffic.datagramsFailed += 1;
      },
    });
    this.#lifecycle = new Lifecycle('this udpListen transport', {
      start: (gate) => this.#start(gate),
      stop: () => this.#stop(),
    });
  }

  get port(): number {
    return this.#stream.port;
  }

  get address(): string {
    return `${this.#stream.address} (group ${this.#settings.group})`;
  }

  get traffic(): UdpListenTraffic {
    return { ...this.#traffic };
  }

  open(sink: TransportSink, signal?: AbortSignal): Promise<void> {
    return this.#lifecycle.open(sink, signal);
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  send(peer: PeerId, frame: Uint8Array): void {
    this.#stream.send(peer, frame);
    if (this.#seats.get(peer) !== undefined) this.#countStream(1, frame);
  }

  writable(peer: PeerId): boolean {
    return this.#stream.writable(peer);
  }

  disconnect(peer: PeerId): void {
    const seat = this.#seats.get(peer);
    if (seat !== undefined) this.#seats.ending(seat);
    this.#stream.disconnect(peer);
  }

  /**
   * One datagram where it fits and two or more are meant, or all that there are; a frame for one
   * among many goes by the stream, which does not lose it.
   */
  multicast(peers: readonly PeerId[], frame: Uint8Array): void {
    // Refuses what is too long or empty, as it does for every frame.
    this.#stream.multicast([], frame);
    const plan = this.#seats.plan(peers);
    if (this.#isForDatagram(plan, frame) && this.#cast(plan, frame)) {
      this.#byStream(plan.deaf, frame);
    } else {
      this.#byStream([...plan.hearing, ...plan.deaf], frame);
    }
  }

  permits(peer: PeerId, slave: string): boolean {
    return this.#stream.permits?.(peer, slave) ?? true;
  }

  renew(credentials: TcpCredentials<tls.TlsOptions>): void {
    this.#stream.renew(credentials);
    if (credentials.secret === undefined) return;
    this.#secret = ringFor('renew of udpListen', credentials)[0] as Uint8Array;
    this.#sealer = this.#newSealer();
    for (const seat of this.#seats.all) {
      seat.isHearing = false;
      this.#stream.send(seat.peer, encodeNewTerms(seat.mark, this.#termsOf(seat)));
    }
  }

  /** A salt of its own gives a key of its own, under which the counter begins anew. */
  #newSealer(): Sealer {
    this.#salt = randomBytes(SALT_BYTES);
    return new Sealer(datagramKey(this.#secret, this.#salt), this.#salt);
  }

  #termsOf({ number: seat, mark, challenge }: Seat): Buffer {
    const { group } = this.#settings;
    const { counter } = this.#sealer;
    const terms = { group, port: this.port, seat, counter, salt: this.#salt, mark };
    return encodeTerms(terms, challenge, this.#secret);
  }

  #isForDatagram({ hearing, leftOut }: Plan, frame: Uint8Array): boolean {
    if (!this.#caster.isUp || hearing.length === 0) return false;
    if (hearing.length === 1 && leftOut.length > 0) return false;
    const isNamed = leftOut.length <= LEFT_OUT_MAX;
    return isNamed && frame.length <= frameRoom(this.#settings.datagramBytesMax, leftOut.length);
  }

  /** False when no datagram can be made. One that was dropped counts as lost on the way. */
  #cast({ hearing, leftOut }: Plan, frame: Uint8Array): boolean {
    const label = encodeLabel({ newest: this.#seats.newest, leftOut });
    const datagram = this.#sealer.seal(KINDS.frame, [label, frame]);
    if (datagram === null) return false;
    if (this.#caster.send(datagram, () => this.#byStream(hearing, frame))) {
      this.#traffic.datagrams += 1;
      this.#traffic.datagramBytes += datagram.length;
    }
    return true;
  }

  #byStream(peers: readonly PeerId[], frame: Uint8Array): void {
    if (peers.length === 0) return;
    this.#countStream(peers.length, frame);
    this.#stream.multicast(peers, frame);
  }

  #countStream(frames: number, frame: Uint8Array): void {
    this.#traffic.streamFrames += frames;
    this.#traffic.streamBytes += frames * frame.length;
  }

  async #start(gate: SinkGate): Promise<void> {
    this.#gate = gate;
    this.#sealer = this.#newSealer();
    await this.#stream.open({
      joined: (peer) => this.#connected(peer),
      left: (peer, error) => this.#left(peer, error),
      received: (peer, frames) => this.#received(peer, frames),
      drained: (peer) => gate.drained(peer),
      troubled: (error) => gate.troubled(error),
    });
    this.#caster.open(this.port);
  }

  async #stop(): Promise<void> {
    this.#settings.clock.clearTimeout(this.#beaconTimer);
    this.#beaconTimer = null;
    await this.#stream.close();
    this.#caster.close();
    this.#gate = null;
  }

  /** It proved who it is; who it is for the sink follows with its greeting. */
  #connected(peer: PeerId): void {
    const { clock, handshakeTimeoutMs } = this.#settings;
    const late = () => {
      const message = `${peer} did not greet within ${handshakeTimeoutMs} ms: is it a udpConnect?`;
      this.#gate?.troubled(new ReplicationError('TIMEOUT', message));
      this.#stream.disconnect(peer);
    };
    this.#strangers.set(peer, clock.setTimeout(late, handshakeTimeoutMs));
  }

  #left(peer: PeerId, error: ReplicationError | null): void {
    this.#forgetStranger(peer);
    if (this.#seats.remove(peer, error === null)) this.#gate?.left(peer, error);
  }

  #forgetStranger(peer: PeerId): boolean {
    if (!this.#strangers.has(peer)) return false;
    this.#settings.clock.clearTimeout(this.#strangers.get(peer));
    return this.#strangers.delete(peer);
  }

  #received(peer: PeerId, frames: readonly Uint8Array[]): void {
    const [first] = frames;
    const isGreeting = first !== undefined && this.#forgetStranger(peer);
    if (isGreeting && !this.#greet(peer, first)) return;
    const seat = this.#seats.get(peer);
    if (seat === undefined) return;
    const rest: Uint8Array[] = [];
    for (const frame of isGreeting ? frames.slice(1) : frames) {
      const word = wordOf(frame, seat.mark);
      if (word === 0) rest.push(frame);
      else this.#heed(peer, word);
    }
    if (rest.length > 0) this.#gate?.received(peer, rest);
  }

  #greet(peer: PeerId, frame: Uint8Array): boolean {
    try {
      // A copy: the frame is a view of memory that others share.
      const challenge = Buffer.from(readChallenge(frame, peer));
      const seat = this.#seats.add(peer, randomBytes(MARK_BYTES), challenge);
      this.#stream.send(peer, this.#termsOf(seat));
    } catch (thrown) {
      this.#gate?.troubled(asReplicationError(thrown, 'PROTOCOL', `the greeting of ${peer}`));
      this.#stream.disconnect(peer);
      return false;
    }
    this.#gate?.joined(peer);
    return true;
  }

  #heed(peer: PeerId, word: number): void {
    const seat = this.#seats.get(peer);
    if (seat === undefined) return;
    if (word === WORDS.hearing) seat.isHearing = true;
    if (word === WORDS.deaf) seat.isHearing = false;
    if (word === WORDS.ready) this.#beaconSoon();
  }

  #beaconSoon(): void {
    if (this.#beaconTimer !== null || this.#gate === null) return;
    if (!this.#caster.isUp) this.#caster.open(this.port);
    const { clock } = this.#settings;
    const waitMs = Math.max(0, this.#beaconAtMs + BEACON_MS - clock.now());
    this.#beaconTimer = clock.setTimeout(() => {
      this.#beaconTimer = null;
      this.#beaconAtMs = clock.now();
      this.#beacon();
    }, waitMs);
  }

  /** Says nothing, at full length: where it arrives every datagram of ours does. */
  #beacon(): void {
    const label = encodeLabel({ newest: this.#seats.newest, leftOut: [] });
    const padding = Buffer.alloc(frameRoom(this.#settings.datagramBytesMax, 0));
    const datagram = this.#sealer.seal(KINDS.beacon, [label, padding]);
    if (datagram === null || !this.#caster.send(datagram, () => undefined)) return;
    this.#traffic.beacons += 1;
  }
}

/** As `udpListen`, with the sockets that tests put in. */
export function udpListenOver(
  options: UdpListenOptions,
  openSocketOf: OpenSocket,
): UdpMasterTransport {
  return new UdpListener(options, openSocketOf);
}

/**
 * Listens for slaves: what goes to many of them leaves as one multicast datagram, whatever their
 * number, sealed by AES-256-GCM under a key of this start. What fits no datagram, what goes to one
 * slave, and all that slaves say travels over a TCP stream at the same address and port, which also
 * tells who joined and left. A slave gets datagrams once it said that they arrive; until then, and
 * where the network carries no multicast, everything goes by its stream.
 *
 * Datagrams may be lost, overtake each other and the stream; the protocol converges by repetition.
 * No datagram is ever received or answered here. Codes are those of `tcpListen`; `NOT_RUNNING` and
 * `OVERLOADED` are also told of datagrams that could not be sent.
 * @throws {ReplicationError} INVALID_OPTION for an unknown or ill-typed option, and without a
 * `secret`, unless `insecure: true` is said
 */
export function udpListen(options: UdpListenOptions): UdpMasterTransport {
  return new UdpListener(options, openSocket);
}
