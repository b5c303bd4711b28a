/**
 * A lease service may be a host's own. Whatever it does not answer in time, throws, or answers with
 * something else becomes a failure of that call and of nothing else: the node goes on (0022).
 *
 * An answer that is given up may still have an effect. Compare-and-set makes that harmless: a write
 * that comes late finds its revision, and is then what the next read finds, or does nothing.
 */
import { asReplicationError, ReplicationError } from '../errors.js';
import type { Clock } from '../runtime/clock.js';
import type {
  AskLimits,
  LeaseMember,
  LeaseRecord,
  LeaseService,
  LeaseSession,
  LeaseValue,
} from './lease.js';
import { asLeaseRecord } from './lease-value.js';

export interface GuardedLeaseOptions {
  readonly service: LeaseService;
  readonly member: LeaseMember;
  readonly clock: Clock;
  /** Aborted when the node stops: a session that is not there yet is not waited for. */
  readonly ended: AbortSignal;
}

/** @throws {ReplicationError} what the service said; NOT_RUNNING when the node was stopped */
export async function joinGuarded(options: GuardedLeaseOptions): Promise<LeaseSession> {
  const { service, member, clock, ended } = options;
  const { id, item } = member;
  const who = `node "${id}" of "${item}"`;
  const joining = service.join({
    id,
    item,
    answer: (question) => member.answer(question),
    changed: (record) => {
      const checked = asLeaseRecord(record);
      if (checked === null) member.troubled(strange('told of', record, who));
      else member.changed(checked);
    },
    troubled: (error) =>
      member.troubled(asReplicationError(error, 'TIMEOUT', `the lease service of ${who}`)),
  });
  const session = await untilEnded(joining, ended, who);
  return new GuardedSession(session, { member, clock, leaseMs: service.leaseMs, who });
}

async function untilEnded(
  joining: Promise<LeaseSession>,
  ended: AbortSignal,
  who: string,
): Promise<LeaseSession> {
  let isOver = false;
  const end = new Promise<never>((_, reject) => {
    const stop = () => {
      isOver = true;
      reject(new ReplicationError('NOT_RUNNING', `${who} was stopped while it joined its lease`));
    };
    if (ended.aborted) stop();
    else ended.addEventListener('abort', stop, { once: true });
  });
  // Nobody waits for it any more: what comes of it is ended, and not told.
  const late = async () => {
    const session = await joining;
    if (isOver) await session.leave();
  };
  late().catch(() => {});
  return Promise.race([joining, end]);
}

function strange(what: string, answer: unknown, who: string): ReplicationError {
  const shown = answer === null ? 'null' : typeof answer;
  const message = `the lease service of ${who} ${what} something that is no record (${shown})`;
  return new ReplicationError('PROTOCOL', message);
}

interface GuardParts {
  readonly member: LeaseMember;
  readonly clock: Clock;
  readonly leaseMs: number;
  /** For messages. */
  readonly who: string;
}

class GuardedSession implements LeaseSession {
  readonly #session: LeaseSession;
  readonly #parts: GuardParts;

  constructor(session: LeaseSession, parts: GuardParts) {
    this.#session = session;
    this.#parts = parts;
  }

  async read(): Promise<LeaseRecord | null> {
    return this.#record('a read', () => this.#session.read());
  }

  async write(next: LeaseValue, expected: number | null): Promise<LeaseRecord | null> {
    return this.#record('a write', () => this.#session.write(next, expected));
  }

  async ask(question: unknown, limits: AskLimits): Promise<readonly unknown[]> {
    const patienceMs = limits.timeoutMs + this.#parts.leaseMs;
    try {
      const asking = () => this.#session.ask(question, limits);
      const answers = await this.#inTime('a question', asking, patienceMs);
      if (Array.isArray(answers)) return answers;
      this.#parts.member.troubled(strange('answered a question with', answers, this.#parts.who));
    } catch (error) {
      this.#parts.member.troubled(this.#asError('a question', error));
    }
    return [];
  }

  async leave(): Promise<void> {
    try {
      await this.#inTime('the leave', () => this.#session.leave(), this.#parts.leaseMs);
    } catch (error) {
      this.#parts.member.troubled(this.#asError('the leave', error));
    }
  }

  async #record(what: string, call: () => Promise<unknown>): Promise<LeaseRecord | null> {
    // Of no use later: the lease of whoever waits for it has run out by then.
    const answer = await this.#inTime(what, call, this.#parts.leaseMs);
    if (answer === null) return null;
    const record = asLeaseRecord(answer);
    if (record === null) throw strange(`answered ${what} with`, answer, this.#parts.who);
    return record;
  }

  #asError(what: string, error: unknown): ReplicationError {
    return asReplicationError(
      error,
      'TIMEOUT',
      `${what} of ${this.#parts.who} at its lease service`,
    );
  }

  async #inTime<T>(what: string, call: () => Promise<T>, patienceMs: number): Promise<T> {
    const { clock, who } = this.#parts;
    let timer: unknown = null;
    const late = new Promise<never>((_, reject) => {
      timer = clock.setTimeout(() => {
        const message =
          `the lease service did not answer ${what} of ${who} within ${patienceMs} ms: without ` +
          'it nobody takes or keeps the lead; see that it answers within a lease';
        reject(new ReplicationError('TIMEOUT', message, { retryable: true }));
      }, patienceMs);
    });
    try {
      return await Promise.race([call(), late]);
    } finally {
      clock.clearTimeout(timer);
    }
  }
}
