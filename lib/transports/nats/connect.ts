/** The slave's side of NATS. */
import type { Msg, NatsConnection } from '@nats-io/nats-core';
import { ReplicationError, reasonOf } from '../../errors.js';
import type { PeerId, SlaveTransport, TransportFeatures, TransportSink } from '../contract.js';
import { refuseFrameLength } from '../frame-length.js';
import { Lifecycle } from '../lifecycle.js';
import { Redial } from '../redial.js';
import type { SinkGate } from '../sink-gate.js';
import { acknowledgeBytesOf } from '../window.js';
import { Link, type LinkOwner } from './link.js';
import { decodeMessage, encodeMessage, freshId, type Message, readCounts } from './message.js';
import { Pipe, type PipeOwner } from './pipe.js';
import { refusalOf } from './refusal.js';
import { Incoming } from './sequence.js';
import {
  connectSettings,
  type NatsConnectOptions,
  type NatsSettings,
  PING_INTERVAL_MS_MIN,
} from './settings.js';
import { ANY_NAME, type Subjects, subjectsOf } from './subjects.js';
import { Troubles } from './troubles.js';

/**
 * When a master says that it is here, a hello that was on its way may have been heard, or not: its
 * answer has this long. Longer than a way around the world, so that no answer meets a new hello.
 */
const HELLO_MS = 500;
/** Milliseconds our master has to answer when another says that it is here. */
const PROBE_MS = 500;

interface Attempt {
  readonly id: bigint;
  readonly timer: unknown;
  /** Its answer has `HELLO_MS` from when a master was here; after that the next one follows. */
  readonly isShort: boolean;
}

class NatsConnector implements SlaveTransport, LinkOwner, PipeOwner {
  readonly role = 'slave';
  readonly features: TransportFeatures;
  readonly address: string;
  readonly #name: string;
  readonly #settings: NatsSettings;
  readonly #subjects: Subjects;
  readonly #lifecycle: Lifecycle;
  readonly #pipe: Pipe;
  readonly #redial: Redial;
  readonly #troubles: Troubles;
  #inbox = '';
  #gate: SinkGate | null = null;
  #attempt: Attempt | null = null;
  #link: Link | null = null;
  #pingIntervalMs = 0;
  #pingTimer: unknown = null;
  #probeTimer: unknown = null;
  #partialCheckedAtMs = 0;
  #joins = 0;
  #whenEmpty: (() => void) | null = null;

  constructor(connection: NatsConnection, options: NatsConnectOptions) {
    this.#settings = connectSettings(connection, options);
    this.#subjects = subjectsOf(this.#settings.prefix);
    this.#name = options.name ?? ANY_NAME;
    this.address = `nats:${this.#settings.prefix}`;
    const maxFrameBytes = this.#settings.frameBytesMax;
    this.features = { ordered: true, reliable: true, multicast: false, maxFrameBytes };
    this.#redial = new Redial(options, this.#settings.clock, () => this.#dial());
    this.#pipe = new Pipe(connection, this.#settings, this);
    this.#troubles = new Troubles(this.#settings.clock, (error) => this.#gate?.troubled(error));
    this.#lifecycle = new Lifecycle('this natsConnect transport', {
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
    refuseFrameLength(frame, this.#settings.frameBytesMax);
    this.#linkOf(peer)?.send(frame);
  }

  writable(peer: PeerId): boolean {
    return this.#linkOf(peer)?.isWritable() ?? false;
  }

  disconnect(peer: PeerId): void {
    this.#linkOf(peer)?.end(null);
  }

  received(peer: PeerId, frames: readonly Uint8Array[]): void {
    this.#gate?.received(peer, frames);
  }

  /** Of the pipe, or of the master. */
  drained(peer?: PeerId): void {
    if (peer !== undefined) this.#gate?.drained(peer);
    else this.#link?.pipeDrained();
  }

  ended(link: Link, error: ReplicationError | null): void {
    const { clock } = this.#settings;
    this.#link = null;
    clock.clearTimeout(this.#pingTimer);
    clock.clearTimeout(this.#probeTimer);
    this.#probeTimer = null;
    this.#gate?.left(link.peer, error);
    this.#whenEmpty?.();
    this.#redial.lost();
  }

  lost(error: ReplicationError): void {
    this.#troubles.tell(error);
    this.#forgetAttempt();
    this.#link?.end(error);
  }

  back(): void {
    this.#troubles.forget();
    this.#forgetAttempt();
    this.#redial.forgive();
    this.#redial.later();
  }

  refused(error: ReplicationError): void {
    if (this.#attempt === null) this.#troubles.tell(error);
    else this.#failed(error);
  }

  #linkOf(peer: PeerId): Link | null {
    return this.#link?.peer === peer ? this.#link : null;
  }

  #start(gate: SinkGate): void {
    const { toSlave, all, here } = this.#subjects;
    this.#inbox = `${this.#name}.${freshId().toString(16)}`;
    this.#gate = gate;
    this.#troubles.forget();
    this.#pipe.start({
      [toSlave(this.#inbox)]: (message) => this.#fromMaster(message),
      [all]: (message) => this.#fromMaster(message),
      [here]: (message) => this.#fromMaster(message),
    });
    this.#redial.start();
  }

  async #stop(): Promise<void> {
    this.#redial.stop();
    this.#forgetAttempt();
    if (this.#link !== null) {
      const empty = new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
      });
      this.#link.end(null);
      await empty;
      this.#whenEmpty = null;
    }
    this.#gate = null;
    this.#pipe.stop();
    await this.#pipe.flushed(this.#settings.closeTimeoutMs);
  }

  #dial(): void {
    if (this.#gate === null || this.#link !== null || this.#attempt !== null) return;
    if (!this.#pipe.isUp) return this.#tellDown();
    const { clock, handshakeTimeoutMs, frameBytesMax } = this.#settings;
    const timer = clock.setTimeout(this.#late, handshakeTimeoutMs);
    this.#attempt = { id: freshId(), timer, isShort: false };
    this.#pipe.subscribe();
    const hello = encodeMessage({
      kind: 'hello',
      master: 0n,
      link: this.#attempt.id,
      first: frameBytesMax,
      second: acknowledgeBytesOf(this.#settings),
    });
    this.#pipe.publish(this.#subjects.fromSlave(this.#inbox), hello);
  }

  /** `back` dials again. */
  #tellDown(): void {
    if (!this.#troubles.isQuiet) return;
    const message = 'the NATS connection is not there: this slave joins when it is back';
    this.#troubles.tell(new ReplicationError('NOT_RUNNING', message, { retryable: true }));
  }

  readonly #late = (): void => {
    const { handshakeTimeoutMs } = this.#settings;
    const message =
      `no master answers on ${this.address} within ${handshakeTimeoutMs} ms: start one with ` +
      'this prefix on the same NATS system; this slave keeps trying';
    this.#failed(new ReplicationError('TIMEOUT', message));
  };

  #fromMaster({ subject, data }: Msg): void {
    let message: Message;
    try {
      message = decodeMessage(data);
    } catch (thrown) {
      const words = `what came on ${subject} was ignored: ${(thrown as Error).message}`;
      this.#troubles.tell(new ReplicationError('PROTOCOL', words));
      return;
    }
    const link = this.#link;
    if (message.kind === 'here') this.#here(message);
    else if (link !== null && this.#isOf(link, message)) link.take(message);
    else if (message.link === this.#attempt?.id) this.#answered(message);
    else if (message.kind === 'welcome') this.#turnAway(message);
  }

  #isOf(link: Link, { master, link: id, kind }: Message): boolean {
    return master === link.master && (id === link.id || id === 0n) && kind !== 'welcome';
  }

  #answered(message: Message): void {
    if (message.kind === 'refused') {
      this.#failed(refusalOf(message.first, this.address));
      return;
    }
    try {
      if (message.kind !== 'welcome') {
        throw new ReplicationError('PROTOCOL', `it is "${message.kind}"`);
      }
      this.#join(message, ...readCounts(message.body));
    } catch (thrown) {
      const words = `the answer of the master on ${this.address} to a hello: ${reasonOf(thrown)}`;
      this.#failed(new ReplicationError('PROTOCOL', words));
    }
  }

  #join(welcome: Message, wantedMs: number, number: number): void {
    const { clock, frameBytesMax } = this.#settings;
    this.#forgetAttempt();
    this.#troubles.forget();
    this.#redial.joined();
    this.#joins += 1;
    const link = new Link(
      {
        peer: `${this.address}#${this.#joins}`,
        master: welcome.master,
        id: welcome.link,
        subject: this.#subjects.fromSlave(this.#inbox),
        acknowledgeBytes: welcome.second,
        stream: null,
        all: new Incoming(frameBytesMax, welcome.first),
        number,
      },
      this.#pipe,
      this.#settings,
      this,
    );
    this.#link = link;
    // Not faster than any master asks for, whatever this one says.
    this.#pingIntervalMs = Math.max(PING_INTERVAL_MS_MIN, wantedMs);
    this.#pingTimer = clock.setTimeout(this.#ping, this.#pingIntervalMs);
    this.#gate?.joined(link.peer);
  }

  /** A second master took the same hello; the first one that answered is kept (P16). */
  #turnAway({ master, link }: Message): void {
    if (this.#link?.id !== link || this.#link.master === master) return;
    const bye = encodeMessage({ kind: 'bye', master, link });
    this.#pipe.publish(this.#subjects.fromSlave(this.#inbox), bye);
    const words = `two masters answer on ${this.address}; this slave stays with the first`;
    this.#troubles.tell(new ReplicationError('PROTOCOL', words));
  }

  #here({ master }: Message): void {
    if (this.#link === null) {
      this.#redial.forgive();
      if (this.#attempt === null) this.#redial.later();
      else this.#hurry(this.#attempt);
    } else if (this.#link.master !== master) this.#probe(this.#link);
  }

  #hurry(attempt: Attempt): void {
    if (attempt.isShort) return;
    const { clock } = this.#settings;
    clock.clearTimeout(attempt.timer);
    const again = () => {
      this.#forgetAttempt();
      this.#dial();
    };
    this.#attempt = { id: attempt.id, isShort: true, timer: clock.setTimeout(again, HELLO_MS) };
  }

  /** Another master is here: is ours still? A successor's slaves need not wait for silence. */
  #probe(link: Link): void {
    const { clock } = this.#settings;
    // The other one says so again and again; the question is asked once at a time.
    if (this.#probeTimer !== null) return;
    const askedAtMs = clock.now();
    link.ping();
    const judge = () => {
      this.#probeTimer = null;
      const isSilent = link.silentMs >= clock.now() - askedAtMs;
      if (this.#link !== link || !isSilent) return;
      const words = `another master is on ${this.address}, and ours does not answer`;
      link.end(new ReplicationError('NOT_RUNNING', words, { retryable: true }));
    };
    // The answer may be waiting to be read (P12).
    this.#probeTimer = clock.setTimeout(() => clock.setImmediate(judge), PROBE_MS);
  }

  readonly #ping = (): void => {
    const { clock, stallTimeoutMs } = this.#settings;
    const link = this.#link;
    if (link === null) return;
    this.#pingTimer = clock.setTimeout(this.#ping, this.#pingIntervalMs);
    link.ping();
    link.check();
    if (clock.now() - this.#partialCheckedAtMs < stallTimeoutMs) return;
    this.#partialCheckedAtMs = clock.now();
    link.checkPartial();
  };

  #failed(error: ReplicationError): void {
    this.#forgetAttempt();
    this.#troubles.tell(error);
    this.#redial.later();
  }

  #forgetAttempt(): void {
    if (this.#attempt !== null) this.#settings.clock.clearTimeout(this.#attempt.timer);
    this.#attempt = null;
  }
}

/**
 * A slave over NATS: it says hello on its own subject until a master answers, and again with
 * growing, fully jittered delays whenever it lost it (P18). `open` never waits for the master. A
 * message that NATS did not deliver is noticed by its number; the slave then leaves and joins
 * anew. Why it is not joined is told by the sink's `troubled`, once per change of the reason:
 * `TIMEOUT` (no master answers), `NOT_RUNNING` (the server is lost, or the connection is closed),
 * `UNAUTHORIZED` (the server refuses a subject), `OVERLOADED`, `PROTOCOL`. `close` never closes the
 * connection.
 * @throws {ReplicationError} INVALID_OPTION
 */
export function natsConnect(
  connection: NatsConnection,
  options: NatsConnectOptions,
): SlaveTransport {
  return new NatsConnector(connection, options);
}
