/** A node as its host sees it: who leads, what is confirmed, what is set aside (P16, S3, S10). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSlave, document, ReplicationError, Veto } from '../../lib/index.js';
import { createCollector } from '../../lib/inspector/collect/collector.js';
import type { Entry } from '../../lib/inspector/entries.js';
import { createNode, manualLease, memoryLease } from '../../lib/node/index.js';
import { createRelay } from '../../lib/relay/index.js';
import { LEASE_MS, MEMBERS, NodeWorld, type Tree } from '../support/node-world.js';

const test = suite('node');

const to = (n: number) => (draft: Tree) => {
  draft.n = n;
};

const increment = (draft: Tree) => {
  draft.n += 1;
};

test('one of three leads; a change is confirmed once a majority has it, by either method', async () => {
  const world = new NodeWorld();
  const leader = await world.begin();
  for (const method of ['one-phase', 'two-phase'] as const) {
    const task = leader.data.update(increment, { method });
    const result = await world.settled(task);
    assert.ok(typeof result === 'object' && result.version > 1, JSON.stringify(result));
  }
  await world.clock.pass(100);
  for (const node of world.nodes.values()) assert.is(node.data.get().n, 2, node.id);
  assert.is(await world.end(), 0);
});

test('a change elsewhere is refused with the name of the leader, and reads go on', async () => {
  const world = new NodeWorld();
  const leader = await world.begin();
  const other = world.node(MEMBERS.find((id) => id !== leader.id) as string);
  await world.clock.pass(100);
  let error: unknown;
  await other.data.update(to(5)).catch((thrown) => {
    error = thrown;
  });
  if (!(error instanceof ReplicationError)) return assert.unreachable('it was not refused');
  assert.is(error.code, 'FENCED');
  assert.is(error.retryable, true);
  assert.match(error.message, `"${leader.id}" leads`);
  assert.is(other.data.get().n, 0);
  await world.end();
});

test('below: the leader tells of the other nodes, and of those below relays; others of nobody', async () => {
  const world = new NodeWorld();
  const leader = await world.begin();
  const other = world.node(MEMBERS.find((id) => id !== leader.id) as string);
  const relay = createRelay({
    item: 'tree',
    id: 'relay',
    upstream: world.network.connect({ to: `at ${leader.id}`, name: 'relay' }),
    downstream: world.network.listen('relay'),
    clock: world.clock,
  });
  const copy = document<Tree>(
    { n: 0 },
    {
      prepare: ({ n }) => {
        if (n > 6) throw new Veto('too many');
      },
    },
  );
  const slave = createSlave({
    item: 'tree',
    id: 'till',
    data: copy,
    transport: world.network.connect({ to: 'relay', name: 'till' }),
    clock: world.clock,
  });
  for (const each of [relay, slave]) await world.settled(each.start());
  const isWell = () => leader.below().current === 4;
  assert.ok(await world.clock.passUntil(isWell, 5 * LEASE_MS), JSON.stringify(leader.below()));
  const result = await world.settled(leader.data.update(to(7)));
  const told = () => leader.below().worst?.stage === 'quarantined';
  assert.ok(await world.clock.passUntil(told, 5 * LEASE_MS), JSON.stringify(leader.below()));
  const { slaves, relays, versions, worst } = leader.below();
  assert.equal([slaves, relays, worst?.id, worst?.via], [4, 1, 'till', ['relay']]);
  assert.is(versions[0]?.version, typeof result === 'object' ? result.version : 0);
  assert.equal([other.below().slaves, other.below().worst], [0, null]);
  for (const each of [slave, relay]) await world.settled(each.stop());
  await world.end();
  assert.is(leader.below().slaves, 0, 'nor of one that was stopped');
});

test('S10: a leader that is cut off confirms nothing, and another one takes over in time', async () => {
  const world = new NodeWorld();
  const first = await world.begin();
  await world.clock.pass(500);
  world.isolate(first.id);
  const atMs = world.clock.now();
  const task = first.data.update(to(99));
  const next = () =>
    [...world.nodes.values()].find((node) => node !== first && node.role === 'leading');
  assert.ok(await world.clock.passUntil(() => next() !== undefined, 3 * LEASE_MS));
  assert.ok(world.clock.now() - atMs <= 2 * LEASE_MS, `${world.clock.now() - atMs} ms`);
  assert.is.not(first.role, 'leading');
  assert.is(await world.settled(task), 'OUTCOME_UNKNOWN');
  await world.end();
});

test('P16: what only the old leader had is set aside, readable, and never silently dropped', async () => {
  const world = new NodeWorld();
  const first = await world.begin();
  await world.clock.pass(500);
  world.isolate(first.id);
  const lost = first.data.update(to(99), { ack: 'decided' });
  assert.ok(typeof (await world.settled(lost)) === 'object', 'the leader alone confirms it');
  await world.clock.passUntil(() => first.role !== 'leading', 2 * LEASE_MS);
  const second = await world.leader();
  const kept = second.data.update(to(5));
  assert.ok(typeof (await world.settled(kept)) === 'object');
  const told: string[] = [];
  first.on('conflict', ({ id }) => told.push(id));
  world.rejoin(first.id);
  await world.clock.passUntil(() => first.data.get().n === 5, 4 * LEASE_MS);
  assert.is(first.data.get().n, 5);
  const [conflict] = first.status.conflicts;
  assert.equal(told, [conflict?.id]);
  assert.is(conflict?.position.epoch.term, 1);
  assert.is(conflict?.leader.epoch.term, second.status.term);
  const data = await world.settled(first.conflictData(conflict?.id ?? ''));
  assert.is((data as { get(): { n: number } }).get().n, 99);
  const discarded = first.discardConflict(conflict?.id ?? '');
  assert.is(await world.settled(discarded), undefined);
  assert.equal(first.status.conflicts, []);
  assert.is(await world.settled(first.conflictData(conflict?.id ?? '')), 'INVALID_OPTION');
  assert.is(await world.end(), 0);
});

test('with conflicts: wait a fork stays regressed until the operator sets it aside', async () => {
  const world = new NodeWorld();
  const first = await world.begin({ conflicts: 'wait' });
  await world.clock.pass(500);
  world.isolate(first.id);
  const lost = first.data.update(to(99), { ack: 'decided' });
  await world.settled(lost);
  await world.clock.passUntil(() => first.role !== 'leading', 2 * LEASE_MS);
  const second = await world.leader();
  await world.settled(second.data.update(to(5)));
  world.rejoin(first.id);
  await world.clock.pass(3 * LEASE_MS);
  assert.is(first.data.get().n, 99);
  assert.equal(first.status.conflicts, []);
  first.setAside();
  await world.clock.passUntil(() => first.data.get().n === 5, 3 * LEASE_MS);
  assert.is(first.data.get().n, 5);
  assert.is(first.status.conflicts.length, 1);
  await world.end();
});

/** A two-phase change whose votes are in and whose outcome nobody but the leader can know. */
async function roundInDoubt(world: NodeWorld) {
  const first = await world.begin();
  await world.settled(first.data.update(to(1)));
  await world.clock.pass(500);
  const others = [...world.nodes.values()].filter((node) => node !== first);
  const task = first.data.update(to(2), { method: 'two-phase' });
  const arePrepared = () => others.every(({ status }) => status.copy?.round !== 'none');
  assert.ok(await world.clock.passUntil(arePrepared, 1000));
  // Nothing arrives from here on: the votes are given, and not counted.
  world.isolate(first.id);
  task.catch(() => {});
  return { first, others };
}

test('P11: a round that all hold prepared waits for its master, whose disk tells', async () => {
  const world = new NodeWorld(2);
  const { first, others } = await roundInDoubt(world);
  await world.clock.pass(3 * LEASE_MS);
  assert.not.ok(others.some(({ role }) => role === 'leading'));
  const doubting = others.find(({ status }) => status.inDoubt !== null);
  assert.ok(doubting?.status.inDoubt?.participants?.length === 2);
  assert.is(doubting.status.problem?.code, 'OUTCOME_UNKNOWN');
  world.rejoin(first.id);
  const next = await world.leader();
  await world.clock.pass(LEASE_MS);
  const values = [...world.nodes.values()].map(({ data }) => data.get().n);
  assert.equal(values, Array(3).fill(next.data.get().n));
  await world.end();
});

test('P22: an operator decides a round in doubt, and all hear that it was forced', async () => {
  const world = new NodeWorld(2);
  const { others } = await roundInDoubt(world);
  const heuristics: string[] = [];
  for (const node of others) {
    node.on('trouble', ({ heuristic, reason }) => heuristic && heuristics.push(reason));
  }
  const doubting = () => others.find(({ status }) => status.inDoubt !== null);
  assert.ok(await world.clock.passUntil(() => doubting() !== undefined, 3 * LEASE_MS));
  const round = doubting()?.status.inDoubt?.round ?? '';
  others[0]?.resolve(round, 'committed');
  const isLed = () => others.some(({ role }) => role === 'leading');
  assert.ok(await world.clock.passUntil(isLed, 3 * LEASE_MS));
  await world.clock.pass(500);
  assert.equal(
    others.map(({ data }) => data.get().n),
    [2, 2],
  );
  assert.is(heuristics.length, 1);
  assert.match(heuristics[0] ?? '', 'forced to committed');
  await world.end();
});

test('a node that stops gives the lease back: another one leads long before it ran out', async () => {
  const world = new NodeWorld();
  const first = await world.begin();
  await world.settled(first.data.update(to(7)));
  const atMs = world.clock.now();
  assert.is(await world.settled(first.stop()), undefined);
  world.nodes.delete(first.id);
  const second = await world.leader();
  assert.ok(world.clock.now() - atMs < LEASE_MS, `${world.clock.now() - atMs} ms`);
  assert.is(second.data.get().n, 7);
  const again = world.make(first.id);
  await world.settled(again.start());
  assert.ok(await world.clock.passUntil(() => again.status.copy?.summary === 'current', LEASE_MS));
  assert.is(await world.end(), 0);
});

test('promote moves the lead by order, and nothing confirmed is lost on the way', async () => {
  const world = new NodeWorld();
  const first = await world.begin();
  await world.settled(first.data.update(to(3)));
  const other = world.node(MEMBERS.find((id) => id !== first.id) as string);
  assert.is(await world.settled(other.promote({ timeout: 3 * LEASE_MS })), undefined);
  assert.is(other.role, 'leading');
  assert.is.not(first.role, 'leading');
  assert.is(other.data.get().n, 3);
  await world.end();
});

test('a manual lease promotes nobody by itself; an order does', async () => {
  const world = new NodeWorld();
  const lease = manualLease(world.lease);
  const starts = MEMBERS.map((id) => world.make(id, {}, lease).start());
  await world.clock.pass(4 * LEASE_MS);
  await Promise.all(starts);
  assert.equal(
    [...world.nodes.values()].map(({ role }) => role),
    Array(3).fill('following'),
  );
  assert.is(await world.settled(world.node('b').promote({ timeout: LEASE_MS })), undefined);
  assert.is(world.node('b').role, 'leading');
  await world.end();
});

test('two of three empty nodes found nothing: the third may hold everything', async () => {
  const world = new NodeWorld();
  const starts = ['a', 'b'].map((id) => world.make(id).start());
  await world.clock.pass(4 * LEASE_MS);
  await Promise.all(starts);
  assert.not.ok([...world.nodes.values()].some(({ role }) => role === 'leading'));
  const reasons = [...world.nodes.values()].map(({ status }) => status.problem?.reason ?? '');
  assert.ok(
    reasons.some((reason) => reason.includes('needs all 3')),
    reasons.join('; '),
  );
  void world.make('c').start();
  assert.ok((await world.leader()).role === 'leading');
  await world.end();
});

test('who reaches the lease but no majority leaves it alone, and says so', async () => {
  const world = new NodeWorld();
  const first = await world.begin();
  await world.settled(first.data.update(to(1)));
  await world.clock.pass(100);
  await world.settled(first.stop());
  world.nodes.delete(first.id);
  const [one, other] = [...world.nodes.values()];
  assert.ok(one !== undefined && other !== undefined);
  world.lease.partition(one.id, other.id);
  const before = world.lease.record('tree')?.revision;
  await world.clock.pass(4 * LEASE_MS);
  assert.is(world.lease.record('tree')?.revision, before);
  for (const { status } of [one, other]) {
    assert.match(status.problem?.reason ?? '', '2 of 3 nodes have to answer, 1 did');
  }
  world.lease.heal();
  await world.leader();
  await world.end();
});

test('subscribers hear of changes whatever role the node is in', async () => {
  const world = new NodeWorld();
  const first = await world.begin();
  const heard = new Map<string, number>();
  for (const node of world.nodes.values()) {
    node.data.subscribe(() => heard.set(node.id, node.data.get().n));
  }
  await world.settled(first.data.update(to(1)));
  await world.clock.pass(100);
  await world.settled(first.stop());
  world.nodes.delete(first.id);
  const second = await world.leader();
  await world.settled(second.data.update(to(2)));
  await world.clock.pass(100);
  for (const id of world.nodes.keys()) assert.is(heard.get(id), 2, id);
  assert.is(heard.get(first.id), 1);
  await world.end();
});

test('its statechart is inspected as any other, and an inspector that throws harms nothing', async () => {
  const world = new NodeWorld();
  const entries: Entry[] = [];
  const inspector = createCollector({
    sink: { take: (taken) => void entries.push(...taken) },
    clock: world.clock,
  });
  let calls = 0;
  const broken = () => {
    calls += 1;
    throw new Error('no');
  };
  const leader = await world.begin({ inspect: [broken, inspector.inspect] });
  const heard = calls;
  await world.clock.pass(LEASE_MS);
  assert.is(leader.role, 'leading');
  // Once for each run that has it, and for each node's own actor.
  assert.ok(heard > 0 && calls === heard, `${calls} calls`);
  const charts = entries.flatMap((entry) => (entry.kind === 'machine' ? [entry.chart.id] : []));
  assert.ok(charts.includes('node'), charts.join());
  assert.ok(JSON.stringify(entries).includes('"leading"'));
  await world.end();
  inspector.close();
});

test('wrong options are refused by name', () => {
  const good = {
    item: 'tree',
    id: 'a',
    members: ['a'],
    data: document({ n: 0 }),
    lease: memoryLease(),
    transports: { listen: () => assert.unreachable(), connect: () => assert.unreachable() },
  };
  const wrongs = [
    { members: ['b'] },
    { members: ['a', 'a'] },
    { members: [] },
    { id: '' },
    { lease: {} },
    ...[undefined, Number.NaN, 0, 2 ** 30, '3000'].map((leaseMs) => ({
      lease: { ...memoryLease(), join: () => assert.unreachable(), leaseMs },
    })),
    { transports: {} },
    { conflicts: 'drop' },
    { leaseMs: 5 },
  ];
  for (const wrong of wrongs) {
    try {
      createNode({ ...good, ...wrong } as never);
      assert.unreachable(JSON.stringify(wrong));
    } catch (error) {
      assert.is((error as ReplicationError).code, 'INVALID_OPTION', JSON.stringify(wrong));
    }
  }
});

test.run();
