/** A slave that moved is counted once in the figures of the tree, wherever it was before (P2). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Random, seededRandom } from '../../lib/runtime/random.js';
import { belowOf } from '../../lib/service/below.js';
import type { BelowStatus, SlaveInfo } from '../../lib/service/status.js';
import { Subtree } from '../../lib/service/subtree.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import type { NodeMove } from '../../machines/protocol.js';
import { RelayCluster, type RelayLife } from '../support/relay-cluster.js';
import { setter } from '../support/service-changes.js';
import type { MasterLife, SlaveLife } from '../support/service-cluster.js';
import { infoOf } from '../support/sights.js';

const test = suite('relay: slaves that move');

const SEEDS = Number(process.env.RELAY_SEEDS ?? 6);
const FIRST = Number(process.env.RELAY_SEED ?? 1);

/** Milliseconds until the tree has settled: a killed slave is noticed after ten heartbeats. */
const SETTLED_MS = 25_000;

const totalOf = ({ versions }: BelowStatus) =>
  versions.reduce((total, { slaves }) => total + slaves, 0);

/** r1 and r2 below the master, r3 and r4 below r1. */
async function tree() {
  const cluster = new RelayCluster();
  const master = cluster.master();
  const relays = new Map<string, RelayLife>();
  for (const [id, to] of [
    ['r1', 'master'],
    ['r2', 'master'],
    ['r3', 'r1'],
    ['r4', 'r1'],
  ] as const) {
    relays.set(id, cluster.relay(id, { to }));
  }
  await cluster.start(master, ...relays.values());
  const relay = (id: string): RelayLife => {
    const found = relays.get(id);
    if (found === undefined) throw new Error(`there is no ${id}`);
    return found;
  };
  const settle = () => cluster.clock.pass(SETTLED_MS);
  const update = () => cluster.finish(master.node.data.update(setter(`at ${cluster.clock.now()}`)));
  const start = async (to: string, ...ids: readonly string[]) => {
    const slaves = ids.map((id) => cluster.slave(id, { to }));
    await cluster.start(...slaves);
    await cluster.converge(master, slaves);
    return slaves;
  };
  const check = (slaves: number, live: number, why: string) => {
    const below = master.node.below();
    const version = master.node.position?.version;
    assert.equal([below.slaves, totalOf(below), below.live], [slaves, slaves, live], why);
    assert.equal(below.versions[0], { version, slaves: live }, why);
  };
  return { cluster, master, relay, settle, update, start, check };
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `s${index + 1}`);

test('forty slaves move to another relay: each is counted once, at the version it has there', async () => {
  const { cluster, relay, settle, update, start, check } = await tree();
  const before = await start('r1', ...names(40));
  await start('r1', 'stays');
  await settle();
  check(45, 45, 'before');
  for (const [index, slave] of before.entries()) {
    if (index % 4 === 0) await update();
    await cluster.stop(slave);
  }
  await start('r2', ...names(40));
  await update();
  await settle();
  check(45, 45, 'after');
  assert.is(relay('r1').node.slaves().length, 43, 'its former relay lists it until forget');
  cluster.network.cut('r1', 'master');
  await update();
  await settle();
  check(45, 45, 'after its former relay told everything again');
});

test('within the part of one relay, and out of it: every level counts each once', async () => {
  const { cluster, master, relay, settle, update, start, check } = await tree();
  let [slave] = await start('r3', 's');
  for (const to of ['r4', 'r1', 'r2', 'master', 'r3', 'r4']) {
    if (slave !== undefined) await cluster.stop(slave);
    [slave] = await start(to, 's');
    await update();
    await settle();
    check(5, 5, `at ${to}`);
    const { slaves } = relay('r1').node.status.below;
    assert.is(slaves, 3, `r1 and the slave at ${to}`);
    const named = master.node.below().behind.map(({ id }) => id);
    assert.equal(named, [], 'it is shown where it is, not where it was');
  }
});

test('one that left for good is counted where it was last, and not at all once it is forgotten', async () => {
  const { cluster, master, relay, settle, update, start, check } = await tree();
  const [first] = await start('r1', 's');
  if (first !== undefined) await cluster.stop(first);
  await update();
  const [second] = await start('r2', 's');
  if (second !== undefined) await cluster.stop(second);
  await update();
  await settle();
  check(5, 4, 'gone');
  assert.equal(
    master.node.below().behind.map(({ id, via }) => [id, ...via]),
    [['s', 'r2']],
  );
  relay('r1').node.forget('s');
  await settle();
  check(5, 4, 'forgotten where it was before');
  relay('r2').node.forget('s');
  await settle();
  check(4, 4, 'forgotten where it was last');
});

test('forget at the former relay takes nobody else out of the figures', async () => {
  const { cluster, relay, settle, update, start, check } = await tree();
  const [moving, , other] = await start('r1', 's1', 's2', 's3');
  if (moving !== undefined) await cluster.stop(moving);
  await start('r2', 's1');
  if (other !== undefined) await cluster.stop(other);
  await update();
  await settle();
  check(7, 6, 'one is gone');
  relay('r1').node.forget('s1');
  await update();
  await settle();
  check(7, 6, 'the same');
});

/** What is true of the tree, beside it. */
class Wanderers {
  readonly running = new Map<string, SlaveLife>();
  readonly known = new Set<string>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T;
  }

  async step(cluster: RelayCluster, forgetters: readonly (RelayLife | MasterLife)[]) {
    const id = this.pick(names(10));
    const slave = this.running.get(id);
    const dice = this.#random();
    if (slave === undefined && dice < 0.1) {
      for (const { node } of forgetters) node.forget(id);
      this.known.delete(id);
    } else if (slave === undefined) {
      const next = cluster.slave(id, { to: this.pick(['master', 'r1', 'r2', 'r3', 'r4']) });
      await cluster.start(next);
      this.running.set(id, next);
      this.known.add(id);
    } else {
      if (dice < 0.3) slave.kill();
      else await cluster.stop(slave);
      this.running.delete(id);
    }
  }
}

test('whatever moves, dies, is forgotten or cut off: in the end each is counted once', async () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
    const random = seededRandom(seed, 'wanderers');
    const { cluster, master, relay, settle, update, check } = await tree();
    const relays = ['r1', 'r2', 'r3', 'r4'].map(relay);
    const wanderers = new Wanderers(random);
    for (let step = 0; step < 40; step += 1) {
      await wanderers.step(cluster, [master, ...relays]);
      await cluster.clock.pass(random() * 3000);
      if (random() < 0.3) await update();
      if (random() < 0.05) cluster.network.cut(wanderers.pick(['r1', 'r2']), 'master');
    }
    await settle();
    await cluster.converge(master, [...wanderers.running.values()]);
    await update();
    await settle();
    const { known, running } = wanderers;
    check(4 + known.size, 4 + running.size, `seed ${seed}`);
  }
});

/** A side with relays, told by hand: words that come late, or from before a restart. */
function side() {
  const moves: NodeMove[] = [];
  const subtree = new Subtree({
    clock: new VirtualClock(),
    heartbeatMs: () => 1000,
    trouble: () => {},
    moved: (move) => moves.push(move),
  });
  const say = (relay: string, version: number, slaves: number, ...said: readonly NodeMove[]) => {
    const versions = [{ version, slaves }];
    subtree.told(relay, { kind: 'below', relays: 0, live: 1, versions, behind: [], moves: said });
  };
  const move = (id: string, state: NodeMove['state'], version = 0): NodeMove => {
    return { id, via: [], incarnation: `${id}-1`, state, version };
  };
  const countOf = (...rows: readonly SlaveInfo[]) => belowOf(rows, 4711, subtree).slaves;
  return { subtree, moves, say, move, countOf };
}

test('word of a forget that comes late, or never, takes nobody else out of the figures', () => {
  const { subtree, say, move, countOf } = side();
  subtree.came('r', 'r-1');
  say('r', 5, 2, move('stays', 'here'), move('s', 'left', 5));
  const rows = [infoOf('r'), infoOf('s')];
  assert.is(countOf(...rows), 4, 'two places until it came elsewhere');
  subtree.came('s', 's-1');
  assert.is(countOf(...rows), 3);
  say('r', 5, 1);
  assert.is(countOf(...rows), 3, 'the relay counts it no more, and it is not subtracted again');
});

test('of two places that a slave left, the one where it came further counts, in whatever order', () => {
  const { subtree, moves, say, move, countOf } = side();
  for (const id of ['r1', 'r2']) subtree.came(id, `${id}-1`);
  const rows = [infoOf('r1'), infoOf('r2')];
  say('r2', 9, 2, move('stays', 'here'), move('s', 'left', 9));
  say('r1', 4, 2, move('rests', 'here'), move('s', 'left', 4));
  assert.is(countOf(...rows), 5);
  assert.equal([subtree.hasMoved('s', ['r1']), subtree.hasMoved('s', ['r2'])], [true, false]);
  const last = moves.at(-1);
  assert.equal([last?.via, last?.state], [['r1'], 'dropped'], 'and so it is told to those above');
});

test('a master that was restarted knows a slave from its disk, which is below a relay now', () => {
  const { subtree, say, move, countOf } = side();
  subtree.came('r', 'r-1');
  const rows = [infoOf('r'), infoOf('s', { link: 'stale', version: 0, stage: 'gone' })];
  say('r', 5, 1, move('s', 'here'));
  assert.is(countOf(...rows), 2);
  say('r', 5, 1, move('s', 'left', 5));
  assert.is(countOf(...rows), 2, 'gone there, it is counted there');
});

test('P15: of those that left the last ten thousand are remembered, whatever ids there were', () => {
  const { subtree } = side();
  for (let index = 0; index < 10_050; index += 1) {
    subtree.came(`s${index}`, 'life');
    subtree.left(`s${index}`, 1);
  }
  const all = [...subtree.everybody()];
  assert.is(all.length, 10_000);
  assert.equal([all[0]?.id, all[0]?.state, all[0]?.version], ['s50', 'left', 1]);
});

test.run();
