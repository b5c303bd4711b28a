/** The text at `/metrics`: valid to the letter, complete, and bounded. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { KnownNode } from '../../lib/inspector/feed.js';
import type { NodeSight } from '../../lib/inspector/rows/sights.js';
import type { BelowStatus } from '../../lib/service/status.js';
import { prometheusText } from '../../lib/telemetry/prometheus.js';
import { parsePrometheus } from '../support/prometheus-parser.js';
import { at, infoOf, masterSight, NOW_MS, slaveSight } from '../support/sights.js';

const test = suite('telemetry: Prometheus text');

function knownOf(sights: readonly NodeSight[], changes = {}): Map<string, KnownNode> {
  return new Map(
    sights.map(({ entry, report }) => [entry.node, { entry, report, changes }] as const),
  );
}

const families = (sights: readonly NodeSight[], changes = {}, options = {}) =>
  parsePrometheus(prometheusText(knownOf(sights, changes), NOW_MS, options));

function valuesOf(read: ReturnType<typeof families>, name: string): Record<string, number> {
  const samples = read.get(name)?.samples ?? [];
  return Object.fromEntries(samples.map(({ labels, value }) => [labels.node ?? '', value]));
}

test('the parser refuses what Prometheus refuses', () => {
  const head = '# HELP a b\n# TYPE a gauge\n';
  for (const [text, why] of [
    [`${head}a 1`, /line feed/],
    ['a 1\n', /own TYPE/],
    ['# TYPE a gauge\na 1\n', /follows the HELP/],
    [`${head}a{x="1} 1\n`, /not closed/],
    [`${head}a{x="\\t"} 1\n`, /unknown escape/],
    [`${head}a{x="1",x="2"} 1\n`, /twice/],
    [`${head}a{x="1"} 1\na{x="1"} 2\n`, /same labels twice/],
    [`${head}a{1="1"} 1\n`, /expected/],
    [`${head}a one\n`, /not a value/],
    [`${head}${head}`, /comes once/],
    ['# HELP a b\n# TYPE a meter\n', /unknown type/],
  ] as const) {
    assert.throws(() => parsePrometheus(text), why);
  }
  const [family] = parsePrometheus(`${head}a{x="\\"\\\\\\n",y=""} -1.5e-7\n`).values();
  assert.equal(family?.samples, [{ labels: { x: '"\\\n', y: '' }, value: -1.5e-7 }]);
});

test('without nodes there is nothing to say', () => {
  assert.is(prometheusText(new Map(), NOW_MS), '');
});

test('version, lag, severity, ages, queue and changes of every node', () => {
  const read = families(
    [
      masterSight('m', {
        status: { queued: 3 },
        slaves: [infoOf('s1', { version: 4704, lag: 7, stage: 'behind' }), infoOf('s2')],
      }),
      slaveSight('s1', {
        position: at(4704),
        age: 2500,
        status: { round: 'in-doubt', roundId: 'r', inDoubtFor: 1500 },
      }),
    ],
    { committed: 12, aborted: 2 },
  );
  assert.equal(valuesOf(read, 'replichart_version'), { m: 4711, s1: 4704, s2: 4711 });
  assert.equal(valuesOf(read, 'replichart_lag_versions'), { s1: 7, s2: 0 });
  assert.equal(valuesOf(read, 'replichart_node_severity'), { s1: 2, m: 0, s2: 0 });
  assert.equal(valuesOf(read, 'replichart_heard_age_seconds'), { s1: 2.5, s2: 0.3 });
  assert.equal(valuesOf(read, 'replichart_in_doubt_age_seconds'), { s1: 1.5 });
  assert.equal(valuesOf(read, 'replichart_queue_length'), { m: 3 });
  const changes = read.get('replichart_changes_total');
  assert.is(changes?.type, 'counter');
  assert.equal(
    changes?.samples.map(({ labels, value }) => [labels.stage, value]),
    [
      ['committed', 12],
      ['aborted', 2],
    ],
  );
  assert.equal(read.get('replichart_slaves')?.samples, [
    { labels: { item: 'settings', stage: 'in-doubt', severity: 'bad' }, value: 1 },
    { labels: { item: 'settings', stage: 'current', severity: 'good' }, value: 1 },
  ]);
});

test('master and relay: the whole tree below in figures, without a series for each node', () => {
  const slaves = [infoOf('r1'), infoOf('s1', { version: 4704, lag: 7, link: 'stale' })];
  const below: BelowStatus = {
    slaves: 1002,
    relays: 2,
    live: 1001,
    current: 998,
    versions: [
      { version: 4711, slaves: 998 },
      { version: 4704, slaves: 4 },
    ],
    worst: null,
    behind: [],
  };
  const valuesIn = (read: ReturnType<typeof families>) =>
    ['', '_live', '_current', '_version_min'].map((part) =>
      valuesOf(read, `replichart_below${part}`),
    );
  const deep = families([masterSight('m', { slaves, below }), slaveSight('r1', { slaves })]);
  assert.equal(valuesIn(deep), [
    { m: 1002, r1: 2 },
    { m: 1001, r1: 1 },
    { m: 998, r1: 1 },
    { m: 4704, r1: 4704 },
  ]);
  const flat = families([masterSight('m', { slaves }), slaveSight('s1')]);
  assert.equal(valuesIn(flat), [{ m: 2 }, { m: 1 }, { m: 1 }, { m: 4704 }]);
  assert.equal(valuesIn(families([masterSight('m')])), [{ m: 0 }, { m: 0 }, { m: 0 }, {}]);
});

test('names of nodes and items that mean something to the format are escaped', () => {
  const id = 'a"b\\c\nd} 1\ne{x="1';
  const read = families([slaveSight(id, { item: id })]);
  assert.equal(read.get('replichart_version')?.samples, [
    { labels: { item: id, node: id, role: 'slave' }, value: 4711 },
  ]);
});

test('of many slaves those that need a person are named, all are counted', () => {
  const slaves = Array.from({ length: 500 }, (_, index) => {
    const lag = index === 321 ? 9 : 0;
    return infoOf(`s${index}`, { lag, version: 4711 - lag, stage: lag ? 'behind' : 'current' });
  });
  const read = families([masterSight('m', { slaves })], {}, { slavesMax: 10 });
  const named = valuesOf(read, 'replichart_lag_versions');
  assert.is(Object.keys(named).length, 10);
  assert.is(named.s321, 9);
  const counts = read.get('replichart_slaves')?.samples ?? [];
  assert.is(
    counts.reduce((sum, { value }) => sum + value, 0),
    500,
  );
});

test('two runs of one id are one series: the one that needs a person', () => {
  const refused = { link: 'refused', summary: 'refused' } as const;
  const read = families([
    slaveSight('s1'),
    slaveSight('s1', { incarnation: 's1-2', status: refused }),
  ]);
  assert.equal(valuesOf(read, 'replichart_node_severity'), { s1: 2 });
  const silent = families([slaveSight('s1', { silentMs: 8000 })]);
  assert.equal(valuesOf(silent, 'replichart_node_severity'), { s1: 2 });
});

test.run();
