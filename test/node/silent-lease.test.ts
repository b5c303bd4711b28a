/**
 * 0022: a lease service of a host's own that does not answer, throws, or answers with what is no
 * record costs its node the lead and nothing else. Others lead, and the node can be stopped.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LeaseMember, LeaseRecord, LeaseService, LeaseSession } from '../../lib/node/index.js';
import { asLeaseRecord } from '../../lib/node/lease-value.js';
import { LEASE_MS, MEMBERS, NodeWorld, type Tree, type TreeNode } from '../support/node-world.js';

const test = suite('node: a lease service that does not answer');

const never = () => new Promise<never>(() => {});

const RECORD = { holder: null, fence: 1, heir: null, successions: [], revision: 1 };

const change = (draft: Tree) => {
  draft.n += 1;
};

/** Calls of one node that its service fails at, from when the test says so. */
class Faulty {
  readonly world = new NodeWorld();
  readonly troubles: string[] = [];
  victim = '';
  isRenewalOnly = false;
  failing: Partial<LeaseSession> = {};

  readonly service: LeaseService = {
    leaseMs: LEASE_MS,
    isAutomatic: true,
    join: async (member) => {
      const session = await this.world.lease.join(member);
      const fault = () => (member.id === this.victim ? this.failing : {});
      return {
        read: () => (fault().read ?? session.read)(),
        write: (next, expected) => {
          const isRenewal = this.world.lease.record('tree')?.holder === member.id;
          const isFit = isRenewal || !this.isRenewalOnly;
          return ((isFit ? fault().write : undefined) ?? session.write)(next, expected);
        },
        ask: (question, limits) => (fault().ask ?? session.ask)(question, limits),
        leave: () => (fault().leave ?? session.leave)(),
      };
    },
  };

  /** The first leads. */
  async begin(): Promise<{ first: TreeNode; one: TreeNode; other: TreeNode }> {
    const first = await this.world.begin({}, this.service);
    for (const node of this.world.nodes.values()) {
      node.on('trouble', ({ code, reason }) => this.troubles.push(`${code} ${reason}`));
    }
    // All of them hold the same: else who holds more is the only one that may lead.
    await this.world.settled(first.data.update(change));
    await this.world.clock.pass(LEASE_MS);
    const [one, other] = MEMBERS.filter((id) => id !== first.id).map((id) => this.world.node(id));
    assert.ok(one !== undefined && other !== undefined);
    return { first, one, other };
  }

  fail(victim: string, failing: Partial<LeaseSession>): void {
    this.victim = victim;
    this.failing = failing;
  }

  /** One of them leads, and its changes are confirmed. */
  async leads(nodes: readonly TreeNode[]): Promise<TreeNode> {
    const find = () => nodes.find(({ role }) => role === 'leading');
    assert.ok(await this.world.clock.passUntil(() => find() !== undefined, 10 * LEASE_MS));
    const leader = find() as TreeNode;
    assert.type(await this.world.settled(leader.data.update(change)), 'object');
    return leader;
  }

  told(pattern: RegExp): void {
    assert.ok(
      this.troubles.some((each) => pattern.test(each)),
      this.troubles.join('\n'),
    );
  }

  /** Within a few leases, and no timer is left. */
  async end(): Promise<void> {
    for (const node of this.world.nodes.values()) {
      assert.is(await this.world.settled(node.stop()), undefined, node.id);
    }
    assert.is(await this.world.end(), 0);
  }
}

test('renewals that never settle: it steps down, another leads, it can be stopped', async () => {
  const faulty = new Faulty();
  const { first, one, other } = await faulty.begin();
  faulty.fail(first.id, { write: never });
  await faulty.leads([one, other]);
  assert.is(first.role, 'following');
  await faulty.world.clock.pass(LEASE_MS);
  faulty.told(new RegExp(`TIMEOUT .* a write of node "${first.id}" of "tree" within ${LEASE_MS} `));
  await faulty.end();
});

test('the write that takes the lease never settles: another one leads; later it may', async () => {
  const faulty = new Faulty();
  const { first, one, other } = await faulty.begin();
  faulty.fail(one.id, { write: never });
  await faulty.world.settled(first.stop());
  await faulty.leads([other]);
  // What it waits for is given up first.
  await faulty.world.clock.pass(LEASE_MS);
  faulty.failing = {};
  assert.is(await faulty.world.settled(one.promote({ timeout: 10 * LEASE_MS })), undefined);
  assert.is(one.role, 'leading');
  await faulty.end();
});

test('the write of where its term begins never settles: another leads', async () => {
  const faulty = new Faulty();
  const { first, one, other } = await faulty.begin();
  const ledBy: string[] = [];
  one.on('role', (role) => void ledBy.push(role));
  faulty.isRenewalOnly = true;
  faulty.fail(one.id, { write: never });
  await faulty.world.settled(first.stop());
  void one.promote({ timeout: 1 }).catch(() => {});
  await faulty.leads([other]);
  assert.ok(ledBy.includes('promoting'), ledBy.join(', '));
  assert.not(ledBy.includes('leading'));
  await faulty.end();
});

test('reads that never settle: a node starts and follows', async () => {
  const faulty = new Faulty();
  const { first, one, other } = await faulty.begin();
  await faulty.world.settled(one.stop());
  faulty.fail(one.id, { read: never });
  const again = faulty.world.make(one.id, {}, faulty.service);
  again.on('trouble', ({ code, reason }) => faulty.troubles.push(`${code} ${reason}`));
  assert.is(await faulty.world.settled(again.start()), undefined);
  faulty.told(new RegExp(`TIMEOUT .* a read of node "${one.id}"`));
  await faulty.world.settled(other.stop());
  assert.type(await faulty.world.settled(first.data.update(change)), 'object');
  await faulty.end();
});

for (const [what, leave] of [
  ['never settles', never],
  ['rejects', () => Promise.reject(new Error('gone'))],
  [
    'throws',
    () => {
      throw new Error('gone');
    },
  ],
] as const) {
  test(`a leave that ${what}: the node is stopped, and says so`, async () => {
    const faulty = new Faulty();
    const { first, one, other } = await faulty.begin();
    faulty.fail(first.id, { leave });
    assert.is(await faulty.world.settled(first.stop()), undefined);
    faulty.told(/the leave of node/);
    await faulty.leads([one, other]);
    await faulty.end();
  });
}

for (const [what, ask] of [
  ['never settle', never],
  ['reject', () => Promise.reject(new Error('no such subject'))],
  ['are answered with no list', async () => 'yes' as unknown as readonly unknown[]],
] as const) {
  test(`questions that ${what}: it does not lead, another does, the process goes on`, async () => {
    const faulty = new Faulty();
    const { first, one, other } = await faulty.begin();
    faulty.fail(one.id, { ask });
    await faulty.world.settled(first.stop());
    void one.promote({ timeout: 1 }).catch(() => {});
    one.resolve('no such round', 'aborted');
    await faulty.leads([other]);
    await faulty.world.clock.pass(2 * LEASE_MS);
    faulty.told(/question/);
    await faulty.end();
  });
}

test('what is no record is told, and the lease goes to another node', async () => {
  const faulty = new Faulty();
  const { first, one, other } = await faulty.begin();
  const nothing = async () => undefined as unknown as null;
  faulty.fail(first.id, { write: nothing, read: nothing });
  await faulty.leads([one, other]);
  faulty.told(/PROTOCOL .*answered a write with something that is no record \(undefined\)/);
  await faulty.end();
});

test('a join that never settles: it can be stopped; a session that comes late is left', async () => {
  const { clock, lease, make, settled } = bound(new NodeWorld());
  let isLeft = false;
  let arrive: () => void = () => {};
  const service: LeaseService = {
    leaseMs: LEASE_MS,
    isAutomatic: true,
    join: async (member) => {
      await new Promise<void>((resolve) => {
        arrive = resolve;
      });
      const session = await lease.join(member);
      return {
        ...session,
        leave: async () => {
          isLeft = true;
          await session.leave();
        },
      };
    },
  };
  const node = make('a', {}, service);
  const started = node.start();
  started.catch(() => {});
  await clock.pass(10 * LEASE_MS);
  assert.is(await settled(node.stop()), undefined);
  assert.is(await settled(started), 'NOT_RUNNING');
  arrive();
  await clock.pass(LEASE_MS);
  assert.ok(isLeft);
});

/** What no text can be made of, and what may not even be looked at. */
const untold = (): never => {
  throw Object.create(null);
};
const trap = () => new Proxy({}, { get: untold });

for (const [what, failing] of [
  ['reject with what has no text', { read: untold, write: untold, ask: untold, leave: untold }],
  [
    'answer with what throws when it is looked at',
    {
      read: async () => ({ record: trap() }).record as never,
      ask: async () => [trap()],
    },
  ],
  [
    'answer with records that throw when they are looked at',
    {
      read: async () => ({ ...RECORD, successions: [trap()] }) as never,
      write: async () => ({ ...RECORD, successions: [trap()] }) as never,
    },
  ],
] as const) {
  test(`calls that ${what}: another leads, the process goes on`, async () => {
    const faulty = new Faulty();
    const { first, one, other } = await faulty.begin();
    faulty.fail(one.id, failing);
    await faulty.world.clock.pass(LEASE_MS);
    await faulty.world.settled(first.stop());
    await faulty.leads([other]);
    await faulty.world.clock.pass(LEASE_MS);
    await faulty.end();
  });
}

test('a join without a session: the node does not start, and says why', async () => {
  const world = new NodeWorld();
  const join = async () => ({ read: async () => null }) as unknown as LeaseSession;
  const node = world.make('a', {}, { leaseMs: LEASE_MS, isAutomatic: true, join });
  const reasons: string[] = [];
  node.on('trouble', ({ reason }) => reasons.push(reason));
  assert.is(await world.settled(node.start()), 'STORE_FAILED');
  assert.match(reasons.join(), 'joined node "a" of "tree" without a session');
});

test('a member takes whatever it is told and asked, and has no answer once it stopped', async () => {
  const world = new NodeWorld();
  let member: LeaseMember | undefined;
  const service: LeaseService = {
    leaseMs: LEASE_MS,
    isAutomatic: true,
    join: (joining) => {
      member = joining;
      joining.changed(trap() as LeaseRecord);
      return world.lease.join(joining);
    },
  };
  const node = world.make('a', {}, service);
  const reasons: string[] = [];
  node.on('trouble', ({ reason }) => reasons.push(reason));
  assert.is(await world.settled(node.start()), undefined);
  assert.ok(member !== undefined);
  for (let times = 0; times < 10; times += 1) member.changed(trap() as LeaseRecord);
  member.troubled(Object.create(null));
  for (let times = 0; times < 10; times += 1) {
    assert.is(await world.settled(member.answer(trap())), null);
  }
  for (const words of ['told of something that is no record', 'was not understood']) {
    const told = reasons.filter((reason) => reason.includes(words));
    assert.is(told.length, 1, reasons.join('\n'));
  }
  await world.settled(node.stop());
  member.changed({ ...RECORD, holder: 'b' });
  const left = world.clock.pending.length;
  const question = { kind: 'ask', term: 9, candidate: 'b', lineage: null };
  const answer = member.answer(question);
  await world.clock.settle();
  assert.is(world.clock.pending.length, left, 'nothing is waited for');
  assert.is(await answer, null);
});

test('what a service does to what it is given to write, it does to nobody else', async () => {
  const faulty = new Faulty();
  const { lease } = faulty.world;
  const { first } = await faulty.begin();
  const terms = lease.record('tree')?.successions ?? [];
  const join = faulty.service.join.bind(faulty.service);
  const greedy: LeaseService = {
    ...faulty.service,
    join: async (member) => {
      const session = await join(member);
      const write: LeaseSession['write'] = (next, expected) => {
        const written = session.write(structuredClone(next), expected);
        (next.successions as unknown[]).length = 0;
        return written;
      };
      return { ...session, write };
    },
  };
  assert.is(terms.length, 1);
  await faulty.world.settled(first.stop());
  faulty.world.nodes.delete(first.id);
  const again = faulty.world.make(first.id, {}, greedy);
  await faulty.world.settled(again.start());
  await faulty.world.settled(again.promote({ timeout: 5 * LEASE_MS }));
  await faulty.world.clock.pass(3 * LEASE_MS);
  assert.is(again.role, 'leading');
  const recorded = lease.record('tree')?.successions.map(({ term }) => term) ?? [];
  for (const term of [terms[0]?.term ?? 0, again.status.term]) {
    assert.ok(recorded.includes(term), `${term} among ${recorded}`);
  }
  await faulty.end();
});

test('what a service goes on to change is not what a node goes by', () => {
  const successions = [{ term: 1, version: 0 }];
  const record = asLeaseRecord({ ...RECORD, successions });
  successions.push({ term: 9, version: 0 });
  Object.assign(successions[0] ?? {}, { term: 7 });
  assert.equal(record, { ...RECORD, successions: [{ term: 1, version: 0 }] });
  assert.is(asLeaseRecord({ ...RECORD, successions: new Array(2) }), null, 'holes');
  assert.is(asLeaseRecord({ ...RECORD, successions: new Array(2 ** 32 - 1) }), null);
});

function bound(world: NodeWorld) {
  return {
    clock: world.clock,
    lease: world.lease,
    make: world.make.bind(world),
    settled: world.settled.bind(world),
  };
}

test.run();
