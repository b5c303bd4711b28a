/**
 * The lease: whoever holds it has stopped before anybody else begins, by each one's own clock
 * (P16, S10). Processes stand still, clocks differ in rate, renewals get lost.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LeaseSession } from '../../lib/node/lease.js';
import { LeaseKeeper } from '../../lib/node/lease-keeper.js';
import { type MemoryLease, memoryLease } from '../../lib/node/memory-lease.js';
import { SimulatedProcess } from '../../lib/testing/simulation/process.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';

const test = suite('lease');

const LEASE_MS = 1000;

class Holder {
  readonly process: SimulatedProcess;
  readonly keeper: LeaseKeeper;
  readonly losses: string[] = [];
  isFree = false;
  leader: string | null = null;

  constructor(clock: VirtualClock, lease: MemoryLease, id: string) {
    this.process = new SimulatedProcess(clock);
    this.keeper = new LeaseKeeper({
      id,
      leaseMs: LEASE_MS,
      clock: this.process,
      events: {
        seen: (leader) => {
          this.leader = leader?.id ?? null;
          if (leader !== null) this.isFree = false;
        },
        free: () => {
          this.isFree = true;
        },
        lost: (reason) => this.losses.push(reason),
        troubled: () => {},
      },
    });
    void lease
      .join({
        id,
        item: 'i',
        answer: async () => null,
        changed: (record) => this.process.arrive(() => this.keeper.observe(record)),
        troubled: () => {},
      })
      .then((session) => this.keeper.open(session));
  }
}

async function two() {
  const clock = new VirtualClock();
  const lease = memoryLease({ clock, leaseMs: LEASE_MS });
  const first = new Holder(clock, lease, 'first');
  const second = new Holder(clock, lease, 'second');
  await clock.pass(100);
  const taken = first.keeper.acquire(1);
  await clock.pass(20);
  return { clock, lease, first, second, fence: await taken };
}

test('the number rises with each holder, and never below what was asked for', async () => {
  const { clock, first, second, fence } = await two();
  assert.is(typeof fence, 'number');
  void first.keeper.release(null);
  await clock.pass(20);
  const again = second.keeper.acquire(50);
  await clock.pass(20);
  assert.is(await again, 50);
  void second.keeper.release(null);
  await clock.pass(20);
  const third = first.keeper.acquire(1);
  await clock.pass(20);
  assert.ok(((await third) as number) > 50);
});

test('one that is renewed is not free to others, for as long as it is', async () => {
  const { clock, first, second, fence } = await two();
  second.isFree = false;
  await clock.pass(20 * LEASE_MS);
  assert.not.ok(second.isFree);
  assert.ok(first.keeper.isHeld(fence as number));
  const refused = second.keeper.acquire(1);
  await clock.pass(20);
  assert.is(typeof (await refused), 'string');
});

test('S10: a holder that stood still past its lease does not confirm at its first breath', async () => {
  const { clock, first, second, fence } = await two();
  first.process.pause();
  await clock.passUntil(() => second.isFree, 3 * LEASE_MS);
  const taken = second.keeper.acquire(1);
  await clock.pass(20);
  assert.ok((await taken) as number);
  // Not a timer has run yet, nor has any message arrived: the clock alone has to tell.
  assert.not.ok(first.keeper.isHeld(fence as number));
  first.process.resume('arrivals-first');
  await clock.pass(10);
  assert.is(first.losses.length, 1);
});

for (const [fast, slow] of [
  [1.02, 0.98],
  [0.98, 1.02],
] as const) {
  test(`clocks at ${fast} and ${slow} of the time: never two holders at once`, async () => {
    const { clock, lease, first, second } = await two();
    first.process.setRate(fast);
    second.process.setRate(slow);
    await clock.pass(LEASE_MS);
    lease.cutOff('first');
    const fence = first.keeper.isHeld.bind(first.keeper);
    const held = (lease.record('i')?.fence ?? 0) as number;
    await clock.passUntil(() => second.isFree, 4 * LEASE_MS);
    assert.ok(second.isFree);
    assert.not.ok(fence(held), 'the first one still holds it');
  });
}

test('a renewal that was written without an answer does not cost the lease', async () => {
  const { clock, lease, first, fence } = await two();
  // Long enough for one renewal to be sent and to lose its answer.
  await clock.pass(LEASE_MS / 4);
  const before = lease.record('i')?.revision;
  await clock.passUntil(() => lease.record('i')?.revision !== before, LEASE_MS);
  lease.cutOff('first');
  await clock.pass(5);
  lease.restore('first');
  await clock.pass(3 * LEASE_MS);
  assert.ok(first.keeper.isHeld(fence as number));
  assert.equal(first.losses, []);
});

test('P16: where a term began is told although a renewal was under way', async () => {
  const { clock, lease, first, fence } = await two();
  const before = lease.record('i')?.revision;
  // The renewal is on its way to the record, and comes back as news before its answer does.
  await clock.passUntil(() => lease.record('i')?.revision !== before, LEASE_MS);
  void first.keeper.begin(7, 0);
  await clock.pass(LEASE_MS);
  assert.equal(lease.record('i')?.successions, [{ term: fence, version: 7 }]);
});

test('P16: a term that came to nothing makes no fork of the history that went on', async () => {
  const { clock, lease, first, second, fence } = await two();
  // Terms: 1 made versions up to 9; the first holder began at 5 and made nothing.
  void first.keeper.begin(5, 1);
  await clock.pass(20);
  void first.keeper.release(null);
  await clock.pass(20);
  const taken = second.keeper.acquire(1);
  await clock.pass(20);
  assert.ok((fence as number) > 0);
  void second.keeper.begin(9, 0);
  await clock.pass(20);
  assert.equal(lease.record('i')?.successions, [{ term: await taken, version: 9 }]);
});

test('P22: a service that lost its record is used again, with numbers above the lost ones', async () => {
  const { clock, lease, first, second, fence } = await two();
  lease.loseRecord('i');
  await clock.pass(LEASE_MS);
  assert.is(first.losses.length, 1);
  assert.not.ok(first.keeper.isHeld(fence as number));
  await clock.passUntil(() => second.isFree, 2 * LEASE_MS);
  const taken = second.keeper.acquire(1);
  await clock.pass(20);
  assert.ok(((await taken) as number) > (fence as number));
  await clock.pass(LEASE_MS);
  assert.is(first.leader, 'second');
});

test('an heir takes it at once, and others wait for it a while', async () => {
  const { clock, lease, first, second } = await two();
  const third = new Holder(clock, lease, 'third');
  await clock.pass(100);
  void first.keeper.release('third');
  await clock.pass(20);
  const early = second.keeper.acquire(1);
  await clock.pass(20);
  assert.is(typeof (await early), 'string');
  const taken = third.keeper.acquire(1);
  await clock.pass(20);
  assert.is(typeof (await taken), 'number');
});

test('P16: where a term began is on record before it leads, also amid a renewal', async () => {
  const { clock, lease, first, fence } = await two();
  // A renewal leaves a quarter of the lease after the last one, and is 2 ms on its way.
  await clock.passUntil(() => lease.record('i')?.revision === 2, LEASE_MS);
  const begun = first.keeper.begin(7, 0);
  await clock.pass(5);
  await begun;
  assert.equal(lease.record('i')?.successions, [{ term: fence, version: 7 }]);
});

test('L3: one that is released amid a renewal gives back what the renewal wrote', async () => {
  const { clock, lease, first } = await two();
  // A renewal leaves a quarter of the lease after the last one, and is 2 ms on its way.
  await clock.passUntil(() => lease.record('i')?.revision === 2, LEASE_MS);
  assert.is(lease.record('i')?.holder, 'first');
  void first.keeper.release(null);
  await clock.pass(20);
  assert.is(lease.record('i')?.holder, null);
});

test('one that is closed while it takes the lease gives it back', async () => {
  const { clock, lease, first, second } = await two();
  void first.keeper.release(null);
  await clock.pass(20);
  void second.keeper.acquire(1);
  const closed = second.keeper.close();
  await clock.pass(20);
  await closed;
  assert.is(lease.record('i')?.holder, null);
  const taken = first.keeper.acquire(1);
  await clock.pass(20);
  assert.is(typeof (await taken), 'number');
});

/** Takes the write that acquires the lease, and answers when it is told to. */
class SlowSession implements LeaseSession {
  readonly #inner: LeaseSession;
  readonly held: Array<() => void> = [];

  constructor(inner: LeaseSession) {
    this.#inner = inner;
  }

  readonly read: LeaseSession['read'] = () => this.#inner.read();
  readonly ask: LeaseSession['ask'] = (question, limits) => this.#inner.ask(question, limits);
  readonly leave: LeaseSession['leave'] = () => this.#inner.leave();

  readonly write: LeaseSession['write'] = async (next, expected) => {
    const written = await this.#inner.write(next, expected);
    if (this.held.length === 0) await new Promise<void>((resolve) => this.held.push(resolve));
    return written;
  };
}

test('S10: an acquisition that comes late does not take the place of a later one', async () => {
  const clock = new VirtualClock();
  const lease = memoryLease({ clock, leaseMs: LEASE_MS });
  const losses: string[] = [];
  const events = {
    seen: () => {},
    free: () => {},
    lost: (reason: string) => losses.push(reason),
    troubled: () => {},
  };
  const keeper = new LeaseKeeper({ id: 'slow', leaseMs: LEASE_MS, clock, events });
  const member = { id: 'slow', item: 'i', answer: async () => null, troubled: () => {} };
  const joined = lease.join({ ...member, changed: (record) => keeper.observe(record) });
  await clock.pass(10);
  const session = new SlowSession(await joined);
  const opened = keeper.open(session);
  await clock.pass(10);
  await opened;
  const early = keeper.acquire(1);
  // By its own record nobody renewed it for so long: the next attempt takes it anew.
  await clock.pass(1.2 * LEASE_MS);
  const late = keeper.acquire(7);
  await clock.pass(LEASE_MS / 10);
  for (const answer of session.held) answer();
  await clock.pass(LEASE_MS / 10);
  assert.is(typeof (await early), 'string');
  const fence = await late;
  assert.is(fence, 7);
  assert.ok(keeper.isHeld(7), 'what is held is what was taken last');
  await clock.pass(3 * LEASE_MS);
  assert.ok(keeper.isHeld(7));
  assert.equal([losses, lease.record('i')?.fence], [[], 7]);
});

test.run();
