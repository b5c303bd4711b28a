/**
 * The lease alone, taken, begun, given back and closed at any time over a service that is unwell:
 * never two hold it at once (S10), no number twice, a term that began is on record (P16), each
 * call ends, and once the service is well it can be taken. More: KEEPER_SEEDS=n from KEEPER_SEED=n.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { joinGuarded } from '../../lib/node/guarded-lease.js';
import { LeaseKeeper } from '../../lib/node/lease-keeper.js';
import { memoryLease } from '../../lib/node/memory-lease.js';
import { type Random, seededRandom } from '../../lib/runtime/random.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import { LATE_LEASES_MAX, UnwellLease } from '../support/unwell-lease.js';

const test = suite('lease: any order of calls');
const SEEDS = Number(process.env.KEEPER_SEEDS ?? 15);
const FIRST = Number(process.env.KEEPER_SEED ?? 1);

const LEASE_MS = 1000;
const STEPS = 120;
/** A write, the read after it, and both once more; behind what was asked for before. */
const CALL_LEASES_MAX = 12;
const NAMES = ['a', 'b', 'c'];

/** Of all seeds: a service may be unwell at each of the few moments in which one tries. */
let begun = 0;

class World {
  readonly clock = new VirtualClock();
  readonly random: Random;
  readonly record = memoryLease({ clock: this.clock, leaseMs: LEASE_MS });
  readonly lease: UnwellLease;
  readonly holders: Holder[];
  /** Who was given each number. */
  readonly fences = new Map<number, string>();
  taken = 0;
  begun = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed, 'keepers');
    this.lease = new UnwellLease(this.record, this.clock, seededRandom(seed, 'service'));
    this.holders = NAMES.map((id) => new Holder(this, id));
  }

  holding(): readonly string[] {
    return this.holders.filter((each) => each.isHolding).map(({ id }) => id);
  }

  /** Whatever happens meanwhile is looked at after each deadline. */
  async pass(durationMs: number): Promise<void> {
    const look = () => {
      const holding = this.holding();
      assert.ok(holding.length < 2, `${holding.join(' and ')} at ${this.clock.now()}`);
      return false;
    };
    await this.clock.passUntil(look, durationMs);
  }

  async ends(what: string, work: Promise<unknown>): Promise<void> {
    let isOver = false;
    const end = () => {
      isOver = true;
    };
    work.then(end, end);
    const limitMs = CALL_LEASES_MAX * LEASE_MS;
    assert.ok(await this.clock.passUntil(() => isOver, limitMs), `${what} does not end`);
  }
}

/** One keeper after the other of one name, as a node that is begun anew. */
class Holder {
  readonly id: string;
  readonly #world: World;
  #keeper: LeaseKeeper;
  #ended = new AbortController();
  #fence = 0;
  readonly #work: Array<readonly [string, Promise<unknown>]> = [];

  constructor(world: World, id: string) {
    this.#world = world;
    this.id = id;
    this.#keeper = this.#open();
  }

  get isHolding(): boolean {
    return this.#fence > 0 && this.#keeper.isHeld(this.#fence);
  }

  #open(): LeaseKeeper {
    const { clock, lease } = this.#world;
    const ended = new AbortController();
    this.#ended = ended;
    const { id } = this;
    const events = { seen: () => {}, free: () => {}, lost: () => {}, troubled: () => {} };
    const keeper = new LeaseKeeper({ id, leaseMs: LEASE_MS, clock, events });
    const member = {
      id,
      item: 'i',
      answer: async () => null,
      changed: keeper.observe.bind(keeper),
      troubled: () => {},
    };
    // One that the service refuses stays without a session: it takes nothing, and can be closed.
    joinGuarded({ service: lease, member, clock, ended: ended.signal }).then(
      (session) => keeper.open(session),
      () => {},
    );
    return keeper;
  }

  take(): void {
    const keeper = this.#keeper;
    const { fences } = this.#world;
    const taking = keeper.acquire(1 + Math.floor(this.#world.random() * 3)).then((taken) => {
      if (typeof taken !== 'number' || keeper !== this.#keeper) return;
      this.#fence = taken;
      this.#world.taken += 1;
      assert.is(fences.get(taken) ?? this.id, this.id, `number ${taken} is given twice`);
      fences.set(taken, this.id);
    });
    this.#work.push(['acquire', taking]);
  }

  begin(): void {
    const fence = this.#fence;
    const keeper = this.#keeper;
    const beginning = keeper.begin(this.#world.begun, 0).then((isOnRecord) => {
      if (!isOnRecord || !keeper.isHeld(fence)) return;
      this.#world.begun += 1;
      const terms = this.#world.record.record('i')?.successions.map(({ term }) => term);
      assert.ok(terms?.includes(fence), `${fence} leads, on record: ${terms}`);
    });
    this.#work.push(['begin', beginning]);
  }

  release(): void {
    const release = this.#keeper.release(this.#world.random() < 0.5 ? null : 'b');
    this.#work.push(['release', release]);
    assert.not.ok(this.isHolding, 'at once');
  }

  /** As a node: the signal first, and everything that was asked for ends. */
  async renew(): Promise<void> {
    await this.close();
    this.#fence = 0;
    this.#keeper = this.#open();
  }

  async close(): Promise<void> {
    this.#ended.abort();
    this.#work.push(['close', this.#keeper.close()]);
    for (const [what, work] of this.#work.splice(0)) {
      await this.#world.ends(`${what} of ${this.id}`, work);
      // What it asserted.
      await work;
    }
  }
}

async function run(seed: number): Promise<void> {
  const world = new World(seed);
  const { random, lease, clock } = world;
  for (let step = 0; step < STEPS; step += 1) {
    const holder = world.holders[Math.floor(random() * NAMES.length)] as Holder;
    const dice = random();
    if (dice < 0.1) lease.cure();
    else if (dice < 0.2) lease.sicken(holder.id, random());
    else if (dice < 0.6) holder.take();
    else if (dice < 0.8) holder.begin();
    else if (dice < 0.9) holder.release();
    else if (dice < 0.95) await holder.renew();
    await world.pass(random() < 0.3 ? 0 : random() * 0.7 * LEASE_MS);
  }
  lease.cure();
  for (const holder of world.holders) await holder.renew();
  // What was under way arrives, and holds the lease once more.
  await world.pass((LATE_LEASES_MAX + 2) * LEASE_MS);
  const { taken } = world;
  world.holders[0]?.take();
  await world.pass(100);
  assert.is(world.taken, taken + 1, 'a well service gives it');
  for (const holder of world.holders) await holder.close();
  await world.pass((LATE_LEASES_MAX + 2) * LEASE_MS);
  assert.is(clock.pending.length, 0, 'timers are left');
  assert.ok(world.taken > 3, `${world.taken} taken`);
  begun += world.begun;
}

for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
  test(`seed ${seed} (KEEPER_SEED=${seed} KEEPER_SEEDS=1)`, () => run(seed));
}

test('terms began', () => {
  assert.ok(begun > 0);
});

test.run();
