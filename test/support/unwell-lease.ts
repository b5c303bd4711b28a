/**
 * A lease service that fails as a host's own may: calls that arrive late, are answered late, twice
 * or never, reject, throw, or answer with what is no record. Per node, for as long as a test says.
 */
import type { LeaseMember, LeaseRecord, LeaseService, LeaseSession } from '../../lib/node/lease.js';
import type { Clock } from '../../lib/runtime/clock.js';
import type { Random } from '../../lib/runtime/random.js';

const FATES = [
  'late there',
  'late there',
  'late back',
  'late back',
  'lost there',
  'lost back',
  'refused there',
  'refused back',
  'thrown',
  'nonsense',
] as const;
type Fate = (typeof FATES)[number];

/** No call is under way for longer, in leases, unless it is lost. */
export const LATE_LEASES_MAX = 3;

const never = () => new Promise<never>(() => {});

/** What is no record and no list of answers; some of it harms who only looks at it. */
const NONSENSE: ReadonlyArray<() => unknown> = [
  () => undefined,
  () => 7,
  () => ({ revision: 'none' }),
  () => Object.create(null),
  () => new Proxy({}, { get: () => fail('a getter') }),
];

function fail(what: string): never {
  throw new Error(`${what} of a lease service that is unwell`);
}

/** Rejections, too, may be of anything. */
const REASONS: ReadonlyArray<() => unknown> = [
  () => new Error('unwell'),
  () => undefined,
  () => Object.create(null),
  () => Symbol('unwell'),
];

export class UnwellLease implements LeaseService {
  readonly leaseMs: number;
  readonly isAutomatic: boolean;
  readonly #inner: LeaseService;
  readonly #clock: Clock;
  readonly #random: Random;
  /** How likely a call of this node goes wrong, from 0 to 1. */
  readonly #ills = new Map<string, number>();

  constructor(inner: LeaseService, clock: Clock, random: Random) {
    this.leaseMs = inner.leaseMs;
    this.isAutomatic = inner.isAutomatic;
    this.#inner = inner;
    this.#clock = clock;
    this.#random = random;
  }

  sicken(id: string, ratio: number): void {
    this.#ills.set(id, ratio);
  }

  /** Calls that are under way stay as they are. */
  cure(): void {
    this.#ills.clear();
  }

  join(member: LeaseMember): Promise<LeaseSession> {
    return this.#call(member.id, () => this.#join(member));
  }

  async #join(member: LeaseMember): Promise<LeaseSession> {
    const session = await this.#inner.join({
      ...member,
      answer: (question) => this.#call(member.id, () => member.answer(question)),
      changed: (record) => this.#tell(member, record),
    });
    const call = <T>(work: () => Promise<T>) => this.#call(member.id, work);
    return {
      read: () => call(() => session.read()),
      write: (next, expected) => call(() => session.write(next, expected)),
      ask: (question, limits) => call(() => session.ask(question, limits)),
      leave: () => call(() => session.leave()),
    };
  }

  #pick<T>(among: readonly T[]): T {
    return among[Math.floor(this.#random() * among.length)] as T;
  }

  #isUnwell(id: string): boolean {
    return this.#random() < (this.#ills.get(id) ?? 0);
  }

  #late(): Promise<void> {
    const ms = this.#random() * LATE_LEASES_MAX * this.leaseMs;
    return new Promise((resolve) => void this.#clock.setTimeout(resolve, ms));
  }

  /** Not async: one of the fates is to throw. */
  #call<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (!this.#isUnwell(id)) return work();
    const fate = this.#pick(FATES);
    if (fate === 'thrown') return fail('a call');
    return this.#suffer(fate, work);
  }

  async #suffer<T>(fate: Exclude<Fate, 'thrown'>, work: () => Promise<T>): Promise<T> {
    if (fate === 'lost there') return never();
    if (fate === 'refused there') throw this.#pick(REASONS)();
    if (fate === 'late there') await this.#late();
    const answer = await work();
    if (fate === 'late back') await this.#late();
    if (fate === 'lost back') return never();
    if (fate === 'refused back') throw this.#pick(REASONS)();
    return fate === 'nonsense' ? (this.#pick(NONSENSE)() as T) : answer;
  }

  /** Late, twice, not at all, or something else; in any order. */
  #tell(member: LeaseMember, record: LeaseRecord): void {
    if (!this.#isUnwell(member.id)) return member.changed(record);
    const times = this.#pick([0, 1, 2]);
    for (let index = 0; index < times; index += 1) {
      const said = this.#random() < 0.2 ? (this.#pick(NONSENSE)() as LeaseRecord) : record;
      void this.#late().then(() => member.changed(said));
    }
    return undefined;
  }
}
