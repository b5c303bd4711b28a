/**
 * A lease for nodes on NATS: one record in a JetStream KV bucket, changed by compare-and-set, and
 * questions as requests that every node answers. Entry `replichart/leases/nats`; it needs the
 * optional packages `@nats-io/kv` and `@nats-io/nats-core`.
 */
import { type KV, Kvm } from '@nats-io/kv';
import type { ConnectionOptions, NatsConnection, Status, Subscription } from '@nats-io/nats-core';
import { asReplicationError, ReplicationError } from '../errors.js';
import { gather } from '../node/gather.js';
import type {
  AskLimits,
  LeaseMember,
  LeaseRecord,
  LeaseService,
  LeaseSession,
  LeaseValue,
} from '../node/lease.js';
import { readLeaseValue } from '../node/lease-value.js';
import { checkOptions, integerOption, type OptionCheck, objectOption } from '../options.js';
import { type Clock, systemClock } from '../runtime/clock.js';
import { watchStatus } from '../transports/nats/status.js';
import { Troubles } from '../transports/nats/troubles.js';
import {
  isConflict,
  isMissing,
  isPermission,
  isSilence,
  permissionFailure,
  type Refusal,
} from './nats-errors.js';
import { type Entry, LeaseWatch } from './nats-watch.js';

export interface NatsLeaseOptions {
  /** Milliseconds. @default 3000 */
  readonly leaseMs?: number;
  /**
   * The KV bucket, made where it is missing: letters, digits, `_` and `-`. @default 'replichart'
   */
  readonly bucket?: string;
  /**
   * Servers of a cluster that keep the bucket: 1, 3 or 5; for one that is made. When the one that
   * leads it dies the others elect for some seconds, in which no lease is renewed. @default 1
   */
  readonly replicas?: number;
  /** What the subjects of questions begin with. @default 'replichart.board' */
  readonly prefix?: string;
  /** Time source, for tests. @default the machine's monotonic clock */
  readonly clock?: Clock;
}

const BUCKET = /^[\w-]{1,100}$/;
const PREFIX = /^[\w-]+(\.[\w-]+)*$/;

/** A question or an answer names a round and some nodes; nobody may make a node parse more. */
const MESSAGE_BYTES_MAX = 256 * 1024;

const textOption =
  (pattern: RegExp, wanted: string): OptionCheck =>
  (value) =>
    value === undefined || (typeof value === 'string' && pattern.test(value)) ? null : wanted;

const CHECKS = {
  leaseMs: integerOption(100),
  bucket: textOption(BUCKET, 'letters, digits, "_" and "-"'),
  replicas: integerOption(1, 5),
  prefix: textOption(PREFIX, 'parts of letters, digits, "_" and "-" with a dot between them'),
  clock: objectOption,
};

interface Word {
  readonly from: string;
  readonly body: unknown;
}

const encoder = new TextEncoder();

/** Any item's name as one part of a subject and as a key. */
function tokenOf(item: string): string {
  const hex = [...encoder.encode(item)].map((byte) => byte.toString(16).padStart(2, '0'));
  return hex.join('');
}

function wordOf(data: Uint8Array): Word | null {
  if (data.length > MESSAGE_BYTES_MAX) return null;
  try {
    const word = JSON.parse(new TextDecoder().decode(data)) as Partial<Word> | null;
    return typeof word?.from === 'string' ? { from: word.from, body: word.body } : null;
  } catch {
    return null;
  }
}

/**
 * Replies to questions have one subject each, below what the host's connection has for answers: an
 * account may keep its users apart by it. The type of a connection does not show its options.
 */
function inboxOf(connection: NatsConnection): string {
  const { options } = connection as { readonly options?: ConnectionOptions };
  return options?.inboxPrefix ?? '_INBOX';
}

/** A bucket that cannot be opened for so long is told; the client gives up each try after 5 s. */
const JOIN_MS = 8_000;
const JOIN_PAUSE_MS = 100;

/** Questions come a few at a time; a refusal comes within moments. */
const ANSWERED_MAX = 64;

interface SessionSettings {
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly prefix: string;
  readonly bucket: string;
  /** Opens the bucket, and makes it where it is missing. */
  readonly open: () => Promise<KV>;
}

class NatsLeaseSession implements LeaseSession {
  readonly #connection: NatsConnection;
  #kv: KV;
  readonly #member: LeaseMember;
  readonly #key: string;
  readonly #subject: string;
  readonly #settings: SessionSettings;
  readonly #subscription: Subscription;
  readonly #troubles: Troubles;
  readonly #unwatch: () => void;
  /** Subjects that answers were sent to of late, so that a refusal is known as this one's. */
  readonly #answered = new Set<string>();
  readonly #watch: LeaseWatch;
  /** A bucket that is being made; reads come more often than a cluster may need for it. */
  #making: Promise<void> | null = null;
  #isOver = false;

  constructor(connection: NatsConnection, kv: KV, member: LeaseMember, settings: SessionSettings) {
    this.#connection = connection;
    this.#kv = kv;
    this.#member = member;
    this.#settings = settings;
    this.#key = tokenOf(member.item);
    this.#subject = `${settings.prefix}.${this.#key}`;
    this.#troubles = new Troubles(settings.clock, (error) => member.troubled(error));
    this.#unwatch = watchStatus(connection, (status) => this.#noteStatus(status));
    this.#watch = this.#newWatch();
    this.#subscription = connection.subscribe(this.#subject, {
      callback: (error, message) => {
        if (error !== null) return this.#refused(error as Refusal);
        const question = wordOf(message.data);
        if (question === null || question.from === member.id) return undefined;
        this.#noteAnswered(message.reply);
        void this.#reply(question.body, (answer) => message.respond(answer));
        return undefined;
      },
    });
  }

  /** Tells of every write; without it, the keeper reads. */
  watch(): Promise<void> {
    return this.#watch.start(this.#kv);
  }

  #newWatch(): LeaseWatch {
    const { clock, leaseMs, bucket } = this.#settings;
    const replaced = () => {
      const message =
        `the watch on the KV bucket "${bucket}" did not tell what was written there: it is set ` +
        'up anew; until then the lease is only read from time to time';
      this.#trouble(new ReplicationError('TIMEOUT', message, { retryable: true }));
    };
    const changed = ({ value, revision, operation }: Entry) => {
      const record = operation === 'PUT' ? readLeaseValue(value) : null;
      if (record !== null && !this.#isOver) this.#member.changed({ ...record, revision });
    };
    const failed = (error: unknown) => this.#trouble(error);
    const events = { changed, replaced, failed };
    return new LeaseWatch({ key: this.#key, clock, patienceMs: leaseMs / 3, events });
  }

  async read(): Promise<LeaseRecord | null> {
    const told = this.#watch.told;
    const entry = await this.#inTime(this.#get(), 'reading the lease');
    this.#watch.noteRead(this.#kv, entry?.revision ?? 0, told);
    if (entry === null) return null;
    const record = entry.operation === 'PUT' ? readLeaseValue(entry.value) : null;
    // Deleted by hand, or not ours: nobody holds it, and its numbers go on above this one.
    const nobody = { holder: null, fence: entry.revision, heir: null, successions: [] };
    return { ...(record ?? nobody), revision: entry.revision };
  }

  /**
   * A bucket that was deleted is made anew by whoever finds it gone; where several do, the server
   * makes one. Its revisions begin at 1, as where a node that joins makes it: the keeper sees its
   * record lost, gives up the lease and takes a number above the last, and no term can have two
   * leaders, since a majority promises each term once, whatever the record says.
   */
  async #get() {
    try {
      return await this.#kv.get(this.#key);
    } catch (error) {
      if (!isMissing(error) || this.#isOver) throw error;
    }
    this.#making ??= this.#makeAnew().finally(() => {
      this.#making = null;
    });
    await this.#making;
    return this.#kv.get(this.#key);
  }

  async #makeAnew(): Promise<void> {
    const { bucket } = this.#settings;
    this.#kv = await this.#settings.open();
    const message =
      `the KV bucket "${bucket}" was gone and is made anew: ` +
      'find out who deletes it, since each time the leader is lost with it';
    // Each time it is news.
    this.#member.troubled(new ReplicationError('STORE_FAILED', message));
    await this.watch();
  }

  async write(next: LeaseValue, expected: number | null): Promise<LeaseRecord | null> {
    const bytes = encoder.encode(JSON.stringify(next));
    const write =
      expected === null
        ? this.#kv.create(this.#key, bytes)
        : this.#kv.update(this.#key, bytes, expected);
    void this.#giveBackLate(next, write);
    try {
      return { ...next, revision: await this.#inTime(write, 'writing the lease') };
    } catch (error) {
      if (isConflict(error)) return null;
      throw error;
    }
  }

  /** A write that lands once the node has left holds the lease for nobody. */
  async #giveBackLate(next: LeaseValue, write: Promise<number>): Promise<void> {
    if (next.holder === null) return;
    try {
      const revision = await write;
      if (!this.#isOver || this.#connection.isClosed()) return;
      const nobody = encoder.encode(JSON.stringify({ ...next, holder: null }));
      await this.#kv.update(this.#key, nobody, revision);
    } catch {
      // Not written, which whoever waits for it is told; or another node was faster: all is well.
    }
  }

  ask(question: unknown, limits: AskLimits): Promise<readonly unknown[]> {
    const gathered = gather(this.#settings.clock, limits);
    const word = { from: this.#member.id, body: question } satisfies Word;
    try {
      const reply = `${inboxOf(this.#connection)}.${crypto.randomUUID()}`;
      const subscription = this.#connection.subscribe(reply, {
        callback: (error, message) => {
          if (error !== null) return this.#refused(error as Refusal);
          // Where nobody listens the server says so, without a body.
          const answer = wordOf(message.data);
          if (answer !== null) gathered.add(answer.body);
        },
      });
      this.#connection.publish(this.#subject, JSON.stringify(word), { reply });
      void gathered.answers.then(() => subscription.unsubscribe());
    } catch (error) {
      this.#trouble(error);
    }
    return gathered.answers;
  }

  async leave(): Promise<void> {
    this.#isOver = true;
    this.#unwatch();
    this.#watch.stop();
    if (!this.#connection.isClosed()) this.#subscription.unsubscribe();
  }

  async #reply(question: unknown, respond: (answer: string) => boolean): Promise<void> {
    const body = await this.#member.answer(question);
    if (body === null || this.#isOver) return;
    try {
      respond(JSON.stringify({ from: this.#member.id, body } satisfies Word));
    } catch (error) {
      this.#trouble(error);
    }
  }

  #noteAnswered(reply: string | undefined): void {
    if (reply === undefined) return;
    this.#answered.add(reply);
    const [oldest] = this.#answered;
    if (this.#answered.size > ANSWERED_MAX && oldest !== undefined) this.#answered.delete(oldest);
  }

  /** What a user may not publish the server tells the connection, and nobody else. */
  #noteStatus(status: Status): void {
    if (status.type === 'reconnect') this.#troubles.forget();
    if (status.type !== 'error') return;
    const { subject, operation } = status.error as Partial<Refusal>;
    const isMine = subject === this.#subject || this.#answered.has(String(subject));
    if (operation === 'publish' && isMine) this.#refused(status.error as Refusal);
  }

  /** Without it nodes stay short of answers, and nothing else would tell why. */
  #refused(error: Refusal): void {
    if (!isPermission(error)) return this.#trouble(error);
    this.#trouble(permissionFailure(error, this.#subject, this.#settings.prefix));
  }

  /** While its connection is away the client waits for longer than a lease lasts. */
  async #inTime<T>(work: Promise<T>, what: string): Promise<T> {
    const { clock, leaseMs } = this.#settings;
    let timer: unknown;
    const late = new Promise<never>((_, reject) => {
      const message = `${what} took more than ${leaseMs / 3} ms`;
      const expire = () => reject(new ReplicationError('TIMEOUT', message));
      timer = clock.setTimeout(expire, leaseMs / 3);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clock.clearTimeout(timer);
      // What comes after all is nobody's.
      work.catch(() => {});
    }
  }

  #trouble(error: unknown): void {
    if (this.#isOver) return;
    this.#troubles.tell(asReplicationError(error, 'TIMEOUT', 'the lease on NATS'));
  }
}

/**
 * A lease over the host's own connection, which stays the host's: it is never closed here, and
 * should reconnect for ever (`maxReconnectAttempts: -1`). Who may write the bucket may lead: keep
 * it to the nodes by the server's permissions.
 * @throws {ReplicationError} INVALID_OPTION; from `node.start()`: STORE_FAILED where JetStream is
 * not enabled or the bucket cannot be opened
 */
export function natsLease(
  connection: NatsConnection,
  options: NatsLeaseOptions = {},
): LeaseService {
  checkOptions('natsLease', options, CHECKS);
  const settings = {
    leaseMs: options.leaseMs ?? 3000,
    bucket: options.bucket ?? 'replichart',
    prefix: options.prefix ?? 'replichart.board',
    clock: options.clock ?? systemClock,
  };
  const open = () =>
    new Kvm(connection).create(settings.bucket, {
      history: 1,
      replicas: options.replicas ?? 1,
      // From the leader of the stream: what a replica tells may be old.
      allow_direct: false,
    });
  const joinOnce = async (member: LeaseMember): Promise<LeaseSession> => {
    const kv = await open();
    const session = new NatsLeaseSession(connection, kv, member, { ...settings, open });
    await session.watch().catch(async (error: unknown) => {
      await session.leave();
      throw error;
    });
    return session;
  };
  /** While a cluster makes the bucket for one node, its servers do not tell others of it. */
  const joinPatiently = async (member: LeaseMember): Promise<LeaseSession> => {
    const { clock } = settings;
    const sinceMs = clock.now();
    for (;;) {
      try {
        return await joinOnce(member);
      } catch (error) {
        const isTemporary = isSilence(error) || isMissing(error);
        if (!isTemporary || clock.now() - sinceMs >= JOIN_MS) throw error;
      }
      await new Promise<void>((resolve) => clock.setTimeout(resolve, JOIN_PAUSE_MS));
    }
  };
  const join = async (member: LeaseMember): Promise<LeaseSession> => {
    try {
      return await joinPatiently(member);
    } catch (error) {
      const what = `the lease of "${member.item}" in the KV bucket "${settings.bucket}"`;
      throw asReplicationError(error, 'STORE_FAILED', what);
    }
  };
  return { leaseMs: settings.leaseMs, isAutomatic: true, join };
}
