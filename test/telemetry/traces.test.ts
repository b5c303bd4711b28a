/** One trace per change, over processes that share nothing but the wire. */
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  ParentBasedSampler,
  type ReadableSpan,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { MessageMoved } from '../../lib/service/inspection.js';
import { traceOf } from '../../lib/telemetry/change-trace.js';
import type { LinkFaults } from '../../lib/transports/memory/index.js';
import { refusing, setter, TWO_PHASE } from '../support/service-changes.js';
import { ServiceCluster } from '../support/service-cluster.js';
import { type ProbeOptions, TelemetryProbe } from '../support/telemetry-probe.js';

const test = suite('telemetry: traces');

const APPLIED = { ack: 'applied' } as const;

/** A master and two slaves, each with SDKs of its own as in processes of their own. */
async function traced(options: ProbeOptions = {}, faults: LinkFaults = {}) {
  const cluster = new ServiceCluster({ faults });
  const probes = {
    master: new TelemetryProbe(options),
    s1: new TelemetryProbe(options),
    s2: new TelemetryProbe(options),
  };
  const master = cluster.master({ inspect: probes.master.inspect });
  const slaves = [
    cluster.slave('s1', { inspect: probes.s1.inspect, data: refusing('bad') }),
    cluster.slave('s2', { inspect: probes.s2.inspect }),
  ];
  await cluster.start(master, ...slaves);
  await cluster.finish(master.node.data.update(setter('first'), APPLIED));
  await cluster.converge(master, slaves);
  const all = Object.values(probes);
  for (const probe of all) probe.forget();
  return { cluster, master, slaves, probes, all };
}

const namesOf = (probe: TelemetryProbe): string[] => probe.spans().map(({ name }) => name);

const tracesOf = (probes: readonly TelemetryProbe[]): Set<string> =>
  new Set(probes.flatMap((probe) => probe.spans().map((span) => span.spanContext().traceId)));

function only(spans: readonly ReadableSpan[]): ReadableSpan {
  assert.is(spans.length, 1);
  return spans[0] as ReadableSpan;
}

const msOf = ([s, ns]: readonly [number, number]): number => s * 1000 + ns / 1e6;

test('changes that are confirmed after they made room begin no span that never ends', async () => {
  const { cluster, master, slaves, probes } = await traced();
  for (const slave of ['s1', 's2']) cluster.network.partition('master', slave);
  for (let index = 0; index < 300; index += 1) {
    await cluster.finish(master.node.data.update(setter('a', index)));
  }
  cluster.network.heal();
  await cluster.converge(master, slaves);
  await cluster.clock.pass(100);
  const ended = new Set(
    probes.master.spans('replichart.change').map((span) => span.spanContext().spanId),
  );
  const confirms = probes.master.spans('replichart.change.confirm');
  assert.is(ended.size, 300);
  assert.is(confirms.length, 256);
  for (const { parentSpanContext } of confirms)
    assert.ok(ended.has(parentSpanContext?.spanId ?? ''));
});

test('a two-phase change is one trace: its stages on the master, prepare and apply of each slave', async () => {
  const { cluster, master, slaves, probes, all } = await traced();
  const before = Date.now();
  await cluster.finish(master.node.data.update(setter('a'), { ...TWO_PHASE, ...APPLIED }));
  await cluster.converge(master, slaves);
  const { node } = master;
  const at = node.position;
  assert.ok(at);
  const expected = traceOf('item', at.lineage, at);
  assert.equal([...tracesOf(all)], [expected.traceId]);
  const stages = ['prepare', 'decide', 'commit'].map((stage) => `replichart.change.${stage}`);
  assert.equal(namesOf(probes.master), [
    ...stages,
    'replichart.change',
    'replichart.change.confirm',
  ]);
  for (const probe of [probes.s1, probes.s2]) {
    assert.equal(namesOf(probe), ['replichart.slave.prepare', 'replichart.slave.apply']);
  }
  const change = only(probes.master.spans('replichart.change'));
  assert.is(change.parentSpanContext?.spanId, expected.spanId);
  assert.is(change.parentSpanContext?.isRemote, true);
  for (const name of [...stages, 'replichart.change.confirm']) {
    const child = only(probes.master.spans(name));
    assert.is(child.parentSpanContext?.spanId, change.spanContext().spanId);
  }
  const { attributes } = change;
  assert.is(attributes['replichart.version'], at.version);
  assert.is(attributes['replichart.method'], 'two-phase');
  assert.is(attributes['replichart.outcome'], 'committed');
  assert.is(attributes['replichart.participants'], 2);
  assert.is(attributes['replichart.node'], 'master');
  assert.is(only(probes.s1.spans('replichart.slave.prepare')).attributes['replichart.vote'], 'yes');
  const apply = only(probes.s1.spans('replichart.slave.apply'));
  assert.is(apply.attributes['replichart.applied.by'], 'round');
  assert.is(apply.attributes['replichart.node'], 's1');
  assert.is(apply.parentSpanContext?.spanId, expected.spanId);
  for (const span of all.flatMap((probe) => probe.spans())) {
    assert.ok(msOf(span.startTime) >= before - 1000 && msOf(span.endTime) <= Date.now() + 1000);
    assert.ok(msOf(span.endTime) >= msOf(span.startTime), span.name);
    assert.not('error.type' in span.attributes);
  }
});

test('P8: a prepare that is repeated until the vote arrived is one span and one duration', async () => {
  const cluster = new ServiceCluster();
  const probe = new TelemetryProbe();
  const repeated = (event: unknown): void => {
    probe.inspect(event);
    const { type, fate, message } = event as Partial<MessageMoved>;
    const isPrepare = type === '@replichart.message' && message?.kind === 'prepare';
    if (isPrepare && fate === 'received') prepares.push(event);
    if (message?.kind === 'vote') for (const prepare of prepares) probe.inspect(prepare);
  };
  const prepares: unknown[] = [];
  const master = cluster.master();
  const slave = cluster.slave('s1', { inspect: repeated });
  await cluster.start(master, slave);
  await cluster.converge(master, [slave]);
  await cluster.finish(master.node.data.update(setter('a'), { ...TWO_PHASE, ...APPLIED }));
  await cluster.stop(slave, master);
  assert.ok(prepares.length > 0);
  assert.is(probe.spans('replichart.slave.prepare').length, 1);
  const prepared = { 'replichart.stage': 'prepare' };
  assert.is(await probe.sum('replichart.slave.duration', prepared), 1);
});

test('a one-phase change is one trace, applied where it was announced', async () => {
  const { cluster, master, slaves, probes, all } = await traced();
  await cluster.finish(master.node.data.update(setter('a'), APPLIED));
  await cluster.converge(master, slaves);
  assert.is(tracesOf(all).size, 1);
  assert.equal(namesOf(probes.master), [
    'replichart.change.commit',
    'replichart.change',
    'replichart.change.confirm',
  ]);
  assert.equal(namesOf(probes.s2), ['replichart.slave.apply']);
  const apply = only(probes.s2.spans());
  assert.is(apply.attributes['replichart.applied.by'], 'push');
  assert.equal(apply.links, []);
});

test('updates that went out together are one change: one trace that counts them', async () => {
  const { cluster, master, slaves, probes } = await traced();
  const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
  const tasks = keys.map((key) => master.node.data.update(setter(key), TWO_PHASE));
  await cluster.finish(Promise.all(tasks));
  await cluster.converge(master, slaves);
  const changes = probes.master.spans('replichart.change');
  assert.ok(changes.length < keys.length);
  const updates = changes.map(({ attributes }) => Number(attributes['replichart.updates']));
  assert.is(
    updates.reduce((sum, count) => sum + count, 0),
    keys.length,
  );
  assert.is(
    await probes.master.sum('replichart.updates', { 'replichart.method': 'two-phase' }),
    20,
  );
});

test('a slave that catches up makes one span in the last trace, with links to the changes between', async () => {
  // A link that may lose a frame loses those sent while it is partitioned.
  const { cluster, master, slaves, probes } = await traced({}, { lossRatio: 1e-9 });
  const from = master.node.position?.version;
  cluster.network.partition('master', 's2');
  const places = [];
  for (let index = 0; index < 4; index += 1) {
    await cluster.finish(master.node.data.update(setter(`k${index}`)));
    const { position } = master.node;
    if (position !== null) places.push(position);
  }
  cluster.network.heal('master', 's2');
  await cluster.converge(master, slaves);
  const applied = probes.s2.spans('replichart.slave.apply');
  const last = applied.at(-1);
  const target = places.at(-1);
  assert.ok(last && target);
  assert.is(last.spanContext().traceId, traceOf('item', target.lineage, target).traceId);
  assert.is(applied.length, 1);
  assert.is(last.attributes['replichart.version.from'], from);
  const between = places.slice(0, -1).map((place) => traceOf('item', place.lineage, place).traceId);
  assert.is(last.attributes['replichart.applied.by'], 'delta');
  assert.equal(last.links.map((link) => link.context.traceId).sort(), between.sort());
});

test('an aborted change tells who refused it and why, on both sides', async () => {
  const { cluster, master, probes, all } = await traced();
  await cluster.failure(master.node.data.update(setter('bad'), TWO_PHASE));
  await cluster.clock.pass(100);
  assert.is(tracesOf(all).size, 1);
  const change = only(probes.master.spans('replichart.change'));
  assert.is(change.status.code, SpanStatusCode.ERROR);
  assert.is(change.attributes['replichart.outcome'], 'aborted');
  assert.is(change.attributes['error.type'], 'VETOED');
  const event = change.events.find(({ name }) => name === 'replichart.vetoed');
  assert.equal(event?.attributes, {
    'replichart.slave': 's1',
    'replichart.reason': 'bad is not wanted here',
  });
  const refused = only(probes.s1.spans('replichart.slave.prepare'));
  assert.is(refused.attributes['replichart.vote'], 'no');
  assert.is(refused.attributes['error.type'], 'VETOED');
  assert.is(refused.status.message, 'bad is not wanted here');
  const other = only(probes.s2.spans('replichart.slave.prepare'));
  assert.ok(['yes', 'none'].includes(String(other.attributes['replichart.vote'])));
  assert.equal(probes.s2.spans('replichart.slave.apply'), []);
});

test("the host's sampler decides, and the same in every process", async () => {
  const ratio = new TraceIdRatioBasedSampler(0.5);
  for (const sampler of [
    ratio,
    new ParentBasedSampler({ root: ratio, remoteParentSampled: ratio }),
  ]) {
    const { cluster, master, slaves, probes } = await traced({ sampler });
    for (let index = 0; index < 40; index += 1) {
      await cluster.finish(master.node.data.update(setter(`k${index}`), TWO_PHASE));
    }
    await cluster.converge(master, slaves);
    const kept = tracesOf([probes.master]);
    assert.ok(kept.size > 5 && kept.size < 35, `${kept.size} of 40`);
    for (const probe of [probes.s1, probes.s2]) {
      const prepares = probe.spans('replichart.slave.prepare');
      assert.equal(new Set(prepares.map((span) => span.spanContext().traceId)), kept);
    }
  }
});

test('the span in which a caller makes a change is linked from it', async () => {
  const { cluster, master, probes } = await traced();
  const manager = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(manager);
  try {
    const request = new BasicTracerProvider().getTracer('host').startSpan('request');
    const task = context.with(trace.setSpan(context.active(), request), () =>
      master.node.data.update(setter('a')),
    );
    await cluster.finish(task);
    request.end();
    const change = only(probes.master.spans('replichart.change'));
    assert.equal(
      change.links.map((link) => link.context.spanId),
      [request.spanContext().spanId],
    );
  } finally {
    context.disable();
  }
});

test('close ends what is open, and nothing follows', async () => {
  const { cluster, master, slaves, probes } = await traced();
  cluster.network.partition('master', 's1');
  cluster.network.partition('master', 's2');
  const task = master.node.data.update(setter('a'), TWO_PHASE);
  const failed = cluster.failure(task);
  await cluster.clock.pass(10);
  assert.equal(probes.master.spans('replichart.change'), []);
  probes.master.telemetry.close();
  const change = only(probes.master.spans('replichart.change'));
  assert.not('replichart.outcome' in change.attributes);
  const count = probes.master.spans().length;
  await failed;
  await cluster.stop(master, ...slaves);
  assert.is(probes.master.spans().length, count);
});

test.run();
