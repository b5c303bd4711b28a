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
import { LeaseTroubles } from './lease-troubles.js';
import { asLeaseRecord } from './lease-value.js';

/** Strangers may answer as well, so more than there are nodes; a length alone may be anything. */
const ANSWERS_MAX = 1000;

export interface GuardedLeaseOptions {
  readonly service: LeaseService;
  readonly member: LeaseMember;
  readonly clock: Clock;
  /** Aborted when the node stops: a session that is not there yet is not waited for. */
  readonly ended: AbortSignal;
}

/**
 * @throws {ReplicationError} what the service said; PROTOCOL where it gave no session; NOT_RUNNING
 * when the node was stopped
 */
export async function joinGuarded(options: GuardedLeaseOptions): Promise<LeaseSession> {
  const { service, member, clock, ended } = options;
  const { id, item } = member;
  const who = `node "${id}" of "${item}"`;
  const troubles = new LeaseTroubles(clock, (error) => member.troubled(error));
  const joining = service.join({
    id,
    item,
    answer: async (question) => (ended.aborted ? null : member.answer(question)),
    changed: (record) => {
      const checked = recordOf(record);
      if (checked === null) return troubles.failed('news', strange(who, 'told of', record));
      troubles.worked('news');
      return member.changed(checked);
    },
    troubled: (error) =>
      member.troubled(asReplicationError(error, 'TIMEOUT', `the lease service of ${who}`)),
  });
  const session = await untilEnded(joining, ended, who);
  if (!isSession(session)) {
    const message =
      `the lease service joined ${who} without a session: ` +
      'join has to resolve with the methods read, write, ask and leave';
    throw new ReplicationError('PROTOCOL', message);
  }
  return new GuardedSession(session, { troubles, clock, leaseMs: service.leaseMs, who });
}

function untilEnded(
  joining: Promise<LeaseSession>,
  ended: AbortSignal,
  who: string,
): Promise<LeaseSession> {
  return new Promise((resolve, reject) => {
    const stop = () =>
      reject(new ReplicationError('NOT_RUNNING', `${who} was stopped while it joined its lease`));
    if (ended.aborted) stop();
    else ended.addEventListener('abort', stop, { once: true });
    Promise.resolve(joining)
      .then((session) => {
        if (!ended.aborted) return resolve(session);
        // Nobody waits for it any more: it is ended, and what comes of that is told to nobody.
        return session.leave();
      })
      .catch(reject);
  });
}

function isSession(value: unknown): value is LeaseSession {
  const session = value as Partial<Record<string, unknown>> | null | undefined;
  return ['read', 'write', 'ask', 'leave'].every((name) => typeof session?.[name] === 'function');
}

/** Null also for what throws when it is looked at. */
function recordOf(answer: unknown): LeaseRecord | null {
  try {
    return asLeaseRecord(answer);
  } catch {
    return null;
  }
}

function strange(who: string, what: string, answer: unknown, wanted = 'record'): ReplicationError {
  const shown = answer === null ? 'null' : typeof answer;
  const message =
    `the lease service of ${who} ${what} something that is no ${wanted} (${shown}); ` +
    'the contract of LeaseSession says what it owes';
  return new ReplicationError('PROTOCOL', message);
}

/** As messages name it, and what it means to the node when it fails. */
interface Call {
  readonly what: string;
  readonly consequence: string;
}

const READ: Call = { what: 'a read', consequence: 'this node does not see who leads' };
const WRITE: Call = { what: 'a write', consequence: 'this node neither takes nor keeps the lead' };
const QUESTION: Call = { what: 'a question', consequence: 'this node does not take the lead' };
const LEAVE: Call = { what: 'the leave', consequence: 'this node is stopped all the same' };

interface GuardParts {
  readonly troubles: LeaseTroubles;
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
    return this.#record(READ, () => this.#session.read());
  }

  async write(next: LeaseValue, expected: number | null): Promise<LeaseRecord | null> {
    // The keeper's own list is nothing that a service may change.
    return this.#record(WRITE, () => this.#session.write(structuredClone(next), expected));
  }

  async ask(question: unknown, limits: AskLimits): Promise<readonly unknown[]> {
    const { troubles, leaseMs, who } = this.#parts;
    const patienceMs = limits.timeoutMs + leaseMs;
    try {
      const asking = () => this.#session.ask(question, limits);
      const answers = await this.#inTime(QUESTION, asking, patienceMs);
      if (!Array.isArray(answers)) throw strange(who, 'answered a question with', answers, 'list');
      troubles.worked('question');
      return answers.slice(0, ANSWERS_MAX);
    } catch (error) {
      troubles.failed('question', this.#asError(QUESTION, error));
      return [];
    }
  }

  async leave(): Promise<void> {
    try {
      await this.#inTime(LEAVE, () => this.#session.leave(), this.#parts.leaseMs);
    } catch (error) {
      this.#parts.troubles.failed('leave', this.#asError(LEAVE, error));
    }
  }

  async #record(call: Call, run: () => Promise<unknown>): Promise<LeaseRecord | null> {
    const { leaseMs, who } = this.#parts;
    try {
      // Of no use later: the lease of whoever waits for it has run out by then.
      const answer = await this.#inTime(call, run, leaseMs);
      if (answer === null) return null;
      const record = recordOf(answer);
      if (record === null) throw strange(who, `answered ${call.what} with`, answer);
      return record;
    } catch (error) {
      throw this.#asError(call, error);
    }
  }

  #asError({ what, consequence }: Call, error: unknown): ReplicationError {
    const where = `${what} of ${this.#parts.who} failed at its lease service (${consequence})`;
    return asReplicationError(error, 'TIMEOUT', where);
  }

  async #inTime<T>(call: Call, run: () => Promise<T>, patienceMs: number): Promise<T> {
    const { clock, who } = this.#parts;
    let timer: unknown = null;
    const late = new Promise<never>((_, reject) => {
      timer = clock.setTimeout(() => {
        const message =
          `the lease service did not answer ${call.what} of ${who} within ${patienceMs} ms: ` +
          `${call.consequence}; see that it answers well within a lease`;
        reject(new ReplicationError('TIMEOUT', message, { retryable: true }));
      }, patienceMs);
    });
    try {
      return await Promise.race([run(), late]);
    } finally {
      clock.clearTimeout(timer);
    }
  }
}
