/** The master's side of NATS. */
import type { Msg, NatsConnection } from '@nats-io/nats-core';
import { ReplicationError } from '../../errors.js';
import { limits } from '../../limits.js';
import type { MasterTransport, PeerId, TransportFeatures, TransportSink } from '../contract.js';
import { refuseFrameLength } from '../frame-length.js';
import { Lifecycle } from '../lifecycle.js';
import type { SinkGate } from '../sink-gate.js';
import { acknowledgeBytesOf } from '../window.js';
import { EXCEPTION_BYTES, encodeExceptions } from './exceptions.js';
import { Link, type LinkOwner } from './link.js';
import {
  countsBody,
  decodeMessage,
  encodeMessage,
  freshId,
  type Kind,
  type Message,
} from './message.js';
import { Pipe, type PipeOwner } from './pipe.js';
import { encodeRefusal, type RefusalCode } from './refusal.js';
import { Outgoing } from './sequence.js';
import type { NatsSettings } from './settings.js';
import { listenSettings, type NatsListenOptions, PING_INTERVAL_MS } from './settings.js';
import { inboxCovers, type Subjects, subjectsOf } from './subjects.js';
import { Troubles } from './troubles.js';

/**
 * A round of few among many goes to each by itself: below this share of the joined slaves, one
 * message to all would cost the server and the slaves more than it saves the master.
 */
const MULTICAST_SHARE = 1 / 8;
/** Of a message, for the numbers of those it is not for. */
const EXCEPTIONS_SHARE = 1 / 8;
/** Bytes sent to all after which every slave's window is looked at. */
const WINDOW_CHECK_BYTES = 256 * 1024;

class NatsListener implements MasterTransport, LinkOwner, PipeOwner {
  readonly role = 'master';
  readonly features: TransportFeatures;
  readonly address: string;
  readonly #settings: NatsSettings;
  readonly #subjects: Subjects;
  readonly #pingIntervalMs: number;
  readonly #linksMax: number;
  readonly #lifecycle: Lifecycle;
  readonly #pipe: Pipe;
  readonly #troubles: Troubles;
  /** By the inbox of the slave. */
  readonly #links = new Map<string, Link>();
  readonly #byPeer = new Map<PeerId, { readonly link: Link; readonly inbox: string }>();
  #instance = 0n;
  #stream: Outgoing;
  #checkedBytes = 0;
  #gate: SinkGate | null = null;
  #timer: unknown = null;
  #partialCheckedAtMs = 0;
  #joins = 0;
  #whenEmpty: (() => void) | null = null;
  /** Nobody joins any more. */
  #isClosing = false;

  constructor(connection: NatsConnection, options: NatsListenOptions) {
    this.#settings = listenSettings(connection, options);
    this.#subjects = subjectsOf(this.#settings.prefix);
    this.#pingIntervalMs = options.pingIntervalMs ?? PING_INTERVAL_MS;
    this.#linksMax = options.maxConnections ?? limits.peersMax;
    this.address = `nats:${this.#settings.prefix}`;
    const maxFrameBytes = this.#settings.frameBytesMax;
    this.features = {
      ordered: true,
      reliable: true,
      multicast: true,
      addressed: true,
      maxFrameBytes,
    };
    this.#pipe = new Pipe(connection, this.#settings, this);
    this.#troubles = new Troubles(this.#settings.clock, (error) => this.#gate?.troubled(error));
    this.#stream = new Outgoing(this.#pipe, this.#subjects.all, 0n, 0n);
    this.#lifecycle = new Lifecycle('this natsListen transport', {
      start: (gate) => this.#start(gate),
      stop: () => this.#stop(),
    });
  }

  open(sink: TransportSink, signal?: AbortSignal): Promise<void> {
    return this.#lifecycle.open(sink, signal);
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  send(peer: PeerId, frame: Uint8Array): void {
    refuseFrameLength(frame, this.#settings.frameBytesMax);
    this.#byPeer.get(peer)?.link.send(frame);
  }

  multicast(peers: readonly PeerId[], frame: Uint8Array): void {
    refuseFrameLength(frame, this.#settings.frameBytesMax);
    const exceptions = this.#exceptionsOf(peers);
    if (exceptions === null) {
      for (const peer of peers) this.#byPeer.get(peer)?.link.send(frame);
      return;
    }
    this.#stream.send(frame, exceptions.length, encodeExceptions(exceptions));
    if (this.#stream.bytes - this.#checkedBytes < this.#windowCheckBytes) return;
    this.#checkedBytes = this.#stream.bytes;
    for (const link of this.#links.values()) link.streamGrew();
  }

  /** The numbers of those it is not for; null where each is better spoken to by itself. */
  #exceptionsOf(peers: readonly PeerId[]): number[] | null {
    const here = this.#links.size;
    if (peers.length <= Math.max(1, here * MULTICAST_SHARE)) return null;
    const meant = new Set(peers);
    const exceptions: number[] = [];
    for (const { peer, number } of this.#links.values()) {
      if (!meant.has(peer)) exceptions.push(number);
    }
    const mostBytes = this.#pipe.messageBytesMax * EXCEPTIONS_SHARE;
    return exceptions.length * EXCEPTION_BYTES > mostBytes ? null : exceptions;
  }

  writable(peer: PeerId): boolean {
    return this.#byPeer.get(peer)?.link.isWritable() ?? false;
  }

  /** The server vouches for the name in a subject, where users may publish under their own only. */
  permits(peer: PeerId, slave: string): boolean {
    const known = this.#byPeer.get(peer);
    return known !== undefined && inboxCovers(known.inbox, slave);
  }

  disconnect(peer: PeerId): void {
    this.#byPeer.get(peer)?.link.end(null);
  }

  received(peer: PeerId, frames: readonly Uint8Array[]): void {
    this.#gate?.received(peer, frames);
  }

  ended(link: Link, error: ReplicationError | null): void {
    const inbox = this.#byPeer.get(link.peer)?.inbox ?? '';
    this.#byPeer.delete(link.peer);
    // The slave may have joined anew before this end was told.
    if (this.#links.get(inbox) === link) this.#links.delete(inbox);
    this.#gate?.left(link.peer, error);
    if (this.#byPeer.size === 0) this.#whenEmpty?.();
  }

  lost(error: ReplicationError): void {
    this.#troubles.tell(error);
    for (const { link } of this.#byPeer.values()) link.end(error);
  }

  back(): void {
    this.#troubles.forget();
    this.#pipe.subscribe();
    this.#sayHere();
  }

  refused(error: ReplicationError): void {
    this.#troubles.tell(error);
  }

  /** Of the pipe, or of one peer. */
  drained(peer?: PeerId): void {
    if (peer !== undefined) this.#gate?.drained(peer);
    else for (const link of this.#links.values()) link.pipeDrained();
  }

  get #windowCheckBytes(): number {
    return Math.min(WINDOW_CHECK_BYTES, acknowledgeBytesOf(this.#settings));
  }

  async #start(gate: SinkGate): Promise<void> {
    this.#isClosing = false;
    this.#instance = freshId();
    this.#stream = new Outgoing(this.#pipe, this.#subjects.all, this.#instance, 0n);
    this.#checkedBytes = 0;
    this.#troubles.forget();
    this.#gate = gate;
    this.#pipe.start({
      [this.#subjects.fromSlaves]: (message) => this.#fromSlave(message),
      [this.#subjects.here]: (message) => this.#otherMaster(message),
    });
    if (this.#pipe.isClosed) {
      const message = `${this.address} cannot be served: the NATS connection is closed`;
      throw new ReplicationError('NOT_RUNNING', message);
    }
    await this.#pipe.flushed(this.#settings.handshakeTimeoutMs);
    if (!this.#pipe.isSubscribed) {
      const message =
        `the NATS server does not let this user subscribe to ${this.#subjects.fromSlaves} and ` +
        `${this.#subjects.here}: check its permissions`;
      throw new ReplicationError('UNAUTHORIZED', message);
    }
    this.#sayHere();
    this.#timer = this.#settings.clock.setTimeout(this.#look, this.#pingIntervalMs);
  }

  async #stop(): Promise<void> {
    const { clock, closeTimeoutMs } = this.#settings;
    clock.clearTimeout(this.#timer);
    this.#isClosing = true;
    for (const { link } of this.#byPeer.values()) link.end(null);
    if (this.#byPeer.size > 0) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
      });
      this.#whenEmpty = null;
    }
    this.#gate = null;
    this.#pipe.stop();
    await this.#pipe.flushed(closeTimeoutMs);
  }

  #fromSlave({ subject, data }: Msg): void {
    const inbox = this.#subjects.inboxOf(subject);
    let message: Message;
    try {
      message = decodeMessage(data);
    } catch (thrown) {
      const words = `what came on ${subject} was ignored: ${(thrown as Error).message}`;
      this.#troubles.tell(new ReplicationError('PROTOCOL', words));
      return;
    }
    if (message.kind === 'hello') return this.#greet(inbox, message);
    // Said to another master of this prefix, or to one that was here before.
    if (message.master !== this.#instance) return;
    const link = this.#links.get(inbox);
    if (link?.id === message.link) link.take(message);
    else if (message.kind === 'ping' || message.kind === 'bye')
      this.#answer(inbox, message, 'gone');
  }

  #greet(inbox: string, hello: Message): void {
    if (this.#isClosing) return;
    const before = this.#links.get(inbox);
    // The answer is on its way: the same hello cannot have been sent twice.
    if (before?.id === hello.link) return;
    const refusal = this.#refusalOf(hello, before !== undefined);
    if (refusal !== null) {
      this.#troubles.tell(new ReplicationError(refusal, `a slave was refused: ${inbox}`));
      this.#answer(inbox, hello, 'refused', { first: encodeRefusal(refusal) });
      return;
    }
    const words = `nats:${inbox} joined anew: its side lost the connection`;
    before?.replaced(new ReplicationError('NOT_RUNNING', words, { retryable: true }));
    this.#join(inbox, hello);
  }

  #join(inbox: string, hello: Message): void {
    this.#joins += 1;
    const link = new Link(
      {
        peer: `nats:${inbox}#${this.#joins}`,
        master: this.#instance,
        id: hello.link,
        subject: this.#subjects.toSlave(inbox),
        acknowledgeBytes: hello.second,
        stream: this.#stream,
        all: null,
        number: this.#joins,
      },
      this.#pipe,
      this.#settings,
      this,
    );
    this.#links.set(inbox, link);
    this.#byPeer.set(link.peer, { link, inbox });
    const body = countsBody(this.#pingIntervalMs, this.#joins);
    const second = acknowledgeBytesOf(this.#settings);
    this.#answer(inbox, hello, 'welcome', { first: this.#stream.sequence, second, body });
    this.#gate?.joined(link.peer);
  }

  #refusalOf({ first }: Message, isKnown: boolean): RefusalCode | null {
    if (first !== this.#settings.frameBytesMax) return 'PROTOCOL';
    return !isKnown && this.#links.size >= this.#linksMax ? 'OVERLOADED' : null;
  }

  #answer(inbox: string, to: Message, kind: Kind, fields: Partial<Message> = {}): void {
    const message = { kind, master: this.#instance, link: to.link, ...fields };
    this.#pipe.publish(this.#subjects.toSlave(inbox), encodeMessage(message));
  }

  #sayHere(): void {
    const message = { kind: 'here', master: this.#instance, link: 0n } as const;
    this.#pipe.publish(this.#subjects.here, encodeMessage(message));
  }

  #otherMaster({ data }: Msg): void {
    let other: bigint;
    try {
      other = decodeMessage(data).master;
    } catch {
      // Masters tell of themselves here and nobody else; of another version its slaves are told.
      return;
    }
    if (other === this.#instance) return;
    const message =
      `another master is on ${this.address}: give each item's master a prefix of its own, or ` +
      'stop the one that is not wanted';
    this.#troubles.tell(new ReplicationError('PROTOCOL', message));
  }

  readonly #look = (): void => {
    const { clock, stallTimeoutMs } = this.#settings;
    this.#timer = clock.setTimeout(this.#look, this.#pingIntervalMs);
    this.#sayHere();
    for (const link of this.#links.values()) link.check();
    if (clock.now() - this.#partialCheckedAtMs < stallTimeoutMs) return;
    this.#partialCheckedAtMs = clock.now();
    for (const link of this.#links.values()) link.checkPartial();
  };
}

/**
 * A master over NATS: core publish and subscribe on the subjects of `prefix`, over a connection
 * that stays the host's. What it says to many slaves is published once. A message that NATS did
 * not deliver is noticed by its number, at the latest with the next sign of life: the slave then
 * leaves and joins anew, so that what is joined is ordered and complete.
 *
 * `open` rejects with `NOT_RUNNING` over a closed connection and with `UNAUTHORIZED` where the
 * server refuses the subscriptions. Codes told by `troubled` or `left`: `NOT_RUNNING` (the server
 * is lost; messages were), `TIMEOUT`, `OVERLOADED`, `TOO_LARGE`, `UNAUTHORIZED` (the server refuses
 * a subject), `PROTOCOL` (another master is on this prefix, or a stranger). `close` never closes
 * the connection.
 * @throws {ReplicationError} INVALID_OPTION
 */
export function natsListen(
  connection: NatsConnection,
  options: NatsListenOptions,
): MasterTransport {
  return new NatsListener(connection, options);
}
