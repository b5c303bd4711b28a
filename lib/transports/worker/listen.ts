/** The master's side of worker threads and processes. */
import { ReplicationError } from '../../errors.js';
import { limits } from '../../limits.js';
import type { MasterTransport, PeerId, TransportFeatures, TransportSink } from '../contract.js';
import { refuseFrameLength } from '../frame-length.js';
import { Lifecycle } from '../lifecycle.js';
import type { SinkGate } from '../sink-gate.js';
import { acknowledgeBytesOf } from '../window.js';
import { type Channel, checkTarget, openChannel, type WorkerTarget } from './channel.js';
import { type LinkOwner, WorkerLink } from './link.js';
import {
  marked,
  readMessage,
  refusalOf,
  type WorkerMessage,
  type WorkerRefusal,
} from './message.js';
import { listenSettings, type WorkerListenOptions, type WorkerSettings } from './settings.js';

/** What `workerListen` returns: a master transport to which threads and processes are added. */
export interface WorkerMasterTransport extends MasterTransport {
  /**
   * Slaves in this thread or process, or at the other end of this port, may join from now on. When
   * it ends it is forgotten. Adding it twice is as once.
   * @throws {ReplicationError} INVALID_OPTION for what nothing can be sent to
   */
  add(target: WorkerTarget): void;
  /** Its slaves leave, and no other joins from there. */
  remove(target: WorkerTarget): void;
}

/** One thread or process and those in it that joined. */
interface Place {
  readonly target: WorkerTarget;
  readonly links: Map<string, WorkerLink>;
  /** Null while the transport is closed. */
  channel: Channel | null;
  /** Why a slave there was refused, as last told: it asks again and again. */
  told: WorkerRefusal | null;
}

class WorkerListener implements WorkerMasterTransport, LinkOwner {
  readonly role = 'master';
  readonly features: TransportFeatures;
  readonly address: string;
  readonly #settings: WorkerSettings;
  readonly #linksMax: number;
  readonly #lifecycle: Lifecycle;
  readonly #places = new Map<WorkerTarget, Place>();
  readonly #byPeer = new Map<PeerId, { readonly link: WorkerLink; readonly place: Place }>();
  #gate: SinkGate | null = null;
  #joins = 0;
  #isClosing = false;
  #whenEmpty: (() => void) | null = null;

  constructor(options: WorkerListenOptions) {
    this.#settings = listenSettings(options);
    this.#linksMax = options.maxConnections ?? limits.peersMax;
    this.address = `worker:${this.#settings.channel}`;
    const maxFrameBytes = this.#settings.frameBytesMax;
    this.features = { ordered: true, reliable: true, multicast: false, maxFrameBytes };
    this.#lifecycle = new Lifecycle('this workerListen transport', {
      start: (gate) => this.#start(gate),
      stop: () => this.#stop(),
    });
  }

  add(target: WorkerTarget): void {
    checkTarget('add of a workerListen transport', target);
    if (this.#places.has(target)) return;
    const place: Place = { target, links: new Map(), channel: null, told: null };
    this.#places.set(target, place);
    if (this.#gate !== null && !this.#isClosing) this.#listenTo(place);
  }

  remove(target: WorkerTarget): void {
    const place = this.#places.get(target);
    if (place === undefined) return;
    this.#places.delete(target);
    for (const link of place.links.values()) link.end(null);
    if (place.links.size === 0) this.#leave(place);
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
    for (const peer of peers) this.#byPeer.get(peer)?.link.send(frame);
  }

  writable(peer: PeerId): boolean {
    return this.#byPeer.get(peer)?.link.isWritable ?? false;
  }

  disconnect(peer: PeerId): void {
    this.#byPeer.get(peer)?.link.end(null);
  }

  received(peer: PeerId, frames: readonly Uint8Array[]): void {
    this.#gate?.received(peer, frames);
  }

  drained(peer: PeerId): void {
    this.#gate?.drained(peer);
  }

  ended(link: WorkerLink, error: ReplicationError | null): void {
    const place = this.#byPeer.get(link.peer)?.place;
    this.#byPeer.delete(link.peer);
    place?.links.delete(link.id);
    this.#gate?.left(link.peer, error);
    if (place?.links.size === 0 && !this.#places.has(place.target)) this.#leave(place);
    if (this.#byPeer.size === 0) this.#whenEmpty?.();
  }

  #start(gate: SinkGate): void {
    this.#gate = gate;
    this.#isClosing = false;
    for (const place of this.#places.values()) this.#listenTo(place);
  }

  async #stop(): Promise<void> {
    this.#isClosing = true;
    for (const { link } of this.#byPeer.values()) link.end(null);
    if (this.#byPeer.size > 0) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
      });
      this.#whenEmpty = null;
    }
    for (const place of this.#places.values()) this.#leave(place);
    this.#gate = null;
  }

  #listenTo(place: Place): void {
    place.channel = openChannel(place.target, {
      message: (message) => this.#message(place, message),
      ended: (why) => this.#placeEnded(place, why),
    });
    // Those that wait for a master there need not wait for their next attempt.
    this.#post(place, { channel: this.#settings.channel, kind: 'here', link: '' });
  }

  #leave(place: Place): void {
    place.channel?.stop();
    place.channel = null;
  }

  #placeEnded(place: Place, why: string): void {
    const name = place.channel?.name ?? '';
    this.#places.delete(place.target);
    this.#leave(place);
    const error = new ReplicationError('NOT_RUNNING', `${name} is gone: ${why}`, {
      retryable: true,
    });
    for (const link of [...place.links.values()]) link.over(error);
  }

  #message(place: Place, given: unknown): void {
    const message = readMessage(given, this.#settings.channel);
    if (message === null) return;
    if (message.kind === 'hello') this.#greet(place, message);
    else place.links.get(message.link)?.take(message);
  }

  #greet(place: Place, hello: WorkerMessage & { kind: 'hello' }): void {
    const { channel } = this.#settings;
    if (this.#isClosing || place.channel === null || place.links.has(hello.link)) return;
    const refusal = this.#refusalOf(hello);
    if (refusal !== null) {
      const words = `a slave in ${place.channel.name} was refused`;
      if (place.told !== refusal) this.#gate?.troubled(refusalOf(refusal, words));
      place.told = refusal;
      this.#post(place, { channel, kind: 'refused', link: hello.link, why: refusal });
      return;
    }
    place.told = null;
    this.#joins += 1;
    const options = {
      peer: `${place.channel.name}#${this.#joins}`,
      id: hello.link,
      channel: place.channel,
      acknowledgeBytes: hello.acknowledgeBytes,
    };
    const link = new WorkerLink(options, this.#settings, this);
    place.links.set(link.id, link);
    this.#byPeer.set(link.peer, { link, place });
    const acknowledgeBytes = acknowledgeBytesOf(this.#settings);
    this.#post(place, { channel, kind: 'welcome', link: link.id, acknowledgeBytes });
    this.#gate?.joined(link.peer);
  }

  #refusalOf({ probe, frameBytesMax }: WorkerMessage & { kind: 'hello' }): WorkerRefusal | null {
    if (!(probe instanceof Uint8Array)) return 'INVALID_OPTION';
    if (frameBytesMax !== this.#settings.frameBytesMax) return 'PROTOCOL';
    return this.#byPeer.size >= this.#linksMax ? 'OVERLOADED' : null;
  }

  #post(place: Place, message: WorkerMessage): void {
    place.channel?.post(marked(message), []);
  }
}

/**
 * A master for slaves in threads and processes of this host: `add` each worker thread, message
 * port, child process or worker of `node:cluster` that may hold some. Processes need
 * `serialization: 'advanced'`. What else passes over the same port or process is left alone.
 *
 * Codes told by `troubled` or `left`: `NOT_RUNNING` (the thread or process is gone), `OVERLOADED`,
 * `TOO_LARGE`, `PROTOCOL`, and `INVALID_OPTION` for a process whose channel does not carry bytes.
 * `close` ends no thread, port or process.
 * @throws {ReplicationError} INVALID_OPTION
 */
export function workerListen(options: WorkerListenOptions = {}): WorkerMasterTransport {
  return new WorkerListener(options);
}
