/**
 * A lease for nodes on NATS: one record in a JetStream KV bucket, changed by compare-and-set, and
 * questions as requests that every node answers. Entry `replichart/leases/nats`; it needs the
 * optional packages `@nats-io/kv` and `@nats-io/nats-core`.
 */
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection, Subscription } from '@nats-io/nats-core';
import { asReplicationError, ReplicationError, reasonOf } from '../errors.js';
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

export interface NatsLeaseOptions {
  /** Milliseconds. @default 3000 */
  readonly leaseMs?: number;
  /**
   * The KV bucket, made where it is missing: letters, digits, `_` and `-`. @default 'replichart'
   */
  readonly bucket?: string;
  /** Servers of a cluster that keep the bucket: 1, 3 or 5; for one that is made. @default 1 */
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

/** A server's word on a compare-and-set that came too late: code 10071. */
function isConflict(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return code === 10071 || /wrong last sequence/i.test(reasonOf(error));
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

class NatsLeaseSession implements LeaseSession {
  readonly #connection: NatsConnection;
  readonly #kv: KV;
  readonly #member: LeaseMember;
  readonly #key: string;
  readonly #subject: string;
  readonly #settings: { readonly leaseMs: number; readonly clock: Clock };
  readonly #subscription: Subscription;
  #watch: { stop(): void } | null = null;
  #isOver = false;

  constructor(
    connection: NatsConnection,
    kv: KV,
    member: LeaseMember,
    settings: { readonly leaseMs: number; readonly clock: Clock; readonly prefix: string },
  ) {
    this.#connection = connection;
    this.#kv = kv;
    this.#member = member;
    this.#settings = settings;
    this.#key = tokenOf(member.item);
    this.#subject = `${settings.prefix}.${this.#key}`;
    this.#subscription = connection.subscribe(this.#subject, {
      callback: (error, message) => {
        if (error !== null) return this.#trouble(error);
        const question = wordOf(message.data);
        if (question === null || question.from === member.id) return undefined;
        void this.#reply(question.body, (answer) => message.respond(answer));
        return undefined;
      },
    });
  }

  /** Tells of every write; without it, the keeper reads. */
  async watch(): Promise<void> {
    const changes = await this.#kv.watch({ key: this.#key });
    this.#watch = changes;
    void (async () => {
      for await (const { value, revision, operation } of changes) {
        const record = operation === 'PUT' ? readLeaseValue(value) : null;
        if (record !== null && !this.#isOver) this.#member.changed({ ...record, revision });
      }
    })().catch((error: unknown) => this.#trouble(error));
  }

  async read(): Promise<LeaseRecord | null> {
    const entry = await this.#inTime(this.#kv.get(this.#key), 'reading the lease');
    if (entry === null) return null;
    const record = entry.operation === 'PUT' ? readLeaseValue(entry.value) : null;
    // Deleted by hand, or not ours: nobody holds it, and its numbers go on above this one.
    const nobody = { holder: null, fence: entry.revision, heir: null, successions: [] };
    return { ...(record ?? nobody), revision: entry.revision };
  }

  async write(next: LeaseValue, expected: number | null): Promise<LeaseRecord | null> {
    const bytes = encoder.encode(JSON.stringify(next));
    const write =
      expected === null
        ? this.#kv.create(this.#key, bytes)
        : this.#kv.update(this.#key, bytes, expected);
    try {
      return { ...next, revision: await this.#inTime(write, 'writing the lease') };
    } catch (error) {
      if (isConflict(error)) return null;
      throw error;
    }
  }

  ask(question: unknown, limits: AskLimits): Promise<readonly unknown[]> {
    const gathered = gather(this.#settings.clock, limits);
    const word = { from: this.#member.id, body: question } satisfies Word;
    try {
      const reply = `_INBOX.${crypto.randomUUID()}`;
      const subscription = this.#connection.subscribe(reply, {
        callback: (error, message) => {
          // Where nobody listens the server says so, without a body.
          const answer = error === null ? wordOf(message.data) : null;
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
    this.#watch?.stop();
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
    this.#member.troubled(asReplicationError(error, 'TIMEOUT', 'the lease on NATS'));
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
  const join = async (member: LeaseMember): Promise<LeaseSession> => {
    try {
      const kv = await new Kvm(connection).create(settings.bucket, {
        history: 1,
        replicas: options.replicas ?? 1,
        // From the leader of the stream: what a replica tells may be old.
        allow_direct: false,
      });
      const session = new NatsLeaseSession(connection, kv, member, settings);
      await session.watch();
      return session;
    } catch (error) {
      const what = `the lease of "${member.item}" in the KV bucket "${settings.bucket}"`;
      throw asReplicationError(error, 'STORE_FAILED', what);
    }
  };
  return { leaseMs: settings.leaseMs, isAutomatic: true, join };
}
