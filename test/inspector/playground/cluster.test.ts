/** The playground's cluster on the virtual clock: everything a person can do to it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type PlayChange, PlayCluster } from '../../../lib/inspector/playground/cluster.js';
import { VirtualClock } from '../../../lib/testing/virtual-clock.js';

const test = suite('playground cluster');

interface Seen {
  readonly type: string;
  readonly node?: { readonly id: string };
}

interface Played {
  readonly clock: VirtualClock;
  readonly cluster: PlayCluster;
  readonly events: Seen[];
}

async function withCluster(work: (played: Played) => Promise<void>): Promise<void> {
  const clock = new VirtualClock();
  const events: Seen[] = [];
  const inspect = (event: unknown) => void events.push(event as Seen);
  const cluster = new PlayCluster({ clock, seed: 'playground', inspect });
  await done(clock, cluster.start());
  await agreed(clock, cluster);
  await work({ clock, cluster, events });
  await done(clock, cluster.stop());
}

/** Lets time pass until the promise is settled. */
async function done<T>(clock: VirtualClock, work: Promise<T>, limitMs = 30_000): Promise<T> {
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  over.catch(() => undefined);
  assert.ok(await clock.passUntil(() => isOver, limitMs), `not done after ${limitMs} ms`);
  return over;
}

async function agreed(clock: VirtualClock, cluster: PlayCluster, limitMs = 30_000): Promise<void> {
  const isThere = await clock.passUntil(() => cluster.isInStep, limitMs);
  assert.ok(isThere, JSON.stringify(cluster.view(), null, 1));
}

const stageOf = (cluster: PlayCluster, id: string) =>
  cluster.view().find((each) => each.id === id)?.stage;

test('a master and three slaves agree on the first value', () =>
  withCluster(async ({ cluster }) => {
    const views = cluster.view();
    const ids = views.map(({ id }) => id);
    assert.equal(ids, ['master', 'slave-1', 'slave-2', 'slave-3']);
    assert.equal(
      views.map(({ value }) => value),
      Array(4).fill({ colour: 'amber', number: 0 }),
    );
  }));

for (const method of ['one-phase', 'two-phase'] as const) {
  test(`a ${method} change reaches every node`, () =>
    withCluster(async ({ clock, cluster }) => {
      const change = await done(clock, cluster.change(method));
      assert.is(change.state, 'made');
      await agreed(clock, cluster);
      for (const { value, version } of cluster.view()) {
        assert.equal(value, change.value);
        assert.is(version, change.version);
      }
    }));
}

test('a burst ends with the last value on every node, each change told', () =>
  withCluster(async ({ clock, cluster }) => {
    const changes = await done(clock, cluster.burst('one-phase', 20));
    assert.equal(new Set(changes.map(({ state }) => state)), new Set(['made']));
    await agreed(clock, cluster);
    assert.is(cluster.view()[3]?.value?.number, 20);
    assert.is(cluster.changes.length, 20);
  }));

test('a slave that vetoes keeps a two-phase change from all, once', () =>
  withCluster(async ({ clock, cluster }) => {
    cluster.veto('slave-2', 'no room left');
    const refused = await done(clock, cluster.change('two-phase'));
    assert.is(refused.state, 'refused');
    assert.match(refused.reason, /slave-2/);
    assert.match(refused.reason, /no room left/);
    await agreed(clock, cluster);
    assert.is(cluster.view()[0]?.value?.number, 0);
    assert.is((await done(clock, cluster.change('two-phase'))).state, 'made');
  }));

test('a killed slave keeps its disk: it catches up by what it lacks', () =>
  withCluster(async ({ clock, cluster }) => {
    cluster.kill('slave-1');
    assert.is(stageOf(cluster, 'slave-1'), 'dead');
    await done(clock, cluster.change('one-phase'));
    assert.is(cluster.view().find(({ id }) => id === 'slave-1')?.value?.number, 0);
    await done(clock, cluster.restart('slave-1'));
    assert.is(cluster.view()[1]?.version, 1, 'its copy is there before the master is heard');
    await agreed(clock, cluster);
  }));

test('whom inspects is told of each process that is killed, and then nothing any more', () =>
  withCluster(async ({ clock, cluster, events }) => {
    const ids = (type: string) =>
      events.flatMap((event) => (event.type === type ? [event.node?.id] : []));
    const all = ['master', 'slave-1', 'slave-2', 'slave-3'];
    assert.equal(ids('@replichart.started'), all);
    assert.equal(ids('@replichart.stopped'), []);
    for (const { id } of cluster.view()) cluster.kill(id);
    assert.equal(ids('@replichart.stopped'), all);
    const atEnd = events.length;
    await clock.pass(10_000);
    assert.is(events.length, atEnd);
    await done(clock, cluster.restart('master'));
    assert.is(ids('@replichart.started').length, 5);
  }));

test('a cut slave turns stale and catches up when the link is mended', () =>
  withCluster(async ({ clock, cluster }) => {
    cluster.cut('slave-3');
    await done(clock, cluster.change('one-phase'));
    assert.ok(await clock.passUntil(() => stageOf(cluster, 'slave-3') === 'stale', 10_000));
    assert.not(cluster.isInStep);
    cluster.mend('slave-3');
    await agreed(clock, cluster);
    assert.is(cluster.view()[3]?.value?.number, 1);
  }));

test('a change while the master is dead is refused with what to do', () =>
  withCluster(async ({ clock, cluster }) => {
    cluster.kill('master');
    const change = await done(clock, cluster.change('one-phase'));
    assert.equal(
      [change.state, change.reason],
      ['refused', 'the master is dead: restart it first'],
    );
    await done(clock, cluster.restart('master'));
    await agreed(clock, cluster);
  }));

test('slaves come and go between one and eight', () =>
  withCluster(async ({ clock, cluster }) => {
    for (let count = 0; count < 9; count += 1) await done(clock, cluster.addSlave());
    assert.is(cluster.slaves.length, 8);
    await agreed(clock, cluster);
    const ids = cluster.slaves.map(({ id }) => id);
    for (const id of ids) await done(clock, cluster.removeSlave(id));
    assert.equal(
      cluster.slaves.map(({ id }) => id),
      ['slave-8'],
    );
    assert.equal(
      cluster.master.face?.slaves().map(({ id }) => id),
      ['slave-8'],
    );
    await done(clock, cluster.addSlave());
    await agreed(clock, cluster);
  }));

test('messages are seen to leave, arrive and get lost', () =>
  withCluster(async ({ clock, cluster }) => {
    cluster.setLinks({ delayMs: 100, lossRatio: 0 });
    const changing = cluster.change('two-phase');
    const kinds = (end: string | null) =>
      cluster.flights.shown.filter((each) => each.end === end).map(({ kind }) => kind);
    assert.ok(await clock.passUntil(() => kinds(null).includes('prepare'), 1000));
    const prepares = cluster.flights.shown.filter(({ kind }) => kind === 'prepare');
    assert.equal(
      prepares.map(({ to }) => to),
      ['slave-1', 'slave-2', 'slave-3'],
    );
    const [flight] = prepares;
    await clock.pass((flight?.dueMs ?? 0) - cluster.clock.now());
    assert.equal([flight?.end, flight?.endMs], ['arrived', flight?.dueMs]);
    await done(clock, changing);
    cluster.setLinks({ delayMs: 100, lossRatio: 1 });
    await clock.pass(2500);
    assert.ok(kinds('lost').includes('announce'), JSON.stringify(cluster.flights.shown));
  }));

test('slow motion: the same takes ten times as long, and nobody is taken for lost', () =>
  withCluster(async ({ clock, cluster }) => {
    cluster.setLinks({ delayMs: 50, lossRatio: 0 });
    const timed = async (): Promise<number> => {
      const startMs = clock.now();
      const change: PlayChange = await done(clock, cluster.change('two-phase'), 100_000);
      assert.is(change.state, 'made');
      return clock.now() - startMs;
    };
    const fastMs = await timed();
    await agreed(clock, cluster);
    cluster.setRate(0.1);
    const slowMs = await timed();
    assert.ok(Math.abs(slowMs - fastMs * 10) < 5, `${fastMs} ms, then ${slowMs} ms`);
    await clock.pass(60_000);
    assert.ok(cluster.isInStep);
  }));

test('at rate 0 nothing happens, and all of it happens after', () =>
  withCluster(async ({ clock, cluster }) => {
    cluster.setRate(0);
    const changing = cluster.change('two-phase');
    await clock.pass(60_000);
    assert.is(cluster.changes.at(-1)?.state, 'open');
    cluster.setRate(1);
    assert.is((await done(clock, changing)).state, 'made');
    await agreed(clock, cluster);
  }));

test.run();
