/** The metrics of a running cluster, by the real SDK, and the page that lists them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReplicationError } from '../../lib/errors.js';
import { createTelemetry } from '../../lib/telemetry/create-telemetry.js';
import { METRICS, type MetricSpec } from '../../lib/telemetry/metric-table.js';
import { packageRoot } from '../support/package-root.js';
import { RelayCluster } from '../support/relay-cluster.js';
import { refusing, setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';
import { ServiceDisk } from '../support/service-disk.js';
import { type ProbeOptions, TelemetryProbe } from '../support/telemetry-probe.js';

const test = suite('telemetry: metrics');

/** Confirmations of one-phase changes are gathered for some milliseconds. */
const confirmed = (cluster: ServiceCluster) => cluster.clock.pass(100);

async function measured(options: ProbeOptions = {}) {
  const cluster = new ServiceCluster();
  const probe = new TelemetryProbe(options);
  const { inspect } = probe;
  const master = cluster.master({ inspect });
  const slaves = [
    cluster.slave('s1', { inspect, data: refusing('bad') }),
    cluster.slave('s2', { inspect }),
  ];
  await cluster.start(master, ...slaves);
  await cluster.converge(master, slaves);
  await confirmed(cluster);
  return { cluster, probe, master, slaves };
}

test('changes, updates, votes and durations by method, outcome and stage', async () => {
  const { cluster, probe, master, slaves } = await measured();
  await cluster.finish(master.node.data.update(setter('a'), { ...TWO_PHASE, ack: 'applied' }));
  await cluster.finish(master.node.data.update(setter('b'), { ack: 'applied' }));
  await cluster.failure(master.node.data.update(setter('bad'), TWO_PHASE));
  await cluster.converge(master, slaves);
  const two = { 'replichart.method': 'two-phase' };
  const committed = { 'replichart.outcome': 'committed' };
  assert.is(await probe.sum('replichart.changes', { ...two, ...committed }), 1);
  const vetoed = { ...two, 'replichart.outcome': 'aborted', 'error.type': 'VETOED' };
  assert.is(await probe.sum('replichart.changes', vetoed), 1);
  assert.is(await probe.sum('replichart.updates', committed), 2);
  assert.is(await probe.sum('replichart.votes', { 'replichart.vote': 'no' }), 1);
  assert.ok((await probe.sum('replichart.votes', { 'replichart.vote': 'yes' })) >= 2);
  for (const [stage, count] of [
    ['prepare', 2],
    ['decide', 1],
    ['commit', 2],
    ['confirm', 2],
    ['total', 3],
  ] as const) {
    const durations = await probe.sum('replichart.change.duration', { 'replichart.stage': stage });
    assert.is(durations, count, stage);
  }
  const applied = { 'replichart.stage': 'apply', 'replichart.node': 's1' };
  // The first copy, and two changes.
  assert.is(await probe.sum('replichart.slave.duration', applied), 3);
  const duration = (await probe.metrics()).get('replichart.change.duration');
  const seconds = duration?.points.reduce((sum, point) => sum + (point.sum ?? 0), 0) ?? -1;
  assert.ok(seconds >= 0 && seconds < 60, `${seconds} s`);
  assert.is(await probe.sum('replichart.change.size'), 2);
});

test('versions, lag, links, queue and ages are read when they are collected', async () => {
  const { cluster, probe, master, slaves } = await measured();
  await cluster.finish(master.node.data.update(setter('a')));
  await cluster.converge(master, slaves);
  await confirmed(cluster);
  const version = master.node.position?.version ?? 0;
  for (const node of ['master', 's1', 's2']) {
    assert.is(await probe.sum('replichart.version', { 'replichart.node': node }), version);
  }
  assert.is(await probe.sum('replichart.slaves', { 'replichart.link': 'live' }), 2);
  assert.is(await probe.sum('replichart.queue.length'), 0);
  cluster.network.partition('master', 's2');
  await cluster.finish(master.node.data.update(setter('b')));
  await cluster.finish(master.node.data.update(setter('c')));
  await cluster.clock.pass(8000);
  assert.is(await probe.sum('replichart.lag', { 'replichart.slave': 's2' }), 2);
  assert.is(await probe.sum('replichart.lag', { 'replichart.slave': 's1' }), 0);
  assert.is(await probe.sum('replichart.lag.max'), 2);
  assert.is(await probe.sum('replichart.slaves', { 'replichart.link': 'stale' }), 1);
  const silent = await probe.sum('replichart.heartbeat.age', { 'replichart.node': 's2' });
  assert.ok(silent >= 7 && silent < 20, `${silent} s`);
  cluster.network.heal();
  cluster.network.cut('master', 's2');
  await cluster.clock.pass(100);
  assert.ok((await probe.sum('replichart.troubles', { 'replichart.node': 's2' })) > 0);
});

test('master and relay measure the whole tree below them, with a few series whatever its size', async () => {
  const cluster = new RelayCluster();
  const probe = new TelemetryProbe();
  const { inspect } = probe;
  const master = cluster.master({ inspect });
  const relays = [cluster.relay('r1', { inspect }), cluster.relay('r2', { to: 'r1', inspect })];
  const leaves = [...cluster.leaves('r1', 2), ...cluster.leaves('r2', 20)];
  const stuck = cluster.slave('stuck', { to: 'r2', data: refusing('bad') });
  await cluster.start(master, ...relays, ...leaves, stuck);
  await cluster.converge(master, [...leaves, stuck]);
  const before = master.node.position?.version ?? 0;
  await cluster.finish(master.node.data.update(setter('bad')));
  await cluster.converge(master, leaves);
  const version = master.node.position?.version ?? 0;
  const isTold = () => master.node.below().versions[0]?.slaves === 24;
  await cluster.until('it is told', () => isTold() && master.node.below().worst !== null);
  const seen = await probe.metrics();
  const belowOf = (node: string) =>
    ['', '.live', '.current', '.version.min'].map((part) => {
      const points = seen.get(`replichart.below${part}`)?.points ?? [];
      assert.is(points.length, 3, 'of the master and of each relay, not of slaves');
      return points.find(({ attributes }) => attributes['replichart.node'] === node)?.value;
    });
  assert.equal(belowOf('master'), [25, 25, 24, before]);
  assert.equal(belowOf('r1'), [24, 24, 23, before]);
  assert.equal(belowOf('r2'), [21, 21, 20, before]);
  await cluster.stop(stuck, ...leaves.slice(2), ...relays.slice(1));
  await cluster.until('it is told', () => master.node.below().live === 3);
  const of = { 'replichart.node': 'master' };
  assert.is(await probe.sum('replichart.below', of), 4);
  assert.is(await probe.sum('replichart.below.version.min', of), version);
});

test('a slave in doubt shows for how long', async () => {
  const cluster = new ServiceCluster();
  const probe = new TelemetryProbe();
  const { inspect } = probe;
  const disk = new ServiceDisk();
  const master = cluster.master({ disk });
  const slave = cluster.slave('s1', { disk: new ServiceDisk(), inspect });
  await cluster.start(master, slave);
  await cluster.converge(master, [slave]);
  const isDecision = (keys: readonly string[]) => keys.some((key) => key.includes('decision'));
  disk.after = ({ keys }) => void (isDecision(keys) && master.kill());
  void master.node.data.update(setter('a'), TWO_PHASE);
  await cluster.until('prepared', () => slave.node.status.round !== 'none');
  assert.is(await probe.sum('replichart.in_doubt.age'), 0);
  await cluster.clock.pass(12_000);
  const doubt = await probe.sum('replichart.in_doubt.age', { 'replichart.node': 's1' });
  assert.ok(doubt > 1 && doubt <= 12, `${doubt} s`);
});

test('messages, bytes and transfers: what one side sent the other received', async () => {
  const { cluster, probe, master, slaves } = await measured();
  await cluster.finish(master.node.data.update(setter('a'), { ...TWO_PHASE, ack: 'applied' }));
  await cluster.converge(master, slaves);
  const prepare = { 'replichart.message.kind': 'prepare' };
  for (const fate of ['sent', 'received']) {
    const all = { ...prepare, 'replichart.message.fate': fate };
    assert.is(await probe.sum('replichart.messages', all), 2, fate);
  }
  const out = await probe.sum('replichart.network.io', {
    ...prepare,
    'network.io.direction': 'transmit',
  });
  const received = await probe.sum('replichart.network.io', {
    ...prepare,
    'network.io.direction': 'receive',
  });
  assert.ok(out > 100);
  assert.is(out, received);
  assert.is(await probe.sum('replichart.transfers', { 'replichart.transfer.kind': 'snapshot' }), 2);
});

test('series are bounded: few slaves by name, unknown codes as one', async () => {
  const { cluster, probe, master, slaves } = await measured({ slavesMax: 1 });
  const named = async () => {
    const points = (await probe.metrics()).get('replichart.lag')?.points ?? [];
    return points.map(({ attributes }) => attributes['replichart.slave']);
  };
  const before = await named();
  assert.is(before.length, 1);
  for (const id of ['s1', 's2']) cluster.network.partition('master', id);
  await cluster.finish(master.node.data.update(setter('a')));
  cluster.network.heal('master', String(before[0]));
  await cluster.clock.pass(2000);
  assert.equal(await named(), before);
  assert.is(await probe.sum('replichart.lag'), 0);
  assert.is(await probe.sum('replichart.lag.max'), 1);
  cluster.network.heal();
  const node = { role: 'slave', item: 'i', id: 'x', incarnation: '1', report: () => ({}) };
  for (const code of ['MADE_UP', 'another', 'VETOED']) {
    const trouble = { code, reason: 'r', heuristic: false };
    probe.inspect({ type: '@replichart.trouble', node, trouble });
  }
  const x = { 'replichart.node': 'x' };
  assert.is(await probe.sum('replichart.troubles', { ...x, 'error.type': '_OTHER' }), 2);
  assert.is(await probe.sum('replichart.troubles', { ...x, 'error.type': 'VETOED' }), 1);
  await cluster.stop(master, ...slaves);
});

test('a node that stopped is measured no more, nor anything after close', async () => {
  // The SDK goes on exporting the last value of a cumulative series.
  const { cluster, probe, master, slaves } = await measured({ isDelta: true });
  await cluster.stop(...slaves);
  const nodes = async () => {
    const points = (await probe.metrics()).get('replichart.version')?.points ?? [];
    return points.map(({ attributes }) => attributes['replichart.node']);
  };
  assert.equal(await nodes(), ['master']);
  probe.telemetry.close();
  await cluster.finish(master.node.data.update(setter('a')));
  assert.equal(await nodes(), []);
  assert.is(await probe.sum('replichart.changes'), 0);
});

test('events of other systems, and nonsense, are passed over', () => {
  const { telemetry } = new TelemetryProbe();
  for (const event of [null, 5, {}, { type: '@xstate.snapshot' }, { type: 5, node: {} }]) {
    telemetry.inspect(event);
  }
  telemetry.inspect({ type: '@replichart.change', node: { role: 'master' } });
});

test('options are checked by name', () => {
  for (const options of [{ slavesMax: -1 }, { slavesMax: 0.5 }, { tracer: 1 } as object]) {
    assert.throws(
      () => createTelemetry(options),
      (error: unknown) => error instanceof ReplicationError && error.code === 'INVALID_OPTION',
    );
  }
});

const CELL = /^\| `(?<name>[\w.]+)` \| (?<kind>\w+) \| `(?<unit>[^`]+)` \|(?<attributes>[^|]*)\|/;

test('docs/observability.md lists every metric that is registered, as it is', async () => {
  const page = readFileSync(join(packageRoot, 'docs/observability.md'), 'utf8');
  const listed = new Map<string, unknown>();
  for (const line of page.split('\n')) {
    const cells = CELL.exec(line)?.groups;
    if (cells?.name === undefined) continue;
    const attributes = [...(cells.attributes ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name);
    listed.set(cells.name, { kind: cells.kind, unit: cells.unit, attributes });
  }
  const specs: [string, MetricSpec][] = Object.entries(METRICS);
  const registered = specs.map(([name, { kind, unit, attributes }]) => [
    name,
    { kind, unit, attributes: [...attributes] },
  ]);
  assert.equal([...listed], registered);
  const { cluster, probe, master } = await measured();
  await cluster.failure(master.node.data.update(setter('bad'), TWO_PHASE));
  const common = new Set(['replichart.item', 'replichart.node']);
  for (const [name, { unit, points }] of await probe.metrics()) {
    const spec = specs.find(([known]) => known === name)?.[1];
    assert.is(unit, spec?.unit, name);
    const used = points.flatMap(({ attributes }) => Object.keys(attributes));
    const odd = used.filter((key) => !common.has(key) && !spec?.attributes.includes(key));
    assert.equal(odd, [], name);
  }
});

test.run();
