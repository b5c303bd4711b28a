/** The slave's side of worker threads and processes. */
import { ReplicationError } from '../../errors.js';
import { limits } from '../../limits.js';
import type { PeerId, SlaveTransport, TransportFeatures, TransportSink } from '../contract.js';
import { refuseFrameLength } from '../frame-length.js';
import { Lifecycle } from '../lifecycle.js';
import { Redial } from '../redial.js';
import type { SinkGate } from '../sink-gate.js';
import { ToldOnce } from '../told-once.js';
import { acknowledgeBytesOf } from '../window.js';
import { type Channel, checkTarget, openChannel, type WorkerTarget } from './channel.js';
import { type LinkOwner, WorkerLink } from './link.js';
import { freshLink, marked, readMessage, refusalOf, type WorkerMessage } from './message.js';
import { connectSettings, type WorkerConnectOptions, type WorkerSettings } from './settings.js';

/** A hello that waited to be read was answered by then. */
const UNHEARD_MS = 50;

interface Attempt {
  readonly id: string;
  readonly timer: unknown;
}

class WorkerConnector implements SlaveTransport, LinkOwner {
  readonly role = 'slave';
  readonly features: TransportFeatures;
  readonly address: string;
  readonly #target: WorkerTarget;
  readonly #settings: WorkerSettings;
  readonly #handshakeTimeoutMs: number;
  readonly #redial: Redial;
  readonly #lifecycle: Lifecycle;
  #channel: Channel | null = null;
  #gate: SinkGate | null = null;
  #attempt: Attempt | null = null;
  #link: WorkerLink | null = null;
  #joins = 0;
  readonly #troubles = new ToldOnce((error) => this.#gate?.troubled(error));
  #whenEmpty: (() => void) | null = null;

  constructor(target: WorkerTarget, options: WorkerConnectOptions) {
    checkTarget('workerConnect', target);
    this.#target = target;
    this.#settings = connectSettings(options);
    this.address = `worker:${this.#settings.channel}`;
    const maxFrameBytes = this.#settings.frameBytesMax;
    this.features = { ordered: true, reliable: true, multicast: false, maxFrameBytes };
    this.#handshakeTimeoutMs = options.handshakeTimeoutMs ?? limits.handshakeTimeoutMs;
    this.#redial = new Redial(options, this.#settings.clock, () => this.#dial());
    this.#lifecycle = new Lifecycle('this workerConnect transport', {
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
    return this.#linkOf(peer)?.isWritable ?? false;
  }

  disconnect(peer: PeerId): void {
    this.#linkOf(peer)?.end(null);
  }

  received(peer: PeerId, frames: readonly Uint8Array[]): void {
    this.#gate?.received(peer, frames);
  }

  drained(peer: PeerId): void {
    this.#gate?.drained(peer);
  }

  ended(link: WorkerLink, error: ReplicationError | null): void {
    this.#link = null;
    this.#gate?.left(link.peer, error);
    this.#whenEmpty?.();
    this.#redial.lost();
  }

  #linkOf(peer: PeerId): WorkerLink | null {
    return this.#link?.peer === peer ? this.#link : null;
  }

  #start(gate: SinkGate): void {
    this.#gate = gate;
    this.#troubles.forget();
    this.#channel = openChannel(this.#target, {
      message: (message) => this.#message(message),
      ended: (why) => this.#channelEnded(why),
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
    this.#channel?.stop();
    this.#channel = null;
  }

  #dial(): void {
    if (this.#channel === null || this.#link !== null || this.#attempt !== null) return;
    this.#greet(freshLink());
  }

  #greet(id: string): void {
    const timer = this.#settings.clock.setTimeout(this.#late, this.#handshakeTimeoutMs);
    this.#attempt = { id, timer };
    this.#post({
      channel: this.#settings.channel,
      kind: 'hello',
      link: id,
      frameBytesMax: this.#settings.frameBytesMax,
      acknowledgeBytes: acknowledgeBytesOf(this.#settings),
      probe: new Uint8Array(1),
    });
  }

  readonly #late = (): void => {
    const message =
      `no master answers on ${this.address} within ${this.#handshakeTimeoutMs} ms: add this ` +
      'thread, port or process to a workerListen of that channel; this slave keeps trying';
    this.#failed(new ReplicationError('TIMEOUT', message));
  };

  #message(given: unknown): void {
    const message = readMessage(given, this.#settings.channel);
    if (message === null) return;
    if (message.kind === 'here') this.#here();
    else if (message.link === this.#link?.id) this.#link.take(message);
    else if (message.link === this.#attempt?.id) this.#answered(message);
    else if (message.kind === 'welcome') {
      // To a hello that was given up.
      const { channel, link } = message;
      this.#post({ channel, kind: 'gone', link });
    }
  }

  #answered(message: WorkerMessage): void {
    if (message.kind === 'refused') {
      this.#failed(refusalOf(message.why, `the master on ${this.address} refused this slave`));
    } else if (message.kind === 'welcome' && this.#channel !== null) {
      this.#join(message, this.#channel);
    }
  }

  #join(welcome: WorkerMessage & { kind: 'welcome' }, channel: Channel): void {
    this.#forgetAttempt();
    this.#troubles.forget();
    this.#redial.joined();
    this.#joins += 1;
    const { link: id, acknowledgeBytes } = welcome;
    const peer = `${this.address}#${this.#joins}`;
    this.#link = new WorkerLink({ peer, id, channel, acknowledgeBytes }, this.#settings, this);
    this.#gate?.joined(peer);
  }

  /**
   * A master was added, or opened: what was said before may have been said to nobody. Where it
   * waited to be read, its answer is on the way.
   */
  #here(): void {
    if (this.#link !== null) return;
    this.#redial.forgive();
    if (this.#attempt === null) return this.#redial.later();
    const { clock } = this.#settings;
    const { id, timer } = this.#attempt;
    clock.clearTimeout(timer);
    // The same link: where the first is still on its way, the master takes the second for it.
    const again = () => this.#greet(id);
    this.#attempt = { id, timer: clock.setTimeout(again, UNHEARD_MS) };
  }

  #channelEnded(why: string): void {
    const message = `the way to the master on ${this.address} is closed for good: ${why}`;
    const error = new ReplicationError('NOT_RUNNING', message);
    this.#redial.stop();
    this.#channel?.stop();
    this.#channel = null;
    this.#forgetAttempt();
    // Whoever is told why the master left need not be told again.
    if (this.#link?.over(error) !== true) this.#troubles.tell(error);
  }

  #failed(error: ReplicationError): void {
    this.#forgetAttempt();
    this.#troubles.tell(error);
    this.#redial.later();
  }

  #forgetAttempt(): void {
    if (this.#attempt !== null) this.#settings.clock.clearTimeout(this.#attempt.timer);
    this.#attempt = null;
  }

  #post(message: WorkerMessage): void {
    this.#channel?.post(marked(message), []);
  }
}

/**
 * A slave in a worker thread (`parentPort`), behind a message port, in a child process or in a
 * worker of `node:cluster` (`process`), or in a browser's worker (`self`). It says hello until a
 * master answers, and again with growing, fully jittered delays whenever it lost it (P18); `open`
 * never waits for the master. While open it keeps its thread or process alive.
 *
 * Codes told by `troubled` or `left`: `TIMEOUT` (no master answers), `NOT_RUNNING` (the port or
 * channel is closed, for good), `INVALID_OPTION` (a process without `serialization: 'advanced'`),
 * `OVERLOADED`, `TOO_LARGE`, `PROTOCOL`. `close` closes no port and ends no process.
 * @throws {ReplicationError} INVALID_OPTION
 */
export function workerConnect(
  target: WorkerTarget,
  options: WorkerConnectOptions = {},
): SlaveTransport {
  return new WorkerConnector(target, options);
}
