/** Entries made of what inspectors are told, by real clusters and by actors of other hosts. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { assign, createActor, setup } from 'xstate';
import { createCollector } from '../../lib/inspector/collect/collector.js';
import { withChanges } from '../../lib/inspector/context-paths.js';
import type { Entry, StepEntry } from '../../lib/inspector/entries.js';
import { readLine, writeLine } from '../../lib/inspector/json.js';
import { keptValue, LeftOutBytes } from '../../lib/inspector/lines/kept-value.js';
import { VirtualClock } from '../../lib/testing/virtual-clock.js';
import { EPOCH_MS, InspectedCluster } from '../support/inspected-cluster.js';
import { setter, TWO_PHASE } from '../support/service-changes.js';

const test = suite('the collector');

async function scene(options: ConstructorParameters<typeof InspectedCluster>[0] = {}) {
  const cluster = new InspectedCluster(options);
  const master = cluster.master(cluster.inspected);
  const slaves = ['s1', 's2'].map((id) => cluster.slave(id, cluster.inspected));
  await cluster.start(master, ...slaves);
  await cluster.converge(master, slaves);
  return { cluster, master, slaves };
}

test('nodes, machines once, actors by name, and how all of them end', async () => {
  const { cluster, master, slaves } = await scene();
  const nodes = cluster.of('node').map(({ role, id, item }) => [role, id, item]);
  const expected = [
    ['master', 'master', 'item'],
    ['slave', 's1', 'item'],
    ['slave', 's2', 'item'],
  ];
  assert.equal(nodes.sort(), expected);
  const machines = cluster.of('machine').map(({ chart }) => chart.id);
  assert.equal(machines.sort(), ['master', 'session', 'slave']);
  const names = cluster.of('actor').map(({ name }) => name);
  assert.equal(names.sort(), ['master', 'session of s1', 'session of s2', 'slave', 'slave']);
  await cluster.stop(...slaves, master);
  assert.is(cluster.of('actor-end').length, 5);
  assert.is(cluster.of('node-end').length, 3);
  const last = cluster.entries.length;
  await cluster.clock.pass(10_000);
  assert.is(cluster.entries.length, last, 'nothing is told of what is over');
});

test('steps lead from where an actor was seen to where it stands, by id of transition', async () => {
  const { cluster, master } = await scene();
  await cluster.finish(master.node.data.update(setter('a'), TWO_PHASE));
  await cluster.clock.pass(5_000);
  const machines = new Map(cluster.of('machine').map(({ machine, chart }) => [machine, chart]));
  for (const actor of cluster.of('actor')) {
    const ids = new Set<string>();
    const collect = (state: NonNullable<ReturnType<typeof machines.get>>['root']): void => {
      for (const { id } of state.transitions) ids.add(id);
      for (const child of state.children) collect(child);
    };
    const chart = machines.get(actor.machine ?? '');
    assert.ok(chart);
    collect(chart.root);
    const steps = cluster.of('step').filter((step) => step.actor === actor.actor);
    assert.ok(steps.length > 0);
    for (const { taken } of steps) for (const id of taken) assert.ok(ids.has(id), id);
  }
  const [slave] = cluster.of('actor').filter(({ name }) => name === 'slave');
  const own = cluster.of('step').filter(({ actor }) => actor === slave?.actor);
  let context = slave?.context;
  for (const { changed } of own) context = withChanges(context, changed ?? {});
  const { facts } = context as { facts: { position: unknown; prepared: unknown } };
  assert.equal(facts.position, master.node.position);
  assert.ok(own.some(({ event }) => event.type === 'message'));
  const timers = own.filter(({ event }) => event.type.startsWith('xstate.after.'));
  assert.ok(timers.length > 0, 'events of timers are told');
  assert.is(timers[0]?.from, slave?.actor, 'it sends them to itself');
  const keys = own.flatMap(({ changed }) => Object.keys(changed ?? {}));
  assert.ok(keys.length > 0 && keys.every((key) => key.startsWith('facts.')), keys.join(' '));
});

test('payload bytes are left out, or kept where they are asked for', async () => {
  const bytesOf = (entries: readonly Entry[]): unknown[] => {
    const bodies = entries.flatMap((entry) =>
      entry.kind === 'message' && entry.name === 'prepare'
        ? [(entry.message as { payload: { body: unknown } }).payload.body]
        : [],
    );
    assert.ok(bodies.length > 0);
    return bodies;
  };
  const plain = await scene();
  await plain.cluster.finish(plain.master.node.data.update(setter('a'), TWO_PHASE));
  for (const body of bytesOf(plain.cluster.entries)) assert.instance(body, LeftOutBytes);
  for (const entry of plain.cluster.entries) {
    assert.not.match(JSON.stringify(keptValue(entry)), /"0":\d+,"1":\d+/);
  }
  const whole = await scene({ collector: { payloads: true } });
  await whole.cluster.finish(whole.master.node.data.update(setter('a'), TWO_PHASE));
  for (const body of bytesOf(whole.cluster.entries)) assert.instance(body, Uint8Array);
});

test('every entry is written and read as it was, in the order of time', async () => {
  const { cluster, master } = await scene({ faults: { lossRatio: 0.1 }, seed: 'lines' });
  await cluster.finish(master.node.data.update(setter('a'), { method: 'two-phase' }), 60_000);
  cluster.network.cut('master', 's1');
  await cluster.clock.pass(5_000);
  let at = EPOCH_MS;
  for (const entry of cluster.entries) {
    assert.equal(readLine(writeLine(entry)), entry);
    assert.ok(entry.at >= at);
    at = entry.at;
  }
});

test('reports follow changes, not faster than asked, and go on each heartbeat', async () => {
  const { cluster, master } = await scene();
  await cluster.clock.pass(10_000);
  const node = cluster.of('node').find(({ role }) => role === 'master');
  const reports = () => cluster.of('report').filter((entry) => entry.node === node?.node);
  const before = reports().length;
  await cluster.clock.pass(10_000);
  const idle = reports().length - before;
  assert.ok(idle >= 9 && idle <= 60, `${idle} in ten seconds`);
  for (let index = 0; index < 20; index += 1) {
    await cluster.finish(master.node.data.update(setter('a', index)));
    await cluster.clock.pass(10);
  }
  await cluster.clock.pass(1_000);
  const report = reports().at(-1)?.report;
  assert.ok(report?.role === 'master');
  assert.equal(report.status.position, master.node.position);
  assert.equal(
    report.slaves.map(({ version }) => version),
    [report.status.position?.version, report.status.position?.version],
  );
});

test('under pressure gaps say what was left out, and states after them are right', async () => {
  const { cluster, master, slaves } = await scene({ collector: { rateMax: 20 } });
  for (let index = 0; index < 50; index += 1) {
    await cluster.finish(master.node.data.update(setter('a', index), TWO_PHASE));
  }
  await cluster.converge(master, slaves);
  await cluster.clock.pass(1_000);
  const gaps = cluster.of('gap');
  assert.ok(gaps.length > 0);
  assert.ok(gaps.every(({ count, reason }) => count > 0 && reason === 'rate'));
  const actors = new Map<string, unknown>();
  for (const entry of cluster.entries) {
    if (entry.kind === 'actor') actors.set(entry.actor, entry.context);
    if (entry.kind !== 'step' || entry.changed === undefined) continue;
    actors.set(entry.actor, withChanges(actors.get(entry.actor), entry.changed));
  }
  const positions = [...actors.values()].flatMap((context) => {
    const { facts } = context as { facts?: { position: unknown } };
    return facts === undefined ? [] : [facts.position];
  });
  assert.equal(positions, [master.node.position, master.node.position]);
  const shown = cluster.of('change').filter(({ stage }) => stage === 'committed').length;
  const counted = cluster.of('gap').reduce((sum, gap) => sum + (gap.changes?.committed ?? 0), 0);
  assert.is(shown + counted, 50, 'every change is shown or counted');
  const release = cluster.collector.wholly();
  const before = cluster.of('gap').length;
  await cluster.finish(master.node.data.update(setter('b'), TWO_PHASE));
  await cluster.clock.pass(1_000);
  assert.is(cluster.of('gap').length, before, 'nothing is left out of a recording');
  release();
});

const counter = setup({
  types: { context: {} as { count: number; big: { list: number[] } } },
  actions: { add: assign(({ context }) => ({ count: context.count + 1 })) },
}).createMachine({
  id: 'counter',
  context: { count: 0, big: { list: [1] } },
  initial: 'on',
  states: { on: { on: { add: { actions: 'add' }, off: 'off' } }, off: { type: 'final' } },
});

test('any XState actor can be watched: its system is a node of its own', () => {
  const entries: Entry[] = [];
  const collector = createCollector({
    sink: { take: (taken) => void entries.push(...taken) },
    clock: new VirtualClock(),
    prefix: 'x',
  });
  for (let index = 0; index < 2; index += 1) {
    const actor = createActor(counter, { inspect: collector.inspect }).start();
    actor.send({ type: 'add' });
    actor.send({ type: 'unknown' });
    actor.send({ type: 'off' });
  }
  const kinds = entries.map(({ kind }) => kind);
  const steps = ['step', 'step', 'step', 'actor-end', 'node-end'];
  assert.equal(kinds, ['node', 'machine', 'actor', ...steps, 'node', 'actor', ...steps]);
  const taken = entries.filter((entry): entry is StepEntry => entry.kind === 'step');
  assert.equal(
    taken.slice(0, 3).map((step) => [step.event.type, step.taken, step.value, step.changed]),
    [
      ['add', ['on/add/0'], undefined, { count: 1 }],
      ['unknown', [], undefined, undefined],
      ['off', ['on/off/0'], 'off', undefined],
    ],
  );
  collector.close();
});

const SENT = 5000;

test('showing takes a bounded part of the time: where it takes long, little is shown', () => {
  const virtual = new VirtualClock();
  let nowMs = 0;
  const tick = (ms: number): number => {
    nowMs += ms;
    return nowMs;
  };
  // Each look at the time finds half a millisecond gone: a machine that has much else to do.
  const clock = { ...virtual, setTimeout: () => 0, clearTimeout: () => {}, now: () => tick(0.5) };
  const entries: Entry[] = [];
  const sink = { take: (taken: readonly Entry[]) => void entries.push(...taken) };
  const setImmediate = virtual.setImmediate.bind(virtual);
  const collector = createCollector({ sink, clock: { ...clock, setImmediate } });
  const actor = createActor(counter, { inspect: collector.inspect }).start();
  for (let index = 0; index < SENT; index += 1) actor.send({ type: 'add' });
  const shown = entries.filter(({ kind }) => kind === 'step').length;
  // A thousand are shown whatever they take, and then a hundred per second.
  const secondsMax = nowMs / 1000;
  assert.ok(shown < 1100 + 110 * secondsMax, `${shown} in ${secondsMax} s`);
  assert.ok(shown < SENT / 2, `${shown} of ${SENT} are shown`);
  tick(20_000);
  actor.send({ type: 'add' });
  const left = entries.reduce((sum, entry) => sum + (entry.kind === 'gap' ? entry.count : 0), 0);
  const steps = entries.filter(({ kind }) => kind === 'step').length;
  assert.is(steps + left, SENT + 1, 'what is shown and what is told as left out is all there was');
  const counts = entries.flatMap((entry) => {
    if (entry.kind === 'step') return [entry.changed?.count];
    return entry.kind === 'actor' ? [(entry.context as { count: number }).count] : [];
  });
  assert.is(counts.at(-1), SENT + 1);
  collector.close();
});

test('an actor that is seen late is told as it stands', () => {
  const entries: Entry[] = [];
  const sink = { take: (taken: readonly Entry[]) => void entries.push(...taken) };
  const collector = createCollector({ sink, clock: new VirtualClock() });
  const actor = createActor(counter).start();
  actor.send({ type: 'add' });
  actor.system.inspect(collector.inspect);
  actor.send({ type: 'add' });
  const told = entries.find((entry) => entry.kind === 'actor');
  assert.equal(told?.context, { count: 1, big: { list: [1] } });
  const step = entries.find((entry) => entry.kind === 'step');
  assert.equal(step?.changed, { count: 2 });
  collector.close();
});

test.run();
