/**
 * The host's connection as a pipe for one transport: what is published is counted until the server
 * answered behind it, and the connection's losses and refusals are told.
 */
import type { Msg, NatsConnection, Status, Subscription } from '@nats-io/nats-core';
import { ReplicationError, reasonOf } from '../../errors.js';
import { LOW_WATER_SHARE } from '../../limits.js';
import { HEADER_BYTES } from './message.js';
import type { NatsSettings } from './settings.js';
import { watchStatus } from './status.js';

/** Told what happens; never from within a call into the pipe. */
export interface PipeOwner {
  /** Nothing passes any more, until `back`: what was on its way may be lost. */
  lost(error: ReplicationError): void;
  back(): void;
  /** The server refuses a subject of this prefix to this user. */
  refused(error: ReplicationError): void;
  /** It was full and is not any more. */
  drained(): void;
}

/** Published bytes behind which the server is asked whether it has them. */
const FLUSH_BYTES = 64 * 1024;
/** Messages of less would be more header than frame. */
const MESSAGE_BYTES_MIN = 2 * HEADER_BYTES;
/** Of a server, unless it says otherwise. */
const MAX_PAYLOAD_BYTES = 1024 * 1024;

interface Refusal {
  readonly operation?: unknown;
  readonly subject?: unknown;
}

export class Pipe {
  readonly #connection: NatsConnection;
  readonly #settings: NatsSettings;
  readonly #owner: PipeOwner;
  readonly #handlers = new Map<string, (message: Msg) => void>();
  readonly #subscriptions = new Map<string, Subscription>();
  #unwatch: (() => void) | null = null;
  #isDown = false;
  #isFlushing = false;
  #isFull = false;
  /** Published since the last flush was asked for. */
  #unflushed = 0;
  /** Published and not known to be with the server. */
  #outstanding = 0;
  /** Which life of the connection counts are of: a flush of an earlier one tells nothing. */
  #life = 0;

  constructor(connection: NatsConnection, settings: NatsSettings, owner: PipeOwner) {
    this.#connection = connection;
    this.#settings = settings;
    this.#owner = owner;
  }

  /** For good: a connection that drains closes. */
  get isClosed(): boolean {
    return this.#connection.isClosed() || this.#connection.isDraining();
  }

  /** Something published now has a chance to arrive. */
  get isUp(): boolean {
    return !this.#isDown && !this.isClosed;
  }

  /** The server refused none of the subscriptions, as far as it has answered. */
  get isSubscribed(): boolean {
    return [...this.#subscriptions.values()].every((each) => !each.isClosed());
  }

  /** More waits for the server than the high-water mark. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Bytes of the longest message the server takes now; the next server may take others. */
  get messageBytesMax(): number {
    const most = this.#connection.info?.max_payload ?? MAX_PAYLOAD_BYTES;
    return Math.max(MESSAGE_BYTES_MIN, most);
  }

  start(handlers: Readonly<Record<string, (message: Msg) => void>>): void {
    this.#life += 1;
    // A client that is looking for a server has no information of one.
    this.#isDown = this.#connection.info === undefined;
    this.#reset();
    for (const [subject, handler] of Object.entries(handlers)) this.#handlers.set(subject, handler);
    this.#unwatch = watchStatus(this.#connection, this.#status);
    this.subscribe();
  }

  /** Subscribes, again where the server had refused: its permissions may have changed. */
  subscribe(): void {
    const connection = this.#connection;
    if (this.isClosed) return;
    for (const [subject, handler] of this.#handlers) {
      if (this.#subscriptions.get(subject)?.isClosed() === false) continue;
      const callback = (error: Error | null, message: Msg) => {
        // A refusal comes as status too; any other error of a subscription has no message.
        if (error === null) handler(message);
      };
      this.#subscriptions.set(subject, connection.subscribe(subject, { callback }));
    }
  }

  /** The connection itself is the host's and stays. */
  stop(): void {
    this.#unwatch?.();
    this.#life += 1;
    for (const subscription of this.#subscriptions.values()) {
      if (!subscription.isClosed()) subscription.unsubscribe();
    }
    this.#subscriptions.clear();
    this.#handlers.clear();
  }

  /** Resolves when the server has read what was published, `false` when that is not known. */
  async flushed(timeoutMs: number): Promise<boolean> {
    if (!this.isUp) return false;
    const { clock } = this.#settings;
    let timer: unknown = null;
    const late = new Promise<boolean>((resolve) => {
      timer = clock.setTimeout(() => resolve(false), timeoutMs);
    });
    const done = this.#connection.flush().then(
      () => true,
      () => false,
    );
    const answer = await Promise.race([late, done]);
    clock.clearTimeout(timer);
    return answer;
  }

  /** Sends one message; where nothing passes it is dropped, and `lost` tells. */
  publish(subject: string, bytes: Uint8Array): void {
    if (!this.isUp) return;
    try {
      this.#connection.publish(subject, bytes);
    } catch (thrown) {
      // Another server with a smaller limit, or a connection that closes as we speak.
      const message = `the NATS client refused a message: ${reasonOf(thrown)}`;
      this.#tellLost(new ReplicationError('NOT_RUNNING', message, { cause: thrown }));
      return;
    }
    this.#unflushed += bytes.length;
    this.#outstanding += bytes.length;
    if (this.#outstanding > this.#settings.highWaterBytes) this.#isFull = true;
    if (this.#unflushed >= FLUSH_BYTES && !this.#isFlushing) this.#flush();
  }

  #flush(): void {
    const bytes = this.#unflushed;
    const life = this.#life;
    this.#unflushed = 0;
    this.#isFlushing = true;
    const done = () => {
      if (life === this.#life) this.#flushed(bytes);
    };
    // The connection's loss ends what waits for a flush, and is told as such.
    this.#connection.flush().then(done, () => undefined);
  }

  #flushed(bytes: number): void {
    this.#isFlushing = false;
    this.#outstanding -= bytes;
    const { highWaterBytes } = this.#settings;
    const isLow = this.#outstanding <= highWaterBytes * LOW_WATER_SHARE;
    if (this.#unflushed >= FLUSH_BYTES || (this.#isFull && !isLow)) this.#flush();
    if (!this.#isFull || !isLow) return;
    this.#isFull = false;
    this.#owner.drained();
  }

  #reset(): void {
    this.#isFlushing = false;
    this.#isFull = false;
    this.#unflushed = 0;
    this.#outstanding = 0;
  }

  readonly #status = (status: Status): void => {
    if (status.type === 'disconnect') {
      this.#isDown = true;
      this.#gone(`the connection to the NATS server ${status.server} was lost`);
    } else if (status.type === 'close') {
      this.#isDown = true;
      const words = 'the NATS connection is closed: make a new one and a new transport over it';
      this.#gone(words);
    } else if (status.type === 'reconnect') {
      this.#isDown = false;
      this.#owner.back();
    } else if (status.type === 'error') {
      this.#refused(status.error);
    }
  };

  #gone(message: string): void {
    this.#life += 1;
    this.#reset();
    this.#owner.lost(new ReplicationError('NOT_RUNNING', message, { retryable: true }));
  }

  #refused(error: Error & Refusal): void {
    const { subject, operation } = error;
    const mine = typeof subject === 'string' && subject.startsWith(`${this.#settings.prefix}.`);
    if (!mine || error.name !== 'PermissionViolationError') return;
    const message =
      `the NATS server does not let this user ${String(operation)} on ${subject}: ` +
      "check the permissions of the connection's user";
    this.#owner.refused(new ReplicationError('UNAUTHORIZED', message, { cause: error }));
  }

  #tellLost(error: ReplicationError): void {
    const life = this.#life;
    queueMicrotask(() => {
      if (life === this.#life) this.#owner.lost(error);
    });
  }
}
